"""Hyperparameters of a Gaussian process: the most probable ones.

The kernel is Matern 5/2 of unit variance. With a few dozen observations and thirty inputs, a free lengthscale for each
of them (ARD) picks inputs by chance and is sure of what it has not seen. So each lengthscale is a common one times a
factor near 1: the data can set inputs apart, at a price. The common one has the prior of Hvarfner, Hellsten & Nardi,
ICML 2024, whose lengthscales grow with the dimension, and the noise has theirs.

The posterior and its gradient are written out: a tenth of the time that automatic differentiation takes.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.linalg import LinAlgError, cholesky
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize
from torch import Tensor

from alloys.space import Floats
from surrogates.model.learning.kept import Hyper, remembered

LEAST_NOISE = 1e-6
"""Smallest variance of a given noise on the standardised scale: below it, repeats make the covariance singular."""

SPREAD = 0.2
"""Prior standard deviation of a lengthscale's logarithm about that of the common one."""

FREE = 0.4
"""The same of a variable beside the composition: what is done to an alloy may count for much or for nothing."""

_LOCATION, _WIDTH = math.sqrt(2.0), math.sqrt(3.0)
_NOISE_LOCATION, _LEAST_LEARNED, _MOST_LEARNED = -4.0, 1e-4, 1e2
_FARTHEST = 8.0
_STEPS = 150
_BROKEN = 1e10


def prior_hyperparameters(dimension: int) -> Hyper:
    """Constant, lengthscales and noise at the modes of their priors, for too few data or a failed fit."""
    mode = _location(dimension) - _WIDTH**2
    return 0.0, torch.full((dimension,), math.exp(mode), dtype=torch.float64), 1e-3


def _location(dimension: int) -> float:
    """Mean of the logarithm of the common lengthscale."""
    return _LOCATION + 0.5 * math.log(dimension)


def spreads_of(dimension: int, free: int) -> Floats:
    """Prior standard deviations of the logarithms of ``d`` factors, of which the last ``free`` are of variables."""
    return np.where(np.arange(dimension) < dimension - free, SPREAD, FREE)


def negative_log_posterior(
    values: Floats, x: Floats, targets: Floats, given: Floats | None = None, free: int = 0
) -> tuple[float, Floats, float]:
    """Negative logarithm of likelihood times priors, its gradient of shape ``(d + 2,)``, and the constant.

    Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), eqs. 5.8 and 5.9, at the most probable
    constant, and without their n log(2 pi) / 2. The kernel is (1 + r + r^2 / 3) exp(-r) with
    r^2 = 5 sum ((x - x') / l)^2 (their eq. 4.17).

    Args:
        values: how far the logarithms of the common lengthscale and of the ``d`` factors are from the means of their
            priors, in these priors' standard deviations; and the logarithm of the noise variance.
        x: inputs, shape ``(n, d)``, best with a mean near 0.
        targets: shape ``(n,)``.
        given: variances of the observations, shape ``(n,)``, NaN where the noise is learned.
        free: how many of the inputs, the last ones, are variables beside the composition.
    """
    dimension, noise = x.shape[1], math.exp(values[-1])
    spreads = spreads_of(dimension, free)
    common = _location(dimension) + _WIDTH * values[0]
    scaled = x / np.exp(common + spreads * values[1:-1])
    noises = np.full(len(x), noise) if given is None else np.where(np.isnan(given), noise, given)
    squares = (scaled**2).sum(axis=1)
    r = np.sqrt(5.0 * np.maximum(squares[:, None] + squares - 2.0 * scaled @ scaled.T, 0.0))
    decay = np.exp(-r)
    slopes = (1.0 + r) * decay
    covariance = slopes + (r * r) * decay / 3.0
    covariance[np.diag_indices_from(covariance)] += noises
    try:
        factor = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError:
        return _BROKEN, np.zeros_like(values), 0.0
    lower, _ = dpotri(factor, lower=1)
    inverse = np.tril(lower) + np.tril(lower, -1).T
    sums = inverse.sum(axis=1)
    constant = float(sums @ targets / sums.sum())
    weights = inverse @ (targets - constant)
    slope = inverse - np.outer(weights, weights)
    pull = slope * slopes
    lengths = (5.0 / 3.0) * (
        (scaled**2 * pull.sum(axis=1)[:, None]).sum(axis=0) - (scaled * (pull @ scaled)).sum(axis=0)
    )
    learned = slope.diagonal()[slice(None) if given is None else np.isnan(given)].sum() * noise / 2.0
    away = values[-1] - _NOISE_LOCATION
    value = 0.5 * ((targets - constant) @ weights + values[:-1] @ values[:-1] + away**2) + values[-1]
    value += np.log(factor.diagonal()).sum()
    gradient = np.concatenate([[_WIDTH * lengths.sum()], spreads * lengths, [learned + away + 1.0]])
    gradient[:-1] += values[:-1]
    return float(value), gradient, constant


def noise_variances(noise: float, count: int, given: Floats | None = None) -> Tensor:
    """The variance of each observation's noise: the given one, else the learned one; shape ``(count,)``.

    Args:
        noise: the learned one, on the standardised scale.
        count: observations.
        given: standard deviations on the standardised scale, shape ``(count,)``, NaN where not given.
    """
    learned = torch.full((count,), noise, dtype=torch.float64)
    if given is None:
        return learned
    known = torch.tensor(given, dtype=torch.float64)
    return torch.where(known.isnan(), learned, known.square().clamp_min(LEAST_NOISE))


def learn(x: Floats, targets: Floats, given: Floats | None = None, free: int = 0) -> Hyper:
    """Maximum a posteriori constant, lengthscales and noise from ``(n, d)`` inputs and ``(n,)`` targets.

    Deterministic: one run of L-BFGS-B from the priors' modes; a run stopped early still counts, as its best
    point is kept.

    Args:
        x: scaled inputs.
        targets: standardised.
        given: standard deviations on the standardised scale, shape ``(n,)``, NaN where the noise is learned.
        free: how many of the inputs, the last ones, are variables beside the composition.

    Raises:
        RuntimeError: if the optimiser ends in something that is not finite, or the covariance cannot be factorised.
    """
    return remembered(_learned, x, targets, given, free)[0]


def _learned(x: Floats, targets: Floats, given: Floats | None, free: int) -> list[Hyper]:
    """As `learn`, one of them."""
    dimension = x.shape[1]
    centred = x - x.mean(axis=0)
    variances = None if given is None else np.maximum(np.square(given), LEAST_NOISE)
    start = np.zeros(dimension + 2)
    start[0], start[-1] = -_WIDTH, _NOISE_LOCATION - 1.0
    limits = [(-_FARTHEST, _FARTHEST)] * (dimension + 1) + [(math.log(_LEAST_LEARNED), math.log(_MOST_LEARNED))]
    found = minimize(
        lambda values: negative_log_posterior(values, centred, targets, variances, free)[:2],
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=limits,
        options={"maxiter": _STEPS},
    )
    value, _, constant = negative_log_posterior(found.x, centred, targets, variances, free)
    lengthscale = np.exp(_location(dimension) + _WIDTH * found.x[0] + spreads_of(dimension, free) * found.x[1:-1])
    if not (value < _BROKEN and np.isfinite([constant, *lengthscale]).all()):
        raise RuntimeError("the hyperparameters are not finite")
    return [(constant, torch.tensor(lengthscale), float(np.exp(found.x[-1])))]
