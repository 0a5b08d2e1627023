"""What is checked, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

ROOM = (15.0, 35.0)
"""Test temperatures, in °C, that count as room temperature."""


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """What one source says of one alloy in one state: the values that belong together, as they were told.

    A value may be one that no point could have: it is looked at here, not refused.

    Attributes:
        place: the line of the file, or the number of a point.
        formula: as written, or of the composition.
        amounts: of atoms, by element, as written; empty where the formula cannot be read.
        source: the DOI, or another name.
        values: by property, in its unit.
        places: of each value's point, by property; of a file, those that are not named stand on the record's line.
        temperature: of the test in °C, where told.
        processing: in the words of the source.
        phase: in the words of the source.
        test: such as ``compression``.
        calculated: what the source calculates of the alloy, by property: a second word on its composition.
        unread: cells that say nothing, each with the reason.
        written: whether the amounts are as the source wrote them; else they say only how the elements relate.
    """

    place: int
    formula: str
    amounts: Mapping[str, Fraction]
    source: str
    values: Mapping[str, float]
    places: Mapping[str, int] = field(default_factory=dict)
    temperature: float | None = None
    processing: str = ""
    phase: str = ""
    test: str = ""
    calculated: Mapping[str, float] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    written: bool = True

    @property
    def fractions(self) -> dict[str, float]:
        """Atomic fractions by element, of what is there at all."""
        total = sum(self.amounts.values())
        return {symbol: float(amount / total) for symbol, amount in self.amounts.items() if amount}

    def at_room_temperature(self) -> bool:
        """Whether the test was made at room temperature; a record that tells no temperature is taken for one of it."""
        return self.temperature is None or ROOM[0] <= self.temperature <= ROOM[1]

    def places_of(self, *names: str) -> tuple[int, ...]:
        """Where some of its values stand."""
        return tuple(dict.fromkeys(self.places.get(name, self.place) for name in names)) or (self.place,)


@dataclass(frozen=True, slots=True)
class Flag:
    """A doubt about values; people decide what becomes of it.

    Attributes:
        kind: of the doubt, in a few words that are the same for all of the kind.
        places: the lines or points in doubt.
        reason: why, with the numbers.
        suggestion: what may be right.
        properties: that are in doubt; empty where it is the alloy or the source.
        beside: lines or points that they are held against, and that are not in doubt themselves.
    """

    kind: str
    places: tuple[int, ...]
    reason: str
    suggestion: str
    properties: tuple[str, ...] = ()
    beside: tuple[int, ...] = ()


Rule = Callable[[Sequence[CheckedRecord]], Iterator[Flag]]
