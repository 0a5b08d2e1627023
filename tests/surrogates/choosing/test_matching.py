"""What is expected of a property that should match a value or a range, against samples and against each other."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.goal import Goal, Objective
from alloys.physics.declaring import PropertySpec, declare
from alloys.physics.registry import get_physics
from alloys.problem import Problem
from alloys.space import AlloySpace
from surrogates.choosing.criterion import AcquisitionSettings, Criterion
from surrogates.choosing.gain import draw
from surrogates.choosing.matching import expected_gain, signed_moments
from surrogates.choosing.pareto import Front
from surrogates.choosing.screen import bound
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import SPACE, fitted, pool, wanted

MEANS, STDS = np.array([2.0, 3.2, 3.31, 5.0, 3.3]), np.array([0.5, 0.1, 0.02, 2.0, 0.0])
VALUE, RANGE = Objective("vec", -1, (3.3, 3.3)), Objective("vec", -1, (3.25, 3.4))
CANDIDATES = 12


@pytest.mark.parametrize("objective", [VALUE, RANGE])
def test_the_moments_and_the_gain_are_those_of_samples(objective: Objective) -> None:
    drawn = MEANS + STDS * np.random.default_rng(0).standard_normal((200_000, len(MEANS)))
    signed = objective.signed(drawn)
    mean, std = signed_moments(objective, MEANS, STDS)
    np.testing.assert_allclose(mean, signed.mean(axis=0), rtol=0.02, atol=1e-4)
    np.testing.assert_allclose(std, signed.std(axis=0), rtol=0.02, atol=1e-4)
    gain = np.maximum(0.2 + signed, 0.0).mean(axis=0)
    np.testing.assert_allclose(expected_gain(objective, MEANS, STDS, 0.2), gain, rtol=0.05, atol=1e-4)


def test_an_extreme_keeps_its_own_moments() -> None:
    mean, std = signed_moments(Objective("vec", -1), MEANS, STDS)
    np.testing.assert_array_equal(mean, -MEANS)
    np.testing.assert_array_equal(std, STDS)


@pytest.mark.parametrize("target", ["2300", "2250..2320"])
def test_the_criterion_is_the_exact_expected_gain(target: str) -> None:
    problem, reference = wanted([f"match solidus {target}"]), 150.0
    described = fitted().describe(SPACE.fractions(pool()[40:340]))
    means, stds = fitted().predict(described)
    objective = problem.goal.objectives[0]
    exact = expected_gain(objective, means["solidus"], stds["solidus"], reference)
    rows = np.argsort(-exact)[:CANDIDATES]
    settings = AcquisitionSettings(np.array([-reference]), samples=4096, seed=0)
    chosen = described.take(rows)
    criterion = Criterion.build(fitted(), problem, chosen, settings, candidates=CANDIDATES, waiting=0)
    ours = np.exp(criterion.values(np.arange(CANDIDATES)))
    np.testing.assert_allclose(ours, exact[rows], rtol=0.02)
    front = Front(np.zeros((0, 1)), np.array([-reference]))
    np.testing.assert_allclose(bound(fitted(), problem, chosen, front, 1.0).value, exact[rows])


def test_beside_a_second_objective_the_gain_is_that_of_samples() -> None:
    problem, reference = wanted(["match solidus 2300", "maximize ductility_index"]), np.array([-400.0, 1.5])
    described = fitted().describe(SPACE.fractions(pool()[40:60]))
    settings = AcquisitionSettings(reference, samples=4096, seed=0)
    criterion = Criterion.build(fitted(), problem, described, settings, candidates=20, waiting=0)
    drawn = draw(fitted(), problem, described, 20_000, 1)
    parts = [o.signed(drawn[o.name]) - r for o, r in zip(problem.goal.objectives, reference, strict=True)]
    plain = np.prod(np.maximum(parts, 0.0), axis=0).mean(axis=0)
    assert (plain > 0).sum() > 5
    np.testing.assert_allclose(np.exp(criterion.values(np.arange(20))), plain, rtol=0.05, atol=0.02 * plain.max())


@pytest.mark.parametrize("objective", ["maximize creep_life", "match creep_life 300"])
def test_of_a_property_on_a_log_scale_the_gain_is_in_its_own_unit(objective: str) -> None:
    spec = PropertySpec.model_validate({"unit": "h", "range": [0, 1e9], "usual": [10, 1000], "scale": "log"})
    physics, space = declare(get_physics("generic"), {"creep_life": spec}), AlloySpace.build(["Co", "Cr", "Ni"])
    points = space.sample(60, np.random.default_rng(0))
    fractions = space.fractions(points)
    life = 10.0 ** (1 + 2 * fractions[:, 1] + fractions[:, 0])
    surrogate = Surrogate.fit(physics, space.elements, fractions[:20], {"creep_life": life[:20]})
    problem = Problem(space, Goal.parse([objective], [], physics.properties), physics)
    described = surrogate.describe(fractions[20:40])
    reference = problem.goal.objectives[0].signed(np.array([life[:20].mean()]))
    settings = AcquisitionSettings(reference, samples=4096, seed=0)
    criterion = Criterion.build(surrogate, problem, described, settings, candidates=20, waiting=0)
    signed = problem.goal.objectives[0].signed(draw(surrogate, problem, described, 20_000, 0)["creep_life"])
    plain = np.maximum(signed - reference, 0.0).mean(axis=0)
    assert plain.max() > 0
    np.testing.assert_allclose(np.exp(criterion.values(np.arange(20))), plain, rtol=0.05, atol=0.02 * plain.max())
