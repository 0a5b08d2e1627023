"""What the Gaussian processes see: physics descriptors and fractions, scaled by the training data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.physics.base import Elements, Physics
from alloys.space import Bools, Floats
from alloys.space.variables import Variables

_SMALLEST = 0.02

NO_VARIABLES = Variables()


@dataclass(frozen=True, slots=True)
class Described:
    """Compositions with everything about them that does not depend on data; ``n`` of them.

    Attributes:
        physics: what described them.
        elements: the palette, which fixes the columns of ``fractions``.
        fractions: atomic fractions, shape ``(n, len(elements) + len(foreign))``.
        descriptors: shape ``(n, len(physics.descriptors(elements)))``; NaN where a foreign element lacks a number.
        foreign: elements outside the palette, which stand behind it; compositions of a space have none.
        variables: what may be chosen beside the composition.
        chosen: a column for each variable, as `Variables.raw` gives it, shape ``(n, len(variables))``.
    """

    physics: Physics
    elements: tuple[str, ...]
    fractions: Floats
    descriptors: Floats
    foreign: tuple[str, ...] = ()
    variables: Variables = NO_VARIABLES
    chosen: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        if not len(self.variables):
            object.__setattr__(self, "chosen", np.zeros((len(self.fractions), 0)))

    @classmethod
    def of(
        cls,
        physics: Physics,
        elements: tuple[str, ...],
        inputs: Floats,
        foreign: tuple[str, ...] = (),
        variables: Variables = NO_VARIABLES,
    ) -> Described:
        """Computes the descriptors, the costly part.

        Args:
            physics: what describes.
            elements: the palette.
            inputs: atomic fractions of the palette, then of foreign elements, then the variables' columns.
            foreign: elements outside the palette.
            variables: what may be chosen beside the composition.
        """
        count = inputs.shape[1] - len(variables)
        fractions, chosen = inputs[:, :count], inputs[:, count:]
        if not foreign:
            described = physics.describe(elements, fractions)
            return cls(physics, elements, fractions, described, variables=variables, chosen=chosen)
        bare = cls(physics, elements, fractions, np.zeros((len(fractions), 0)), foreign, variables, chosen)

        def describe(present: Elements, part: Floats, _: Bools) -> Mapping[str, Floats]:
            return dict(zip(physics.descriptors(present), physics.describe(present, part).T, strict=True))

        found, nothing = bare._by_elements(describe), np.full(len(fractions), np.nan)
        columns = [found.get(name, nothing) for name in physics.descriptors(elements)]
        return replace(bare, descriptors=np.stack(columns, axis=1) if columns else bare.descriptors)

    def __len__(self) -> int:
        return len(self.fractions)

    def take(self, rows: NDArray[np.int64]) -> Described:
        """The rows of those indices."""
        return replace(
            self, fractions=self.fractions[rows], descriptors=self.descriptors[rows], chosen=self.chosen[rows]
        )

    def join(self, other: Described) -> Described:
        """These rows, then the other ones."""
        return replace(
            self,
            fractions=np.concatenate([self.fractions, other.fractions]),
            descriptors=np.concatenate([self.descriptors, other.descriptors]),
            chosen=np.concatenate([self.chosen, other.chosen]),
        )

    @property
    def inputs(self) -> Floats:
        """The palette's fractions and the variables' columns, as `Space.inputs` gives them, shape ``(n, k)``."""
        return np.concatenate([self.fractions[:, : len(self.elements)], self.chosen], axis=1)

    @property
    def numbers(self) -> dict[str, Floats]:
        """The variables that are numbers, by name, shape ``(n,)`` each."""
        return {v.name: column for v, column in zip(self.variables, self.chosen.T, strict=True) if v.is_number}

    def raw(self) -> Floats:
        """Descriptors, the palette's fractions and what models see of the variables, shape ``(n, d)``."""
        return np.concatenate(
            [self.descriptors, self.fractions[:, : len(self.elements)], self.variables.encoded(self.chosen)], axis=1
        )

    @property
    def indicators(self) -> Bools:
        """Which columns of `raw` are those of categories, shape ``(d,)``."""
        others = np.zeros(self.descriptors.shape[1] + len(self.elements), dtype=np.bool_)
        return np.concatenate([others, self.variables.indicators])

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
    def fit(cls, raw: Floats, indicators: Bools | None = None) -> Scaling:
        """Learns from rows of shape ``(n, d)``; a column that hardly varies is given a finite width.

        Those of categories stay as they are: two of them are as far apart, however rare they are in the data.
        """
        if len(raw) == 0:
            return cls(np.zeros(raw.shape[1]), np.ones(raw.shape[1]))
        centre, spread = raw.mean(axis=0), raw.std(axis=0)
        floor = _SMALLEST * np.maximum(np.abs(centre), 1.0)
        width = np.sqrt(12.0) * np.maximum(spread, floor)
        return cls(centre, width if indicators is None else np.where(indicators, 1.0, width))

    def apply(self, raw: Floats) -> Floats:
        """Scaled rows, shape ``(n, d)``."""
        return (raw - self.centre) / self.width
