"""Gaussian processes for more observations than an exact one can take, chosen by their number.

Hyperparameters are learned on some of the observations, evenly taken; all of them condition the posterior, exactly up
to `EXACT` and through inducing points beyond.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alloys.space import Floats
from surrogates.model.gp import FEWEST, GP, at_least_as_noisy, central_and_spread_out, matern
from surrogates.model.learning.kept import Hyper
from surrogates.model.learning.most_probable import learn, noise_variances, prior_hyperparameters

LEARN = 600
"""Observations up to which all of them teach the hyperparameters."""

LEARN_ON = 384
"""Observations that teach them where there are more."""

EXACT = 2000
"""Observations up to which the posterior is exact: about where it begins to cost more than one through `INDUCING`."""

INDUCING = 1024
"""Inducing points beyond, as good as an exact posterior wherever they were compared (`benchmarks.screening.fits`)."""

M = TypeVar("M")
Fit = Callable[[Floats, Floats, float, float, float, Floats | None], tuple[M, str]]
"""Fits inputs and targets, given shift, scale, scatter and standard deviations as `fit_gp`; with a note."""

_BLOCK = 4096
_JITTER = 1e-6


@dataclass(frozen=True, slots=True)
class SparseGP(GP):
    """A variational posterior through ``m`` inducing points among the observations.

    The optimal Gaussian of Titsias, AISTATS 2009, in closed form. ``inputs`` are the inducing points, ``weights``
    (shape ``m``) give the mean, and ``factor`` (shape ``m x m``) times the covariances with the inducing points gives
    the explained part: variance = 1 - |factor k|^2.

    Attributes:
        left_out: standardised means and standard deviations (noise included) of each observation had it been left out,
            shape ``2 x n``.
    """

    left_out: Tensor

    @classmethod
    def condition(
        cls,
        x: Floats,
        y: Floats,
        shift: float,
        scale: float,
        hyper: Hyper,
        given: Floats | None = None,
        count: int | None = None,
    ) -> SparseGP:
        """Conditions on ``x`` of shape ``(n, d)`` and ``y`` of shape ``(n,)`` as `GP.condition` does.

        At most ``count`` inducing points are taken, `INDUCING` where it is None.

        Raises:
            torch.linalg.LinAlgError: if the covariance of the inducing points is not positive definite.
        """
        constant, lengthscale, noise = hyper
        inputs = torch.tensor(x, dtype=torch.float64)
        targets = (torch.tensor(y, dtype=torch.float64) - shift) / scale
        noises = noise_variances(noise, len(x), None if given is None else given / scale)
        kept = central_and_spread_out(inputs / lengthscale, count or INDUCING)
        points = inputs[kept]
        eye = torch.eye(len(points), dtype=torch.float64)
        root = torch.linalg.cholesky(matern(points, points, lengthscale) + _JITTER * eye)
        features = torch.cat(
            [
                torch.linalg.solve_triangular(root, matern(points, part, lengthscale), upper=False)
                for part in torch.split(inputs, _BLOCK)
            ],
            dim=1,
        )
        # With features F, noises s w^-1 and F diag(w) F^T / s = U diag(e) U^T, the posterior of the features' weights
        # has precision I + F diag(w) F^T / s.
        share = noise / noises
        values, vectors = torch.linalg.eigh((features * share) @ features.T / noise)
        values = values.clamp_min(0.0)
        turned = vectors.T @ features
        coefficients = (turned @ (share * (targets - constant))) / noise / (1.0 + values)
        inverse = torch.linalg.solve_triangular(root, eye, upper=False)
        weights = inverse.T @ (vectors @ coefficients)
        factor = (values / (1.0 + values)).sqrt()[:, None] * (vectors.T @ inverse)
        left_out = _left_out(features, turned, values, coefficients, targets - constant, noises)
        left_out[0] += constant
        return cls(points, shift, scale, constant, lengthscale, noise, noises[kept], factor, weights, targets, left_out)

    def _project(self, points: Tensor) -> tuple[Tensor, Tensor]:
        cross = matern(self.inputs, points, self.lengthscale)
        return self.constant + cross.T @ self.weights, self.factor @ cross

    def leave_one_out(self) -> tuple[Floats, Floats]:
        """Means and standard deviations (noise included) at each observation had it been left out.

        Of the linear model in the inducing points' features, whose leverages h give mu_i = (f_i - h_i y_i) / (1 - h_i)
        and a variance of noise / (1 - h_i) (Cook & Weisberg, Residuals and Influence in Regression, 1982, section 2.2),
        plus what the features leave unexplained.
        """
        return (self.shift + self.scale * self.left_out[0]).numpy(), (self.scale * self.left_out[1]).numpy()

    def ahead(self, asked: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Those of leaving one out: of so many observations, what is known before a batch is nearly all."""
        return self.leave_one_out()


def _left_out(
    features: Tensor, turned: Tensor, values: Tensor, coefficients: Tensor, targets: Tensor, noises: Tensor
) -> Tensor:
    leverage = (turned.square() / (1.0 + values)[:, None]).sum(dim=0) / noises
    rest = (1.0 - leverage).clamp_min(1e-9)
    mean = (coefficients @ turned - leverage * targets) / rest
    unexplained = (1.0 - features.square().sum(dim=0)).clamp_min(0.0)
    return torch.stack([mean, (noises / rest + unexplained).sqrt()])


def fit_gp(
    x: Floats, y: Floats, shift: float, scale: float, scatter: float = 0.0, given: Floats | None = None, free: int = 0
) -> tuple[GP, str]:
    """Learns hyperparameters and conditions, in the way that suits the number of observations.

    Args:
        x: scaled inputs, shape ``(n, d)``.
        y: targets, shape ``(n,)``.
        shift: centre of the targets.
        scale: spread of the targets.
        scatter: standard deviation, in the targets' unit, below which the learned noise never falls.
        given: standard deviations of the observations, likewise, shape ``(n,)``, NaN where the noise is learned.
        free: how many of the inputs, the last ones, are variables beside the composition.

    Returns:
        the Gaussian process, and in words what was left out; empty where it is exact throughout.

    Raises:
        RuntimeError: if the hyperparameters cannot be learned or the covariance cannot be factorised.
        ValueError: likewise, from inside the optimiser.
    """
    count = len(x)
    known = None if given is None else given / scale
    if count <= LEARN:
        return conditioned(x, y, shift, scale, learn(x, (y - shift) / scale, known, free), scatter, given), ""
    some = np.linspace(0, count - 1, LEARN_ON).round().astype(np.int64)
    hyper = learn(x[some], (y[some] - shift) / scale, None if known is None else known[some], free)
    note = f"{count} observations; hyperparameters learned on {LEARN_ON} of them"
    gp = conditioned(x, y, shift, scale, hyper, scatter, given)
    through = f"through {len(gp.inputs)} inducing points" if isinstance(gp, SparseGP) else "exact"
    return gp, f"{note}, posterior {through}"


def conditioned(
    x: Floats,
    y: Floats,
    shift: float,
    scale: float,
    hyper: Hyper,
    scatter: float = 0.0,
    given: Floats | None = None,
) -> GP:
    """As `GP.condition`, exact up to `EXACT` observations, else through inducing points; ``scatter`` as in `fit_gp`."""
    kind = GP if len(x) <= EXACT else SparseGP
    return kind.condition(x, y, shift, scale, at_least_as_noisy(hyper, scatter / scale), given)


@dataclass(frozen=True, slots=True)
class ResidualPrior:
    """What is expected of a residual before any of it is known, on the model's scale.

    Attributes:
        name: what is modelled, for the notes.
        centre: its mean.
        broad: its standard deviation.
        scatter: standard deviation of repeated measurements.
        given: standard deviations of the observations, shape ``(n,)``, NaN where not given; None if none is.
    """

    name: str
    centre: float
    broad: float
    scatter: float = 0.0
    given: Floats | None = None


def fit_residual(
    prior: ResidualPrior,
    inputs: Floats,
    targets: Floats,
    notes: list[str],
    fit: Fit[M],
) -> GP | M | None:
    """The Gaussian process of ``n`` residuals, with the fall-backs for few and constant ones; None for none at all.

    Args:
        prior: what is expected of them.
        inputs: scaled, shape ``(n, d)``.
        targets: shape ``(n,)``.
        notes: receives one line per fall-back.
        fit: what is fitted where nothing speaks against it; see `fit_gp`.
    """
    name, broad, noise = prior.name, prior.broad, (prior.scatter, prior.given)
    count = len(targets)
    if count == 0:
        notes.append(f"{name}: no observation; the prior stands, with a standard deviation of {broad:g}")
        return None
    default = prior_hyperparameters(inputs.shape[1])
    # Repeated measurements of an alloy say nothing of other alloys.
    distinct = len(np.unique(inputs, axis=0))
    if distinct < FEWEST:
        repeated = "" if distinct == count else f" of {distinct} alloy(s)"
        notes.append(f"{name}: {count} observation(s){repeated}; hyperparameters are those of the prior")
        return conditioned(inputs, targets, prior.centre, broad, default, *noise)
    spread, floor = float(targets.std()), broad / (1 + distinct) ** 2
    if spread <= floor:
        same = f"{count} observations differ from the physical prior by the same amount"
        notes.append(f"{name}: {same}; hyperparameters are those of the prior")
        return conditioned(inputs, targets, float(targets.mean()), broad / (1 + distinct), default, *noise)
    shift, scale = float(targets.mean()), spread
    try:
        gp, note = fit(inputs, targets, shift, scale, *noise)
    except (RuntimeError, ValueError) as error:
        notes.append(f"{name}: the fit failed ({error}); hyperparameters are those of the prior")
        return conditioned(inputs, targets, shift, max(scale, floor), default, *noise)
    notes += [f"{name}: {note}"] if note else []
    return gp
