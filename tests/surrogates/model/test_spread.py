"""Intervals are as wide as errors are where a prediction is made, and as past batches have shown."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from alloys.physics.refractory import laves_affinity
from surrogates.model.calibration import HALF_WIDTH, batch_factor, learn_amplitude
from surrogates.model.fidelity import FidelityData, fit_fidelities
from surrogates.model.gp import GP
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import BUNDLE, SPACE, pool, prior_means

SOLIDUS = "solidus"


def _wrong(points: np.ndarray) -> np.ndarray:
    """Where physics is wrong: where many atoms of unlike size meet."""
    return laves_affinity(SPACE.elements, SPACE.fractions(points)) > 0.25


def _solidus(points: np.ndarray) -> np.ndarray:
    """What physics expects, but for a smooth residual of some 5 K, and of some 150 K where it is wrong."""
    fractions = SPACE.fractions(points)
    waves = np.sin(2.0 + fractions @ np.linspace(1.0, 5.0, len(SPACE.elements)))
    return prior_means(fractions)[SOLIDUS] + np.where(_wrong(points), 150.0, 5.0) * waves


@cache
def _known() -> np.ndarray:
    """A start of 24 alloys anywhere, then 40 where physics is right, as a campaign's batches are."""
    return np.concatenate([pool()[:24], pool()[24:200][~_wrong(pool()[24:200])][:40]])


def _fit(asked: np.ndarray | None = None) -> Surrogate:
    points = _known()
    return Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), {SOLIDUS: _solidus(points)}, asked=asked)


@cache
def _fitted() -> Surrogate:
    return _fit()


def _batches(count: int = 5) -> np.ndarray:
    return np.concatenate([np.zeros(24, dtype=np.int64), np.repeat(np.arange(1, count + 1), 40 // count)])


def _gp(count: int = 40) -> tuple[GP, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(count, 3))
    y = np.sin(x).sum(axis=1) + 0.1 * draw.normal(size=count)
    return GP.condition(x, y, 0.3, 2.0, (0.1, torch.full((3,), 2.0, dtype=torch.float64), 0.01)), x, y


def test_intervals_are_narrow_where_physics_is_right_and_wide_where_it_is_wrong() -> None:
    points = pool()[200:500]
    means, stds = _fitted().predict(SPACE.fractions(points), noise=True)
    wrong, away = _wrong(points), np.abs(_solidus(points) - means[SOLIDUS])
    assert np.median(stds[SOLIDUS][wrong]) > 3.0 * np.median(stds[SOLIDUS][~wrong])
    assert np.median(stds[SOLIDUS][~wrong]) < 15.0
    assert (away <= HALF_WIDTH * stds[SOLIDUS])[~wrong].mean() > 0.85
    assert any("errors differ over the space" in note for note in _fitted().notes)


def test_a_model_whose_errors_are_alike_everywhere_has_one_amplitude() -> None:
    gp, x, y = _gp()
    mean, std = gp.leave_one_out()
    assert learn_amplitude(x, gp.lengthscale, (y - mean) / std, y) is None


def test_an_amplitude_follows_errors_and_is_cautious_far_from_them() -> None:
    draw = np.random.default_rng(1)
    x = draw.uniform(-1.0, 1.0, size=(80, 2))
    errors = draw.normal(size=80) * np.where(x[:, 0] > 0, 3.0, 0.1)
    lengthscale = torch.full((2,), 1.0, dtype=torch.float64)
    found = learn_amplitude(x, lengthscale, errors, np.zeros(80))
    assert found is not None
    np.testing.assert_allclose(found.at(x), found.own)
    assert np.log(found.own).mean() == pytest.approx(0.0, abs=1e-9)
    quiet, loud, far = found.at(np.array([[-0.7, 0.0], [0.7, 0.0], [-9.0, 0.0]]))
    assert loud > 5.0 * quiet
    assert far > 3.0 * quiet
    assert far <= found.own.max()


def test_everything_that_is_asked_of_a_model_has_its_amplitude() -> None:
    surrogate = _fitted()
    output, described = surrogate.outputs[SOLIDUS], surrogate.describe(SPACE.fractions(pool()[300:320]))
    inputs, priors = surrogate.latent_inputs(described), described.prior_means()
    mean, std = output.predict(inputs, priors)
    joint_mean, covariance = output.joint(inputs, priors)
    np.testing.assert_allclose(joint_mean, mean)
    np.testing.assert_allclose(np.sqrt(covariance.diagonal()), std, rtol=1e-6)
    quick_mean, quick_std = surrogate.quick().outputs[SOLIDUS].predict(inputs, priors)
    np.testing.assert_allclose(quick_mean, mean, rtol=1e-4)
    np.testing.assert_allclose(quick_std, std, rtol=0.05)
    known, residual = _known(), _solidus(_known()) - prior_means(SPACE.fractions(_known()))[SOLIDUS]
    assert output.leave_one_out() is not None
    np.testing.assert_allclose(np.sort(output.leave_one_out()[2]), np.sort(residual))  # type: ignore[index]
    seen = surrogate.latent_inputs(surrogate.describe(SPACE.fractions(known)))
    assert np.ptp(output.noise(seen)) > 0


def test_an_observation_ahead_is_predicted_by_earlier_batches_alone() -> None:
    gp, x, y = _gp()
    asked = np.random.default_rng(2).permutation(np.repeat(np.arange(4), 10))
    mean, std = gp.ahead(asked)
    for batch in range(4):
        before, own = asked < batch, asked == batch
        hyper = (gp.constant, gp.lengthscale, gp.noise)
        then = GP.condition(x[before], y[before], gp.shift, gp.scale, hyper)
        expected, spread = then.predict(x[own])
        np.testing.assert_allclose(mean[own], expected)
        np.testing.assert_allclose(std[own], np.hypot(spread, then.noise_std))


def test_batches_say_how_wide_the_next_intervals_must_be() -> None:
    z = np.random.default_rng(0).standard_normal(80)
    asked = np.repeat(np.arange(1, 11), 8)
    nothing = batch_factor(z, np.zeros(80, dtype=np.int64))
    assert 1.0 < nothing < 1.2  # the next one is to be covered, not those that were seen
    assert batch_factor(z, np.zeros(80, dtype=np.int64), believed=2.0) == pytest.approx(2.0 * nothing)
    assert 0.9 < batch_factor(z, asked) < 1.2
    assert batch_factor(0.4 * z, asked) < 0.75
    assert 1.5 < batch_factor(2.0 * z, asked) < 2.3


def test_one_miss_does_not_widen_all_and_late_batches_count_more() -> None:
    z = np.random.default_rng(0).standard_normal(80)
    asked = np.repeat(np.arange(1, 11), 8)
    assert batch_factor(np.where(np.arange(80) == 40, 30.0, z), asked) < 1.1 * batch_factor(z, asked)
    late = np.where(asked > 5, 2.0, 0.5)
    assert batch_factor(late * z, asked) > 1.3 * batch_factor(late[::-1] * z, asked)


def test_what_a_surrogate_expected_of_its_batches_sets_the_width_of_its_intervals() -> None:
    before, after = _fitted(), _fit(_batches())
    assert before.outputs[SOLIDUS].inflation == 1.0 != after.outputs[SOLIDUS].inflation
    assert after.digest != before.digest
    wide, narrow = (found.predict(SPACE.fractions(pool()[300:310]))[1][SOLIDUS] for found in (before, after))
    np.testing.assert_allclose(narrow / wide, after.outputs[SOLIDUS].inflation / before.outputs[SOLIDUS].inflation)


def test_rows_may_come_in_any_order_with_their_batches() -> None:
    order = np.random.default_rng(4).permutation(len(_known()))
    points, asked = _known()[order], _batches()[order]
    values = {SOLIDUS: _solidus(points)}
    again = Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), values, asked=asked)
    assert again.digest == _fit(_batches()).digest


def test_the_lowest_fidelity_is_calibrated_by_its_batches() -> None:
    inputs, values = SPACE.fractions(_known()), {SOLIDUS: _solidus(_known())}
    above = FidelityData("dft", inputs[:6], {SOLIDUS: values[SOLIDUS][:6] + 20.0})
    found = fit_fidelities(BUNDLE, SPACE.elements, [FidelityData("calphad", inputs, values, asked=_batches()), above])
    lower = found.outputs[SOLIDUS].lower  # type: ignore[attr-defined]
    assert lower.inflation == _fit(_batches()).outputs[SOLIDUS].inflation
    assert lower.amplitude is not None


def test_noise_that_was_measured_is_not_scaled_down() -> None:
    points = _known()
    told = {"stds": {SOLIDUS: np.full(len(points), 8.0)}}
    found = Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), {SOLIDUS: _solidus(points)}, **told)
    output = found.outputs[SOLIDUS]
    assert output.amplitude is not None
    assert output.amplitude.own.min() < 0.8
    seen = found.latent_inputs(found.describe(SPACE.fractions(points)))
    assert (output.noise(seen) >= 8.0 * output.inflation - 1e-9).all()
