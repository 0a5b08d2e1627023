"""Cosines, jitter and neighbourhoods against cases computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from generators.likeness import Neighbourhood, directions, jittered, nearest_cosine, pairwise_cosine


def line(*amounts: float) -> np.ndarray:
    """Alloys of two elements."""
    first = np.array(amounts)
    return np.stack([first, 1 - first, np.zeros_like(first)], axis=1)


HALF = np.array([0.5, 0.5, 0.0])
PURE = np.eye(3)
REAL = line(0.2, 0.3, 0.4, 0.5)


def test_jitter_keeps_zeros_and_the_sum() -> None:
    rows = np.tile([0.25, 0.75, 0.0], (4000, 1))
    moved = jittered(rows, np.random.default_rng(0))
    assert moved.sum(axis=1) == pytest.approx(np.ones(4000))
    assert (moved[:, 2] == 0).all()
    assert np.std(np.log(moved[:, 0] / moved[:, 1])) == pytest.approx(0.1 * math.sqrt(2), rel=0.05)


def test_balls_reach_to_the_kth_neighbour() -> None:
    near = Neighbourhood.of(REAL, k=1)
    roots = np.sqrt(REAL)
    assert near.radii[0] == pytest.approx(np.linalg.norm(roots[0] - roots[1]))
    assert near.covers(line(0.15, 0.35, 0.95)).tolist() == [True, True, False]


def test_precision_and_coverage() -> None:
    """Samples at 0.21 and 0.95: one of two is in a ball; the balls around 0.2 and 0.3 hold the first."""
    near = Neighbourhood.of(REAL, k=1)
    assert near.precision(line(0.21, 0.95)) == 0.5
    assert near.coverage(line(0.21, 0.95)) == 0.5
    assert near.coverage(REAL) == 1.0
    assert math.isnan(near.coverage(REAL[:0]))


def test_only_pairs_that_occur_are_known() -> None:
    near = Neighbourhood.of(np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]), k=1)
    asked = np.array([[0.3, 0.7, 0.0], [0.3, 0.0, 0.7], [0.2, 0.6, 0.2], [0.0, 0.1, 0.9]])
    assert near.knows(asked).tolist() == [True, False, False, True]


def test_pairwise_cosine_of_three() -> None:
    """Pairs: (1, 0) with (0, 1) is 0, each with the half is 1/sqrt 2."""
    rows = np.stack([PURE[0], PURE[1], HALF])
    assert pairwise_cosine(rows) == pytest.approx((0 + 2 / math.sqrt(2)) / 3)
    assert pairwise_cosine(np.stack([HALF, HALF])) == pytest.approx(1.0)
    assert math.isnan(pairwise_cosine(HALF[None]))


def test_pairwise_cosine_equals_the_sum_over_pairs() -> None:
    rows = np.random.default_rng(0).dirichlet(np.ones(4), size=7)
    u = directions(rows)
    pairs = [u[i] @ u[j] for i in range(7) for j in range(i)]
    assert pairwise_cosine(rows) == pytest.approx(np.mean(pairs))


def test_the_nearest_has_the_largest_cosine() -> None:
    nearest = nearest_cosine(np.stack([HALF, PURE[2]]), PURE[:2])
    assert nearest == pytest.approx([1 / math.sqrt(2), 0.0])
    assert len(nearest_cosine(np.empty((0, 3)), PURE)) == 0
