"""Fronts, warps, calibration and the table behind the acquisition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloys.errors import InputError
from surrogates.choosing.pareto import Front, hypervolume, pareto_mask
from surrogates.choosing.screen import Bound, Settings, shorten
from surrogates.choosing.table import build_table
from surrogates.model.calibration import score
from surrogates.model.warps import Saturating
from tests.surrogates.helpers import GOAL, PROBLEM, REFERENCE, SPACE, drawn_outputs, fitted, pool


def test_hypervolumes_of_known_fronts() -> None:
    origin = np.zeros(2)
    assert hypervolume(np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]), origin) == pytest.approx(6.0)
    assert hypervolume(np.array([[2.0, 2.0], [1.0, 1.0]]), origin) == pytest.approx(4.0)
    assert hypervolume(np.array([[-1.0, 5.0]]), origin) == 0.0
    assert hypervolume(np.zeros((0, 2)), origin) == 0.0
    assert hypervolume(np.array([[3.0], [5.0]]), np.array([1.0])) == pytest.approx(4.0)
    cube = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    assert hypervolume(cube, np.zeros(3)) == pytest.approx(6 + 6 - 2)


def test_improvements_are_differences_of_hypervolumes() -> None:
    draw = np.random.default_rng(0)
    for width in (1, 2, 3):
        front, points, reference = draw.random((6, width)), draw.random((20, width)), np.full(width, 0.1)
        before = hypervolume(front, reference)
        expected = [hypervolume(np.vstack([front, point]), reference) - before for point in points]
        np.testing.assert_allclose(Front(front, reference).improvements(points), expected, atol=1e-12)
        alone = Front(front[:0], reference).improvements(points)
        np.testing.assert_allclose(alone, np.clip(points - 0.1, 0, None).prod(axis=1), atol=1e-12)


def test_the_front_holds_what_nothing_dominates() -> None:
    points = np.array([[1.0, 3.0], [2.0, 2.0], [1.0, 2.0], [2.0, 2.0]])
    assert pareto_mask(points).tolist() == [True, True, False, True]
    assert pareto_mask(points[:0]).shape == (0,)


@pytest.mark.parametrize("reference", [np.zeros(3), np.array([0.0, np.nan])])
def test_hypervolume_refuses_what_does_not_fit(reference: np.ndarray) -> None:
    with pytest.raises(InputError):
        hypervolume(np.ones((2, 2)), reference)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_the_saturating_warp_goes_there_and_back_in_order(values: list[float]) -> None:
    warp, y = Saturating(), np.sort(np.array(values))
    z = warp.forward(y)
    assert (np.diff(z) >= 0).all()
    np.testing.assert_allclose(warp.backward(z), y, atol=1e-9)


def test_the_usual_bound_lies_between_one_phase_and_two() -> None:
    one, edge, two = Saturating().forward(np.array([1.0, 0.99, 0.9]))
    assert edge == pytest.approx(0.5 * (one + two), abs=0.1)


def test_moments_of_a_warped_fraction_agree_with_sampling() -> None:
    warp, draw = Saturating(), np.random.default_rng(0).normal(2.0, 0.7, 200_000)
    mean, std = warp.moments(np.array([2.0]), np.array([0.7]))
    samples = warp.backward(draw)
    assert mean[0] == pytest.approx(samples.mean(), abs=2e-3)
    assert std[0] == pytest.approx(samples.std(), rel=0.15)


def test_scores_of_honest_predictions() -> None:
    draw = np.random.default_rng(0)
    stds = draw.uniform(1, 3, 20_000)
    found = score(np.zeros(20_000), stds, draw.normal(0, stds))
    assert found.coverage == pytest.approx(0.9, abs=0.01)
    assert found.nll == pytest.approx(0.5 * np.log(2 * np.pi * np.e) + np.log(stds).mean(), abs=0.02)
    assert found.rmse == pytest.approx(np.sqrt((stds**2).mean()), rel=0.02)


def test_scores_leave_out_what_is_unknown() -> None:
    found = score(np.zeros(3), np.ones(3), np.array([0.0, np.nan, 5.0]))
    assert found.count == 2
    assert found.coverage == 0.5
    nothing = score(np.zeros(3), np.ones(3), np.full(3, np.nan))
    assert nothing.count == 0
    assert np.isnan(nothing.nll)
    with pytest.raises(InputError):
        score(np.zeros(2), np.zeros(2), np.zeros(2))


def test_the_table_samples_what_the_surrogate_predicts() -> None:
    described = fitted().describe(SPACE.fractions(pool()[40:60]))
    samples = drawn_outputs(build_table(fitted(), PROBLEM, described, REFERENCE), 4096)
    means, stds = fitted().predict(described)
    name = "specific_yield_strength_1300c"
    np.testing.assert_allclose(samples[..., 0].mean(axis=0), means[name], atol=0.1 * stds[name].max() + 0.02)
    assert np.ptp(samples[..., 1], axis=0).max() < 1e-9
    agreed = (samples[..., 2:] <= 0).mean(axis=0)
    chances = fitted().constraint_probabilities(described, PROBLEM)
    modelled = [chances[c.name] for c in GOAL.constraints if c.name not in ("density", "vec")]
    np.testing.assert_allclose(agreed, np.array(modelled).T, atol=0.02)


def test_the_short_list_drops_the_hopeless_and_shares_between_sets_of_elements() -> None:
    points = np.repeat(np.eye(4, dtype=np.int64), 25, axis=0)
    value, chance = np.linspace(1.0, 0.5, 100), np.where(np.arange(100) % 5 == 0, 0.1, 0.9)
    rows = shorten(points > 0, Bound(value, chance), 40, Settings(share=0.25), floor=0.25)
    assert len(rows) == 40
    assert (chance[rows] > 0.25).all()
    assert np.bincount(points[rows].argmax(axis=1)).tolist() == [10, 10, 10, 10]


def test_the_likeliest_fill_up_a_short_list_below_the_floor() -> None:
    chance = np.linspace(0.0, 0.1, 60)
    rows = shorten(np.ones((60, 3), dtype=np.bool_), Bound(chance, chance), 64, Settings(), floor=0.25)
    assert len(rows) >= 16
    assert chance[rows].min() > 0.05
