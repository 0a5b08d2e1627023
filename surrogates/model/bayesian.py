"""A Gaussian process averaged over its hyperparameters instead of at their most probable values.

The No-U-Turn sampler (Hoffman & Gelman, JMLR 15 (2014) 1593) of NumPyro draws hyperparameters from their posterior
under BoTorch's fully Bayesian model, Matern 5/2 with a lengthscale of its own for each input, with the priors below.
What is predicted is the equal mixture of the Gaussian processes that they make. NumPyro comes with the optional group
`bayesian`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alloys.errors import InputError
from alloys.space import Floats
from surrogates.model.gp import GP, at_least_as_noisy
from surrogates.model.learning.kept import remembered

MOST = 200
"""Observations up to which hyperparameters are averaged over; of more, the most probable ones will do."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Equally weighted Gaussian processes of the same observations; answers as a `GP` does.

    Attributes:
        members: at least one.
    """

    members: tuple[GP, ...]

    @property
    def targets(self) -> Tensor:
        """Standardised targets, shape ``(n,)``."""
        return self.members[0].targets

    @property
    def scale(self) -> float:
        """Spread of the targets."""
        return self.members[0].scale

    @property
    def noise_std(self) -> float:
        """Standard deviation of the noise, in the targets' unit: root of the members' mean variance."""
        return float(np.sqrt(np.mean([gp.noise_std**2 for gp in self.members])))

    @property
    def noise_given(self) -> bool:
        """Whether some observations came with standard deviations of their own."""
        return any(gp.noise_given for gp in self.members)

    @property
    def lengthscale(self) -> Tensor:
        """Harmonic mean of the members', shape ``(d,)``: that of the mean inverse, by which relevance is told."""
        return 1.0 / torch.stack([1.0 / gp.lengthscale for gp in self.members]).mean(dim=0)

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the mixture at ``(m, d)`` inputs, each of shape ``(m,)``."""
        return mixed(*_stacked([gp.predict(x) for gp in self.members]))

    def joint(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean ``(m,)`` and covariance ``(m, m)`` of the mixture at ``(m, d)`` inputs.

        By the law of total covariance, the mean of the covariances plus the covariance of the means.
        """
        means, covariances = _stacked([gp.joint(x) for gp in self.members])
        mean = means.mean(axis=0)
        apart = (means - mean) / np.sqrt(len(means))
        return mean, covariances.mean(axis=0) + apart.T @ apart

    def leave_one_out(self) -> tuple[Floats, Floats]:
        """Means and standard deviations (noise included) at each observation had it been left out.

        Hyperparameters that had seen the one are weighted by the inverse of its likelihood (Gelfand, Dey & Chang,
        Bayesian Statistics 4 (1992) 147), no weight above the square root of their number times the mean one
        (Ionides, J. Comput. Graph. Stat. 17 (2008) 295). BoTorch's `ensemble_loo_cv` weights them equally.
        """
        means, stds = _stacked([gp.leave_one_out() for gp in self.members])
        surprise = 0.5 * ((self.observed() - means) / stds) ** 2 + np.log(stds)
        weights = np.exp(surprise - surprise.max(axis=0))
        weights = np.minimum(weights, np.sqrt(len(weights)) * weights.mean(axis=0))
        return mixed(means, stds, weights)

    def ahead(self, asked: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Means and standard deviations (noise included) at each observation by those of the batches before its own."""
        return mixed(*_stacked([gp.ahead(asked) for gp in self.members]))

    def observed(self) -> Floats:
        """The targets, in their own unit, shape ``(n,)``."""
        return self.members[0].observed()

    def hyperparameters(self) -> list[float]:
        """Everything that was drawn, as plain numbers."""
        return [number for gp in self.members for number in gp.hyperparameters()]


def mixed(means: Floats, stds: Floats, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """Mean and standard deviation of mixtures of Gaussians; ``means``, ``stds`` and ``weights`` of shape ``(k, m)``.

    By the law of total variance. Weights need not sum to one; they are equal where None.
    """
    share = np.full(means.shape, 1.0 / len(means)) if weights is None else weights / weights.sum(axis=0)
    mean = (share * means).sum(axis=0)
    return mean, np.sqrt((share * (stds**2 + (means - mean) ** 2)).sum(axis=0))


def require() -> None:
    """Refuses where NumPyro is missing.

    Raises:
        InputError: saying how to install it.
    """
    if any(importlib.util.find_spec(name) is None for name in ("jax", "numpyro")):
        raise InputError(
            "averaging over hyperparameters needs NumPyro and JAX, which are not installed; "
            "run: pip install 'alloyloop[bayesian]', or set surrogate.inference to map"
        )


def fit_mixture(
    x: Floats,
    y: Floats,
    shift: float,
    scale: float,
    scatter: float = 0.0,
    given: Floats | None = None,
    seed: int = 0,
) -> Mixture:
    """Draws hyperparameters given ``x`` of shape ``(n, d)`` and ``y`` of shape ``(n,)``, and conditions with each.

    The same arguments give the same mixture on one machine.

    Args:
        x: scaled inputs.
        y: targets.
        shift: centre of the targets.
        scale: spread of the targets.
        scatter: standard deviation, in the targets' unit, below which the learned noise never falls.
        given: standard deviations of the observations, likewise, shape ``(n,)``, NaN where the noise is drawn.
        seed: of the sampler.

    Raises:
        InputError: if NumPyro is not installed.
        RuntimeError: if the sampler ends in something that is not finite, or a covariance cannot be factorised.
    """
    require()
    from surrogates.model.learning.drawn import draw  # late: with BoTorch

    known, targets = None if given is None else given / scale, (y - shift) / scale
    found = remembered(draw, x, targets, known, seed)
    drawn = [at_least_as_noisy(hyper, scatter / scale) for hyper in found]
    return Mixture(tuple(GP.condition(x, y, shift, scale, hyper, given) for hyper in drawn))


def _stacked(answers: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    first, second = zip(*answers, strict=True)
    return np.stack(first), np.stack(second)
