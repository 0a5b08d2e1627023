"""The chance that validation succeeds at all, learned from the validations that failed for good.

A Gaussian process seen through a probit (`surrogates.model.probit`): an alloy is validated where f + e > 0, e standard
normal and independent from alloy to alloy, so that success is one more outcome constraint beside the goal's. Before any
data the chance is the same everywhere; where nothing failed there is no model, and the chance is 1.

scikit-learn's classifier is not used: its prior mean is zero, a chance of one half, and it gives no joint posterior.

References:
    Gelbart, Snoek & Adams, UAI 2014: constraints that are only seen to hold or not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr
from torch import Tensor

from alloys.errors import InputError
from alloys.space import Bools, Floats
from surrogates.model.features import Scaling
from surrogates.model.gp import BLOCK, matern
from surrogates.model.probit import START, learn_probit, mean_before, posterior_through

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
    def fit(cls, raw: Floats, failed: Bools, notes: list[str]) -> Failures | None:
        """Learns from ``n`` alloys, or gives None where none of them failed.

        Args:
            raw: inputs that are not scaled, shape ``(n, d)``.
            failed: which validations failed for good, shape ``(n,)``.
            notes: receives what was found, in words.

        Raises:
            InputError: if the shapes differ.
        """
        if failed.shape != (len(raw),):
            raise InputError(f"failed must have shape ({len(raw)},), got {failed.shape}")
        if not failed.any():
            return None
        scaling = Scaling.fit(raw)
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
