"""The strength model: the edge model corrected by measurements, with intervals that a test by somebody new would keep.

Hyperparameters have their most probable values and the uncertainty of a normal approximation about them (Laplace;
Rasmussen & Williams 2006, section 3.4): a prediction is a mixture over draws from it, so that what few papers cannot
tell widens the interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_solve, solve_triangular
from scipy.optimize import minimize
from scipy.special import ndtr, ndtri

from alloys.errors import WorkError
from validation.strength.covariance import TERMS, Covariance, Hyper, Term, prior_of, variances
from validation.strength.inputs import StrengthInputs
from validation.strength.measurements import Floats, StrengthMeasurements

DRAWS = 16
"""Draws of the hyperparameters behind a prediction; even."""

INTERVAL = 0.90
"""Share of tests by somebody new that an interval is to hold."""

_ROUNDS = 100
_STEP = 1e-3
_FLATTEST = 0.5
"""Least curvature of the posterior of the hyperparameters along any direction; that of their prior is one or more."""
_JITTER = 1e-8
_BISECTIONS = 50


@dataclass(frozen=True)
class PredictedStrength:
    """Strengths that tests by somebody new would find: mixtures of log-normal distributions.

    Attributes:
        means: of the log strength in MPa, by draw, shape ``(k, m)``.
        stds: likewise.
    """

    means: Floats
    stds: Floats

    def quantile(self, share: float) -> Floats:
        """Log strength that a share of tests stays below, shape ``(m,)``."""
        reach = ndtri(share) * self.stds
        low, high = (self.means + reach).min(axis=0), (self.means + reach).max(axis=0)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            above = self.below(middle) > share
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return np.asarray((low + high) / 2)

    def below(self, logs: Floats) -> Floats:
        """Share of tests expected below some log strengths, shape ``(m,)``."""
        return np.asarray(ndtr((logs - self.means) / self.stds).mean(axis=0))

    @property
    def median(self) -> Floats:
        """MPa, shape ``(m,)``."""
        return np.asarray(np.exp(self.quantile(0.5)))

    @cached_property
    def interval(self) -> tuple[Floats, Floats]:
        """Ends of the interval that holds `INTERVAL` of tests, MPa."""
        outside = (1 - INTERVAL) / 2
        return np.exp(self.quantile(outside)), np.exp(self.quantile(1 - outside))

    @property
    def log_std(self) -> Floats:
        """Half the width of the interval in log strength, as a standard deviation, shape ``(m,)``."""
        low, high = self.interval
        return np.asarray(np.log(high / low) / (2 * ndtri((1 + INTERVAL) / 2)))


@dataclass(frozen=True)
class _Posterior:
    """The correction under one draw of the hyperparameters: lower factor of the covariance, and weights."""

    hyper: Hyper
    factor: Floats
    weights: Floats


@dataclass(frozen=True)
class StrengthModel:
    """The edge model, corrected.

    Attributes:
        terms: of the correction.
        inputs: of the measurements.
        with_edge: whether the edge model is corrected, or a constant.
        hyper: the most probable hyperparameters.
    """

    terms: tuple[Term, ...]
    inputs: StrengthInputs
    with_edge: bool
    hyper: Hyper
    _posteriors: tuple[_Posterior, ...]

    @classmethod
    def fit(
        cls,
        measurements: StrengthMeasurements,
        terms: tuple[Term, ...] = TERMS,
        *,
        with_edge: bool = True,
        seed: int = 0,
    ) -> StrengthModel:
        """Learns from measurements, each of which should be there once.

        Args:
            measurements: at least some.
            terms: of the correction.
            with_edge: whether to correct the edge model, else a constant.
            seed: of the draws of the hyperparameters.

        Raises:
            WorkError: if the covariance cannot be factorised.
        """
        inputs, logs = StrengthInputs.of(measurements), np.log(measurements.values)
        targets = logs - _start(inputs, with_edge=with_edge)
        covariance = Covariance(terms, inputs, inputs)
        loss = _loss(covariance, targets)
        mean, _ = prior_of(terms)
        best = minimize(loss, mean, jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS}).x
        thetas = _drawn(loss, best, seed)
        posteriors = tuple(_posterior(covariance, Hyper.of(terms, theta), targets) for theta in thetas)
        return cls(terms, inputs, with_edge, Hyper.of(terms, best), posteriors)

    def predict(self, tests: StrengthInputs) -> PredictedStrength:
        """What tests by sources that the model has not seen would find; scatter between them is part of it."""
        covariance = Covariance(self.terms, self.inputs, tests)
        start = _start(tests, with_edge=self.with_edge)
        means, stds = [], []
        for posterior in self._posteriors:
            cross = covariance.at(posterior.hyper)
            half = solve_triangular(posterior.factor, cross, lower=True)
            before = variances(self.terms, posterior.hyper, tests) + posterior.hyper.noises(tests)
            means.append(start + cross.T @ posterior.weights)
            stds.append(np.sqrt(np.maximum(before - np.square(half).sum(axis=0), _JITTER)))
        return PredictedStrength(np.array(means), np.array(stds))


_CONSTANT = 6.5
"""Log strength (MPa) that is corrected where the edge model is not."""


def _start(inputs: StrengthInputs, *, with_edge: bool) -> Floats:
    return inputs.prior if with_edge else np.full(len(inputs), _CONSTANT)


def _posterior(covariance: Covariance, hyper: Hyper, targets: Floats) -> _Posterior:
    total = covariance.at(hyper) + np.diag(hyper.noises(covariance.left) + _JITTER)
    try:
        factor = np.linalg.cholesky(total)
    except np.linalg.LinAlgError as error:
        raise WorkError(f"the strength model cannot be fitted: {error}") from error
    return _Posterior(hyper, np.asarray(factor, dtype=np.float64), np.asarray(cho_solve((factor, True), targets)))


Loss = Callable[[Floats], tuple[float, Floats]]


def _loss(covariance: Covariance, targets: Floats) -> Loss:
    """Minus the log posterior of the hyperparameters, with its gradient (Rasmussen & Williams 2006, eqs. 5.8-5.9)."""
    terms, inputs = covariance.terms, covariance.left
    mean, std = prior_of(terms)

    def loss(theta: Floats) -> tuple[float, Floats]:
        hyper = Hyper.of(terms, theta)
        total, slopes = covariance.with_gradient(hyper)
        noises = hyper.noises(inputs)
        try:
            factor = np.linalg.cholesky(total + np.diag(noises + _JITTER))
        except np.linalg.LinAlgError:
            return 1e9, np.zeros_like(theta)
        root = solve_triangular(factor, np.eye(len(targets)), lower=True)
        inverse = root.T @ root
        weights = inverse @ targets
        pull = inverse - np.outer(weights, weights)
        by_noise = np.diag(pull) * noises
        gradient = [0.5 * np.vdot(pull, slope) for slope in slopes] + [by_noise.sum(), by_noise @ inputs.heat]
        apart = (theta - mean) / std
        value = 0.5 * targets @ weights + np.log(np.diag(factor)).sum() + 0.5 * apart @ apart
        return float(value), np.array(gradient) + apart / std

    return loss


def _drawn(loss: Loss, best: Floats, seed: int) -> Floats:
    """Draws from the normal approximation about the most probable hyperparameters, in pairs about them."""
    steps = _STEP * np.eye(len(best))
    curvature = np.array([(loss(best + step)[1] - loss(best - step)[1]) / (2 * _STEP) for step in steps])
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
    normal = np.random.default_rng(seed).standard_normal((DRAWS // 2, len(best)))
    reach = normal / np.sqrt(np.maximum(values, _FLATTEST)) @ vectors.T
    return np.concatenate([best + reach, best - reach])
