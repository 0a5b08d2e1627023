"""Averaging over hyperparameters: the mixture's moments, and the sampler where NumPyro is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from alloys.errors import InputError
from loop.config.reading import check_config
from surrogates.explaining.attribution import relevance
from surrogates.model import bayesian, output
from surrogates.model.bayesian import Mixture, mixed
from surrogates.model.gp import GP, Hyper
from surrogates.model.learning import drawn
from surrogates.model.quick import made_quick
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import BUNDLE, PROBLEM, SPACE, pool, truth

HAS_NUMPYRO = importlib.util.find_spec("numpyro") is not None
with_numpyro = pytest.mark.skipif(not HAS_NUMPYRO, reason="NumPyro is not installed: pip install 'alloyloop[bayesian]'")


def lengths(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


HYPERS: list[Hyper] = [(0.1, lengths(1.5, 3.0), 0.01), (-0.2, lengths(0.6, 8.0), 0.05), (0.0, lengths(4.0, 0.9), 0.002)]


def data(count: int = 25) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(5)
    x = draw.normal(size=(count, 2))
    return x, 3 + 2 * np.sin(2 * x[:, 0]) + 0.1 * draw.normal(size=count)


def mixture() -> Mixture:
    x, y = data()
    return Mixture(tuple(GP.condition(x, y, 3.0, 1.5, hyper) for hyper in HYPERS))


def test_moments_are_those_of_samples_from_the_members() -> None:
    asked = data(40)[0][25:30]
    mean, covariance = mixture().joint(asked)
    draw, samples = np.random.default_rng(0), []
    for gp in mixture().members:
        centre, spread = gp.joint(asked)
        samples.append(draw.multivariate_normal(centre, spread, size=60_000))
    everything = np.concatenate(samples)
    scale = np.sqrt(covariance.diagonal().max())
    np.testing.assert_allclose(mean, everything.mean(axis=0), atol=0.02 * scale)
    np.testing.assert_allclose(covariance, np.cov(everything.T), atol=0.03 * scale**2)
    within = np.mean([gp.joint(asked)[1] for gp in mixture().members], axis=0)
    assert (covariance.diagonal() > within.diagonal()).all()


def test_marginals_are_those_of_the_joint() -> None:
    asked = data(40)[0][25:]
    mean, std = mixture().predict(asked)
    joint_mean, covariance = mixture().joint(asked)
    np.testing.assert_allclose(mean, joint_mean, atol=1e-9)
    np.testing.assert_allclose(std, np.sqrt(covariance.diagonal()), atol=1e-6)


def test_one_member_answers_as_it_does_alone() -> None:
    x, asked = data()[0], data(40)[0][25:]
    alone = mixture().members[1]
    single = Mixture((alone,))
    for first, second in (
        (single.predict(asked), alone.predict(asked)),
        (single.joint(asked), alone.joint(asked)),
        (single.leave_one_out(), alone.leave_one_out()),
        (made_quick(single).predict(x), made_quick(alone).predict(x)),
    ):
        for ours, theirs in zip(first, second, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-9)
    assert single.hyperparameters() == alone.hyperparameters()
    np.testing.assert_allclose(single.lengthscale, alone.lengthscale)


def test_weights_of_a_mixture_count() -> None:
    means, stds = np.array([[0.0], [4.0]]), np.array([[1.0], [2.0]])
    mean, std = mixed(means, stds, np.array([[3.0], [1.0]]))
    assert mean == pytest.approx([1.0])
    assert std**2 == pytest.approx([0.75 * (1 + 1) + 0.25 * (4 + 9)])


def test_hyperparameters_that_had_seen_the_one_count_less_when_it_is_left_out() -> None:
    """A member that is sure and wrong about an observation left out would be dropped with it."""
    y = data()[1]
    members = mixture().members
    means, stds = (np.stack(part) for part in zip(*(gp.leave_one_out() for gp in members), strict=True))
    likelihood = np.exp(-0.5 * ((y - means) / stds) ** 2) / stds
    mean, std = mixture().leave_one_out()
    plain, _ = mixed(means, stds)
    towards = (mean - plain) * (means[likelihood.argmin(axis=0), np.arange(len(y))] - plain)
    assert (towards > 0).mean() > 0.8
    assert (std > 0).all()
    assert (np.abs(mean - plain) <= np.abs(means - plain).max(axis=0)).all()


def test_a_quick_mixture_keeps_the_mean_and_bounds_the_spread_from_above() -> None:
    asked = data(40)[0][25:]
    exact, quick = mixture().predict(asked), made_quick(mixture()).predict(asked)
    np.testing.assert_allclose(quick[0], exact[0], atol=1e-3)
    assert (quick[1] >= exact[1] - 1e-3).all()


def of_three(x: np.ndarray, y: np.ndarray, given: np.ndarray | None = None, seed: int = 0) -> Sequence[Hyper]:
    """In the sampler's place."""
    return [(0.0, torch.full((x.shape[1],), scale, dtype=torch.float64), 0.01) for scale in (2.0, 5.0, 12.0)]


def surrogate(count: int, monkeypatch: pytest.MonkeyPatch) -> Surrogate:
    monkeypatch.setattr(drawn, "draw", of_three)
    monkeypatch.setattr(output, "require", lambda: None)
    monkeypatch.setattr(bayesian, "require", lambda: None)
    points = pool()[:count]
    return Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), truth(points), "bayesian")


def test_a_surrogate_of_mixtures_answers_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    model = surrogate(24, monkeypatch)
    described = model.describe(SPACE.fractions(pool()[100:140]))
    means, stds = model.predict(described)
    # Strengths follow from the solidus here without any rest to learn.
    assert {name for name in model.names if isinstance(model.outputs[name].gp, Mixture)} >= {
        "solidus",
        "freezing_range",
    }
    for name in model.names:
        assert np.isfinite(means[name]).all()
        assert (stds[name] > 0).all()
    assert f"solidus: averaged over {len(HYPERS)} draws" in "\n".join(model.notes)
    assert set(model.leave_one_out()) == set(model.names)
    assert relevance(model)["solidus"]
    chance = model.probability_feasible(described, PROBLEM)
    assert np.corrcoef(chance, model.quick().probability_feasible(described, PROBLEM))[0, 1] > 0.9
    assert model.digest == surrogate(24, monkeypatch).digest
    points = pool()[:24]
    assert model.digest != Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), truth(points)).digest


def test_many_observations_do_without_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "MOST", 20)
    model = surrogate(24, monkeypatch)
    assert isinstance(model.outputs["solidus"].gp, GP)
    assert "solidus: more than 20 observations; hyperparameters are the most probable ones" in model.notes


def test_without_numpyro_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "numpyro" else found(name))
    with pytest.raises(InputError, match=r"pip install 'alloyloop\[bayesian\]'"):
        bayesian.fit_mixture(*data(), 3.0, 1.5)
    points = pool()[:5]
    with pytest.raises(InputError, match="needs NumPyro and JAX"):
        Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), truth(points), "bayesian")
    file = tmp_path / "c.yaml"
    file.write_text(Path("configs/refractory.yaml").read_text() + "\nsurrogate:\n  inference: bayesian\n")
    config, mistakes = check_config(file)
    assert config is None
    assert len(mistakes) == 1
    assert "surrogate: averaging over hyperparameters needs NumPyro and JAX" in mistakes[0]


@with_numpyro
@pytest.mark.slow
def test_the_sampler_is_deterministic_and_follows_its_seed() -> None:
    x, y = data(12)
    first, again, other = (bayesian.fit_mixture(x, y, 3.0, 1.5, seed=seed).hyperparameters() for seed in (0, 0, 1))
    assert first == again != other
    assert len(first) == drawn.DRAWS * (4 + 2)


@with_numpyro
@pytest.mark.slow
def test_a_mixture_takes_given_standard_deviations_for_the_noise() -> None:
    x, y = data(12)
    given = np.where(np.arange(12) < 6, 0.5, np.nan)
    for gp in bayesian.fit_mixture(x, y, 3.0, 1.5, given=given).members:
        np.testing.assert_allclose(gp.noises[:6].sqrt() * 1.5, 0.5)
        np.testing.assert_array_equal(gp.noises[6:], gp.noise)
