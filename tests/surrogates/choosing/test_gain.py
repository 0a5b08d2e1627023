"""The expected gain and its parts, against the criterion that chooses batches and against each other."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.goal import Goal
from alloys.problem import Problem
from surrogates.choosing.criterion import AcquisitionSettings, Criterion
from surrogates.choosing.gain import Gain, draw, gain_of, gains_alone
from surrogates.choosing.pareto import Front
from surrogates.choosing.screen import ObservedOutcomes
from tests.surrogates.helpers import GOAL, PROBLEM, REFERENCE, SPACE, fitted, pool, truth, wanted


def _known() -> ObservedOutcomes:
    points = pool()[:30]
    return ObservedOutcomes.of(PROBLEM, points, truth(points))


@cache
def _promising() -> np.ndarray:
    """Unseen alloys with a gain worth the name, shape ``(k, d)``, the best first."""
    fractions = SPACE.fractions(pool()[30:400])
    gains = gains_alone(fitted(), PROBLEM, fitted().describe(fractions), Front(_known().front(), REFERENCE), 64, 1)
    return fractions[np.argsort(-gains)[:12]]


def _gain(waiting: np.ndarray | None = None, problem: Problem = PROBLEM, seed: int = 0) -> Gain:
    known = _known()
    return gain_of(
        fitted(),
        problem,
        _promising()[0],
        Front(known.front(), REFERENCE),
        waiting=np.zeros((0, 9)) if waiting is None else waiting,
        background=known.front(),
        samples=256,
        seed=seed,
    )


def test_samples_have_the_moments_of_the_prediction() -> None:
    described = fitted().describe(_promising()[:4])
    drawn = draw(fitted(), PROBLEM, described, 4000, 0)
    means, stds = fitted().predict(described)
    assert set(drawn) == set(GOAL.names)
    for name in ("solidus", "freezing_range", "specific_yield_strength_1300c"):
        assert drawn[name].shape == (4000, 4)
        assert (np.abs(drawn[name].mean(axis=0) - means[name]) < 0.1 * stds[name]).all()
        np.testing.assert_allclose(drawn[name].std(axis=0), stds[name], rtol=0.1)


def test_it_is_what_the_batchs_criterion_takes_the_logarithm_of() -> None:
    described, known = fitted().describe(_promising()), _known()
    front = SPACE.fractions(pool()[:30][known.feasible])
    everything = described.join(fitted().describe(front))
    criterion = Criterion.build(
        fitted(),
        PROBLEM,
        everything,
        AcquisitionSettings(REFERENCE, samples=512, seed=0),
        candidates=12,
        waiting=0,
    )
    theirs = np.exp(criterion.values(np.arange(12)))
    ours = gains_alone(fitted(), PROBLEM, described, Front(known.front(), REFERENCE), 4000, 0)
    np.testing.assert_allclose(ours, theirs, rtol=0.15, atol=1e-6)
    assert (ours > 0.01).sum() >= 5


def test_parts_add_up() -> None:
    gain = _gain()
    assert gain.expected == gain.alone > 0
    assert sum(gain.objectives.values()) + gain.baseline == pytest.approx(gain.alone)
    assert gain.baseline == pytest.approx(0.0, abs=1e-9)  # what is known gains nothing again
    assert gain.error < 0.2 * gain.expected


def test_without_a_constraint_the_gain_is_at_least_as_large() -> None:
    gain = _gain()
    assert set(gain.without) == {str(c) for c in GOAL.constraints}
    assert all(value >= gain.alone for value in gain.without.values())
    assert max(gain.without.values()) > gain.alone


def test_a_twin_that_is_waited_for_takes_everything_and_a_stranger_little() -> None:
    stranger = np.eye(9)[SPACE.elements.index("W")]
    gain = _gain(np.stack([_promising()[0], stranger]))
    assert gain.waiting[0] == pytest.approx(gain.alone, rel=0.01)
    assert gain.waiting[1] == pytest.approx(0.0, abs=1e-9)
    assert gain.expected <= 0.01 * gain.alone


def test_what_is_certain_has_nothing_from_uncertainty() -> None:
    problem = wanted(["maximize ductility_index", "minimize density"], ["vec <= 5"])
    gain = gain_of(
        fitted(),
        problem,
        _promising()[0],
        Front(np.zeros((0, 2)), np.array([0.0, -30.0])),
        waiting=np.zeros((0, 9)),
        background=np.array([[0.0, -30.0]]),
        samples=8,
    )
    assert gain.alone == pytest.approx(gain.at_mean)
    assert gain.alone > 0
    assert gain.error == pytest.approx(0.0, abs=1e-12)


def test_a_property_without_a_model_is_refused() -> None:
    problem = wanted(["maximize yield_strength_1300c"], [])
    with pytest.raises(InputError, match="no model answers yield_strength"):
        draw(fitted(), problem, fitted().describe(_promising()[:1]), 4, 0)


def test_one_objective_will_do() -> None:
    problem = replace(PROBLEM, goal=Goal((GOAL.objectives[0],), GOAL.constraints))
    best = _known().front()[:, :1].max()
    gain = gain_of(
        fitted(),
        problem,
        _promising()[0],
        Front(_known().front()[:, :1], REFERENCE[:1]),
        waiting=_promising()[1:3],
        background=np.array([[best]]),
        samples=256,
    )
    drawn = draw(fitted(), problem, fitted().describe(_promising()[:3]), 256, 0)
    good = np.all([c.holds(drawn[c.name][:, 0]) for c in problem.goal.constraints], axis=0)
    expected = np.maximum(drawn["specific_yield_strength_1300c"][:, 0] - best, 0.0) * good
    assert gain.alone == pytest.approx(expected.mean())
    assert gain.expected <= gain.alone
    assert gain.objectives == {"specific_yield_strength_1300c": pytest.approx(gain.alone)}
