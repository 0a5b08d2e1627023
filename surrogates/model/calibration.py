"""How honest predictions are: coverage, likelihood and sharpness, a test of it, and what is done about it.

Three things are done. Where errors differ over the space, so does the amplitude (`Amplitude`). Where leaving one out
says that a model is too sure, all of it is made less sure (`remedy`). And once batches that the model chose have been
answered, what it had expected of them says how wide its intervals must be for the next one (`batch_factor`).

References:
    Gneiting, Balabdaoui & Raftery, J. R. Stat. Soc. B 69 (2007) 243: sharpness subject to calibration.
    Laves et al., MIDL 2020 (PMLR 121): one factor for all standard deviations, by maximum likelihood.
    Kersting, Plagemann, Pfaff & Burgard, ICML 2007, 393: a second Gaussian process for the logarithm of a variance.
    Harvey, Ruiz & Shephard, Rev. Econ. Stud. 61 (1994) 247: mean and variance of the logarithm of a squared normal.
    Dawid, J. R. Stat. Soc. A 147 (1984) 278: prequential, each prediction judged by what was known before it.
    Lei et al., J. Am. Stat. Assoc. 113 (2018) 1094: intervals by the (1 + 1/n) p quantile of past errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from alloys.errors import InputError
from alloys.space import Floats
from surrogates.model.gp import BLOCK, central_and_spread_out, matern

NOMINAL = 0.9
HALF_WIDTH = 1.6448536269514722
"""Half the width of the nominal interval, in standard deviations."""

SIGNIFICANCE = 0.01
"""Probability at or below which a coverage as far from nominal counts as miscalibrated."""

_TRUST = 10.0
"""What is believed of the spread beforehand weighs as much as this many observations."""


@dataclass(frozen=True, slots=True)
class Score:
    """Calibration of one property.

    Attributes:
        count: predictions with a known truth.
        coverage: share of truths inside the nominal 90 % interval; NaN where there is none.
        nll: mean negative log likelihood per prediction, in nats, truths in the property's own unit.
        sharpness: mean predicted standard deviation, in the property's unit.
        rmse: root mean square error, in the property's unit.
    """

    count: int
    coverage: float
    nll: float
    sharpness: float
    rmse: float

    @property
    def verdict(self) -> str:
        """``"overconfident"``, ``"underconfident"``, or ``"consistent"`` with the nominal coverage.

        Exact two-sided binomial test of the truths inside the interval, at `SIGNIFICANCE`: few predictions
        are seldom enough to say more than "consistent".
        """
        if not self.count:
            return "consistent"
        from scipy.stats import binomtest  # late: it imports for most of a second

        covered = round(self.coverage * self.count)
        # "At most", whatever the rounding: two of two that are missed have a probability of 0.1 ** 2.
        if binomtest(covered, self.count, NOMINAL).pvalue > SIGNIFICANCE * (1 + 1e-9):
            return "consistent"
        return "overconfident" if self.coverage < NOMINAL else "underconfident"

    @property
    def miscalibrated(self) -> bool:
        """Whether the verdict is not ``"consistent"``."""
        return self.verdict != "consistent"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is done about one property's calibration.

    Attributes:
        factor: multiplies every standard deviation; 1 where nothing is done.
        note: what was found and done, in words; empty where all is well.
    """

    factor: float = 1.0
    note: str = ""


def remedy(name: str, means: Floats, stds: Floats, truth: Floats) -> Remedy:
    """What leave-one-out predictions of one property, all of shape ``(n,)``, ask for.

    Only significant overconfidence is acted upon, by the factor ``s`` with ``s^2 = (t + sum z^2) / (t + n)``: the
    maximum likelihood factor (Laves et al. 2020) shrunk towards 1 by ``t = 10`` observations' weight. It never
    makes a model surer: leaving one out keeps hyperparameters that have seen the one, and so flatters. Underconfidence
    is told and left.

    Raises:
        InputError: if the shapes differ or a standard deviation is not positive.
    """
    found = score(means, stds, truth)
    if not found.miscalibrated:
        return Remedy()
    text = f"{name}: {found.verdict}, the {NOMINAL:.0%} intervals cover {found.coverage:.0%} of {found.count} left out"
    known = np.isfinite(truth)
    squares = ((truth[known] - means[known]) / stds[known]) ** 2
    factor = float(np.sqrt((_TRUST + squares.sum()) / (_TRUST + found.count)))
    if found.verdict == "overconfident" and factor > 1.0:
        return Remedy(factor, f"{text}; standard deviations are multiplied by {factor:.3g}")
    return Remedy(note=f"{text}; nothing is changed")


def score(means: Floats, stds: Floats, truth: Floats) -> Score:
    """Scores Gaussian predictions against truths, all of shape ``(n,)``; NaN truths are left out.

    Raises:
        InputError: if the shapes differ or a standard deviation is not positive.
    """
    if not means.shape == stds.shape == truth.shape or means.ndim != 1:
        raise InputError(f"equal shapes (n,) are needed, got {means.shape}, {stds.shape} and {truth.shape}")
    known = np.isfinite(truth)
    mean, std, value = means[known], stds[known], truth[known]
    if (std <= 0).any():
        raise InputError(f"standard deviations must be positive, got {std.min():g}")
    if not known.any():
        return Score(0, np.nan, np.nan, np.nan, np.nan)
    z = (value - mean) / std
    return Score(
        count=int(known.sum()),
        coverage=float((np.abs(z) <= HALF_WIDTH).mean()),
        nll=float((0.5 * z**2 + np.log(std) + 0.5 * np.log(2 * np.pi)).mean()),
        sharpness=float(std.mean()),
        rmse=float(np.sqrt(((value - mean) ** 2).mean())),
    )


_EXPECTED = ndtri((1.0 + (np.arange(20) + 0.5) / 20) / 2.0)
"""What is believed of errors before a batch was answered: 20 of them, at the quantiles of a half-normal."""

_FADING = 0.8
"""Weight of a batch's errors beside those of the batch after it."""


def batch_factor(errors: Floats, asked: NDArray[np.int64], believed: float = 1.0) -> float:
    """By what to multiply standard deviations, so that nominal intervals hold for the next batch.

    The quantile of the sizes of past errors that nominal intervals should end at, over the one that they do end at;
    later batches weigh more, and 20 errors as believed beforehand are counted with them. A quantile, unlike a mean
    square, is not led by one that was far off. Of ``n`` errors it is the ``(1 + 1/n)`` NOMINAL quantile, as the next
    one is to be covered, not these.

    Args:
        errors: of observations by what was known before their batch, in predicted standard deviations, shape ``(n,)``.
        asked: the batch that each came with, shape ``(n,)``; what was known before the first batch has 0.
        believed: the factor before any batch.
    """
    later = asked > 0
    ages = asked.max(initial=0) - asked[later]
    sizes = np.concatenate([believed * _EXPECTED, np.abs(errors[later])])
    weights = np.concatenate([np.ones(len(_EXPECTED)), _FADING**ages])
    level = NOMINAL * (1.0 + 1.0 / weights.sum())
    return float(np.quantile(sizes, level, weights=weights, method="inverted_cdf") / HALF_WIDTH)


_LOG_MEAN, _LOG_VARIANCE = -1.2703628454614782, np.pi**2 / 2.0
"""Of the logarithm of a squared standard normal."""

_LEAST_SQUARE = 0.01
"""Added to squared errors before their logarithm is taken: an error of nothing is luck."""

_MEAN_VARIANCE = _LOG_VARIANCE / 10.0
"""Prior variance of the mean of the logarithm, which is 0: it weighs as much as 10 observations."""

_VARIANCES, _STRETCHES = (0.3, 1.0, 2.0, 4.0, 8.0), (0.25, 0.5, 1.0, 2.0)
"""Variances of the logarithm over the space, and lengthscales in those of the model, that are tried."""

_CAUTION = 2.0
"""Variances of the logarithm that are added to its mean."""

_EVIDENCE = 1.0
"""By how much, in nats, a varying amplitude must explain the errors better than a constant one."""

_TEACHERS = 128
"""Observations, far apart, that an amplitude is learned from where there are more."""


@dataclass(frozen=True, slots=True)
class Amplitude:
    """How large a model's errors are at an input, beside the usual: a residual is ``centre + a(x) g(x)``.

    The logarithm of ``a^2`` is a Gaussian process, learned from the logarithms of squared errors, so that one large
    error counts little and several beside each other much. It errs to the wide side: to the mean of the logarithm twice
    its variance is added, which is little where errors are known and much far from them. It is nowhere larger than at
    the observation where it is largest.

    Attributes:
        inputs: observations that taught it, shape ``k x d``.
        lengthscale: shape ``d``.
        variance: of the logarithm over the space.
        factor: lower Cholesky factor of the covariance of the observed logarithms, shape ``k x k``.
        weights: its inverse applied to these, shape ``k``.
        own: at all ``n`` observations of the model, shape ``(n,)``; their geometric mean is 1.
        most: the largest of these.
        level: of the logarithm at which the amplitude is 1.
        centre: what is scaled about, in the targets' unit.
        least: standard deviation of an observation's noise that it does not scale down, in the targets' unit.
    """

    inputs: Tensor
    lengthscale: Tensor
    variance: float
    factor: Tensor
    weights: Tensor
    own: Floats
    most: float = np.inf
    level: float = 0.0
    centre: float = 0.0
    least: float = 0.0

    def at(self, inputs: Floats) -> Floats:
        """The amplitude at scaled inputs ``(m, d)``, shape ``(m,)``."""
        found = [np.zeros(0)]
        for block in torch.split(torch.tensor(inputs, dtype=torch.float64), BLOCK):
            cross = self.variance * matern(self.inputs, block, self.lengthscale) + _MEAN_VARIANCE
            half = torch.linalg.solve_triangular(self.factor, cross, upper=False)
            spread = self.variance + _MEAN_VARIANCE - half.square().sum(dim=0)
            found.append(((cross.T @ self.weights + _CAUTION * spread - self.level) / 2.0).exp().numpy())
        return np.minimum(np.concatenate(found), self.most)

    def hyperparameters(self) -> list[float]:
        """Everything that was learned, as plain numbers."""
        return [self.variance, self.level, self.centre, *self.weights.tolist()]


def learn_amplitude(inputs: Floats, lengthscale: Tensor, errors: Floats, targets: Floats) -> Amplitude | None:
    """The amplitude that errors of a model ask for, or None where a constant one explains them as well.

    Args:
        inputs: scaled, shape ``(n, d)``.
        lengthscale: the model's, shape ``d``; infinite for inputs that it does not see.
        errors: of each observation left out in turn, in predicted standard deviations, shape ``(n,)``.
        targets: the observations, shape ``(n,)``.
    """
    x = torch.tensor(inputs, dtype=torch.float64)
    taught = central_and_spread_out(x / lengthscale, _TEACHERS) if len(x) > _TEACHERS else np.arange(len(x))
    points, logs = x[taught], torch.tensor(np.log(errors[taught] ** 2 + _LEAST_SQUARE) - _LOG_MEAN)
    noise = _LOG_VARIANCE * torch.eye(len(points), dtype=torch.float64) + _MEAN_VARIANCE
    best, found = _explained(noise, logs)[0] + _EVIDENCE, None
    for stretch in _STRETCHES:
        kernel = matern(points, points, stretch * lengthscale)
        for variance in _VARIANCES:
            evidence, factor, weights = _explained(variance * kernel + noise, logs)
            if evidence > best:
                best, found = evidence, Amplitude(points, stretch * lengthscale, variance, factor, weights, np.ones(0))
    if found is None:
        return None
    logarithms = 2.0 * np.log(found.at(inputs))
    level = float(logarithms.mean())
    own = np.exp((logarithms - level) / 2.0)
    centre = float(np.average(targets, weights=own**-2))
    return replace(found, own=own, most=float(own.max()), level=level, centre=centre)


def _explained(covariance: Tensor, logs: Tensor) -> tuple[float, Tensor, Tensor]:
    """Logarithm of the likelihood but for a constant, the covariance's Cholesky factor, and its inverse's product."""
    factor = torch.linalg.cholesky(covariance)
    weights = torch.cholesky_solve(logs[:, None], factor)[:, 0]
    return float(-0.5 * logs @ weights - factor.diagonal().log().sum()), factor, weights
