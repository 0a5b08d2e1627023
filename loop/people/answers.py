"""What people answer in tables: columns, units, numbers, and what is wrong with them, each by its line."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alloys.composition import SYMBOLS
from alloys.design import Value, read_variable
from alloys.errors import InputError
from alloys.intake.cells import failure_in, is_missing, text_in
from alloys.intake.tables import read_cells, refuse_doubled
from alloys.points.csv_cells import unescape
from alloys.properties import PROPERTIES, Property, refuse_contradictions
from alloys.units import scale_of
from loop.store import Result

_COLUMN = re.compile(r"^\s*([a-z0-9_]+?)(_std)?\s*(?:\[\s*(.+?)\s*\])?\s*$")
_PLAIN = ("key", "nonce", "validator", "laboratory", "formula", "failure", "bounds")
TOLERANCE = 1e-4
"""How far a fraction in a table may be from the alloy's: what three decimals of at.% and a spreadsheet leave."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row that was read: the answer, and what it says of the validator and the design."""

    result: Result
    validator: str
    formula: str
    fractions: Mapping[str, float]
    variables: Mapping[str, Value]


@dataclass
class Answers:
    """A file that was read: rows with an answer, how many there are without one, and what is wrong, by line."""

    lines: list[Line] = field(default_factory=list)
    empty: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of a property's values, or of their standard deviations.

    Attributes:
        row: the property.
        std: whether it holds standard deviations.
        unit: of the column.
        factor: with the offset, turns its numbers into the property's own unit.
        offset: in that unit.
    """

    row: Property
    std: bool
    unit: str
    factor: float
    offset: float


def read_answers(
    path: Path, variables: Collection[str] = (), properties: Mapping[str, Property] = PROPERTIES
) -> Answers:
    """Reads a file, CSV or XLSX, where designs have these variables, of these properties.

    Raises:
        InputError: if it cannot be read; for a missing, doubled or unknown column, or a unit that the property cannot
            be given in.
    """
    (_, head), *rows = read_cells(path) or [(1, [])]
    header = [unescape(cell).strip() for cell in head]
    answers = Answers()
    try:
        columns = _columns(header, variables, properties)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    for number, cells in rows:
        try:
            line = _line(number, header, cells, columns, variables, properties)
        except InputError as error:
            answers.problems.append((number, str(error)))
            continue
        if line is None:
            answers.empty += 1
        else:
            answers.lines.append(line)
    return answers


def _columns(
    header: list[str], variables: Collection[str], properties: Mapping[str, Property]
) -> dict[str, NumberColumn]:
    """The columns of numbers by their heads."""
    refuse_doubled(header)
    for name in ("key", "nonce"):
        if name not in header:
            raise InputError(f"needs a column {name!r}; begin with a file of `alloyloop queue export`")
    return number_columns([head for head in header if head not in ("", *_PLAIN, *variables, *SYMBOLS)], properties)


def number_columns(heads: Sequence[str], properties: Mapping[str, Property]) -> dict[str, NumberColumn]:
    """What columns of numbers hold by their heads, as ``NAME``, ``NAME_std`` and ``NAME [UNIT]``.

    Raises:
        InputError: for an unknown column, two of one property, or a unit that the property cannot be given in.
    """
    found = {head: _numbers_in(head, properties) for head in heads}
    unknown = [head for head, column in found.items() if column is None]
    if unknown:
        raise InputError(f"unknown columns {', '.join(unknown)}; properties are {', '.join(properties)}")
    columns = {head: column for head, column in found.items() if column is not None}
    kinds = Counter((column.row.name, column.std) for column in columns.values())
    for (name, _), count in kinds.items():
        if count > 1:
            raise InputError(f"{name} has two columns")
    return columns


def _numbers_in(head: str, properties: Mapping[str, Property]) -> NumberColumn | None:
    """What a column of numbers holds by its head; None where it is none."""
    match = _COLUMN.match(head)
    if match is None or match[1] not in properties:
        return None
    row = properties[match[1]]
    unit = match[3] or row.unit
    return NumberColumn(row, bool(match[2]), unit, *scale_of(row, unit))


def _line(
    number: int,
    header: list[str],
    cells: list[str],
    columns: Mapping[str, NumberColumn],
    variables: Collection[str],
    properties: Mapping[str, Property],
) -> Line | None:
    if len(cells) != len(header) or any(cell and not head for head, cell in zip(header, cells, strict=True)):
        raise InputError(f"has {len(cells)} cells, and the header {sum(map(bool, header))}")
    if any("\0" in cell for cell in cells):  # PostgreSQL cannot hold it
        raise InputError("holds a NUL character")
    row = dict(zip(header, (unescape(cell).strip() for cell in cells), strict=True))
    told = read_told(row, columns, properties)
    if told is None:
        return None
    values, stds, failure = told
    result = Result(number, row["key"], row["nonce"], values, stds, failure)
    fractions = {head: _number(head, cell) for head, cell in row.items() if head in SYMBOLS and not is_missing(cell)}
    chosen = {head: read_variable(cell) for head, cell in row.items() if head in variables and not is_missing(cell)}
    return Line(result, text_in(row.get("validator", "")), row.get("formula", ""), fractions, chosen)


def read_told(
    row: Mapping[str, str], columns: Mapping[str, NumberColumn], properties: Mapping[str, Property]
) -> tuple[dict[str, float], dict[str, float], str | None] | None:
    """The values of a row, their standard deviations and the reason of a failure; None where it says nothing.

    Cells such as NA say nothing.

    Raises:
        InputError: for cells that are no numbers, or that cannot be true, alone or together.
    """
    values, stds = _numbers(row, columns)
    failure = failure_in(row.get("failure", ""))
    if not values and not stds and failure is None:
        return None
    if set(stds) - set(values):
        raise InputError(f"a standard deviation without its value: {', '.join(sorted(set(stds) - set(values)))}")
    if values and failure is not None:
        raise InputError("values and a failure are given; a failed alloy has no values")
    refuse_contradictions(values, properties)
    return values, stds, failure


def _numbers(row: Mapping[str, str], columns: Mapping[str, NumberColumn]) -> tuple[dict[str, float], dict[str, float]]:
    """Values and standard deviations in the properties' own units."""
    values: dict[str, float] = {}
    stds: dict[str, float] = {}
    for head, column in columns.items():
        if is_missing(row[head]):
            continue
        if column.std:
            stds[column.row.name] = _std(column, row[head])
        else:
            values[column.row.name] = _value(column, row[head])
    return values, stds


def _number(name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in cell:
        raise InputError(f"{name} must be a finite number with a decimal point, got {cell[:40]!r}")
    return value


def _value(column: NumberColumn, cell: str) -> float:
    row = column.row
    value = _number(row.name, cell) * column.factor + column.offset
    if not row.low <= value <= row.high:
        given = "" if column.unit == row.unit else f", which is {value:g} {row.unit}"
        bounds = f"[{row.low:g}, {row.high:g}] {row.unit}"
        raise InputError(f"{row.name} must lie in {bounds}, got {cell[:40]} {column.unit}{given}{_way_out(row)}")
    return value


def _way_out(row: Property) -> str:
    """What to do about a range that a person chose and that the truth surpasses."""
    if PROPERTIES.get(row.name) == row:
        return ""
    return "; if that is true, go on with a wider range in a new file: alloyloop run NEW.yaml --from OLD"


def _std(column: NumberColumn, cell: str) -> float:
    row = column.row
    value, widest = _number(f"{row.name}_std", cell) * column.factor, row.high - row.low
    if not 0 <= value <= widest:
        raise InputError(f"{row.name}_std must lie in [0, {widest:g}] {row.unit}, got {cell[:40]}")
    return value
