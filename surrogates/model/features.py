"""What the Gaussian processes see: physics descriptors and fractions, scaled by the training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alloys.physics.base import Physics
from alloys.space import Floats

_SMALLEST = 0.02


@dataclass(frozen=True, slots=True)
class Described:
    """Compositions with everything about them that does not depend on data; ``n`` of them.

    Attributes:
        physics: what described them.
        elements: the palette, which fixes the columns of ``fractions``.
        fractions: atomic fractions, shape ``(n, len(elements))``.
        descriptors: shape ``(n, len(physics.descriptors(elements)))``.
    """

    physics: Physics
    elements: tuple[str, ...]
    fractions: Floats
    descriptors: Floats

    @classmethod
    def of(cls, physics: Physics, elements: tuple[str, ...], fractions: Floats) -> Described:
        """Computes the descriptors, the costly part."""
        return cls(physics, elements, fractions, physics.describe(elements, fractions))

    def __len__(self) -> int:
        return len(self.fractions)

    def take(self, rows: NDArray[np.int64]) -> Described:
        """The rows of those indices."""
        return replace(self, fractions=self.fractions[rows], descriptors=self.descriptors[rows])

    def join(self, other: Described) -> Described:
        """These rows, then the other ones."""
        return replace(
            self,
            fractions=np.concatenate([self.fractions, other.fractions]),
            descriptors=np.concatenate([self.descriptors, other.descriptors]),
        )

    def raw(self) -> Floats:
        """Descriptors and fractions side by side, shape ``(n, d)``."""
        return np.concatenate([self.descriptors, self.fractions], axis=1)

    def prior_means(self) -> Mapping[str, Floats]:
        """What the physics expects of properties, each of shape ``(n,)``."""
        return self.physics.prior_means(self.elements, self.fractions, self.descriptors)

    def derive(self, source: str, values: Floats) -> Mapping[str, Floats]:
        """Properties that follow from values ``(n,)`` of another one, each of shape ``(n,)``."""
        return self.physics.derive(source, values, self.elements, self.fractions)


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
