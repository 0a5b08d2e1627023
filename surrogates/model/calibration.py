"""How honest predictions are: coverage, negative log likelihood and sharpness, a test of it, and a remedy.

References:
    Gneiting, Balabdaoui & Raftery, J. R. Stat. Soc. B 69 (2007) 243: sharpness subject to calibration.
    Laves et al., MIDL 2020 (PMLR 121): one factor for all standard deviations, by maximum likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from alloys.errors import InputError
from alloys.space import Floats

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
