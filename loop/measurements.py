"""Measurements as they count: of one design each with its repeats, and all of them as a surrogate takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from alloys.design import Design
from alloys.space import Bools, Floats

if TYPE_CHECKING:
    from loop.store import StoredObservation  # for a light start: with the database's libraries


def rounded(number: float, digits: int = 2) -> str:
    """A number in so many digits as people write it: 660, 0.021; powers of ten only where there are many noughts."""
    return f"{float(f'{number:.{digits}g}'):.9g}"


@dataclass(frozen=True, slots=True)
class AcceptedResult:
    """One accepted result.

    Attributes:
        tier: which of the campaign's validators answered; None for results brought by hand.
        iteration: which asked; None likewise.
        values: by property; none for a failure.
        stds: standard deviations of some of them.
        failure: the reason of a failure.
        source: who answered.
        at: when, in unix seconds.
    """

    tier: int | None
    iteration: int | None
    values: Mapping[str, float]
    stds: Mapping[str, float]
    failure: str | None
    source: str
    at: float

    @classmethod
    def of(cls, stored: StoredObservation) -> Self:
        """What counts of a stored one."""
        seen = stored.observation
        return cls(stored.tier, stored.iteration, seen.values, seen.stds, seen.failure, seen.source, stored.at)


@dataclass(frozen=True, slots=True)
class Measurements:
    """What was measured of one property of one design by the most accurate of those who did: at least one value.

    Attributes:
        values: each, in the order of iteration, rank and arrival.
        stds: the standard deviation of each where it was given, else NaN.
    """

    values: tuple[float, ...]
    stds: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean; a single value itself."""
        return self.values[0] if len(self.values) == 1 else float(np.mean(self.values))

    @property
    def scatter(self) -> float | None:
        """The sample's standard deviation; that which was given with a single value, else None."""
        if len(self.values) > 1:
            return float(np.std(self.values, ddof=1))
        return None if np.isnan(self.stds[0]) else self.stds[0]

    def to_json(self) -> dict[str, Any]:
        """``{"std"?, "measurements"}``: scatter and number, beside the mean."""
        scatter = {} if self.scatter is None else {"std": self.scatter}
        return {**scatter, "measurements": len(self.values)}

    @property
    def spread(self) -> str:
        """Scatter and number in words, as ``± 3.1 (4 measurements)``; empty for one value of unknown scatter."""
        count = f" ({len(self.values)} measurements)" if len(self.values) > 1 else ""
        return "" if self.scatter is None else f" ± {rounded(self.scatter)}{count}"

    @classmethod
    def of(cls, answers: Sequence[AcceptedResult], name: str) -> Self:
        """What was measured of a property by those of the answers that speak of it."""
        told = [answer for answer in answers if name in answer.values]
        return cls(tuple(a.values[name] for a in told), tuple(a.stds.get(name, np.nan) for a in told))


@dataclass(frozen=True, slots=True)
class ModelData:
    """Measurements as a surrogate takes them: a further one of the same design is a further row.

    Attributes:
        designs: of ``n`` rows.
        values: by property, shape ``(n,)``, NaN where unknown.
        stds: their standard deviations where they were given, else NaN; only properties that have some.
        failed: of which designs validation failed, shape ``(n,)``.
        asked: the iteration that asked for each, shape ``(n,)``; 0 for what was brought by hand.
    """

    designs: tuple[Design, ...]
    values: Mapping[str, Floats]
    stds: Mapping[str, Floats]
    failed: Bools
    asked: NDArray[np.int64]

    @classmethod
    def of(
        cls, told: Sequence[tuple[Design, int | None, bool, Mapping[str, Measurements]]], names: Sequence[str]
    ) -> ModelData:
        """The rows of designs, each with what asked for it, whether it failed and what was measured of some properties.

        Args:
            told: designs, the iterations that asked for them or None, failures, measurements.
            names: the properties.
        """
        counts = [max([1, *(len(seen[name].values) for name in names if name in seen)]) for *_, seen in told]
        values = {name: np.full(sum(counts), np.nan) for name in names}
        stds = {name: np.full(sum(counts), np.nan) for name in names}
        for first, (*_, seen) in zip(np.cumsum([0, *counts]), told, strict=False):
            for name in names:
                if name in seen:
                    where = slice(first, first + len(seen[name].values))
                    values[name][where], stds[name][where] = seen[name].values, seen[name].stds
        return cls(
            tuple(design for (design, *_), count in zip(told, counts, strict=True) for _ in range(count)),
            values,
            {name: column for name, column in stds.items() if not np.isnan(column).all()},
            np.repeat(np.array([failed for _, _, failed, _ in told], dtype=np.bool_), counts),
            np.repeat(np.array([asked or 0 for _, asked, _, _ in told], dtype=np.int64), counts),
        )
