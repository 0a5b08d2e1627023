"""Records as what a model sees: the quantities that are judged, and what is known of each record."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from alloys.physics.periodic import periodic_table
from alloys.points.checking import CheckedRecord
from alloys.points.checking.pairs import MPA_PER_HV, TENSILE, VICKERS, YIELD_STRENGTH
from alloys.points.checking.values import plausible_values
from alloys.space import Floats
from loop.materials.governance.leaving_out import JudgedValues

_NUMBERS = ("vec", "electronegativity", "melting_point", "metallic_radius")
"""Elemental numbers whose mean over atoms describes an alloy."""
_SPREAD = ("melting_point", "metallic_radius")
"""Those whose spread over atoms does, too."""
_ROOM = 25.0
"""What a record without a test temperature is taken for, in °C."""
_SEEN = 3
"""Records that must have a mark for it to be one."""


@dataclass(frozen=True, slots=True)
class JudgedQuantity:
    """A number of a record that is judged by the others.

    Attributes:
        told: in words, for reasons.
        properties: that it follows from.
        of: a record; None where it has none.
    """

    told: str
    properties: tuple[str, ...]
    of: Callable[[CheckedRecord], float | None]


def quantities_in(records: Iterable[CheckedRecord]) -> list[JudgedQuantity]:
    """What is judged: the log of each property, and of the ratios that hardly depend on the alloy."""
    names = Counter(name for record in records for name, value in record.values.items() if value > 0)
    single = [JudgedQuantity(name, (name,), _log_of(name)) for name in names]
    pairs = (
        JudgedQuantity(
            "ultimate to yield strength", (TENSILE, YIELD_STRENGTH), _ratio(TENSILE, YIELD_STRENGTH, 1.0, False)
        ),
        JudgedQuantity(
            "hardness to yield strength", (VICKERS, YIELD_STRENGTH), _ratio(VICKERS, YIELD_STRENGTH, MPA_PER_HV)
        ),
        JudgedQuantity("hardness to ultimate strength", (VICKERS, TENSILE), _ratio(VICKERS, TENSILE, MPA_PER_HV)),
    )
    return [*single, *pairs]


def observe(records: Sequence[CheckedRecord], values: Floats) -> JudgedValues:
    """The records with the values of a quantity, shape ``(n,)``."""
    elements = sorted({symbol for record in records for symbol in record.fractions})
    fractions = np.array([[record.fractions.get(symbol, 0.0) for symbol in elements] for record in records])
    celsius = [_ROOM if record.temperature is None else record.temperature for record in records]
    return JudgedValues(
        values=values,
        fractions=fractions,
        numbers=_elemental(elements, fractions),
        celsius=np.array(celsius, dtype=float),
        marks=_marks(records),
        papers=[record.source for record in records],
    )


def _log_of(name: str) -> Callable[[CheckedRecord], float | None]:
    low, high = plausible_values().get(name, (0.0, math.inf))

    def of(record: CheckedRecord) -> float | None:
        value = record.values.get(name)
        return None if value is None or value <= 0 or not low <= value <= high else math.log(value)

    return of


def _ratio(over: str, under: str, factor: float, room: bool = True) -> Callable[[CheckedRecord], float | None]:
    above, below = _log_of(over), _log_of(under)

    def of(record: CheckedRecord) -> float | None:
        one, other = above(record), below(record)
        if one is None or other is None or (room and not record.at_room_temperature()):
            return None
        return one - other + math.log(factor)

    return of


def _elemental(elements: Sequence[str], fractions: Floats) -> Floats:
    """Means and spreads over atoms of elemental numbers, standardised; an unknown one is the middle of the others."""
    columns: list[Floats] = []
    for name in _NUMBERS:
        row = np.array([periodic_table().get(symbol, {}).get(name, math.nan) for symbol in elements])
        known = row[np.isfinite(row)]
        row = np.where(np.isfinite(row), row, np.median(known) if len(known) else 0.0)
        mean = fractions @ row
        columns.append(mean)
        if name in _SPREAD:
            columns.append(np.sqrt(np.maximum(fractions @ row**2 - mean**2, 0.0)))
    stacked = np.stack(columns, axis=1)
    return np.asarray((stacked - stacked.mean(axis=0)) / (stacked.std(axis=0) + 1e-9))


def _marks(records: Sequence[CheckedRecord]) -> Floats:
    """Processing, kind of test, and each phase, as zeros and ones; those of few records are left out."""
    told = [set(_words(record)) for record in records]
    counts = Counter(mark for marks in told for mark in marks)
    known = sorted(mark for mark, count in counts.items() if count >= _SEEN)
    return np.array([[float(mark in marks) for mark in known] for marks in told]).reshape(len(records), len(known))


def _words(record: CheckedRecord) -> Iterator[str]:
    yield f"processing {record.processing}"
    yield f"test {record.test}"
    yield from (f"phase {phase.strip()}" for phase in record.phase.split("+"))
