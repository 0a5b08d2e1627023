"""Refined compositions: nearer to their targets, elements, sum and space kept."""

from __future__ import annotations

import numpy as np

from alloys.space import AlloySpace, Floats
from generators.asking.refinement import polish, project, refine, slopes_of
from generators.training.forward import MixtureModel

SPACE = AlloySpace.build("Cr Hf Mo Nb Ta Ti V W Zr".split(), step="0.001", lower=0.01, upper=0.9)
WEIGHTS = np.random.default_rng(5).uniform(1, 9, size=(SPACE.dimension, 2))


def properties(fractions: Floats) -> Floats:
    """One linear and one curved property, shape ``(m, 2)``."""
    values = fractions @ WEIGHTS
    return np.asarray(np.stack([values[:, 0], np.sqrt(values[:, 0] * values[:, 1])], axis=1))


def test_refining_keeps_elements_and_space_and_never_makes_it_worse() -> None:
    points = SPACE.sample(300, np.random.default_rng(2))
    target = properties(SPACE.fractions(points)) * np.array([1.02, 1.01])
    found = refine(SPACE, points, target, properties)
    assert SPACE.contains(found).all()
    assert ((found > 0) == (points > 0)).all()
    before, after = (np.square(properties(SPACE.fractions(u)) / target - 1).sum(axis=1) for u in (points, found))
    assert (after <= before).all()
    assert np.median(after) < 0.01 * np.median(before)


def test_polishing_keeps_the_sum_and_finds_the_best_small_step() -> None:
    points = SPACE.sample(50, np.random.default_rng(2))
    target = properties(SPACE.fractions(points)) * 1.002
    found = polish(SPACE, points, target, properties)
    assert (found.sum(axis=1) == SPACE.total).all()
    assert np.abs(found - points).max() <= 3
    error = np.abs(properties(SPACE.fractions(found)) / target - 1).max(axis=1)
    assert np.mean(error < 0.002) > 0.8


def test_projection_leaves_what_is_not_asked() -> None:
    start = SPACE.fractions(SPACE.sample(40, np.random.default_rng(4)))
    target = properties(start) * np.array([1.01, 1.0])
    target[:, 1] = np.nan
    found = properties(project(start, target, properties))
    assert np.median(np.abs(found[:, 0] / target[:, 0] - 1)) < 1e-6


def test_slopes_that_a_model_knows_are_those_of_differences() -> None:
    fractions = SPACE.fractions(SPACE.sample(60, np.random.default_rng(1)))
    model = MixtureModel(fractions, properties(fractions))
    expected = slopes_of(fractions, model(fractions), lambda some: model(some))
    np.testing.assert_allclose(slopes_of(fractions, model(fractions), model), expected, rtol=1e-3, atol=2e-3)
    assert (expected[fractions.nonzero()[0], :, fractions.nonzero()[1]] != 0).any()


def moment(fractions: Floats) -> Floats:
    """A linear property of any elements, shape ``(m, 1)``."""
    return np.asarray(fractions @ np.arange(1.0, 1 + fractions.shape[1])[:, None] ** 2)


def test_compositions_of_few_elements_with_a_balance_keep_their_sum() -> None:
    for elements in (("Al", "Co", "Cr"), ("Al", "Cr")):
        space = AlloySpace.build(elements, step=0.01, lower=0.01, upper=0.9, balance="Cr", count=(2, 3))
        points = space.sample(40, np.random.default_rng(2))
        found = polish(space, points, moment(space.fractions(points)) * 1.05, moment)
        assert (found.sum(axis=1) == space.total).all()
        assert (found != points).any(axis=1).mean() > 0.8
