"""A file of people's answers, read line by line: columns, units, numbers, and what is wrong with them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from alloys.composition import SYMBOLS
from alloys.errors import InputError
from alloys.properties import PROPERTIES, refuse_contradictions
from alloys.units import scale_of
from loop.people.csv_cells import unescape
from loop.store import Result
from loop.store.imports import Problem

_COLUMN = re.compile(r"^\s*([a-z0-9_]+?)(_std)?\s*(?:\[\s*(.+?)\s*\])?\s*$")
_PLAIN = ("key", "nonce", "validator", "formula", "failure", "bounds")
# Problems that are kept to be told; of more the number is enough.
_KEPT_PROBLEMS = 1000

_Values = tuple[tuple[int, str, str, float, float], ...]
"""Place, property, unit, factor and offset of columns of values."""
_Stds = tuple[tuple[int, str, float], ...]
"""Place, property and factor of columns of standard deviations."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where things stand in a row."""

    width: int
    key: int
    nonce: int
    validator: int | None
    formula: int | None
    failure: int | None
    elements: tuple[tuple[int, str], ...]
    variables: tuple[tuple[int, str], ...]
    values: _Values
    stds: _Stds


@dataclass(frozen=True, slots=True)
class Line:
    """A row that was read: the answer, and what it says of the validator and the alloy; variables as they stand."""

    result: Result
    validator: str
    formula: str
    fractions: tuple[tuple[str, float], ...]
    variables: tuple[tuple[str, str], ...]


@dataclass
class Problems:
    """What is wrong with a file."""

    kept: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, line: int, text: str) -> None:
        """Notes what is wrong with a line."""
        if len(self.kept) < _KEPT_PROBLEMS:
            self.kept.append((line, text))
        else:
            self.more += 1


def columns_of(header: list[str], variables: Collection[str] = ()) -> Columns:
    """What the header says, where designs have these variables.

    Raises:
        InputError: for a missing, doubled or unknown column, or a unit that the property cannot be given in.
    """
    places = {name.strip(): place for place, name in enumerate(header)}
    if len(places) != len(header):
        raise InputError("a column is named twice")
    for name in ("key", "nonce"):
        if name not in places:
            raise InputError(f"needs a column {name!r}; begin with a file of `alloyloop queue export`")
    chosen = tuple((place, name) for name, place in places.items() if name in variables)
    values, stds = _property_columns({name: place for name, place in places.items() if name not in variables})
    elements = tuple((place, name) for name, place in places.items() if name in SYMBOLS)
    validator, formula, failure = (places.get(name) for name in ("validator", "formula", "failure"))
    who = (places["key"], places["nonce"], validator, formula, failure)
    return Columns(len(header), *who, elements, chosen, values, stds)


def _property_columns(places: Mapping[str, int]) -> tuple[_Values, _Stds]:
    """The columns of values and of standard deviations."""
    values: dict[str, tuple[int, str, str, float, float]] = {}
    stds: dict[str, tuple[int, str, float]] = {}
    unknown = []
    for column, place in places.items():
        if column in _PLAIN or column in SYMBOLS:
            continue
        match = _COLUMN.match(column)
        if match is None or match[1] not in PROPERTIES:
            unknown.append(column)
            continue
        name, unit = match[1], match[3] or PROPERTIES[match[1]].unit
        if name in (stds if match[2] else values):
            raise InputError(f"{name} has two columns")
        factor, offset = scale_of(name, unit)
        if match[2]:
            stds[name] = (place, name, factor)
        else:
            values[name] = (place, name, unit, factor, offset)
    if unknown:
        raise InputError(f"unknown columns {', '.join(unknown)}; properties are {', '.join(PROPERTIES)}")
    return tuple(values.values()), tuple(stds.values())


def read_lines(reader: Iterator[list[str]], columns: Columns, problems: Problems) -> Iterator[Line | None]:
    """Rows with an answer, None for those without; what is wrong is noted and left out."""
    for number, cells in enumerate(reader, start=2):
        line = getattr(reader, "line_num", number)
        if not any(cells):
            continue
        try:
            yield _line(line, [unescape(cell).strip() for cell in cells], columns)
        except InputError as error:
            problems.add(line, str(error))


def _line(line: int, cells: list[str], columns: Columns) -> Line | None:
    if len(cells) != columns.width:
        raise InputError(f"has {len(cells)} cells, and the header {columns.width}")
    if any("\0" in cell for cell in cells):  # PostgreSQL cannot hold it
        raise InputError("holds a NUL character")
    values = {
        name: _value(name, cells[place], unit, factor, offset)
        for place, name, unit, factor, offset in columns.values
        if cells[place]
    }
    stds = {name: _std(name, cells[place], factor) for place, name, factor in columns.stds if cells[place]}
    failure = cells[columns.failure] if columns.failure is not None and cells[columns.failure] else None
    if not values and not stds and failure is None:
        return None
    if set(stds) - set(values):
        raise InputError(f"a standard deviation without its value: {', '.join(sorted(set(stds) - set(values)))}")
    if values and failure is not None:
        raise InputError("values and a failure are given; a failed alloy has no values")
    refuse_contradictions(values)
    result = Result(line, cells[columns.key], cells[columns.nonce], values, stds, failure)
    validator, formula = ("" if place is None else cells[place] for place in (columns.validator, columns.formula))
    fractions = tuple((symbol, _number(symbol, cells[place])) for place, symbol in columns.elements if cells[place])
    variables = tuple((name, cells[place]) for place, name in columns.variables if cells[place])
    return Line(result, validator, formula, fractions, variables)


def _number(name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in cell:
        raise InputError(f"{name} must be a finite number with a decimal point, got {cell[:40]!r}")
    return value


def _value(name: str, cell: str, unit: str, factor: float, offset: float) -> float:
    row = PROPERTIES[name]
    value = _number(name, cell) * factor + offset
    if not row.low <= value <= row.high:
        given = "" if unit == row.unit else f", which is {value:g} {row.unit}"
        raise InputError(f"{name} must lie in [{row.low:g}, {row.high:g}] {row.unit}, got {cell[:40]} {unit}{given}")
    return value


def _std(name: str, cell: str, factor: float) -> float:
    value, widest = _number(f"{name}_std", cell) * factor, PROPERTIES[name].high - PROPERTIES[name].low
    if not 0 <= value <= widest:
        raise InputError(f"{name}_std must lie in [0, {widest:g}] {PROPERTIES[name].unit}, got {cell[:40]}")
    return value
