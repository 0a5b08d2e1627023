"""Rows of a mapped table as alloys with values; every line that is none of them, with the reason."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from alloys.composition import SYMBOLS, Composition
from alloys.design import Design, Value, read_variable
from alloys.errors import InputError
from alloys.intake.amounts import composition_of_amounts, composition_of_formula, names_base
from alloys.intake.cells import (
    Amount,
    Decimal,
    decimal_mark,
    formula_in,
    is_missing,
    is_rest,
    is_unknown_amount,
    read_amount,
    text_in,
)
from alloys.intake.headers import read_header
from alloys.intake.mapping import AlloyColumns, ColumnName, TableMap
from alloys.intake.tables import RawTable, read_table, shown
from alloys.properties import Property, refuse_contradictions
from alloys.units import scale_of

_PPM = re.compile(r"ppm", re.IGNORECASE)
_WHOLE = ("at.%", "wt.%")
"""Bases of amounts that have to come to a whole."""


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """One measured alloy: values and standard deviations in the properties' own units."""

    line: int
    design: Design
    values: Mapping[str, float]
    stds: Mapping[str, float]
    source: str


@dataclass(frozen=True, slots=True)
class Intake:
    """A table that was read.

    Attributes:
        rows: the measured alloys, in the order of the table; repeats are rows of their own.
        dropped: each other line with the reason.
        unread: cells that have no single reading, of rows that have other values, with their lines.
        rounded: how many rows had amounts that were brought to a whole, within rounding.
        notes: what was assumed of the file.
    """

    rows: tuple[IntakeRow, ...]
    dropped: tuple[tuple[int, str], ...]
    unread: tuple[tuple[int, str], ...]
    rounded: int
    notes: tuple[str, ...]


@dataclass
class _Reader:
    """What each row is read with, and what was not read so far."""

    entry: TableMap
    table: RawTable
    properties: Mapping[str, Property]
    decimal: Decimal
    places: Mapping[str, int]
    scales: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    unread: list[tuple[int, str]] = field(default_factory=list)
    rounded: int = 0

    def scale(self, name: str, unit: str) -> tuple[float, float]:
        """Factor and offset from a unit to the property's own."""
        if (name, unit) not in self.scales:
            self.scales[name, unit] = scale_of(self.properties[name], unit)
        return self.scales[name, unit]


def read_mapped(entry: TableMap, properties: Mapping[str, Property]) -> Intake:
    """Reads a table by its map; see `read_rows_of` for one that is read already.

    Raises:
        InputError: if the file cannot be read, or the map does not fit it or the properties.
    """
    return read_rows_of(read_table(Path(entry.file), entry.sheet), entry, properties)


def read_rows_of(table: RawTable, entry: TableMap, properties: Mapping[str, Property]) -> Intake:
    """The rows of a table by its map.

    Raises:
        InputError: if the map names a column, an element, a property or a unit that is not there.
    """
    reader = _reader(table, entry, properties)
    rows: list[IntakeRow] = []
    dropped = list(table.unread)
    for line, cells in table.rows:
        try:
            rows.append(_row(reader, line, cells))
        except InputError as error:
            dropped.append((line, str(error)))
    notes = [*table.notes, *(["decimal commas are read"] if reader.decimal == "," else []), *_notes_on_names(reader)]
    return Intake(tuple(rows), tuple(sorted(dropped)), tuple(reader.unread), reader.rounded, tuple(notes))


def _notes_on_names(reader: _Reader) -> list[str]:
    """A line where names that mostly mean weights are read as atoms, because the map says so or says nothing."""
    entry = reader.entry
    if entry.formula is None or entry.basis != "at.%" or read_header(entry.formula).basis:
        return []
    cells = (cells[reader.places[entry.formula]] for _, cells in reader.table.rows)
    name = next(filter(names_base, cells), None)
    return [f"names such as {shown(name)} are read in at.%; if they are in wt.%: `basis: as written`"] if name else []


def _reader(table: RawTable, entry: TableMap, properties: Mapping[str, Property]) -> _Reader:
    _refuse_unknown(entry, properties)
    places = _places(table, entry)
    numbers = [column for name, column in entry.variables.items() if name in properties]
    numeric = [*entry.elements.values(), *(each.column for each in entry.properties.values()), *numbers]
    decimal = decimal_mark(cells[places[name]] for _, cells in table.rows for name in numeric)
    if not decimal and table.separator == ",":
        decimal = "."  # a comma between digits of a quoted cell is one of thousands
    reader = _Reader(entry, table, properties, decimal, places)
    units = [(name, each.column, each.unit or properties[name].unit) for name, each in entry.properties.items()]
    units += [(n, c, read_header(c).unit) for n, c in entry.variables.items() if _has_unit(properties.get(n))]
    for name, column, unit in units:
        try:
            _ = unit and reader.scale(name, unit)
        except InputError as error:
            raise InputError(f"{entry.file}: column {shown(column)}: {error}") from error
    return reader


def _places(table: RawTable, entry: TableMap) -> dict[str, int]:
    """Where the columns stand that the map names."""
    source = entry.source.column if isinstance(entry.source, ColumnName) else None
    values = [name for each in entry.properties.values() for name in (each.column, each.std)]
    alloys = (entry.formula, *entry.elements.values(), *entry.where, *entry.variables.values())
    return places_in(table, entry.file, [name for name in (*alloys, *values, source) if name is not None])


def places_in(table: RawTable, file: str, names: Iterable[str]) -> dict[str, int]:
    """Where columns stand, by name.

    Raises:
        InputError: for one that is not there.
    """
    names = list(names)
    for name in names:
        if name not in table.header:
            near = difflib.get_close_matches(name, table.header, n=3, cutoff=0.5) or table.header[:12]
            raise InputError(f"{file}: there is no column {shown(name)}; near it are {_list(near)}")
    return {name: table.header.index(name) for name in names}


def refuse_strangers(entry: AlloyColumns) -> None:
    """Refuses what is no element.

    Raises:
        InputError: naming the first.
    """
    for symbol in [*entry.elements, *([entry.balance] if entry.balance else [])]:
        if symbol not in SYMBOLS:
            raise InputError(f"{entry.file}: {shown(symbol)} is no chemical element; write symbols")


def _refuse_unknown(entry: TableMap, properties: Mapping[str, Property]) -> None:
    refuse_strangers(entry)
    unknown = [name for name in entry.properties if name not in properties]
    if unknown:
        raise InputError(f"{entry.file}: unknown properties {_list(unknown)}; known are {', '.join(properties)}")


def _row(reader: _Reader, line: int, cells: list[str]) -> IntakeRow:
    refuse_elsewhere(reader.entry, reader.places, cells)
    composition, rounded = composition_in(reader.entry, reader.places, reader.decimal, cells)
    values: dict[str, float] = {}
    stds: dict[str, float] = {}
    problems: list[str] = []
    for name in reader.entry.properties:
        try:
            _read_value(reader, name, cells, values, stds)
        except InputError as error:
            problems.append(f"{name}: {error}")
    if not values:
        raise InputError("no value: " + ("; ".join(problems) or "the cells are empty"))
    refuse_contradictions(values, reader.properties)
    reader.unread += [(line, problem) for problem in problems]
    reader.rounded += rounded
    given = reader.entry.source
    source = given if isinstance(given, str) else cells[reader.places[given.column]]
    return IntakeRow(
        line,
        Design.of(composition, _variables(reader, cells)),
        values,
        stds,
        "".join(c for c in text_in(source) if c.isprintable()),
    )


def _variables(reader: _Reader, cells: list[str]) -> dict[str, Value]:
    """What was done to the alloy of a row."""
    found: dict[str, Value] = {}
    for name, column in reader.entry.variables.items():
        cell = cells[reader.places[column]]
        if not is_missing(cell):
            try:
                found[name] = variable_in(cell, reader.decimal, reader.properties.get(name), read_header(column).unit)
            except InputError as error:
                raise InputError(f"no variable: {name}: {error}") from error
    return found


def variable_in(cell: str, decimal: Decimal, row: Property | None, unit: str) -> Value:
    """A variable's value from a cell: a number where it is one, else truth or a word.

    Args:
        cell: the cell.
        decimal: the table's mark.
        row: what the variable is as a number; a unit behind a number is one only where this has one, for ``316L`` is a
            word.
        unit: of the column, as its header says; empty if it says none.

    Raises:
        InputError: for a number in a unit that the variable cannot be given in.
    """
    word = read_variable(" ".join(cell.split()))
    try:
        read = read_amount(cell, decimal)
    except InputError:
        return word
    if row is None or not _has_unit(row):
        return word if read.unit else read_variable(repr(read.value))
    if not (read.unit or unit):
        return read_variable(repr(read.value))
    factor, offset = scale_of(row, read.unit or unit)
    return read_variable(f"{read.value * factor + offset:.10g}")


def _has_unit(row: Property | None) -> bool:
    return row is not None and row.unit != "1"


def refuse_elsewhere(entry: AlloyColumns, places: Mapping[str, int], cells: list[str]) -> None:
    """Refuses a row that ``where`` leaves out."""
    for name, wanted in entry.where.items():
        cell = cells[places[name]]
        if not any(_same(cell, one) for one in (wanted if isinstance(wanted, list) else [wanted])):
            raise InputError(f"left out by `where`: {shown(name)} is {shown(cell)}")


def _same(cell: str, wanted: str | int | float | bool) -> bool:
    if isinstance(wanted, bool | str):
        return cell.casefold() == str(wanted).casefold()
    try:
        return math.isclose(read_amount(cell).value, wanted, rel_tol=1e-9)
    except InputError:
        return False


def composition_in(
    entry: AlloyColumns, places: Mapping[str, int], decimal: Decimal, cells: list[str]
) -> tuple[Composition, bool]:
    """The composition of a row, and whether its amounts were brought to a whole.

    Args:
        entry: which columns say what an alloy is.
        places: of these columns, by name.
        decimal: the mark in the columns of amounts.
        cells: the row's.

    Raises:
        InputError: if the cells are no composition.
    """
    try:
        if entry.formula is not None:
            cell = cells[places[entry.formula]]
            if not formula_in(cell):
                raise InputError("the cell is empty")
            return composition_of_formula(cell, entry.basis, entry.balance)
        texts = {symbol: cells[places[name]] for symbol, name in entry.elements.items()}
        rest = [symbol for symbol, cell in texts.items() if is_rest(cell)]
        if len(rest) > 1:
            raise InputError(f"{' and '.join(rest)} cannot both take the rest")
        unknown = [f"{symbol} is {shown(cell)}" for symbol, cell in texts.items() if is_unknown_amount(cell)]
        if unknown and (rest or entry.balance or entry.basis not in _WHOLE):
            raise InputError(f"an amount is unknown, and no sum says that it is 0: {', '.join(unknown)}")
        amounts = {
            symbol: _amount(decimal, symbol, entry.elements[symbol], cell)
            for symbol, cell in texts.items()
            if symbol not in rest
        }
        return composition_of_amounts(amounts, entry.basis, rest[0] if rest else entry.balance)
    except InputError as error:
        raise InputError(f"no composition: {error}") from error


def _amount(decimal: Decimal, symbol: str, name: str, cell: str) -> Fraction:
    """One amount, exact as it is written, in percent where its column or its cell says ppm; 0 of an empty cell."""
    if is_missing(cell):
        return Fraction(0)
    try:
        read = read_amount(cell, decimal)
    except InputError as error:
        raise InputError(f"{symbol}: {error}") from error
    return Fraction(repr(read.value)) / (10_000 if _PPM.search(f"{name} {read.unit}") else 1)


def _read_value(reader: _Reader, name: str, cells: list[str], values: dict[str, float], stds: dict[str, float]) -> None:
    """Reads a property's value and standard deviation in its own unit; nothing where the cell is empty."""
    each, row = reader.entry.properties[name], reader.properties[name]
    cell = cells[reader.places[each.column]]
    if is_missing(cell):
        return
    read = read_amount(cell, reader.decimal)
    factor, offset = reader.scale(name, read.unit or each.unit or row.unit)
    value = read.value * factor + offset
    if not row.low <= value <= row.high:
        raise InputError(f"{shown(cell)} cannot be true, for {row.name} is {_range(row)}")
    std = _std(reader, name, cells, read)
    values[name] = value
    if std is not None:
        stds[name] = std * abs(factor)


def _range(row: Property) -> str:
    """Where values lie, in words."""
    if math.isfinite(row.high):
        return f"between {row.low:g} and {row.high:g} {row.unit}"
    return "not negative" if row.low == 0 else "more than 0"


def _std(reader: _Reader, name: str, cells: list[str], read: Amount) -> float | None:
    """The standard deviation of a value, in the unit of its cell."""
    column = reader.entry.properties[name].std
    cell = cells[reader.places[column]] if column is not None else ""
    if column is None or is_missing(cell):
        return read.std
    std = read_amount(cell.lstrip("±"), reader.decimal).value
    if std < 0:
        raise InputError(f"the standard deviation {shown(cell)} is negative")
    return std


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(shown, names))
