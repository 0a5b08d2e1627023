"""A Gaussian process of one's own observations and of foreign tasks that are correlated with them.

The intrinsic model of coregionalisation (Bonilla, Chai & Williams, NIPS 2007; BoTorch's `MultiTaskGP`) with one row and
column for each task: cov(f_t(x), f_u(x')) = B_tu k(x, x'), where B is 1 for a task with itself, c_t for a foreign task
with one's own, and c_t c_u for two foreign tasks, which so have in common what both have in common with one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alloys.space import Floats
from surrogates.model.gp import GP, matern, told_before
from surrogates.model.learning.most_probable import noise_variances


@dataclass(frozen=True, slots=True)
class Foreign:
    """What foreign tasks say of their own standardised residuals, conditioned; ``m`` rows in ``d`` dimensions.

    Attributes:
        inputs: shape ``m x d``.
        lengthscale: shape ``d``; infinite for inputs that are not seen.
        tasks: which task each row is of, shape ``m``.
        links: correlation of each row's task with one's own, shape ``m``.
        noises: variances of the noise, shape ``m``.
        targets: residuals about the task's offset over the task's scale, shape ``m``.
        factor: lower Cholesky factor of their covariance, shape ``m x m``.
        white: its inverse applied to the targets, shape ``m``.
    """

    inputs: Tensor
    lengthscale: Tensor
    tasks: Tensor
    links: Tensor
    noises: Tensor
    targets: Tensor
    factor: Tensor
    white: Tensor

    @classmethod
    def of(cls, parts: Sequence[GP], links: Sequence[float]) -> Foreign:
        """Joins tasks that were each fitted alone, the first one's lengthscales taken for all.

        Raises:
            torch.linalg.LinAlgError: if the covariance is not positive definite.
        """
        inputs = torch.cat([gp.inputs for gp in parts])
        tasks = torch.cat([torch.full((len(gp.inputs),), i) for i, gp in enumerate(parts)])
        each = torch.tensor(links, dtype=torch.float64)[tasks]
        between = torch.where(tasks[:, None] == tasks, 1.0, each[:, None] * each)
        noises = torch.cat([gp.noises for gp in parts])
        targets = torch.cat([gp.targets - gp.constant for gp in parts])
        lengthscale = parts[0].lengthscale
        factor = torch.linalg.cholesky(between * matern(inputs, inputs, lengthscale) + torch.diag(noises))
        white = torch.linalg.solve_triangular(factor, targets[:, None], upper=False)[:, 0]
        return cls(inputs, lengthscale, tasks, each, noises, targets, factor, white)

    def seen_from(self, points: Tensor) -> Tensor:
        """The factor's inverse applied to the covariances with one's own function, shape ``m x k``."""
        cross = self.links[:, None] * matern(self.inputs, points, self.lengthscale)
        seen: Tensor = torch.linalg.solve_triangular(self.factor, cross, upper=False)
        return seen


@dataclass(frozen=True, slots=True)
class LinkedGP(GP):
    """A Gaussian process of ``n`` own observations after ``m`` foreign rows; answers of one's own task.

    ``inputs``, ``noises``, ``factor`` and ``weights`` are of all ``m + n`` rows, the own ones last; ``targets`` are the
    own ones alone.

    Attributes:
        links: correlation of each row's task with one's own, shape ``m + n``; 1 for one's own rows.
        tasks: which task each row is of, shape ``m + n``; -1 for one's own.
    """

    links: Tensor
    tasks: Tensor

    @classmethod
    def linked(
        cls, foreign: Foreign, x: Floats, y: Floats, shift: float, scale: float, noise: float, given: Floats | None
    ) -> LinkedGP:
        """Conditions on ``x`` of shape ``(n, d)`` and ``y`` of shape ``(n,)`` beside foreign tasks.

        Args:
            foreign: the tasks, with their correlations and lengthscales.
            x: scaled inputs; there may be none.
            y: targets.
            shift: offset of the own task.
            scale: its spread.
            noise: variance of its noise over the square of its spread, where none is given.
            given: standard deviations in the targets' unit, shape ``(n,)``, NaN where not given; None if none is.

        Raises:
            torch.linalg.LinAlgError: if the covariance is not positive definite.
        """
        own = torch.tensor(x, dtype=torch.float64).reshape(-1, foreign.inputs.shape[1])
        targets = (torch.tensor(y, dtype=torch.float64) - shift) / scale
        noises = noise_variances(noise, len(own), None if given is None else given / scale)
        across = foreign.seen_from(own)
        inner = matern(own, own, foreign.lengthscale) + torch.diag(noises) - across.T @ across
        lower = torch.linalg.cholesky(inner)
        count = len(foreign.inputs)
        factor = torch.zeros((count + len(own), count + len(own)), dtype=torch.float64)
        factor[:count, :count], factor[count:, :count], factor[count:, count:] = foreign.factor, across.T, lower
        rest = targets - across.T @ foreign.white
        white = torch.cat([foreign.white, torch.linalg.solve_triangular(lower, rest[:, None], upper=False)[:, 0]])
        weights = torch.linalg.solve_triangular(factor.T, white[:, None], upper=True)[:, 0]
        return cls(
            torch.cat([foreign.inputs, own]),
            shift,
            scale,
            0.0,
            foreign.lengthscale,
            noise,
            torch.cat([foreign.noises, noises]),
            factor,
            weights,
            targets,
            torch.cat([foreign.links, torch.ones(len(own), dtype=torch.float64)]),
            torch.cat([foreign.tasks, torch.full((len(own),), -1)]),
        )

    @property
    def _start(self) -> int:
        """The row from which on observations are one's own."""
        return len(self.inputs) - len(self.targets)

    def _project(self, points: Tensor) -> tuple[Tensor, Tensor]:
        cross = self.links[:, None] * matern(self.inputs, points, self.lengthscale)
        half = torch.linalg.solve_triangular(self.factor, cross, upper=False)
        return self.constant + cross.T @ self.weights, half

    def leave_one_out(self) -> tuple[Floats, Floats]:
        """Means and standard deviations (noise included) at each own observation had it been left out.

        As `GP.leave_one_out`; the block of the inverse that is one's own needs the last block of the factor alone.
        """
        start = self._start
        inverse = torch.cholesky_inverse(self.factor[start:, start:]).diagonal()
        mean = self.targets - self.weights[start:] / inverse
        return (self.shift + self.scale * mean).numpy(), (self.scale * inverse.rsqrt()).numpy()

    def ahead(self, asked: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """As `GP.ahead`; the foreign rows are known before the first batch."""
        start = self._start
        lower = self.factor[start:, start:]
        rest = lower @ (lower.T @ self.weights[start:])
        order = np.argsort(asked, kind="stable")
        told, std = told_before((lower @ lower.T)[order][:, order], rest[order], asked[order])
        back = np.argsort(order)
        mean = self.targets - rest + told[back]
        return self.shift + self.scale * mean.numpy(), self.scale * std[back].numpy()

    def correlations(self) -> Tensor:
        """Correlation of each row's task with one's own, shape ``m + n``."""
        return self.links

    def noisy_covariance(self, rows: Tensor) -> Tensor:
        """As `GP.noisy_covariance`, of own rows and foreign ones."""
        covariance = GP.noisy_covariance(self, rows)
        tasks, links = self.tasks[rows], self.links[rows]
        apart = torch.where(tasks[:, None] == tasks, 1.0, links[:, None] * links)
        return covariance * apart

    @property
    def noise_std(self) -> float:
        """Standard deviation of the noise of own observations, in the targets' unit."""
        own = self.noises[self._start :]
        return float(self.scale * np.sqrt(float(own.mean()) if self.noise_given else self.noise))

    @property
    def noise_given(self) -> bool:
        """Whether some own observations came with standard deviations of their own."""
        return bool((self.noises[self._start :] != self.noise).any())

    def hyperparameters(self) -> list[float]:
        """Everything that was learned, as plain numbers."""
        return [*GP.hyperparameters(self), *np.unique(self.links.numpy()).tolist()]
