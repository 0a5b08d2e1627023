"""The same values under two sources: a table that was copied is one measurement, not two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from alloys.physics.linear import density
from alloys.points.checking.record import CheckedRecord, Flag

DUPLICATE = "duplicate between papers"
_SURE = 2
"""Digits that two papers must have in common for the same alloys and temperatures; one more would be chance in
thousands of pairs."""
_SILENT = (density.__name__, "grain_size")
"""Properties whose agreement says nothing: those of all good measurements agree, or are round."""

_COARSE = ("elongation", "plastic_elongation")
"""Properties that are told so coarsely that two measurements often agree: they speak against a repeat, not for it."""

Pair = tuple[CheckedRecord, CheckedRecord, tuple[str, ...]]


def repeated_between_papers(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """Pairs of papers that tell the same values of the same alloys at the same temperatures: one flag of each pair.

    Records that both tell a property, and differ in it, are two measurements, whatever else agrees.
    """
    alike: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for first, second, common in _repeats(records):
        alike[first.source, second.source].append((first, second, common))
    for (one, other), pairs in alike.items():
        alike_in = (first.values[name] for first, _, common in pairs for name in common if name not in _COARSE)
        if sum(map(_digits, alike_in)) >= _SURE:
            yield _told(one, other, pairs)


def _repeats(records: Sequence[CheckedRecord]) -> Iterator[Pair]:
    """Records of other papers that repeat one, each with the first that it repeats."""
    groups: dict[tuple[object, ...], list[CheckedRecord]] = defaultdict(list)
    for record in records:
        if record.amounts and record.source:
            warmth = None if record.at_room_temperature() else record.temperature
            groups[tuple(sorted(record.fractions.items())), warmth].append(record)
    for group in groups.values():
        for number, second in enumerate(group):
            others = (first for first in group[:number] if first.source != second.source)
            alike = ((first, second, _common(first.values, second.values)) for first in others)
            yield from islice((pair for pair in alike if pair[2]), 1)


def _told(one: str, other: str, pairs: Sequence[Pair]) -> Flag:
    later = dict.fromkeys(place for _, second, common in pairs for place in second.places_of(*common))
    earlier = dict.fromkeys(place for first, _, common in pairs for place in first.places_of(*common))
    first, _, common = pairs[0]
    values = ", ".join(f"{name} {first.values[name]:g}" for name in common)
    more = f", and {len(pairs) - 1} more records" if len(pairs) > 1 else ""
    return Flag(
        DUPLICATE,
        tuple(later),
        f"{other} tells {values} of {first.formula} as {one} does{more}",
        "one of them may repeat the other: count it once",
        tuple(dict.fromkeys(name for pair in pairs for name in pair[2])),
        tuple(earlier),
    )


def _common(first: Mapping[str, float], second: Mapping[str, float]) -> tuple[str, ...]:
    """Properties that both tell alike; none where they differ in one."""
    both = [name for name in first if name in second and name not in _SILENT]
    return tuple(both) if all(first[name] == second[name] for name in both) else ()


def _digits(value: float) -> int:
    """Digits that say something: zeros at either end do not."""
    return len(f"{value:.12g}".replace("-", "").replace(".", "").strip("0"))
