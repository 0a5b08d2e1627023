"""What failed validations teach: where to expect more of them, and not to fear them where they are few."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr

from alloys.errors import InputError
from alloys.space import Points
from surrogates.choosing.acquisition import ChosenBatch, choose_batch
from surrogates.choosing.gain import gains_alone
from surrogates.choosing.pareto import Front
from surrogates.choosing.screen import BatchContext, Settings
from surrogates.choosing.table import build_table
from surrogates.model import failures
from surrogates.model.failures import PRIOR, Failures, teachers
from surrogates.model.features import Scaling
from surrogates.model.gp import matern
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import BUNDLE, PROBLEM, REFERENCE, SPACE, drawn_outputs, fitted, pool, truth, wanted

CRAVING = wanted(["maximize vec"], ["density <= 8", "solidus >= 1500"])
"""What only alloys rich in Cr can have."""
CR = SPACE.elements.index("Cr")
SMALL = Settings(short_list=32, samples=64, polish_list=32, check=0)


def _inputs(count: int, dimension: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dimension))


def _rich(points: Points) -> np.ndarray:
    """Which alloys have more than 20 % Cr."""
    return np.asarray(SPACE.fractions(points)[:, CR] > 0.2)


@cache
def _mixed() -> Points:
    """A pool in which a fifth has more than 20 % Cr, in a fixed order."""
    points = SPACE.sample(6000, np.random.default_rng(3))
    rich = _rich(points)
    return np.random.default_rng(4).permutation(np.concatenate([points[rich][:200], points[~rich][:800]]))


def _values(points: Points, failed: np.ndarray) -> dict[str, np.ndarray]:
    return {"solidus": np.where(failed, np.nan, truth(points)["solidus"])}


def _surrogate(points: Points, failed: np.ndarray, *, told: bool = True) -> Surrogate:
    """A surrogate of the solidus; it may be kept from it that anything failed."""
    said = failed if told else np.zeros_like(failed)
    return Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), _values(points, failed), failed=said)


@cache
def _pair() -> tuple[Surrogate, Surrogate]:
    """Of alloys of which the rich ones failed: a surrogate that knows it, and one that does not."""
    points = _mixed()[:40]
    return _surrogate(points, _rich(points)), _surrogate(points, _rich(points), told=False)


# The model --------------------------------------------------------------------------------------------------


def test_the_mode_is_that_of_a_general_optimiser() -> None:
    draw = np.random.default_rng(1)
    features, y, before = draw.normal(size=(6, 15)), np.sign(draw.normal(size=15)), 1.3

    def loss(weights: np.ndarray) -> float:
        return float(0.5 * weights @ weights - log_ndtr(y * (before + features.T @ weights)).sum())

    expected = minimize(loss, np.zeros(6), tol=1e-12).x
    found = failures.likeliest_weights(torch.tensor(features), torch.tensor(y), before)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_the_evidence_has_the_slope_that_differences_have() -> None:
    x, y = torch.tensor(_inputs(12, 2)), torch.tensor(np.where(np.arange(12) % 4, 1.0, -1.0))

    def evidence(at: torch.Tensor) -> torch.Tensor:
        features = failures.features_of(x, x, at[:2].exp(), at[2].exp())
        return failures.evidence(features, y, 1.6 * (1.0 + at[2].exp()).sqrt())

    at = torch.tensor([0.3, 0.8, 1.1], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(evidence(at), at)
    for i in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[i] = 1e-5
        with torch.no_grad():
            expected = (evidence(at + step) - evidence(at - step)) / 2e-5
        assert float(slope[i]) == pytest.approx(float(expected), rel=1e-4, abs=1e-7)


def test_the_chance_is_that_of_the_exact_posterior_but_for_laplace() -> None:
    x = torch.tensor(_inputs(4, 2))
    y, lengthscale = torch.tensor([-1.0, 1.0, -1.0]), torch.full((2,), 1.5, dtype=torch.float64)
    posterior = failures.posterior_through(x[:3], y.double(), lengthscale, 2.0, 3)
    scaling = Scaling(np.zeros(2), np.ones(2))
    model = Failures(scaling, posterior[0], lengthscale, 2.0, *posterior[1:])
    covariance = 2.0 * matern(x, x, lengthscale).numpy() + 1e-9 * np.eye(4)
    draws = np.random.default_rng(0).standard_normal((200_000, 4)) @ np.linalg.cholesky(covariance).T
    f = failures.mean_before(2.0) + draws
    weight = ndtr(y.numpy() * f[:, :3]).prod(axis=1)
    exact = (weight @ ndtr(f)) / weight.sum()
    np.testing.assert_allclose(model.probability(x.numpy()), exact, atol=0.03)


def test_the_joint_has_the_chances_on_its_diagonal() -> None:
    x = _inputs(60)
    model = Failures.fit(x[:40], x[:40, 0] > 0.5, [])
    assert model is not None
    mean, covariance = model.joint(x)
    np.testing.assert_allclose(ndtr(mean / np.sqrt(covariance.diagonal())), model.probability(x), atol=1e-6)
    assert np.linalg.eigvalsh(covariance).min() > 0.99  # the independent part, e


def test_far_from_all_data_the_chance_is_the_prior() -> None:
    model = Failures.fit(_inputs(30), np.arange(30) < 10, [])
    assert model is not None
    np.testing.assert_allclose(model.probability(np.full((2, 5), 1e6)), PRIOR, atol=1e-6)
    assert model.probability(_inputs(0)).shape == (0,)


def test_points_stand_for_many_alloys(monkeypatch: pytest.MonkeyPatch) -> None:
    x, unseen = _inputs(150, 3), _inputs(200, 3, seed=1)
    whole = Failures.fit(x, x[:, 0] > 0.8, [])
    monkeypatch.setattr(failures, "MOST", 60)
    part = Failures.fit(x, x[:, 0] > 0.8, [])
    assert whole is not None
    assert part is not None
    assert (len(whole.points), len(part.points)) == (150, 60)
    assert np.abs(whole.probability(unseen) - part.probability(unseen)).mean() < 0.05
    assert part.probability(unseen)[unseen[:, 0] > 1.2].max() < 0.5 < part.probability(unseen)[unseen[:, 0] < 0].min()


def test_the_hyperparameters_learn_from_both_kinds() -> None:
    for bad in (1, 5, 30, 59, 60):
        failed = np.random.default_rng(bad).permutation(60) < bad
        rows = teachers(failed, 10)
        assert len(set(rows)) == 10
        assert failed[rows].sum() == min(bad, max(5, 10 - (60 - bad)))


def test_a_failed_fit_falls_back_and_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no ascent")

    monkeypatch.setattr(failures, "learn_probit", broken)
    notes: list[str] = []
    model = Failures.fit(_inputs(20), np.arange(20) < 3, notes)
    assert model is not None
    assert np.isfinite(model.probability(_inputs(9))).all()
    assert notes == [
        "validation failed for 3 of 20 alloys; the chance of success is modelled with hyperparameters of the prior, "
        "as the fit failed (no ascent)"
    ]


# In the surrogate -------------------------------------------------------------------------------------------


def test_where_nothing_failed_nothing_changes() -> None:
    surrogate, fractions = fitted(), SPACE.fractions(pool()[300:340])
    assert surrogate.failures is None
    assert (surrogate.probability_success(fractions) == 1).all()
    chances = surrogate.constraint_probabilities(fractions, PROBLEM)
    total = np.ones(40)
    for chance in chances.values():
        total *= chance
    assert np.array_equal(surrogate.probability_feasible(fractions, PROBLEM), total)
    told = Surrogate.fit(
        BUNDLE, SPACE.elements, SPACE.fractions(pool()[:30]), truth(pool()[:30]), failed=np.zeros(30, dtype=np.bool_)
    )
    assert told.digest == surrogate.digest
    table = build_table(surrogate, PROBLEM, surrogate.describe(fractions), REFERENCE)
    assert len(table.columns) == 2 + len(PROBLEM.validated) - 1 == table.means.shape[1] + 1


def test_failures_in_one_region_are_expected_there_and_not_elsewhere() -> None:
    points, (surrogate, _) = _mixed(), _pair()
    assert any("validation failed for" in note for note in surrogate.notes)
    chance = surrogate.probability_success(SPACE.fractions(points[40:]))
    rich = _rich(points[40:])
    assert np.median(chance[rich]) < 0.5 < 0.9 < np.median(chance[~rich])
    feasible = surrogate.probability_feasible(SPACE.fractions(points[40:]), CRAVING)
    alone = np.prod(list(surrogate.constraint_probabilities(SPACE.fractions(points[40:]), CRAVING).values()), axis=0)
    np.testing.assert_allclose(feasible, alone * chance, rtol=1e-12)


@pytest.mark.parametrize("row", range(4))
def test_one_failure_does_not_blacklist_the_palette(row: int) -> None:
    model = Failures.fit(fitted().describe(SPACE.fractions(pool()[:30])).raw(), np.arange(30) == row, [])
    assert model is not None
    chance = model.probability(fitted().describe(SPACE.fractions(pool()[:400])).raw())
    assert chance.min() > 0.5
    assert (chance > 0.9).mean() > 0.95


def test_values_do_not_depend_on_the_failures_and_the_order_does_not_matter() -> None:
    points, (surrogate, silent) = _mixed()[:40], _pair()
    unseen = SPACE.fractions(pool()[300:320])
    for ours, theirs in zip(surrogate.predict(unseen), silent.predict(unseen), strict=True):
        assert np.array_equal(ours["solidus"], theirs["solidus"])
    assert surrogate.digest != silent.digest
    order = np.random.default_rng(0).permutation(40)
    again = _surrogate(points[order], _rich(points)[order])
    assert again.digest == surrogate.digest
    assert np.array_equal(again.probability_success(unseen), surrogate.probability_success(unseen))


def test_rows_without_values_count_as_failed_unless_it_is_said_which_did() -> None:
    points = _mixed()[:40]
    unsaid = Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), _values(points, _rich(points)))
    assert unsaid.digest == _pair()[0].digest


@pytest.mark.parametrize(
    ("failed", "message"),
    [
        (np.zeros(3, dtype=np.bool_), "failed must be 5 truth values, got bool of shape"),
        (np.zeros(5), "failed must be 5 truth values, got float64"),
        (np.arange(5) == 2, "row 2 is said to have failed, but has values"),
    ],
)
def test_failures_that_cannot_be_are_refused(failed: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(pool()[:5]), truth(pool()[:5]), failed=failed)


# In the choice ----------------------------------------------------------------------------------------------


def test_success_is_one_more_constraint_of_the_acquisition() -> None:
    surrogate, _ = _pair()
    described = surrogate.describe(SPACE.fractions(_mixed()[40:60]))
    table = build_table(surrogate, CRAVING, described, np.array([3.0]), validated=3)
    agreed = (drawn_outputs(table, 20_000)[..., -1] <= 0).mean(axis=0)
    chances = surrogate.probability_success(described)
    assert chances.min() < 0.5 < chances.max()
    np.testing.assert_allclose(agreed[:17], chances[:17], atol=0.02)
    assert (agreed[17:] == 1).all()


def test_the_expected_gain_is_less_by_the_chance() -> None:
    surrogate, silent = _pair()
    described = surrogate.describe(SPACE.fractions(_mixed()[40:60]))
    front = Front(np.zeros((0, 1)), np.array([3.0]))
    ours, theirs = (gains_alone(s, CRAVING, described, front, 4000, 0) for s in (surrogate, silent))
    assert theirs.max() > 0.5
    np.testing.assert_allclose(ours, theirs * surrogate.probability_success(described), atol=0.03 * theirs.max())


def _batch(surrogate: Surrogate, observed: Points) -> ChosenBatch:
    return choose_batch(
        surrogate,
        CRAVING,
        [(_mixed()[60:360], "pool")],
        BatchContext(observed, _values(observed, _rich(observed)), observed[:0], observed[:0], np.array([3.0])),
        q=4,
        settings=SMALL,
    )


def test_picks_move_away_from_where_validation_fails() -> None:
    told, silent = (np.array([pick.point for pick in _batch(one, _mixed()[:40]).picks]) for one in _pair())
    assert _rich(silent).sum() >= 3
    assert _rich(told).sum() <= 1
    chances = [_pair()[0].probability_success(SPACE.fractions(points)).mean() for points in (silent, told)]
    assert chances[0] < 0.5 < 0.7 < chances[1]


@pytest.mark.parametrize("count", [1, 25])
def test_where_all_failed_a_batch_is_still_chosen(count: int) -> None:
    points = _mixed()[_rich(_mixed())][:count]
    surrogate = _surrogate(points, _rich(points))
    chance = surrogate.probability_success(SPACE.fractions(_mixed()))
    assert ((chance > 0) & (chance < PRIOR)).all()
    batch = _batch(surrogate, points)
    assert (batch.mode, len(batch.picks)) == ("feasibility", 4)
    for pick in batch.picks:
        assert np.isfinite([pick.score, pick.probability_feasible, *pick.means.values()]).all()
        assert 0 < pick.probability_feasible < PRIOR
