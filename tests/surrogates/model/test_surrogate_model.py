"""Laws of the surrogate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from botorch.models import SingleTaskGP
from gpytorch.kernels import MaternKernel

from alloys.errors import InputError
from surrogates.model.calibration import score
from surrogates.model.features import Described
from surrogates.model.gp import GP
from surrogates.model.learning.most_probable import prior_hyperparameters
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import BUNDLE, PROBLEM, SPACE, fitted, pool, prior_means, truth, wanted

NAMES = tuple(sorted(truth(pool()[:1])))


def rows(start: int, stop: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    points = pool()[start:stop]
    return SPACE.fractions(points), truth(points)


def test_posterior_has_one_row_per_composition_and_positive_spread() -> None:
    fractions, _ = rows(30, 50)
    means, stds = fitted().predict(fractions)
    assert tuple(means) == tuple(stds) == fitted().names == NAMES
    for name in NAMES:
        assert means[name].shape == stds[name].shape == (20,)
        assert np.isfinite(means[name]).all()
        assert (stds[name] > 0).all()


def test_no_compositions_give_empty_predictions() -> None:
    means, stds = fitted().predict(np.zeros((0, SPACE.dimension)))
    assert all(means[name].shape == stds[name].shape == (0,) for name in NAMES)


def test_it_interpolates_where_it_was_trained_and_is_surer_there() -> None:
    seen, values = rows(0, 30)
    means, stds = fitted().predict(seen)
    elsewhere = fitted().predict(rows(300, 600)[0])[1]
    for name in ("solidus", "freezing_range", "specific_yield_strength_1300c"):
        # Not the largest: a strength jumps where the solidus passes the temperature it is asked for.
        assert np.quantile(np.abs(means[name] - values[name]), 0.9) < 0.1 * values[name].std()
        assert np.median(stds[name]) < 0.7 * np.median(elsewhere[name])


def test_it_beats_the_physics_prior_on_unseen_alloys() -> None:
    unseen, values = rows(200, 500)
    means, _ = fitted().predict(unseen)
    prior = prior_means(unseen)
    for name in ("solidus", "specific_yield_strength_1300c"):
        ours = np.sqrt(np.mean((means[name] - values[name]) ** 2))
        assert ours < 0.8 * np.sqrt(np.mean((prior[name] - values[name]) ** 2))


def test_intervals_cover_unseen_truths() -> None:
    unseen, values = rows(200, 500)
    means, stds = fitted().predict(unseen)
    found = score(means["solidus"], stds["solidus"], values["solidus"])
    assert 0.75 <= found.coverage <= 1.0
    assert found.nll < 6.0


def test_the_order_of_the_rows_does_not_matter() -> None:
    fractions, values = rows(0, 30)
    order = np.random.default_rng(0).permutation(30)
    mixed = {name: column[order] for name, column in values.items()}
    shuffled = Surrogate.fit(BUNDLE, SPACE.elements, fractions[order], mixed)
    unseen = rows(30, 60)[0]
    for first, second in zip(fitted().predict(unseen), shuffled.predict(unseen), strict=True):
        assert all(np.array_equal(first[name], second[name]) for name in NAMES)
    assert shuffled.digest == fitted().digest


def test_the_same_data_give_the_same_bits() -> None:
    fractions, values = rows(0, 30)
    again = Surrogate.fit(BUNDLE, SPACE.elements, fractions, values)
    assert again.digest == fitted().digest
    unseen = rows(30, 60)[0]
    for first, second in zip(fitted().predict(unseen), again.predict(unseen), strict=True):
        assert all(np.array_equal(first[name], second[name]) for name in NAMES)


def test_other_data_give_another_digest() -> None:
    fractions, values = rows(0, 30)
    values["solidus"][0] += 1.0
    assert Surrogate.fit(BUNDLE, SPACE.elements, fractions, values).digest != fitted().digest


def test_the_cached_factor_gives_the_posterior_of_gpytorch() -> None:
    draw = np.random.default_rng(1)
    x, y, unseen = draw.normal(size=(25, 6)), draw.normal(size=25), draw.normal(size=(40, 6))
    gp = GP.condition(x, y, 0.0, 1.0, (0.3, torch.linspace(0.5, 3.0, 6, dtype=torch.float64), 0.01))
    kernel = MaternKernel(nu=2.5, ard_num_dims=6).double()
    kernel.lengthscale = gp.lengthscale
    model = SingleTaskGP(torch.tensor(x), torch.tensor(y)[:, None], covar_module=kernel, outcome_transform=None)
    model.mean_module.constant.data.fill_(0.3)
    model.likelihood.noise = 0.01
    with torch.no_grad():
        posterior = model.posterior(torch.tensor(unseen))
    mean, std = gp.predict(unseen)
    np.testing.assert_allclose(mean, posterior.mean[:, 0].numpy(), atol=1e-6)
    np.testing.assert_allclose(std**2, posterior.variance[:, 0].numpy(), atol=1e-6)
    joint_mean, joint_covariance = gp.joint(unseen)
    np.testing.assert_allclose(joint_mean, mean, atol=1e-9)
    np.testing.assert_allclose(joint_covariance, posterior.distribution.covariance_matrix.numpy(), atol=1e-6)


def test_leaving_one_out_equals_factorising_again() -> None:
    draw = np.random.default_rng(2)
    x, y = draw.normal(size=(9, 4)), draw.normal(size=9)
    hyper = (0.1, torch.full((4,), 1.5, dtype=torch.float64), 0.05)
    gp = GP.condition(x, y, 0.2, 1.3, hyper)
    means, stds = gp.leave_one_out()
    for i in range(9):
        keep = np.arange(9) != i
        mean, std = GP.condition(x[keep], y[keep], 0.2, 1.3, hyper).predict(x[i : i + 1])
        assert means[i] == pytest.approx(mean[0], abs=1e-9)
        assert stds[i] ** 2 == pytest.approx(std[0] ** 2 + 0.05 * 1.3**2, abs=1e-9)


def test_leave_one_out_scores_every_property() -> None:
    scores = fitted().leave_one_out()
    assert tuple(scores) == NAMES
    assert all(0 <= score.coverage <= 1 and score.count == 30 for score in scores.values())


def test_prior_means_are_those_of_the_alloys_room() -> None:
    fractions, _ = rows(0, 20)
    ours, theirs = Described.of(BUNDLE, SPACE.elements, fractions).prior_means(), prior_means(fractions)
    assert set(ours) == set(theirs)
    for name, column in theirs.items():
        np.testing.assert_allclose(ours[name], column, rtol=1e-9)


def test_missing_values_are_left_out_property_by_property() -> None:
    fractions, values = rows(0, 30)
    values = {name: np.append(column, np.nan) for name, column in values.items()}
    values["freezing_range"][3] = np.nan
    extra = np.concatenate([fractions, SPACE.fractions(pool()[700:701])])
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, extra, values)
    unseen = rows(30, 60)[0]
    ours, before = surrogate.predict(unseen)[0], fitted().predict(unseen)[0]
    np.testing.assert_allclose(ours["solidus"], before["solidus"], rtol=3e-3)
    assert surrogate.leave_one_out()["freezing_range"].count == 29
    assert np.isfinite(ours["freezing_range"]).all()


def test_a_constant_column_is_predicted_as_such_and_noted() -> None:
    fractions, values = rows(0, 20)
    values["bcc_fraction_1200c"] = np.ones(20)
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, fractions, values)
    means, _ = surrogate.predict(rows(30, 60)[0])
    assert (means["bcc_fraction_1200c"] > 0.99).all()
    assert any(note.startswith("bcc_fraction_1200c: 20 observations differ") for note in surrogate.notes)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_with_next_to_no_observation_the_prior_stands_with_broad_spread(count: int) -> None:
    fractions, values = rows(2, 2 + count)
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, fractions, values)
    unseen = rows(30, 60)[0]
    means, stds = surrogate.predict(unseen)
    prior = prior_means(unseen)["solidus"]
    assert np.abs(means["solidus"] - prior).max() < 150
    assert np.median(stds["solidus"]) > 50
    assert any("solidus" in note for note in surrogate.notes)
    chance = surrogate.probability_feasible(unseen, PROBLEM)
    assert ((chance >= 0) & (chance <= 1)).all()


def test_duplicate_rows_with_different_answers_are_averaged_by_the_noise() -> None:
    fractions, values = rows(0, 20)
    again = {name: np.append(column, column[0]) for name, column in values.items()}
    again["solidus"][-1] += 30.0
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, np.concatenate([fractions, fractions[:1]]), again)
    mean = surrogate.predict(fractions[:1])[0]["solidus"][0]
    assert values["solidus"][0] - 20 < mean < values["solidus"][0] + 50


def test_a_failed_fit_falls_back_and_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no descent")

    monkeypatch.setattr("surrogates.model.sparse.learn", broken)
    fractions, values = rows(0, 20)
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, fractions, values)
    assert any("the fit failed (no descent)" in note for note in surrogate.notes)
    assert np.isfinite(surrogate.predict(fractions)[0]["solidus"]).all()


def test_probability_feasible_is_the_product_and_zero_where_a_closed_form_breaks() -> None:
    points = SPACE.sample(200, np.random.default_rng(5))
    fractions = SPACE.fractions(points)
    chances = fitted().constraint_probabilities(fractions, PROBLEM)
    total = fitted().probability_feasible(fractions, PROBLEM)
    np.testing.assert_allclose(total, np.prod(list(chances.values()), axis=0))
    assert set(np.unique(chances["density"])) <= {0.0, 1.0}
    assert (total[chances["density"] == 0] == 0).all()
    assert (total > 0).any()


def test_bounds_on_both_sides_share_one_probability() -> None:
    fractions, _ = rows(30, 60)
    window = wanted(["maximize ductility_index"], ["solidus >= 1700", "solidus <= 1900"])
    low = wanted(["maximize ductility_index"], ["solidus >= 1700"])
    high = wanted(["maximize ductility_index"], ["solidus >= 1900"])
    inside, above, beyond = (fitted().probability_feasible(fractions, goal) for goal in (window, low, high))
    np.testing.assert_allclose(inside, above - beyond, atol=1e-12)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "at least one property"),
        ({"density": np.ones(3)}, "not a property to model"),
        ({"solidus": np.ones(2)}, r"shape \(3,\)"),
        ({"solidus": np.array([1.0, np.inf, 2.0])}, "infinite"),
    ],
)
def test_bad_input_is_refused(values: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(pool()[:3]), values)


def test_fractions_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(InputError, match="sum to 1"):
        Surrogate.fit(BUNDLE, SPACE.elements, np.full((2, 9), 0.2), {"solidus": np.ones(2)})


def test_an_unmodelled_constraint_is_refused() -> None:
    goal = wanted(["maximize ductility_index"], ["yield_strength_1300c >= 100"])
    with pytest.raises(InputError, match="no model answers"):
        fitted().probability_feasible(rows(0, 2)[0], goal)


def test_prior_lengthscales_grow_with_the_dimension() -> None:
    assert float(prior_hyperparameters(28)[1][0]) > 2 * float(prior_hyperparameters(4)[1][0])
