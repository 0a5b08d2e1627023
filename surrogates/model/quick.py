"""Gaussian processes made quick for large pools: single precision, variances bounded from above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from alloys.space import Floats
from surrogates.model.bayesian import Mixture, mixed
from surrogates.model.gp import GP, central_and_spread_out

RANK = 128
"""Observations that a quick variance is conditioned on."""

_CELLS = 2**18
"""Numbers of a block of the kernel matrix: one mebibyte, about what a core's second cache holds."""


@dataclass(frozen=True, slots=True)
class QuickGP:
    """The mean of a `GP` in single precision, and a standard deviation that is never too small.

    The mean takes every observation, by the weights of the cached factor. The variance is conditioned on
    `RANK` observations far apart, which bounds it from above, as each further observation only lowers it.

    Attributes:
        inputs: observations over lengthscales about ``centre``, the spread-out ones first, shape ``n x d``.
        centre: subtracted from inputs, shape ``d``.
        lengthscale: divides them, shape ``d``.
        weights: of the observations in the mean, shape ``n``.
        inverse: inverse Cholesky factor of the first ones' noisy covariance, shape ``rank x rank``.
        constant: mean on the standardised scale.
        shift: target value of a standardised zero.
        scale: target units per standardised unit.
    """

    inputs: Tensor
    centre: Tensor
    lengthscale: Tensor
    weights: Tensor
    inverse: Tensor
    constant: float
    shift: float
    scale: float

    @classmethod
    def of(cls, gp: GP) -> QuickGP:
        """Makes one that computes on CUDA where present."""
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        scaled = gp.inputs / gp.lengthscale
        first = central_and_spread_out(scaled, RANK)
        rest = np.setdiff1d(np.arange(len(scaled)), first)
        order = torch.tensor(np.concatenate([first, rest]))
        eye = torch.eye(len(first), dtype=torch.float64)
        factor = torch.linalg.cholesky(gp.noisy_covariance(order[: len(first)]))
        links = gp.correlations()[order]
        inverse = torch.linalg.solve_triangular(factor, eye, upper=False) * links[: len(first)]
        centre = gp.inputs.mean(dim=0)
        inputs = (gp.inputs[order] - centre) / gp.lengthscale
        inputs, weights, inverse = (
            part.to(device, torch.float32) for part in (inputs, links * gp.weights[order], inverse)
        )
        return cls(inputs, centre, gp.lengthscale, weights, inverse, gp.constant, gp.shift, gp.scale)

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and bound of the standard deviation at ``(m, d)`` inputs, each of shape ``(m,)``."""
        points = ((torch.from_numpy(x) - self.centre) / self.lengthscale).to(self.inputs.device, torch.float32)
        mean, variance = points.new_empty(len(points)), points.new_empty(len(points))
        norms, step = self.inputs.square().sum(1)[:, None], max(64, _CELLS // max(1, len(self.inputs)))
        for start in range(0, len(points), step):
            part = slice(start, start + step)
            cross = _matern(self.inputs, norms, points[part])
            mean[part] = self.weights @ cross
            half = self.inverse @ cross[: len(self.inverse)]
            variance[part] = 1.0 - half.square_().sum(dim=0)
        centre = self.shift + self.scale * (self.constant + mean.cpu().double())
        return centre.numpy(), (self.scale * variance.cpu().double().clamp_min(1e-10).sqrt()).numpy()


@dataclass(frozen=True, slots=True)
class QuickMixture:
    """A `Mixture` made quick member by member; its standard deviation is never too small either."""

    members: tuple[QuickGP, ...]

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and bound of the standard deviation at ``(m, d)`` inputs, each of shape ``(m,)``."""
        means, stds = zip(*(gp.predict(x) for gp in self.members), strict=True)
        return mixed(np.stack(means), np.stack(stds))


def made_quick(gp: GP | Mixture) -> QuickGP | QuickMixture:
    """The same, quick."""
    if isinstance(gp, Mixture):
        return QuickMixture(tuple(QuickGP.of(member) for member in gp.members))
    return QuickGP.of(gp)


def _matern(inputs: Tensor, norms: Tensor, points: Tensor) -> Tensor:
    """`surrogates.model.gp.matern` of scaled inputs, shape ``n x m``; in place, as memory takes the time here."""
    s = torch.addmm(norms + points.square().sum(1), inputs, points.T, alpha=-2.0)
    s = s.clamp_min_(0.0).mul_(5.0).sqrt_()
    decay = torch.exp(-s)
    # 1 + s + s^2 / 3 by Horner's rule
    return s.mul_(s / 3.0 + 1.0).add_(1.0).mul_(decay)
