"""Warps: the scale on which a property is modelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from alloys.properties import Property
from alloys.space import Floats

RESOLUTION = 0.005
"""Standard deviation of a phase fraction that is never undercut, mole fraction."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class Warp(Protocol):
    """A monotone map from a property's unit to the scale of the Gaussian process, elementwise on any shape."""

    def forward(self, values: Floats) -> Floats:
        """Property values to the model's scale."""
        ...

    def backward(self, latent: Floats) -> Floats:
        """The model's scale to property values."""
        ...

    def moments(self, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the property where the latent is Gaussian."""
        ...

    def spread(self, values: Floats, stds: Floats) -> Floats:
        """Standard deviations on the model's scale of values measured with these in the property's unit."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """The property's own scale."""

    def forward(self, values: Floats) -> Floats:
        """Unchanged."""
        return values

    def backward(self, latent: Floats) -> Floats:
        """Unchanged."""
        return latent

    def moments(self, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """Unchanged."""
        return mean, std

    def spread(self, values: Floats, stds: Floats) -> Floats:
        """Unchanged."""
        return stds


@dataclass(frozen=True, slots=True)
class Saturating:
    """``z = -log10(1 - y + floor)`` for a fraction y that is mostly exactly 1.

    A phase fraction is 1 in the one-phase field and falls off steeply outside it. With a floor of 0.001, y =
    1, 0.99, 0.9 and 0.3 become 3, 1.96, 1 and 0.15: the usual bound of 0.99 lies halfway between "one phase"
    and "clearly two", so a Gaussian on z is a fair least-squares classifier there, and far tails do not
    dominate the fit as they do on the plain scale.
    """

    floor: float = 1e-3

    def forward(self, values: Floats) -> Floats:
        """Fractions in [0, 1] to about [0, 3]."""
        return np.asarray(-np.log10(1.0 - np.clip(values, 0.0, 1.0) + self.floor))

    def backward(self, latent: Floats) -> Floats:
        """The inverse, clipped to [0, 1]."""
        return np.asarray(np.clip(1.0 + self.floor - 10.0 ** -np.clip(latent, -1.0, 9.0), 0.0, 1.0))

    def moments(self, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """By Gauss-Hermite quadrature with 15 nodes."""
        values = self.backward(mean[..., None] + std[..., None] * _NODES)
        first = values @ _WEIGHTS
        second = ((values - first[..., None]) ** 2) @ _WEIGHTS
        return first, np.sqrt(second + RESOLUTION**2)

    def spread(self, values: Floats, stds: Floats) -> Floats:
        """Half the way from one standard deviation below to one above: the slope alone, 434 at 1, says nothing."""
        return np.asarray((self.forward(values + stds) - self.forward(values - stds)) / 2)


@dataclass(frozen=True, slots=True)
class Logarithm:
    """``z = log10(y)``, of a positive property that spans orders of magnitude; below ``least`` it counts as that."""

    least: float

    def forward(self, values: Floats) -> Floats:
        """Property values to their decimal logarithms."""
        return np.asarray(np.log10(np.maximum(values, self.least)))

    def backward(self, latent: Floats) -> Floats:
        """The inverse."""
        return np.asarray(10.0 ** np.clip(latent, -300.0, 300.0))

    def moments(self, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """Of the log-normal distribution that a Gaussian latent makes."""
        variance = (np.log(10.0) * std) ** 2
        first = self.backward(mean) * np.exp(variance / 2)
        return first, first * np.sqrt(np.expm1(variance))

    def spread(self, values: Floats, stds: Floats) -> Floats:
        """Of the log-normal distribution that has these moments: the inverse of `moments`."""
        return np.asarray(np.sqrt(np.log1p((stds / np.maximum(values, self.least)) ** 2)) / np.log(10.0))


@dataclass(frozen=True, slots=True)
class NormalScores:
    """Ranks among some values as normal scores: tails and outliers do not matter, only the order does.

    Between the values the map is linear, and beyond them it goes on with the slope of the whole.

    Attributes:
        values: in ascending order, each once, shape ``(k,)``.
        scores: theirs, with a standard deviation of 1 over all, shape ``(k,)``.
        slope: score for each unit of value beyond the ends.
    """

    values: Floats
    scores: Floats
    slope: float

    @classmethod
    def of(cls, values: Floats) -> NormalScores:
        """The scores of values of shape ``(n,)``, of which not all are equal."""
        from scipy.stats import norm, rankdata  # late: it imports for most of a second

        drawn = norm.ppf((rankdata(values) - 0.5) / len(values))
        distinct, first = np.unique(values, return_index=True)
        return cls(distinct, drawn[first] / drawn.std(), float(1.0 / values.std()))

    def forward(self, values: Floats) -> Floats:
        """Values to scores."""
        beyond = values - np.clip(values, self.values[0], self.values[-1])
        return np.asarray(np.interp(values, self.values, self.scores) + self.slope * beyond)

    def backward(self, latent: Floats) -> Floats:
        """The inverse."""
        beyond = latent - np.clip(latent, self.scores[0], self.scores[-1])
        return np.asarray(np.interp(latent, self.scores, self.values) + beyond / self.slope)

    def moments(self, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """By Gauss-Hermite quadrature with 15 nodes."""
        values = self.backward(mean[..., None] + std[..., None] * _NODES)
        first = values @ _WEIGHTS
        return first, np.sqrt(((values - first[..., None]) ** 2) @ _WEIGHTS)

    def spread(self, values: Floats, stds: Floats) -> Floats:
        """Half the way from one standard deviation below to one above."""
        return np.asarray((self.forward(values + stds) - self.forward(values - stds)) / 2)


def warp_of(declared: Property) -> Warp:
    """The warp of a property, as its scale says."""
    if declared.scale == "share":
        return Saturating()
    if declared.scale == "log":
        return Logarithm(max(declared.low, 1e-3 * declared.usual[0]))
    return Identity()


def scatter_about(declared: Property, warp: Warp, values: Floats) -> float:
    """Standard deviation of repeated measurements on the model's scale, at the median of values ``(n,)``."""
    if not declared.scatter or not len(values):
        return 0.0
    low, high = warp.forward(np.median(values) + declared.scatter * np.array([-0.5, 0.5]))
    return float(high - low)


SHARE_MEAN, SHARE_STD = 2.0, 1.0
"""Of a share of which nothing is known, on the scale of `Saturating`: either side of 0.99 is as likely."""


def expected(declared: Property, warp: Warp) -> tuple[float, float]:
    """Mean and standard deviation, on the model's scale, of a property of which nothing is known.

    The usual values are taken to be one standard deviation to both sides of the mean.
    """
    if declared.scale == "share":
        return SHARE_MEAN, SHARE_STD
    low, high = (float(end) for end in warp.forward(np.array(declared.usual)))
    return (low + high) / 2, (high - low) / 2
