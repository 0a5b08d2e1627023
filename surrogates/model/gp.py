"""One exact Gaussian process with its Cholesky factor kept: fit, blockwise prediction, leave-one-out.

The kernel is Matern 5/2 with automatic relevance determination; lengthscales and noise have the log-normal
priors of Hvarfner, Hellsten & Nardi, ICML 2024, whose lengthscales grow with the dimension, so that a few
dozen points in some thirty dimensions do not overfit.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from botorch.exceptions.warnings import OptimizationWarning
from botorch.models import SingleTaskGP
from botorch.models.utils.gpytorch_modules import get_gaussian_likelihood_with_lognormal_prior
from botorch.optim.fit import fit_gpytorch_mll_scipy
from botorch.settings import validate_input_scaling
from gpytorch.likelihoods.noise_models import Noise
from gpytorch.mlls import ExactMarginalLogLikelihood
from linear_operator.operators import DiagLinearOperator
from numpy.typing import NDArray
from torch import Tensor

from alloys.space import Floats
from alloys.spread import spread_out, sum_of_squares
from surrogates.model.kernel import SharedMatern

Hyper = tuple[float, Tensor, float]
"""Constant, lengthscales ``d`` and noise variance, on the standardised scale."""

BLOCK = 2048
"""Rows predicted at a time, to bound memory."""

FEWEST = 3
"""Observations below which hyperparameters stay at their prior's modes."""

LEAST_NOISE = 1e-6
"""Smallest variance of a given noise on the standardised scale: below it, repeats make the covariance singular."""

_STEPS = 150
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


class GivenNoise(Noise):  # type: ignore[misc]
    """Noise of training observations that is given for some of them and learned for the others.

    Args:
        learned: GPyTorch's one noise for all.
        given: standard deviations on the standardised scale, shape ``(n,)``, NaN where the noise is learned.
    """

    def __init__(self, learned: Noise, given: Floats) -> None:
        super().__init__()
        self.learned = learned
        self._fixed = noise_variances(math.nan, len(given), given)

    @property
    def noise(self) -> Tensor:
        """The learned variance, shape ``(1,)``."""
        found: Tensor = self.learned.noise
        return found

    def forward(self, *params: object, **settings: object) -> DiagLinearOperator:
        """Diagonal covariance of the training observations."""
        return DiagLinearOperator(torch.where(self._fixed.isnan(), self.noise, self._fixed))


def at_least_as_noisy(hyper: Hyper, scatter: float) -> Hyper:
    """Hyperparameters whose noise has at least this standard deviation, on the standardised scale."""
    constant, lengthscale, noise = hyper
    return constant, lengthscale, max(noise, scatter**2)


def prior_hyperparameters(dimension: int) -> Hyper:
    """Constant, lengthscales and noise at the modes of their priors, for too few data or a failed fit."""
    return 0.0, SharedMatern(dimension).lengthscales, 1e-3


def botorch_model(x: Floats, targets: Floats) -> SingleTaskGP:
    """The unfitted BoTorch model of ``(n, d)`` inputs and ``(n,)`` standardised targets."""
    kernel = SharedMatern(x.shape[1])
    with validate_input_scaling(False):
        return SingleTaskGP(
            torch.tensor(x, dtype=torch.float64),
            torch.tensor(targets, dtype=torch.float64)[:, None],
            covar_module=kernel.double(),
            likelihood=get_gaussian_likelihood_with_lognormal_prior().double(),
            outcome_transform=None,
        )


def learn(x: Floats, targets: Floats, given: Floats | None = None) -> Hyper:
    """Maximum a posteriori constant, lengthscales and noise from ``(n, d)`` inputs and ``(n,)`` targets.

    Deterministic: one run of L-BFGS-B from the priors' modes; a run stopped early still counts, as its best
    point is kept.

    Args:
        x: scaled inputs.
        targets: standardised.
        given: standard deviations on the standardised scale, shape ``(n,)``, NaN where the noise is learned.

    Raises:
        RuntimeError: if the optimiser breaks down or ends in something that is not finite.
        ValueError: likewise, from inside the optimiser.
    """
    model = botorch_model(x, targets)
    if given is not None:
        model.likelihood.noise_covar = GivenNoise(model.likelihood.noise_covar, given)
    mll = ExactMarginalLogLikelihood(model.likelihood, model)
    with warnings.catch_warnings():
        # Reaching the step limit is no failure here: the posterior is flat along most lengthscales.
        warnings.simplefilter("ignore", OptimizationWarning)
        fit_gpytorch_mll_scipy(mll, options={"maxiter": _STEPS})
    lengthscale = model.covar_module.lengthscales
    constant, noise = float(model.mean_module.constant.detach()), float(model.likelihood.noise.detach())
    if not (bool(torch.isfinite(lengthscale).all()) and np.isfinite([constant, noise]).all()):
        raise RuntimeError("the hyperparameters are not finite")
    return constant, lengthscale, noise
