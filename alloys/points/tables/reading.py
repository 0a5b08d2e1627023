"""Rows of a mapped table as points; every line that is none, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alloys.errors import InputError
from alloys.intake.cells import Decimal, decimal_mark, is_missing, read_amount, text_in
from alloys.intake.headers import read_header
from alloys.intake.mapping import ColumnName
from alloys.intake.reading import IntakeRow, places_in, read_rows_of
from alloys.intake.tables import RawTable, read_table, shown
from alloys.points.doi import doi_of, means_doi
from alloys.points.point import LONGEST_TEXT, Point, PointConditions, PointKind, PointSource, point_properties
from alloys.points.tables.heads import points_map_for
from alloys.points.tables.mapping import PointsMap, TemperatureColumn, TextOrColumn
from alloys.properties import Property, with_own
from alloys.units import check_unit, scale_of

_CELSIUS = Property("test_temperature", "°C", "of the test", -273.15, 6000.0, (0.0, 1000.0))


@dataclass(frozen=True, slots=True)
class TablePoints:
    """What a table says.

    Attributes:
        points: one of each value of a row.
        lines: of the file, of each point.
        sources: what is known of them, by name.
        dropped: rows and cells that are no point, with their lines.
        notes: what was assumed of the file.
    """

    points: tuple[Point, ...]
    lines: tuple[int, ...]
    sources: Mapping[str, PointSource]
    dropped: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]


def read_table_points(path: Path, entries: Sequence[PointsMap] = ()) -> TablePoints:
    """Reads a table.

    Args:
        path: CSV, XLSX or JSON.
        entries: how; a table of several columns of one property, such as at several temperatures, has one for each. By
            its heads if there is none, see `points_map_for`.

    Raises:
        InputError: if it cannot be read, a map does not fit it, or no row is a point.
    """
    points: list[Point] = []
    lines: list[int] = []
    sources: dict[str, PointSource] = {}
    dropped: list[tuple[int, str]] = []
    notes: list[str] = []
    for entry, table, said in _mapped(path, entries):
        notes += said
        properties = _properties(entry)
        intake = read_rows_of(table, entry, properties)
        reader = _Conditions(entry, table)
        notes += [*intake.notes, *reader.notes]
        dropped += [*intake.dropped, *intake.unread]
        for row in intake.rows:
            try:
                source, found = reader.points(row, properties)
            except InputError as error:
                dropped.append((row.line, str(error)))
                continue
            points += found
            lines += [row.line] * len(found)
            sources.setdefault(source.name, source)
    if not points:
        first = "; ".join(f"line {line}: {why}" for line, why in sorted(dropped)[:3])
        raise InputError(f"{path}: no row is a point{f' ({first})' if first else ''}")
    return TablePoints(tuple(points), tuple(lines), sources, tuple(sorted(dropped)), tuple(dict.fromkeys(notes)))


def _mapped(path: Path, entries: Sequence[PointsMap]) -> Iterator[tuple[PointsMap, RawTable, list[str]]]:
    """Each map with the table that it reads, and what is to be said of them."""
    if entries:
        yield from ((entry, read_table(path, entry.sheet), []) for entry in entries)
        return
    table = read_table(path)
    entry, left = points_map_for(path, table, point_properties())
    yield entry, table, ([f"not read: {', '.join(map(shown, left))}"] if left else [])


def _properties(entry: PointsMap) -> Mapping[str, Property]:
    """The properties that the map may name, its own among them."""
    own = {name: spec.property(name) for name, spec in entry.declare.items()}
    known = [name for name in own if name in point_properties()]
    if known:
        raise InputError(f"declare: {known[0]} is known already, in {point_properties()[known[0]].unit}; leave it out")
    for row in own.values():
        check_unit(row.unit)
    return with_own(own, point_properties())


class _Conditions:
    """What the rows of a table say beside their values."""

    def __init__(self, entry: PointsMap, table: RawTable) -> None:
        self._entry = entry
        self._places = places_in(table, entry.file, entry.columns())
        self._cells = dict(table.rows)
        self.notes: list[str] = []
        heat = entry.conditions.test_temperature
        self._unit = ""
        self._decimal: Decimal = "."
        if isinstance(heat, TemperatureColumn):
            self._unit = heat.unit or read_header(heat.column).unit
            self._decimal = decimal_mark(cells[self._places[heat.column]] for _, cells in table.rows)
            if not self._unit:
                self.notes.append(f"{shown(heat.column)} says no unit, and is read in {_CELSIUS.unit}")
            scale_of(_CELSIUS, self._unit or _CELSIUS.unit)

    def points(self, row: IntakeRow, properties: Mapping[str, Property]) -> tuple[PointSource, list[Point]]:
        """The source of a row, and its values as points.

        Raises:
            InputError: saying why it has none.
        """
        entry, cells = self._entry, self._cells[row.line]
        told = entry.conditions
        conditions = PointConditions(
            self._celsius(cells), *(self._text(one, cells) for one in (told.processing, told.phase, told.test))
        )
        source = self._source(row, cells)
        for text in (conditions.processing, conditions.phase, conditions.test, source.name):
            if len(text) > LONGEST_TEXT:
                raise InputError(f"a text of {len(text)} letters is more than {LONGEST_TEXT}: {shown(text)}")
        kind = self._kind(cells)
        return source, [
            Point(row.design, name, properties[name].unit, value, kind, source.name, row.stds.get(name), conditions)
            for name, value in row.values.items()
        ]

    def _text(self, told: TextOrColumn, cells: list[str]) -> str:
        if isinstance(told, str):
            return told
        cell = text_in(cells[self._places[told.column]])
        return " ".join("".join(c if c.isprintable() else " " for c in cell).split())

    def _celsius(self, cells: list[str]) -> float | None:
        heat = self._entry.conditions.test_temperature
        if not isinstance(heat, TemperatureColumn):
            return heat
        cell = cells[self._places[heat.column]]
        if is_missing(cell):
            return None
        try:
            read = read_amount(cell, self._decimal)
            factor, offset = scale_of(_CELSIUS, read.unit or self._unit or _CELSIUS.unit)
        except InputError as error:
            raise InputError(f"no temperature: {error}") from error
        return float(f"{read.value * factor + offset:.10g}")

    def _kind(self, cells: list[str]) -> PointKind:
        text = self._text(self._entry.kind, cells) or str(PointKind.LITERATURE)
        kinds = [kind for kind in PointKind if kind is not PointKind.GENERATED]
        if text not in kinds:
            raise InputError(f"no kind: {shown(text)} is none of {', '.join(kinds)}")
        return PointKind(text)

    def _source(self, row: IntakeRow, cells: list[str]) -> PointSource:
        """The source: its DOI, or else what the row says of it, or else the file."""
        entry = self._entry
        doi = self._text(entry.doi, cells)
        if doi:
            name = doi_of(doi)
        elif entry.doi and not row.source.strip():
            raise InputError(
                "no source: the cell of its DOI is empty, and no other source is named; a column 'source' has them"
            )
        else:
            name = row.source.strip() or Path(entry.file).name
            name = doi_of(name) if means_doi(name) else name
        year = self._year(cells)
        return PointSource(name, self._text(entry.title, cells), year, self._text(entry.licence, cells))

    def _year(self, cells: list[str]) -> int | None:
        told = self._entry.year
        if not isinstance(told, ColumnName):
            return told
        cell = self._text(told, cells)
        if cell and not (cell.isdecimal() and len(cell) == 4):
            raise InputError(f"no year: {shown(cell)} is none, such as 2020")
        return int(cell) if cell else None
