"""Points and files as records to be checked: values that belong together, with the line or the number of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from alloys.points.checking import CheckedRecord
from alloys.points.checking.record import ROOM
from alloys.points.point import MEASURED, Point
from alloys.points.tables.reading import read_table_points
from alloys.space.formula.writing import atoms_of

Placed = tuple[int, Point]
"""A point with its number, or its line."""


def records_of_table(path: Path) -> list[CheckedRecord]:
    """The rows of a table as it stands, read by its heads; what is no point is unread.

    Raises:
        InputError: if it cannot be read, or no row is a point.
    """
    found = read_table_points(path)
    lines: dict[int, list[Placed]] = defaultdict(list)
    for line, point in zip(found.lines, found.points, strict=True):
        lines[line].append((line, point))
    unread = [_record(line, (), unread=(reason,)) for line, reason in found.dropped]
    return [*(_record(line, points) for line, points in lines.items()), *unread]


def records_of_points(points: Iterable[Placed]) -> list[CheckedRecord]:
    """Measured points as records: those of one source, design and state at one temperature belong together.

    Points that tell no temperature, as hardness and density do, belong to the one test at room temperature, if there is
    one. Where a property has several values under the same conditions, which belong together is not known: each is a
    record of its own.
    """
    states: dict[tuple[str, ...], list[Placed]] = defaultdict(list)
    for place, point in points:
        if point.kind in MEASURED and point.value is not None and point.design.composition.items:
            told = point.conditions
            states[point.source, point.design.canonical(), told.processing, told.phase].append((place, point))
    return [record for state in states.values() for record in _records(state)]


def _records(state: Sequence[Placed]) -> Iterator[CheckedRecord]:
    tests: dict[tuple[float | None, str], list[Placed]] = defaultdict(list)
    for place, point in state:
        tests[point.conditions.test_temperature, point.conditions.test].append((place, point))
    untold = tests.pop((None, ""), [])
    warm = [test for test in tests if test[0] is None or ROOM[0] <= test[0] <= ROOM[1]]
    if untold and len(warm) == 1:
        tests[warm[0]] += untold
    elif untold:
        tests[None, ""] = untold
    for group in tests.values():
        names = [point.property_name for _, point in group]
        together = [one for one in group if names.count(one[1].property_name) == 1]
        if together:
            yield _record(together[0][0], together)
        yield from (_record(one[0], [one]) for one in group if names.count(one[1].property_name) > 1)


def _record(place: int, points: Sequence[Placed], unread: tuple[str, ...] = ()) -> CheckedRecord:
    if not points:
        return CheckedRecord(place, "", {}, "", {}, unread=unread)
    composition = points[0][1].design.composition
    record = CheckedRecord(
        place=place,
        formula=str(composition),
        amounts={symbol: Fraction(number) for symbol, number in atoms_of(composition).items()},
        source=points[0][1].source,
        values={point.property_name: point.value for _, point in points if point.value is not None},
        places={point.property_name: number for number, point in points},
        written=False,
    )
    told = max((point.conditions for _, point in points), key=lambda one: one.test_temperature is not None)
    return replace(
        record, temperature=told.test_temperature, processing=told.processing, phase=told.phase, test=told.test
    )
