"""One exact Gaussian process with its Cholesky factor kept: blockwise prediction, leave-one-out.

The kernel is Matern 5/2; `surrogates.model.learning` has its hyperparameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alloys.space import Floats
from alloys.spread import spread_out, sum_of_squares
from surrogates.model.learning.kept import Hyper
from surrogates.model.learning.most_probable import noise_variances

BLOCK = 2048
"""Rows predicted at a time, to bound memory."""

FEWEST = 3
"""Observations below which hyperparameters stay at their prior's modes."""

_NEAREST = 1e-36


@dataclass(frozen=True, slots=True)
class GP:
    """A conditioned Gaussian process on scaled inputs; ``n`` observations in ``d`` dimensions.

    Attributes:
        inputs: shape ``n x d``.
        shift: target value of a standardised zero.
        scale: target units per standardised unit.
        constant: mean on the standardised scale.
        lengthscale: shape ``d``.
        noise: learned variance on the standardised scale, of observations whose own is not given.
        noises: variance of each, shape ``n``.
        factor: lower Cholesky factor of the noisy covariance, shape ``n x n``.
        weights: its inverse applied to the residuals, shape ``n``.
        targets: standardised targets, shape ``n``.
    """

    inputs: Tensor
    shift: float
    scale: float
    constant: float
    lengthscale: Tensor
    noise: float
    noises: Tensor
    factor: Tensor
    weights: Tensor
    targets: Tensor

    @classmethod
    def condition(
        cls, x: Floats, y: Floats, shift: float, scale: float, hyper: Hyper, given: Floats | None = None
    ) -> GP:
        """Conditions on ``x`` of shape ``(n, d)`` and ``y`` of shape ``(n,)`` with given hyperparameters.

        Args:
            x: scaled inputs.
            y: targets.
            shift: centre of the targets.
            scale: spread of the targets.
            hyper: constant, lengthscales and noise variance on the standardised scale.
            given: standard deviations of the observations in the targets' unit, shape ``(n,)``, NaN where the noise of
                ``hyper`` holds; None where it holds throughout.

        Raises:
            torch.linalg.LinAlgError: if the covariance is not positive definite.
        """
        constant, lengthscale, noise = hyper
        inputs = torch.tensor(x, dtype=torch.float64)
        targets = (torch.tensor(y, dtype=torch.float64) - shift) / scale
        noises = noise_variances(noise, len(x), None if given is None else given / scale)
        covariance = matern(inputs, inputs, lengthscale) + torch.diag(noises)
        factor = torch.linalg.cholesky(covariance)
        weights = torch.cholesky_solve((targets - constant)[:, None], factor)[:, 0]
        return cls(inputs, shift, scale, constant, lengthscale, noise, noises, factor, weights, targets)

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the noise-free function at ``(m, d)`` inputs, each of shape ``(m,)``."""
        means, variances = [], []
        for start in range(0, len(x), BLOCK):
            block = torch.tensor(x[start : start + BLOCK], dtype=torch.float64)
            mean, half = self._project(block)
            means.append(mean)
            variances.append((1.0 - half.square().sum(dim=0)).clamp_min(1e-10))
        if not means:
            return np.zeros(0), np.zeros(0)
        mean, variance = torch.cat(means), torch.cat(variances)
        return (self.shift + self.scale * mean).numpy(), (self.scale * variance.sqrt()).numpy()

    def joint(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean ``(m,)`` and covariance ``(m, m)`` of the noise-free function at ``(m, d)`` inputs."""
        points = torch.tensor(x, dtype=torch.float64)
        mean, half = self._project(points)
        covariance = matern(points, points, self.lengthscale) - half.T @ half
        return (self.shift + self.scale * mean).numpy(), (self.scale**2 * covariance).numpy()

    def covariance(self, a: Floats, b: Floats) -> Floats:
        """Posterior covariance of the noise-free function between ``(m, d)`` and ``(k, d)`` inputs, ``(m, k)``."""
        left, right = torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)
        explained = self._project(left)[1].T @ self._project(right)[1]
        return (self.scale**2 * (matern(left, right, self.lengthscale) - explained)).numpy()

    def _project(self, points: Tensor) -> tuple[Tensor, Tensor]:
        cross = matern(self.inputs, points, self.lengthscale)
        half = torch.linalg.solve_triangular(self.factor, cross, upper=False)
        return self.constant + cross.T @ self.weights, half

    def leave_one_out(self) -> tuple[Floats, Floats]:
        """Means and standard deviations (noise included) at each observation had it been left out.

        Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), eqs. 5.10-5.12:
        mu_i = y_i - [K^-1 y]_i / [K^-1]_ii, sigma_i^2 = 1 / [K^-1]_ii, hyperparameters kept. BoTorch's
        `efficient_loo_cv` says the same but for last digits, of a model that would have to be built for it.
        """
        inverse = torch.cholesky_inverse(self.factor).diagonal()
        mean = self.targets - self.weights / inverse
        return (self.shift + self.scale * mean).numpy(), (self.scale * inverse.rsqrt()).numpy()

    def ahead(self, asked: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Means and standard deviations (noise included) at each observation by those of the batches before its own.

        Hyperparameters kept.

        Args:
            asked: the batch of each observation, shape ``(n,)``.
        """
        order = np.argsort(asked, kind="stable")
        covariance = self.noisy_covariance(torch.tensor(order))
        told, std = told_before(covariance, self.targets[order] - self.constant, asked[order])
        back = np.argsort(order)
        return self.shift + self.scale * (self.constant + told)[back].numpy(), self.scale * std[back].numpy()

    def correlations(self) -> Tensor:
        """Of what each row of ``inputs`` observes with what is predicted, shape ``n``: one, unless tasks differ."""
        return torch.ones(len(self.inputs), dtype=torch.float64)

    def noisy_covariance(self, rows: Tensor) -> Tensor:
        """Covariance, noise included, among some rows of ``inputs``, on the standardised scale."""
        chosen = self.inputs[rows]
        return matern(chosen, chosen, self.lengthscale) + torch.diag(self.noises[rows])

    @property
    def noise_std(self) -> float:
        """Standard deviation of the noise, in the targets' unit; root of the mean variance where some are given."""
        return float(self.scale * np.sqrt(float(self.noises.mean()) if self.noise_given else self.noise))

    @property
    def noise_given(self) -> bool:
        """Whether some observations came with standard deviations of their own."""
        return bool((self.noises != self.noise).any())

    def observed(self) -> Floats:
        """The targets, in their own unit, shape ``(n,)``."""
        return np.asarray((self.shift + self.scale * self.targets).numpy())

    def hyperparameters(self) -> list[float]:
        """Everything that was learned, as plain numbers."""
        return [self.shift, self.scale, self.constant, self.noise, *self.lengthscale.tolist()]


def told_before(covariance: Tensor, residuals: Tensor, batches: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Means and standard deviations of residuals by those of the batches before their own, each of shape ``n``.

    The factor of all holds all of these posteriors: its rows before a batch are the factor of what was known.

    Args:
        covariance: noise included, shape ``n x n``.
        residuals: shape ``n``.
        batches: of each, in ascending order, shape ``(n,)``.
    """
    factor, asked = torch.linalg.cholesky(covariance), torch.tensor(batches)
    known = asked[:, None] > asked
    whitened = torch.linalg.solve_triangular(factor, residuals[:, None], upper=False)
    return ((factor * known) @ whitened)[:, 0], (factor * ~known).square().sum(dim=1).sqrt()


def matern(a: Tensor, b: Tensor, lengthscale: Tensor) -> Tensor:
    """Matern 5/2 kernel of unit variance between ``n x d`` and ``m x d`` inputs, shape ``n x m``.

    (1 + s + s^2 / 3) exp(-s), s = sqrt(5) r (Rasmussen & Williams 2006, eq. 4.17). GPyTorch's own gives other last
    digits and no gradient where points coincide; here squared distances stop short of zero, too near to change a bit.
    """
    centre = b.mean(dim=0) if len(b) else torch.zeros_like(lengthscale)
    left, right = (a - centre) / lengthscale, (b - centre) / lengthscale
    squares = left.square().sum(1)[:, None] + right.square().sum(1) - 2.0 * (left @ right.T)
    s = (5.0 * squares.clamp_min(_NEAREST)).sqrt()
    return (1.0 + s + s.square() / 3.0) * torch.exp(-s)


def central_and_spread_out(points: Tensor, count: int) -> NDArray[np.int64]:
    """Indices of at most ``count`` of ``n x d`` points: the nearest to the mean, then ever the farthest from these."""
    rows = points.numpy()
    nearest = int(np.argmin(sum_of_squares(rows - rows.mean(axis=0))))
    return np.array(spread_out(rows, count, sum_of_squares, first=nearest), dtype=np.int64)


def at_least_as_noisy(hyper: Hyper, scatter: float) -> Hyper:
    """Hyperparameters whose noise has at least this standard deviation, on the standardised scale."""
    constant, lengthscale, noise = hyper
    return constant, lengthscale, max(noise, scatter**2)
