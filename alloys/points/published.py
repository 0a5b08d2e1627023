"""Points of the published table of multi-principal-element alloys: one of each measured cell, with its conditions.

Nothing is averaged, and no element is a reason to leave a record out. A record, or a cell, that is no point is told
with the reason.

References:
    Borg, C. K. H. et al. (2020). Sci. Data 7, 430: the table and its columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.files import packaged_rows
from alloys.points.doi import doi_of
from alloys.points.point import Point, PointConditions, PointKind, PointSource, point_properties
from alloys.points.published_records import FORMULA, TEMPERATURE, Record, composition_of, number_in, read_records

DOI = "REFERENCE: doi"
_YEAR = "REFERENCE: year"
_TITLE = "REFERENCE: title"
_PROCESSING = "PROPERTY: Processing method"
_PHASES = "PROPERTY: Microstructure"
_STRUCTURE = "PROPERTY: BCC/FCC/other"
_TEST = "PROPERTY: Type of test"

_TESTS = {"C": "compression", "T": "tension"}
_UNTOLD = "other"
"""The structure of an alloy that is neither of the two that the table names."""
_REPEAT = "repeat of a point: "
UNREADABLE = "value that cannot be true or read: "
"""What the reason of a cell that is no point begins with; the name of its property is in the rest."""


@dataclass(frozen=True, slots=True)
class PublishedColumn:
    """A column of numbers.

    Attributes:
        heading: of the column.
        name: the property; of a column whose cells are no points, what they are.
        at_test: whether the value holds at the temperature and in the kind of the record's test.
        why_not: why its cells are no points; empty where they are.
    """

    heading: str
    name: str
    at_test: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class PublishedPoints:
    """What the table says.

    Attributes:
        points: one of each property of a record, each fact once.
        lines: of the file, of each point.
        sources: the papers by DOI.
        dropped: records and cells that are no point, or repeat one: their line, and why.
        records: how many the file has.
    """

    points: tuple[Point, ...]
    lines: tuple[int, ...]
    sources: Mapping[str, PointSource]
    dropped: tuple[tuple[int, str], ...]
    records: int

    def to_json(self) -> dict[str, Any]:
        """The counts: records, sources, per property as published, as points and as repeats, and what was dropped."""
        reasons = Counter(why for _, why in self.dropped)
        points = Counter(point.property_name for point in self.points)
        properties = {
            name: {"published": count + reasons[_REPEAT + name], "points": count, "repeats": reasons[_REPEAT + name]}
            for name, count in points.most_common()
        }
        return {
            "records": self.records,
            "records_with_points": len(set(self.lines)),
            "points": len(self.points),
            "sources": len(self.sources),
            "properties": properties,
            "dropped": dict(reasons.most_common()),
        }


def read_published_points(path: Path) -> PublishedPoints:
    """Reads the table of Borg et al.; amounts are those of atoms.

    Raises:
        InputError: if the file cannot be read, is another table, or has no point.
    """
    table = read_records(path, (FORMULA, TEMPERATURE, DOI))
    found: dict[str, tuple[int, Point]] = {}
    sources: dict[str, PointSource] = {}
    dropped: list[tuple[int, str]] = []
    for line, record in table.numbered():
        try:
            source = _source(record)
            cells = list(_cells(record, source.name))
        except InputError as error:
            dropped.append((line, str(error)))
            continue
        for told in cells:
            if isinstance(told, str):
                dropped.append((line, told))
            elif told.key in found:
                dropped.append((line, _REPEAT + told.property_name))
            else:
                found[told.key] = (line, told)
                sources.setdefault(source.name, source)
    if not found:
        reasons = "; ".join(f"line {line}: {why}" for line, why in dropped[:3]) or "it has no records"
        raise InputError(f"{path}: no record is a point ({reasons})")
    lines, points = zip(*found.values(), strict=True)
    return PublishedPoints(points, lines, sources, tuple(dropped), len(table.rows))


def calculated_in(record: Record) -> dict[str, float]:
    """What the table calculates for a record's alloy, by property: no points, but a second word on its composition."""
    cells = ((column.name, number_in(record.get(column.heading))) for column in published_columns() if column.why_not)
    return {name: value for name, value in cells if value is not None and name in point_properties()}


@cache
def published_columns() -> tuple[PublishedColumn, ...]:
    """The columns of numbers."""
    rows = packaged_rows("alloys", "data/published_columns.csv")
    return tuple(PublishedColumn(row["heading"], row["property"], bool(row["at_test"]), row["why_not"]) for row in rows)


def doi_in(record: Record) -> str:
    """The paper of a record.

    Raises:
        InputError: if it tells none.
    """
    said = (record[DOI] or "").strip()
    try:
        return doi_of(said)
    except InputError:
        why = "its source is no DOI, such as 10.1038/s41597-020-00768-9" if said else "it names no source"
        raise InputError(why) from None


def _source(record: Record) -> PointSource:
    doi = doi_in(record)
    year = number_in(record.get(_YEAR))
    return PointSource(doi, (record.get(_TITLE) or "").strip(), None if year is None else int(year))


def _cells(record: Record, source: str) -> Iterator[Point | str]:
    """Each cell with a number as a point of a source, or why it is none.

    Raises:
        InputError: if the formula of the record cannot be read, or nothing stands in it.
    """
    try:
        composition = composition_of(record)
    except InputError as error:
        raise InputError(f"formula that cannot be read: {error}") from None
    columns = [column for column in published_columns() if (record.get(column.heading) or "").strip()]
    if all(column.why_not for column in columns):
        yield "record without a measured value"
    for column in columns:
        if column.why_not:
            yield f"{column.name}, {column.why_not}"
            continue
        try:
            yield _point(column, composition, record, source)
        except InputError as error:
            told = str(error) if column.name in str(error) else f"{column.name}: {error}"
            yield f"{UNREADABLE}{told}"


def _point(column: PublishedColumn, composition: Composition, record: Record, source: str) -> Point:
    value = number_in(record[column.heading])
    if value is None:
        raise InputError(f"{column.name} is no number: {record[column.heading]!r}")
    return Point(
        design=Design(composition),
        property_name=column.name,
        unit=point_properties()[column.name].unit,
        value=value,
        kind=PointKind.LITERATURE,
        source=source,
        conditions=_conditions(record, column.at_test),
    )


def state_in(record: Record) -> PointConditions:
    """Processing and phase of a record's alloy: what holds of it whatever the test."""
    phase, structure = ((record.get(heading) or "").strip() for heading in (_PHASES, _STRUCTURE))
    return PointConditions(
        processing=(record.get(_PROCESSING) or "").strip(), phase=phase or ("" if structure == _UNTOLD else structure)
    )


def test_in(record: Record) -> str:
    """The kind of a record's test."""
    told = (record.get(_TEST) or "").strip()
    return _TESTS.get(told, told)


def _conditions(record: Record, at_test: bool) -> PointConditions:
    known = state_in(record)
    if not at_test:
        return known
    cell = (record[TEMPERATURE] or "").strip()
    celsius = number_in(cell)
    if cell and celsius is None:
        raise InputError(f"test temperature is no number: {cell!r}")
    return replace(known, test_temperature=celsius, test=test_in(record))
