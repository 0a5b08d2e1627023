"""Draws that are unlike each other follow the law of their weights."""

from __future__ import annotations

import numpy as np
import pytest

from generators.asking.spreading import TOGETHER, chances, spread
from generators.likeness import pairwise_cosine


@pytest.mark.parametrize("n", [0, 1, 7, 39.5, 40, 60])
def test_chances_are_proportional_to_weights_and_sum_to_the_number_of_draws(n: float) -> None:
    weights = np.random.default_rng(0).normal(scale=3.0, size=40)
    found = chances(weights, n)
    assert found.sum() == pytest.approx(min(n, 40))
    assert (found >= 0).all()
    assert (found <= 1).all()
    free = (found > 0) & (found < 1)
    if free.any():
        ratio = np.log(found[free]) - weights[free]
        assert np.ptp(ratio) < 1e-9
        assert weights[~free].min(initial=np.inf) >= weights[free].max()


def test_weights_beyond_what_numbers_hold_still_give_that_many() -> None:
    assert chances(np.array([-5e4, 0.0, -1e4, -2e4]), 2).sum() == pytest.approx(2)


@pytest.mark.parametrize("rows", [60, 2 * TOGETHER])
def test_each_row_is_drawn_as_often_as_its_chance_says(rows: int) -> None:
    rng = np.random.default_rng(1)
    fractions = rng.dirichlet(np.ones(6), rows)
    chance = chances(rng.normal(size=rows), 12)
    repeats, count = 200, np.zeros(rows)
    for _ in range(repeats):
        drawn = spread(chance, fractions, rng)
        assert len(np.unique(drawn)) == len(drawn) == 12
        count[drawn] += 1
    deviation = (count / repeats - chance) / np.sqrt(chance * (1 - chance) / repeats + 1e-12)
    assert np.abs(deviation).max() < 5
    assert np.square(deviation).mean() < 1.3


def test_draws_are_less_alike_than_independent_ones() -> None:
    rng = np.random.default_rng(2)
    centres = rng.dirichlet(0.2 * np.ones(12), 8)
    fractions = np.repeat(centres, 20, axis=0) + 0.01 * rng.dirichlet(np.ones(12), 160)
    apart = [pairwise_cosine(fractions[spread(chances(np.zeros(160), 8), fractions, rng)]) for _ in range(40)]
    independent = [pairwise_cosine(fractions[rng.choice(160, 8, replace=False)]) for _ in range(40)]
    assert np.mean(apart) < np.mean(independent) - 0.05
