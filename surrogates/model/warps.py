"""Warps: the scale on which a property is modelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alloys.properties import get_property

Floats = NDArray[np.float64]

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


def warp_of(name: str) -> Warp:
    """The warp of a property: `Saturating` for mole fractions, else `Identity`.

    Raises:
        InputError: if the property is unknown.
    """
    return Saturating() if get_property(name).unit == "mole fraction" else Identity()
