"""The chance that validation succeeds at all, learned from the validations that failed for good.

A Gaussian process seen through a probit: an alloy is validated where f + e > 0, e standard normal and independent from
alloy to alloy, so that success is one more outcome constraint beside the goal's. Before any data the chance is the same
everywhere; where nothing failed there is no model, and the chance is 1.

scikit-learn's classifier is not used: its prior mean is zero, a chance of one half, and it gives no joint posterior.

The posterior is Laplace's approximation, in features whose inner products are the covariances of f through some points.

References:
    Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), sections 3.3 and 3.4 (probit, Laplace), and
    eq. 3.32 (its evidence).
    Hvarfner, Hellsten & Nardi, ICML 2024: lengthscales that grow with the dimension.
    Gelbart, Snoek & Adams, UAI 2014: constraints that are only seen to hold or not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtr, ndtri
from torch import Tensor

from alloys.errors import InputError
from alloys.space import Bools, Floats
from surrogates.model.features import Scaling
from surrogates.model.gp import BLOCK, central_and_spread_out, matern

MOST = 256
"""Alloys that teach the hyperparameters, and through which the posterior goes where there are more."""


@dataclass(frozen=True, slots=True)
class Failures:
    """What is thought of the success of validations, through ``m`` points in ``d`` dimensions.

    Attributes:
        scaling: of the inputs, from all alloys that were tried, failed ones included.
        points: scaled inputs of the points, shape ``m x d``.
        lengthscale: shape ``d``.
        variance: of f before any data.
        weights: of the covariances with the points in the mean of f, shape ``m``.
        factor: times these covariances gives what the data explain of the variance, shape ``m x m``.
    """

    scaling: Scaling
    points: Tensor
    lengthscale: Tensor
    variance: float
    weights: Tensor
    factor: Tensor

    @classmethod
    def fit(cls, raw: Floats, failed: Bools, notes: list[str], indicators: Bools | None = None) -> Failures | None:
        """Learns from ``n`` alloys, or gives None where none of them failed.

        Args:
            raw: inputs that are not scaled, shape ``(n, d)``.
            failed: which validations failed for good, shape ``(n,)``.
            notes: receives what was found, in words.
            indicators: which inputs are those of categories, shape ``(d,)``.

        Raises:
            InputError: if the shapes differ.
        """
        if failed.shape != (len(raw),):
            raise InputError(f"failed must have shape ({len(raw)},), got {failed.shape}")
        if not failed.any():
            return None
        scaling = Scaling.fit(raw, indicators)
        x, y = torch.tensor(scaling.apply(raw)), torch.tensor(np.where(failed, -1.0, 1.0))
        text = f"validation failed for {int(failed.sum())} of {len(raw)} alloys; the chance of success is modelled"
        try:
            taught = torch.tensor(teachers(failed, MOST))
            lengthscale, variance = learn_probit(x[taught], y[taught])
            posterior = posterior_through(x, y, lengthscale, variance, MOST)
        except RuntimeError as error:
            text += f" with hyperparameters of the prior, as the fit failed ({error})"
            lengthscale, variance = torch.full((x.shape[1],), START, dtype=torch.float64), START
            posterior = posterior_through(x, y, lengthscale, variance, MOST)
        notes.append(text)
        return cls(scaling, posterior[0], lengthscale, variance, *posterior[1:])

    def probability(self, raw: Floats) -> Floats:
        """Chance that validation succeeds for each of ``(n, d)`` inputs that are not scaled, shape ``(n,)``."""
        x = torch.tensor(self.scaling.apply(raw))
        means, variances = [torch.zeros(0, dtype=torch.float64)], [torch.zeros(0, dtype=torch.float64)]
        for block in torch.split(x, BLOCK):
            mean, half = self._project(block)
            means.append(mean)
            variances.append((self.variance - half.square().sum(dim=0)).clamp_min(0.0))
        return np.asarray(ndtr((torch.cat(means) / (1.0 + torch.cat(variances)).sqrt()).numpy()))

    def joint(self, raw: Floats) -> tuple[Floats, Floats]:
        """Mean ``(n,)`` and covariance ``(n, n)`` of f + e, which is positive where validation succeeds."""
        x = torch.tensor(self.scaling.apply(raw))
        mean, half = self._project(x)
        covariance = self.variance * matern(x, x, self.lengthscale) - half.T @ half
        return mean.numpy(), (covariance + torch.eye(len(x), dtype=torch.float64)).numpy()

    def hyperparameters(self) -> list[float]:
        """Everything that was learned, as plain numbers."""
        return [self.variance, *self.lengthscale.tolist(), *self.weights.tolist()]

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor]:
        cross = self.variance * matern(self.points, x, self.lengthscale)
        return mean_before(self.variance) + cross.T @ self.weights, self.factor @ cross


def teachers(failed: Bools, most: int) -> NDArray[np.int64]:
    """Rows that teach the hyperparameters: failures, evenly, at most half of ``most``; of successes the rest."""
    bad, good = np.flatnonzero(failed), np.flatnonzero(~failed)
    bad = _evenly(bad, max(most // 2, most - len(good)))
    return np.sort(np.concatenate([bad, _evenly(good, most - len(bad))]))


def _evenly(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    if len(rows) <= count:
        return rows
    return rows[np.linspace(0, len(rows) - 1, count).round().astype(np.int64)]


PRIOR = 0.95
"""Chance of success before any data, and far from them."""

START = 4.0
"""Lengthscale, and variance of f, that the fit starts from and falls back to."""

_NEWTON = 50
_STEPS = 40
_JITTER = 1e-6


def mean_before(variance: float) -> float:
    """Mean of f before any data, for which the chance of f + e > 0 is `PRIOR` whatever the variance of f."""
    return float(ndtri(PRIOR)) * math.sqrt(1.0 + variance)


def learn_probit(x: Tensor, y: Tensor) -> tuple[Tensor, float]:
    """Lengthscales ``d`` and variance of f, at the maximum of the evidence times log-normal priors.

    Raises:
        RuntimeError: if a covariance cannot be factorised or the end is not finite.
    """
    dimension = x.shape[1]
    centre = math.sqrt(2.0) + math.log(dimension) / 2.0

    def loss(values: Floats) -> tuple[float, Floats]:
        at = torch.tensor(values, requires_grad=True)
        lengthscale, variance = at[:-1].exp(), at[-1].exp()
        features = features_of(x, x, lengthscale, variance)
        unlikely = (at[:-1] - centre).square().sum() / 6.0 + (at[-1] - math.log(START)).square() / 2.0
        total = unlikely - evidence(features, y, float(ndtri(PRIOR)) * (1.0 + variance).sqrt())
        (slope,) = torch.autograd.grad(total, at)
        return float(total.detach()), slope.numpy()

    start = np.full(dimension + 1, math.log(START))
    limits = [(-2.0, 8.0)] * dimension + [(-2.0, 4.0)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": _STEPS})
    if not np.isfinite(found.x).all():
        raise RuntimeError("the hyperparameters are not finite")
    best = torch.tensor(np.exp(found.x))
    return best[:-1], float(best[-1])


def features_of(points: Tensor, x: Tensor, lengthscale: Tensor, variance: Tensor | float) -> Tensor:
    """Features ``m x n`` whose inner products are the covariances of f through the points."""
    root, cross = _root(points, lengthscale, variance), variance * matern(points, x, lengthscale)
    features: Tensor = torch.linalg.solve_triangular(root, cross, upper=False)
    return features


def _root(points: Tensor, lengthscale: Tensor, variance: Tensor | float) -> Tensor:
    eye = torch.eye(len(points), dtype=torch.float64)
    root: Tensor = torch.linalg.cholesky(variance * (matern(points, points, lengthscale) + _JITTER * eye))
    return root


def evidence(features: Tensor, y: Tensor, before: Tensor) -> Tensor:
    """Laplace's evidence (eq. 3.32), differentiable: one Newton step from the mode carries the mode's own slope."""
    mode = likeliest_weights(features.detach(), y, float(before.detach()))
    mode = mode + _step(features, y, before, mode)[0]
    latent = before + features.T @ mode
    _, precision = _step(features, y, before, mode)
    likelihood = torch.special.log_ndtr(y * latent).sum()
    evidence: Tensor = likelihood - mode.square().sum() / 2.0 - torch.linalg.slogdet(precision)[1] / 2.0
    return evidence


def likeliest_weights(features: Tensor, y: Tensor, before: float) -> Tensor:
    """The likeliest weights of the features, shape ``m``, by Newton's method with halved steps."""

    def height(weights: Tensor) -> float:
        likelihood = torch.special.log_ndtr(y * (before + features.T @ weights)).sum()
        return float(likelihood - weights.square().sum() / 2.0)

    weights = torch.zeros(len(features), dtype=torch.float64)
    highest = height(weights)
    for _ in range(_NEWTON):
        step, _ = _step(features, y, torch.tensor(before), weights)
        while height(weights + step) < highest and float(step.abs().max()) > 1e-9:
            step = step / 2.0
        weights = weights + step
        highest = height(weights)
        if float(step.abs().max()) < 1e-9:
            break
    return weights


def _step(features: Tensor, y: Tensor, before: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Newton's step from some weights, and their posterior precision ``m x m`` there (eqs. 3.16 and 3.18)."""
    t = y * (before + features.T @ weights)
    ratio = torch.exp(-t.square() / 2.0 - math.log(2.0 * math.pi) / 2.0 - torch.special.log_ndtr(t))
    curvature = ratio.square() + t * ratio
    precision = torch.eye(len(features), dtype=torch.float64) + (features * curvature) @ features.T
    return torch.linalg.solve(precision, features @ (y * ratio) - weights), precision


def posterior_through(
    x: Tensor, y: Tensor, lengthscale: Tensor, variance: float, count: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The posterior of f, from ``n x d`` inputs and their signs, through at most ``count`` of them.

    Returns:
        the points ``m x d``; the weights ``m`` of the covariances with them in the mean of f; and the factor ``m x m``
        that times these covariances gives what the data explain of the variance.

    Raises:
        torch.linalg.LinAlgError: if the covariance of the points is not positive definite.
    """
    points = x[central_and_spread_out(x / lengthscale, count)]
    features = features_of(points, x, lengthscale, variance)
    before = mean_before(variance)
    mode = likeliest_weights(features, y, before)
    _, precision = _step(features, y, torch.tensor(before), mode)
    eye = torch.eye(len(points), dtype=torch.float64)
    inverse = torch.linalg.solve_triangular(_root(points, lengthscale, variance), eye, upper=False)
    # The explained part is I - precision^-1 in the features, U diag(1 - 1 / e) U^T of precision = U diag(e) U^T.
    values, vectors = torch.linalg.eigh(precision)
    factor = (1.0 - 1.0 / values.clamp_min(1.0)).sqrt()[:, None] * (vectors.T @ inverse)
    return points, inverse.T @ mode, factor
