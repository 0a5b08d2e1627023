"""What the Gaussian processes see: physics descriptors and fractions, scaled by the training data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alloys.descriptors import DESCRIPTORS, describe
from alloys.reference.registry import from_solidus

Floats = NDArray[np.float64]

_SOLIDUS = DESCRIPTORS.index("solidus_estimate")
_FREEZING = DESCRIPTORS.index("freezing_range_estimate")
_SMALLEST = 0.02


@dataclass(frozen=True, slots=True)
class Described:
    """Compositions with everything about them that does not depend on data; ``n`` of them.

    Attributes:
        elements: the palette, which fixes the columns of ``fractions``.
        fractions: atomic fractions, shape ``(n, len(elements))``.
        descriptors: shape ``(n, len(DESCRIPTORS))``.
    """

    elements: tuple[str, ...]
    fractions: Floats
    descriptors: Floats

    @classmethod
    def of(cls, elements: tuple[str, ...], fractions: Floats) -> Described:
        """Computes the descriptors, the costly part."""
        return cls(elements, fractions, describe(elements, fractions))

    def __len__(self) -> int:
        return len(self.fractions)

    def take(self, rows: NDArray[np.int64]) -> Described:
        """The rows of those indices."""
        return Described(self.elements, self.fractions[rows], self.descriptors[rows])

    def join(self, other: Described) -> Described:
        """These rows, then the other ones."""
        return Described(
            self.elements,
            np.concatenate([self.fractions, other.fractions]),
            np.concatenate([self.descriptors, other.descriptors]),
        )

    def raw(self) -> Floats:
        """Descriptors and fractions side by side, shape ``(n, d)``."""
        return np.concatenate([self.descriptors, self.fractions], axis=1)

    def prior_means(self) -> dict[str, Floats]:
        """The same as `alloys.descriptors.prior_means`, read off the descriptors; each of shape ``(n,)``."""
        solidus, freezing = self.descriptors[:, _SOLIDUS], self.descriptors[:, _FREEZING]
        melting = {"solidus": solidus, "liquidus": solidus + freezing, "freezing_range": freezing}
        return {**melting, **self.from_solidus(solidus)}

    def from_solidus(self, solidus: Floats) -> dict[str, Floats]:
        """Properties that follow from a solidus in K, each of shape ``(n,)``."""
        return dict(from_solidus(self.elements, self.fractions, solidus))


@dataclass(frozen=True, slots=True)
class Scaling:
    """Affine scaling of inputs, shapes ``(d,)``.

    Columns get the spread of a uniform variable on the unit interval (standard deviation 1/sqrt(12)), the
    scale for which the dimension-aware lengthscale prior of Hvarfner et al. (2024) was made.
    """

    centre: Floats
    width: Floats

    @classmethod
    def fit(cls, raw: Floats) -> Scaling:
        """Learns from rows of shape ``(n, d)``; a column that hardly varies is given a finite width."""
        if len(raw) == 0:
            return cls(np.zeros(raw.shape[1]), np.ones(raw.shape[1]))
        centre, spread = raw.mean(axis=0), raw.std(axis=0)
        floor = _SMALLEST * np.maximum(np.abs(centre), 1.0)
        return cls(centre, np.sqrt(12.0) * np.maximum(spread, floor))

    def apply(self, raw: Floats) -> Floats:
        """Scaled rows, shape ``(n, d)``."""
        return (raw - self.centre) / self.width
