"""What was done to the alloys of a table, as variables: columns of temperatures, times and routes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alloys.design import Value
from alloys.errors import InputError
from alloys.intake.cells import Decimal, decimal_mark, is_missing
from alloys.intake.guessing import Guess, TableColumn, slug
from alloys.intake.headers import is_unit, read_header
from alloys.intake.reading import variable_in
from alloys.intake.tables import RawTable
from alloys.properties import Property
from alloys.space.variable_spec import VariableSpec, read_variables

_FEW = 12
"""At most so many different numbers or words are values one by one."""
_STEPS = 50
"""About so many steps are in a range."""
_WIDE = 100.0
"""Positive numbers whose ends are so many times apart count by their logarithms."""
_FILLED = 0.5
"""The share of rows that have a cell, of a column that no other one explains."""


@dataclass(frozen=True, slots=True)
class ProcessVariable:
    """A column as a variable.

    Attributes:
        column: its header.
        spec: the keys of a configuration.
        lacking: rows that have no cell there, though nothing says why.
    """

    column: str
    spec: Mapping[str, Any]
    lacking: int


@dataclass(frozen=True, slots=True)
class Processing:
    """The variables of a table by name, and the other columns of processing with what keeps them from being one."""

    variables: Mapping[str, ProcessVariable]
    left_out: tuple[tuple[str, str], ...]

    @property
    def quantities(self) -> dict[str, Property]:
        """Those that are numbers with a unit."""
        units = {name: each.spec["unit"] for name, each in self.variables.items() if "unit" in each.spec}
        return {name: _quantity(name, unit) for name, unit in units.items()}


def processing_of(table: RawTable, found: Guess, lines: Collection[int], taken: Collection[str]) -> Processing:
    """Looks for variables among the columns of processing.

    Args:
        table: the table.
        found: what its columns are.
        lines: of the rows that count.
        taken: names that mean something else.
    """
    rows = [cells for line, cells in table.rows if line in lines]
    decimal: Decimal = decimal_mark(cell for cells in rows for cell in cells) or ("." if table.separator == "," else "")
    values: dict[str, list[Value | None]] = {}
    columns: dict[str, TableColumn] = {}
    left_out: list[tuple[str, str]] = []
    for column in found.of_kind("process"):
        name = _name(column, {*taken, *columns})
        try:
            read = _read(column, name, [cells[table.header.index(column.name)] for cells in rows], decimal)
        except InputError as error:
            left_out.append((column.name, str(error)))
            continue
        why = _no_variable(read)
        if why:
            left_out.append((column.name, why))
            continue
        values[name], columns[name] = read, column
    made: dict[str, ProcessVariable] = {}
    for name, read in values.items():
        when = _condition(read, {other: values[other] for other in values if other != name and _words(values[other])})
        lacking = 0 if when else read.count(None)
        if lacking > (1 - _FILLED) * len(read):
            left_out.append((columns[name].name, f"{lacking} of {len(read)} rows have nothing there"))
            continue
        made[name] = ProcessVariable(columns[name].name, {**_spec(columns[name], read), **when}, lacking)
    return Processing(_buildable(made, left_out), tuple(left_out))


def _name(column: TableColumn, taken: Collection[str]) -> str:
    plain = slug(read_header(column.name).words)
    return next(n for n in (plain, *(f"{plain}_{k}" for k in range(2, len(taken) + 3))) if n not in taken)


def _read(column: TableColumn, name: str, cells: Sequence[str], decimal: Decimal) -> list[Value | None]:
    unit = read_header(column.name).unit
    quantity = _quantity(name, unit) if unit and is_unit(unit) else None
    return [None if is_missing(cell) else variable_in(cell, decimal, quantity, unit) for cell in cells]


def _quantity(name: str, unit: str) -> Property:
    return Property(name, unit, "", -math.inf, math.inf, (0.0, 1.0))


def _no_variable(read: Sequence[Value | None]) -> str:
    """What keeps a column from being a variable; empty where nothing does."""
    there = [value for value in read if value is not None]
    distinct = set(map(str, there))
    if len(distinct) < 2:
        return "it is the same in all rows"
    numbers = sum(_is_number(value) for value in there)
    if 0 < numbers < len(there):
        return f"{numbers} cells are numbers, and {len(there) - numbers} are words"
    return f"it has {len(distinct)} different words" if not numbers and len(distinct) > _FEW else ""


def _is_number(value: Value | None) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _words(read: Sequence[Value | None]) -> bool:
    return None not in read and not any(map(_is_number, read))


def _condition(read: Sequence[Value | None], routes: Mapping[str, Sequence[Value | None]]) -> dict[str, Any]:
    """When a column has cells: always, or where a column of words has some of its values; nothing if neither."""
    if None not in read:
        return {}
    for name, words in routes.items():
        filled = {word for word, value in zip(words, read, strict=True) if value is not None}
        empty = {word for word, value in zip(words, read, strict=True) if value is None}
        if not filled & empty:
            return {"when": {name: sorted(filled, key=str)}}
    return {}


def _spec(column: TableColumn, read: Sequence[Value | None]) -> dict[str, Any]:
    """The keys of a configuration: values where there are few, else a range on a grid around them."""
    there = list(dict.fromkeys(value for value in read if value is not None))
    numbers = [float(value) for value in there if isinstance(value, int | float) and not isinstance(value, bool)]
    if not numbers:
        return {"values": sorted(there, key=str)}
    unit = read_header(column.name).unit
    low, high = min(numbers), max(numbers)
    log = low > 0 and high > _WIDE * low
    beside = {**({"scale": "log"} if log else {}), **({"unit": unit} if unit and is_unit(unit) else {})}
    if len(there) <= _FEW:
        return {"values": sorted(there, key=lambda value: float(value)), **beside}
    if log:
        return {"low": low, "high": high, "count": _STEPS, **beside}
    step = next(s for k in range(-9, 16) for s in (1 * 10.0**k, 2 * 10.0**k, 5 * 10.0**k) if (high - low) / s <= _STEPS)
    ends = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return {"low": _plain(ends[0] * step), "high": _plain(ends[1] * step), "step": _plain(step), **beside}


def _plain(number: float) -> float:
    return float(f"{number:.10g}")


def _buildable(made: Mapping[str, ProcessVariable], left_out: list[tuple[str, str]]) -> dict[str, ProcessVariable]:
    """Those that a space can have; what is wrong with the others is noted."""
    kept: dict[str, ProcessVariable] = {}
    for name, each in made.items():
        plain = {key: value for key, value in each.spec.items() if key != "when"}
        try:
            read_variables({name: VariableSpec.model_validate(plain)})
        except (InputError, ValueError) as error:
            left_out.append((each.column, str(error).splitlines()[0]))
            continue
        kept[name] = each
    return {n: each for n, each in kept.items() if set(each.spec.get("when", {})) <= set(kept)}
