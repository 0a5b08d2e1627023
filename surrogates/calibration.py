"""How honest predictions are: coverage, negative log likelihood and sharpness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError

Floats = NDArray[np.float64]

NOMINAL = 0.9
_HALF_WIDTH = 1.6448536269514722


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
        coverage=float((np.abs(z) <= _HALF_WIDTH).mean()),
        nll=float((0.5 * z**2 + np.log(std) + 0.5 * np.log(2 * np.pi)).mean()),
        sharpness=float(std.mean()),
        rmse=float(np.sqrt(((value - mean) ** 2).mean())),
    )


def score_batch(
    means: Mapping[str, Floats], stds: Mapping[str, Floats], truth: Mapping[str, Floats]
) -> dict[str, Score]:
    """Scores a batch that was predicted before it was seen, for each property that has predictions and
    truths.

    Raises:
        InputError: if shapes differ or a standard deviation is not positive.
    """
    return {name: score(means[name], stds[name], truth[name]) for name in means if name in truth}
