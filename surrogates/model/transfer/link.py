"""How one's own task is linked to foreign ones: its offset, its scale, its noise, and the correlation.

With a few looks of one's own these cannot be left to the likelihood alone. Each has a prior: the own task is on the
scale of the foreign one, give or take, and correlated with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.linalg import LinAlgError, cholesky
from scipy.linalg import solve_triangular

from alloys.space import Floats
from surrogates.model.gp import GP, matern
from surrogates.model.transfer.linked import Foreign

CORRELATIONS = {0.0: 0.05, 0.3: 0.05, 0.5: 0.1, 0.7: 0.2, 0.8: 0.2, 0.9: 0.2, 0.95: 0.15, 0.98: 0.05}
"""Correlations of a foreign task with one's own, and how likely each is before there are own observations."""

NOISES = (0.01, 0.03, 0.1, 0.2, 0.4, 0.8)
"""Variances of the own noise over the square of the own scale."""

_NOISE_SPREAD = 1.0
"""Standard deviation, before there are data, of the logarithm of the noise about that of the foreign task."""

_SCALE_WEIGHT = 3.0
"""Observations that the foreign task's scale counts as."""

_FAR, _FEW = 3.0, 4
_ROUNDS = 4
_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class TaskLink:
    """What was learned of the own task.

    Attributes:
        correlation: factor of the foreign tasks' correlations with it; the correlation itself where they have 1.
        shift: its offset, in the targets' unit.
        scale: its spread, likewise.
        noise: variance of its noise over the square of its spread.
    """

    correlation: float
    shift: float
    scale: float
    noise: float


@dataclass(frozen=True, slots=True)
class _OwnOnTaskScale:
    """Own observations on the foreign task's standardised scale, and what the foreign tasks say of them.

    Attributes:
        y: shape ``(n,)``.
        mean: what is expected of each for a correlation of 1, shape ``(n,)``.
        kernel: their covariance before anything is known, shape ``(n, n)``.
        explained: what a correlation of 1 takes off it, shape ``(n, n)``.
        given: variances of the noise, NaN where it is learned, shape ``(n,)``.
        usual: expected scale.
        offset: standard deviation of the offset before there are data.
    """

    y: Floats
    mean: Floats
    kernel: Floats
    explained: Floats
    given: Floats
    usual: float
    offset: float

    def fitted(self, correlation: float, noise: float, least: float) -> tuple[float, float, float]:
        """Surprise, offset and scale for a correlation and a noise: each of the two in turn, in closed form.

        Args:
            correlation: with the foreign tasks.
            noise: variance over the square of the scale, where it is learned.
            least: variance on the scale of ``y`` below which the noise never falls.

        Raises:
            numpy.linalg.LinAlgError: if the covariance is not positive definite.
        """
        noises = np.where(np.isnan(self.given), max(noise, least / self.usual**2), self.given / self.usual**2)
        factor = cholesky(self.kernel - correlation**2 * self.explained + np.diag(noises))
        columns = np.column_stack([self.y, np.ones(len(self.y)), correlation * self.mean])
        y, ones, mean = solve_triangular(factor, columns, lower=True, check_finite=False).T
        total, inverse, shift = len(y) + _SCALE_WEIGHT, 1.0 / self.usual, 0.0
        for _ in range(_ROUNDS):
            shift = inverse * (ones @ (inverse * y - mean)) / (inverse**2 * (ones @ ones) + self.offset**-2.0)
            rest = y - shift * ones
            square, lean = rest @ rest + _SCALE_WEIGHT * self.usual**2, rest @ mean
            inverse = (lean + np.sqrt(lean**2 + 4.0 * square * total)) / (2.0 * square)
        errors = inverse * (y - shift * ones) - mean
        surprise = 0.5 * errors @ errors + np.log(factor.diagonal()).sum() - total * np.log(inverse)
        surprise += 0.5 * _SCALE_WEIGHT * (self.usual * inverse) ** 2 + 0.5 * (shift / self.offset) ** 2
        return float(surprise), float(shift), float(1.0 / inverse)


def learn_link(
    foreign: Foreign,
    first: GP,
    x: Floats,
    y: Floats,
    scatter: float = 0.0,
    given: Floats | None = None,
    correlations: Sequence[float] = tuple(CORRELATIONS),
) -> TaskLink:
    """The most probable offset, scale, noise and correlation; every combination of the last two is tried.

    Args:
        foreign: the tasks, with a correlation of 1 each, or with correlations that were learned before.
        first: the first of them alone, whose scale the own one is expected to have.
        x: own scaled inputs, shape ``(n, d)``.
        y: own targets, shape ``(n,)``.
        scatter: standard deviation, in the targets' unit, below which the learned noise never falls.
        given: standard deviations of own observations, likewise, shape ``(n,)``, NaN where the noise is learned.
        correlations: that are tried, with the weights of `CORRELATIONS`.

    Raises:
        numpy.linalg.LinAlgError: if no covariance is positive definite.
    """
    unit, zero = first.scale, first.shift + first.scale * first.constant
    usual_noise = float(np.clip(np.median(foreign.noises.numpy()), NOISES[0], NOISES[-1]))
    if not len(y):
        likeliest = max(correlations, key=lambda r: CORRELATIONS.get(r, 1.0))
        return TaskLink(likeliest, zero, unit, usual_noise)
    own, best = _own(foreign, (y - zero) / unit, x, given, unit), (np.inf, TaskLink(0.0, zero, unit, usual_noise))
    for correlation, noise in product(correlations, NOISES):
        try:
            surprise, shift, scale = own.fitted(correlation, noise, (scatter / unit) ** 2)
        except LinAlgError:
            continue
        surprise -= float(np.log(CORRELATIONS.get(correlation, 1.0)))
        surprise += 0.5 * (np.log(noise / usual_noise) / _NOISE_SPREAD) ** 2
        if surprise < best[0]:
            best = surprise, TaskLink(correlation, zero + unit * shift, unit * scale, noise)
    if not np.isfinite(best[0]):
        raise LinAlgError("no correlation with the foreign task makes a covariance that can be factorised")
    return best[1]


def _own(foreign: Foreign, y: Floats, x: Floats, given: Floats | None, unit: float) -> _OwnOnTaskScale:
    points = torch.tensor(x, dtype=torch.float64)
    across = foreign.seen_from(points)
    spread = float(y.std())
    usual = spread if len(y) >= _FEW and not 1 / _FAR < spread < _FAR else 1.0
    return _OwnOnTaskScale(
        y,
        (across.T @ foreign.white).numpy(),
        matern(points, points, foreign.lengthscale).numpy(),
        (across.T @ across).numpy(),
        np.full(len(y), np.nan) if given is None else np.maximum((given / unit) ** 2, _LEAST**2),
        max(usual, _LEAST),
        max(1.0, abs(float(y.mean()))),
    )
