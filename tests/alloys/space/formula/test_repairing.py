"""Formulas moved to the nearest whose ions go together, against trying all numbers of atoms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from alloys.space import Points
from alloys.space.formula import FormulaSpace
from alloys.space.formula.drawing import Charges

ELEMENTS = tuple("Ba Cl Fe Na O P S Ti".split())
MOST = 4


def any_formulas(n: int) -> Points:
    """Reduced formulas of two to four elements with up to `MOST` atoms each, whatever their charges."""
    rng = np.random.default_rng(0)
    points = np.zeros((n, len(ELEMENTS)), dtype=np.int64)
    for point in points:
        k = rng.integers(2, 5)
        point[rng.choice(len(ELEMENTS), k, replace=False)] = rng.integers(1, MOST + 1, k)
    return points // np.gcd.reduce(points, axis=1)[:, None]


def distance(points: Points, point: Points) -> np.ndarray:
    there = point > 0
    return (np.log(points[:, there] / point[there]) ** 2).sum(axis=1)


@pytest.mark.parametrize("charges", ["balanced", "neutral"])
def test_numbers_of_atoms_are_the_nearest_that_are_neutral(charges: Charges) -> None:
    space = FormulaSpace(ELEMENTS, MOST, 2, 4, charges)
    drawn = any_formulas(150)
    for before, after in zip(drawn, space.settled(drawn), strict=True):
        there = np.flatnonzero(before)
        counts = np.array(list(itertools.product(range(1, MOST + 1), repeat=len(there))))
        tried = np.zeros((len(counts), len(ELEMENTS)), dtype=np.int64)
        tried[:, there] = counts
        able = tried[space.contains(tried // np.gcd.reduce(tried, axis=1)[:, None])]
        if not len(able):
            assert not space.contains(after[None])[0]
            continue
        assert space.contains(after[None])[0]
        multiples = after * np.arange(1, MOST // after.max() + 1)[:, None]
        assert distance(multiples, before).min() == pytest.approx(distance(able, before).min())


def test_what_is_in_the_space_stays() -> None:
    space = FormulaSpace(ELEMENTS, 8, 2, 4)
    points = space.sample(500, np.random.default_rng(1))
    np.testing.assert_array_equal(space.settled(points), points)


def test_common_divisors_are_taken_out() -> None:
    space = FormulaSpace(ELEMENTS, 8, 2, 4)
    doubled = 2 * space.sample(100, np.random.default_rng(1))
    np.testing.assert_array_equal(space.settled(doubled), doubled // 2)


def test_what_charges_do_not_keep_out_stays() -> None:
    space = FormulaSpace(ELEMENTS, 8, 2, 3)
    outside = np.array([[0, 0, 0, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0, 0, 0], [1, 0, 0, 1, 0, 0, 0, 0]])
    np.testing.assert_array_equal(space.settled(outside), outside)  # too few, too many elements, and no anion
