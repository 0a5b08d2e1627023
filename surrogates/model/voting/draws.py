"""Hyperparameters of a Gaussian process with a free signal variance: the most probable ones, and draws.

A list that is searched one look at a time takes thousands of small fits. The marginal likelihood and its gradient are
therefore written out here (a tenth of the time that automatic differentiation takes at these sizes); a test compares
them with GPyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.linalg import LinAlgError, cholesky
from scipy.linalg import cho_solve
from scipy.linalg.lapack import dtrtrs
from scipy.optimize import minimize

from alloys.space import Floats
from surrogates.model.gp import GP
from surrogates.model.sparse import SparseGP, conditioned

_BROKEN = 1e10
_STEPS = 60
_NARROW = 1e-6


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal distributions of the logarithms of the hyperparameters, and their bounds.

    The order is: lengthscale of each of ``d`` inputs, signal variance, variance of the constant, noise variance.

    Attributes:
        centre: means, shape ``(d + 3,)``; also where learning starts.
        precision: inverse variances, shape ``(d + 3,)``; zero where any value is as likely.
        low: lower bounds, shape ``(d + 3,)``.
        high: upper bounds, shape ``(d + 3,)``.
    """

    centre: Floats
    precision: Floats
    low: Floats
    high: Floats

    @classmethod
    def flat(cls, dimension: int) -> Prior:
        """Any value, starting at unit scales and a noise variance of 0.01: maximum likelihood."""
        centre = np.concatenate([np.zeros(dimension + 2), [np.log(0.01)]])
        low = np.concatenate([np.full(dimension, np.log(0.01)), np.log([1e-3, 1e-6, 1e-6])])
        high = np.concatenate([np.full(dimension, np.log(1e3)), np.log([1e3, 1e3, 1e1])])
        return cls(centre, np.zeros(dimension + 3), low, high)

    @classmethod
    def scaled(cls, dimension: int) -> Prior:
        """Lengthscales that grow with the root of the dimension, for inputs with the spread of the unit interval.

        The growth is that of Hvarfner, Hellsten & Nardi, ICML 2024 (arXiv:2402.02229); the median is shorter
        (half the root of the dimension) because a whole pool has to be ranked, not one optimum found, and the
        noise is wide, because measured properties carry from 1 to 50 % of their variance as noise.
        """
        centre = np.concatenate([np.full(dimension, np.log(0.5 * np.sqrt(dimension))), [0.0, -1.0, np.log(0.05)]])
        spread = np.concatenate([np.ones(dimension), [0.7, 1.0, 1.5]])
        return cls(centre, spread**-2.0, centre - 4 * spread, centre + 4 * spread)

    def draw(self, rng: np.random.Generator) -> Floats:
        """Hyperparameters as likely as the prior says, shape ``(d + 3,)``; the prior must not be flat."""
        return np.asarray(self.centre + rng.standard_normal(len(self.centre)) / np.sqrt(self.precision))


def negative_log_posterior(
    theta: Floats, x: Floats, y: Floats, prior: Prior, given: Floats | None = None
) -> tuple[float, Floats]:
    """Negative log marginal likelihood plus the prior's penalty, and the gradient, shape ``(d + 3,)``.

    Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), eqs. 5.8 and 5.9, for the kernel
    s (1 + r + r^2 / 3) exp(-r) + b, r^2 = 5 sum ((x - x') / l)^2 (their eq. 4.17 with a constant), noise n.

    Args:
        theta: logarithms of the hyperparameters in the order of `Prior`.
        x: inputs, shape ``(n, d)``.
        y: targets, shape ``(n,)``.
        prior: of ``theta``.
        given: variances of the noise of observations, shape ``(n,)``, NaN where that of ``theta`` holds.
    """
    count, dimension = x.shape
    scaled = x / np.exp(theta[:dimension])
    signal, bias, noise = np.exp(theta[dimension:])
    r = np.sqrt(5 * _squares(scaled, scaled))
    decay = np.exp(-r)
    correlation = (1 + r * (1 + r / 3)) * decay
    try:
        noises = _noises(noise, count, given)
        factor = cholesky(signal * correlation + bias + np.diag(noises))
    except LinAlgError:
        return _BROKEN, np.zeros_like(theta)
    inverse = cho_solve((factor, True), np.eye(count), check_finite=False)
    weights = inverse @ y
    value = 0.5 * y @ weights + np.log(np.diag(factor)).sum() + 0.5 * count * np.log(2 * np.pi)
    slope = inverse - np.outer(weights, weights)
    pull = slope * (signal * 5 / 3) * (1 + r) * decay
    lengths = (scaled**2 * pull.sum(axis=1)[:, None]).sum(axis=0) - (scaled * (pull @ scaled)).sum(axis=0)
    free = slice(None) if given is None else np.isnan(given)
    others = [
        0.5 * signal * (slope * correlation).sum(),
        0.5 * bias * slope.sum(),
        0.5 * noise * slope.diagonal()[free].sum(),
    ]
    offset = theta - prior.centre
    value += 0.5 * prior.precision @ offset**2
    return float(value), np.concatenate([lengths, others]) + prior.precision * offset


def learn(x: Floats, y: Floats, prior: Prior, starts: Sequence[Floats], given: Floats | None = None) -> Floats:
    """The best hyperparameters that L-BFGS-B finds from some starts, shape ``(d + 3,)``; nothing is random."""
    best, lowest = prior.centre, np.inf
    for start in starts:
        found = minimize(
            negative_log_posterior,
            np.clip(start, prior.low, prior.high),
            args=(x, y, prior, given),
            jac=True,
            method="L-BFGS-B",
            bounds=np.column_stack([prior.low, prior.high]),
            options={"maxiter": _STEPS},
        )
        if np.isfinite(found.fun) and found.fun < lowest:
            best, lowest = found.x, found.fun
    return np.asarray(best, dtype=np.float64)


def log_likelihood(theta: Floats, x: Floats, y: Floats, given: Floats | None = None) -> float:
    """Log marginal likelihood up to a constant; arguments as for `negative_log_posterior`."""
    try:
        factor = cholesky(_noisy_covariance(theta, x, given))
    except LinAlgError:
        return -_BROKEN
    residual, _ = dtrtrs(factor, y, lower=True)
    return float(-0.5 * residual @ residual - np.log(factor.diagonal()).sum())


def draw(
    theta: Floats,
    x: Floats,
    y: Floats,
    prior: Prior,
    rng: np.random.Generator,
    steps: int,
    given: Floats | None = None,
) -> Floats:
    """Moves hyperparameters ``steps`` steps along their posterior by elliptical slice sampling.

    Murray, Adams & MacKay, AISTATS 2010 (arXiv:1001.0175), figure 2. The prior must not be flat.

    Args:
        theta: where to start, shape ``(d + 3,)``.
        x: inputs, shape ``(n, d)``.
        y: targets, shape ``(n,)``.
        prior: normal in ``theta``.
        rng: the source of chance.
        steps: how many.
        given: as for `negative_log_posterior`.
    """
    current = log_likelihood(theta, x, y, given)
    for _ in range(steps):
        other = rng.standard_normal(len(theta)) / np.sqrt(prior.precision)
        level = current + np.log(rng.uniform())
        angle = rng.uniform(0, 2 * np.pi)
        low, high = angle - 2 * np.pi, angle
        while high - low > _NARROW:
            moved = prior.centre + (theta - prior.centre) * np.cos(angle) + other * np.sin(angle)
            value = log_likelihood(moved, x, y, given)
            if value > level:
                theta, current = moved, value
                break
            low, high = (angle, high) if angle < 0 else (low, angle)
            angle = rng.uniform(low, high)
    return theta


def made(
    theta: Floats, x: Floats, y: Floats, shift: float, scale: float, scatter: float = 0.0, given: Floats | None = None
) -> GP:
    """The Gaussian process of some hyperparameters; its constant is the most probable one.

    Args:
        theta: logarithms of the hyperparameters in the order of `Prior`, for standardised targets.
        x: inputs, shape ``(n, d)``.
        y: targets, shape ``(n,)``.
        shift: centre of the targets.
        scale: spread of the targets.
        scatter: standard deviation, in the targets' unit, below which the learned noise never falls.
        given: standard deviations of the observations, likewise, shape ``(n,)``, NaN where the noise is learned.

    Raises:
        torch.linalg.LinAlgError: if the covariance is not positive definite.
    """
    signal, bias, noise = np.exp(theta[x.shape[1] :])
    lengths, unit = torch.tensor(np.exp(theta[: x.shape[1]])), scale * float(np.sqrt(signal))
    hyper = (0.0, lengths, float(noise / signal))
    gp = conditioned(x, y, shift, unit, hyper, scatter, given)
    if isinstance(gp, SparseGP):
        return gp
    ones = torch.cholesky_solve(torch.ones((len(x), 1), dtype=torch.float64), gp.factor)[:, 0]
    constant = float(gp.weights.sum() / (signal / bias + ones.sum()))
    return replace(gp, constant=constant, weights=gp.weights - constant * ones)


def _noisy_covariance(theta: Floats, x: Floats, given: Floats | None) -> Floats:
    """Covariance of answers at the inputs, noise included, shape ``(n, n)``."""
    scaled = x / np.exp(theta[: x.shape[1]])
    signal, bias, noise = np.exp(theta[x.shape[1] :])
    covariance = signal * _matern(scaled, scaled) + bias
    covariance.flat[:: len(x) + 1] += _noises(noise, len(x), given)
    return np.asarray(covariance)


def _noises(noise: float, count: int, given: Floats | None) -> Floats:
    learned = np.full(count, noise)
    return learned if given is None else np.where(np.isnan(given), learned, given)


def _matern(a: Floats, b: Floats) -> Floats:
    r = np.sqrt(5 * _squares(a, b))
    return np.asarray((1 + r * (1 + r / 3)) * np.exp(-r))


def _squares(a: Floats, b: Floats) -> Floats:
    """Squared distances between rows, shape ``(n, m)``."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0))
