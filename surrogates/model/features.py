"""What the Gaussian processes see: physics descriptors and fractions, scaled by the training data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.physics.base import Elements, Physics
from alloys.space import Bools, Floats

_SMALLEST = 0.02


@dataclass(frozen=True, slots=True)
class Described:
    """Compositions with everything about them that does not depend on data; ``n`` of them.

    Attributes:
        physics: what described them.
        elements: the palette, which fixes the columns of ``fractions``.
        fractions: atomic fractions, shape ``(n, len(elements) + len(foreign))``.
        descriptors: shape ``(n, len(physics.descriptors(elements)))``; NaN where a foreign element lacks a number.
        foreign: elements outside the palette, which stand behind it; compositions of a space have none.
    """

    physics: Physics
    elements: tuple[str, ...]
    fractions: Floats
    descriptors: Floats
    foreign: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, physics: Physics, elements: tuple[str, ...], fractions: Floats, foreign: tuple[str, ...] = ()
    ) -> Described:
        """Computes the descriptors, the costly part."""
        if not foreign:
            return cls(physics, elements, fractions, physics.describe(elements, fractions))
        bare = cls(physics, elements, fractions, np.zeros((len(fractions), 0)), foreign)

        def describe(present: Elements, part: Floats, _: Bools) -> Mapping[str, Floats]:
            return dict(zip(physics.descriptors(present), physics.describe(present, part).T, strict=True))

        found, nothing = bare._by_elements(describe), np.full(len(fractions), np.nan)
        columns = [found.get(name, nothing) for name in physics.descriptors(elements)]
        return replace(bare, descriptors=np.stack(columns, axis=1) if columns else bare.descriptors)

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
        """Descriptors and the palette's fractions side by side, shape ``(n, d)``."""
        return np.concatenate([self.descriptors, self.fractions[:, : len(self.elements)]], axis=1)

    def prior_means(self) -> Mapping[str, Floats]:
        """What the physics expects of properties, each of shape ``(n,)``; NaN where it does not know an element."""
        if not self.foreign:
            return self.physics.prior_means(self.elements, self.fractions, self.descriptors)
        return self._by_elements(
            lambda present, part, rows: self.physics.prior_means(present, part, self.descriptors[rows])
        )

    def derive(self, source: str, values: Floats) -> Mapping[str, Floats]:
        """Properties that follow from values ``(n,)`` of another one, each of shape ``(n,)``; NaN as `prior_means`."""
        if not self.foreign:
            return self.physics.derive(source, values, self.elements, self.fractions)
        return self._by_elements(lambda present, part, rows: self.physics.derive(source, values[rows], present, part))

    def _by_elements(self, ask: Callable[[Elements, Floats, Bools], Mapping[str, Floats]]) -> dict[str, Floats]:
        """Answers for all rows, asked of those at a time that have the same foreign elements; NaN where refused.

        A bundle that lacks a number of one foreign element, or of a pair, so keeps silent of alloys with it alone.
        """
        count = len(self.elements)
        answers: dict[str, Floats] = {}
        present = self.fractions[:, count:] > 0
        for pattern in np.unique(present, axis=0):
            rows = np.asarray((present == pattern).all(axis=1))
            names = self.elements + tuple(np.array(self.foreign)[pattern].tolist())
            columns = np.concatenate([np.ones(count, dtype=np.bool_), pattern])
            try:
                found = ask(names, self.fractions[np.ix_(rows, columns)], rows)
            except InputError:
                continue
            for name, column in found.items():
                answers.setdefault(name, np.full(len(self), np.nan))[rows] = column
        return answers


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
