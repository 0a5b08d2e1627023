"""From a guessed table and a goal to the parts of a campaign: a map of the table, own properties, a space."""

from __future__ import annotations

import math
import re
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alloys.errors import InputError
from alloys.intake.cells import is_missing, read_amount
from alloys.intake.guessing import Guess, TableColumn, slug
from alloys.intake.headers import is_unit, read_header
from alloys.intake.mapping import ColumnName, PropertyColumn, TableMap
from alloys.intake.processing import Processing, processing_of
from alloys.intake.reading import Intake, IntakeRow, read_rows_of
from alloys.intake.reasons import by_reason
from alloys.intake.tables import RawTable, shown
from alloys.physics.base import Physics
from alloys.physics.combined import only_amounts
from alloys.properties import PROPERTIES, Property
from alloys.units import scale_of

_FIXED = re.compile(r"temperature|\btemp\b|^t$|\btime\b|duration|\bhours?\b")
"""Conditions of a test that a property is compared at."""
_DOI = re.compile(r"\b10\.\d{4,}/")
_CONSTRAINT = re.compile(r"\s*(.+?)\s*(<=|>=)\s*(\S+)\s*")
_ALIKE = 5.0
"""Degrees that make no other test temperature."""
_BEYOND = 10.0
"""A property may reach so many times the largest value of the table."""
_BELOW = 1000.0
"""One that is positive may come down to the smallest by so much, but not to zero, which stands for no value."""
_NAMED = 3
"""Kinds of reasons that an error names."""
_ROWS_LEFT = 10
"""A condition is only fixed where so many rows keep it."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows of one alloy.

    Attributes:
        formula: of the alloy.
        lines: of the rows.
        same: lines of those that have just the same values as another one.
        apart: by how much values of a property differ at most, as a share of the largest.
    """

    formula: str
    lines: tuple[int, ...]
    same: tuple[int, ...]
    apart: float


@dataclass(frozen=True, slots=True)
class Draft:
    """What a campaign's file takes from a table.

    Attributes:
        entry: the map of the table.
        properties: own properties, by name, with the keys of a configuration.
        objectives: as a configuration has them.
        constraints: likewise.
        intake: the rows that are read by the map.
        columns: of the goal, by the name of the property.
        others: the table's other properties: their columns, and the keys of a configuration, by name.
        fixed: conditions that rows are chosen by: the column, the cells that count, and how many rows have others.
        mixed: conditions that differ among the rows, which are read alike.
        repeats: lines of each design that has several rows, which the table says the same of or something else.
        processing: the variables beside the composition that the table has.
    """

    entry: TableMap
    properties: Mapping[str, Mapping[str, Any]]
    objectives: tuple[str, ...]
    constraints: tuple[str, ...]
    intake: Intake
    columns: Mapping[str, TableColumn]
    others: Mapping[str, tuple[TableColumn, Mapping[str, Any]]]
    fixed: tuple[tuple[str, tuple[str, ...], int], ...]
    mixed: tuple[str, ...]
    repeats: tuple[Repeats, ...]
    processing: Processing

    @property
    def variables(self) -> dict[str, Any]:
        """The variables of the space, as a configuration has them."""
        return {name: dict(each.spec) for name, each in self.processing.variables.items()}


def draft(
    table: RawTable,
    found: Guess,
    goals: Sequence[tuple[str, str]],
    constraints: Sequence[str],
    physics: Physics,
    file: str,
    sheet: str | None = None,
) -> Draft:
    """The parts of a campaign.

    Args:
        table: the table.
        found: what it holds.
        goals: ``maximize`` or ``minimize``, and a property's name or header; or ``match``, and that with ``=VALUE`` or
            ``=LOW..HIGH``.
        constraints: such as ``yield strength >= 300``.
        physics: what is known before any data: its closed forms need no column.
        file: as the configuration names it.
        sheet: likewise.

    Raises:
        InputError: if no column names alloys, or a goal names no column of numbers, or no row has both.
    """
    if found.amounts is None:
        raise InputError(
            f"{file}: it has no column of formulas, such as Nb45Ta25Ti15Hf15, and no columns of amounts named "
            f"by elements; give the alloys in one of these ways"
        )
    objectives, limits, columns = _goal(found, goals, constraints, physics, file)
    wide = {name: PROPERTIES.get(name) or _unlimited(name, column) for name, column in columns.items()}
    entry, fixed, mixed = _with_fixed(table, found, _entry(found, columns, file, sheet), wide)
    intake = read_rows_of(table, entry, wide)
    lines = {row.line for row in intake.rows}
    processing = processing_of(table, found, lines, {*physics.properties, *columns})
    if processing.variables:
        mapped = {name: each.column for name, each in processing.variables.items()}
        entry = entry.model_copy(update={"variables": mapped})
        intake = read_rows_of(table, entry, {**wide, **processing.quantities})
    if not intake.rows:
        why = "; ".join(f"{len(at)} {reason}" for reason, at in by_reason(intake.dropped)[:_NAMED])
        raise InputError(f"{file}: no row has an alloy and a value: {why}")
    own = {n: _own(c, _values(n, intake), _scatter(n, intake)) for n, c in columns.items() if n not in PROPERTIES}
    others = {
        _free_name(column, physics): (column, _own(column, possible, 0.0))
        for column in found.of_kind("property")
        if column not in columns.values() and (possible := _possible(column))
    }
    repeats = tuple(_repeats(intake))
    return Draft(entry, own, objectives, limits, intake, columns, others, fixed, mixed, repeats, processing)


def _goal(
    found: Guess, goals: Sequence[tuple[str, str]], constraints: Sequence[str], physics: Physics, file: str
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, TableColumn]]:
    """Objectives and constraints as a configuration has them, and the columns of what they measure, by name."""
    columns: dict[str, TableColumn] = {}
    objectives = []
    for direction, text in goals:
        name, value = _parts_of_match(text) if direction == "match" else (text, "")
        objectives.append(f"{direction} {_resolved(name, found, physics, columns, file)} {value}".strip())
    limits = []
    for text in constraints:
        match = _CONSTRAINT.fullmatch(text)
        if match is None:
            raise InputError(f"--constraint takes a property, <= or >=, and a number, got {shown(text)}")
        if only_amounts(text):
            limits.append(text.strip())
            continue
        limits.append(f"{_resolved(match[1], found, physics, columns, file)} {match[2]} {match[3]}")
    if not columns:
        raise InputError(f"the goal follows from the composition alone; name a measured property: {_goals(found)}")
    return tuple(objectives), tuple(limits), columns


def _parts_of_match(text: str) -> tuple[str, str]:
    """A property and what it should match, of ``PROPERTY=VALUE``."""
    name, sign, value = (part.strip() for part in text.rpartition("="))
    if not (sign and name and value):
        raise InputError(f"a property is matched as PROPERTY=VALUE or PROPERTY=LOW..HIGH, got {shown(text)}")
    return name, value


def _resolved(text: str, found: Guess, physics: Physics, columns: dict[str, TableColumn], file: str) -> str:
    """The name of the property that a text means; its column is added to those of the goal."""
    wanted = slug(read_header(text).words)
    exact = [column for column in found.numbers if text in (column.name, column.what)]
    alike = [c for c in found.numbers if wanted != slug("") and wanted in (c.what, slug(read_header(c.name).words))]
    begun = [c for c in found.numbers if slug(read_header(c.name).words).startswith(f"{wanted}_")]
    for column in (exact or alike or (begun if len(begun) == 1 else []))[:1]:
        name = _free_name(column, physics)
        columns[name] = column
        return name
    if text in physics.closed_forms:
        return text
    _refuse_words(text, wanted, found, file)
    raise InputError(f"{file}: no column of numbers is {shown(text)}; there are {_goals(found)}")


def _refuse_words(text: str, wanted: str, found: Guess, file: str) -> None:
    """Refuses a column that is named, but holds too few numbers to be a property, with what its cells are."""
    for column in found.columns:
        profile = column.profile
        if profile.numeric or (text != column.name and wanted != slug(read_header(column.name).words)):
            continue
        told = zip(profile.cells, profile.numbers, strict=True)
        words = [cell for cell, number in told if number is None and not is_missing(cell)]
        some = f", such as {', '.join(map(shown, dict.fromkeys(words[:_NAMED])))}" if words else ""
        raise InputError(
            f"{file}: {shown(column.name)} is no column of numbers: of its {len(profile.cells)} cells "
            f"{len(profile.values)} are numbers, {len(words)} something else{some}"
        )


def _free_name(column: TableColumn, physics: Physics) -> str:
    """The property's name: that of a built-in one only where validation answers it, in a unit that converts."""
    row = PROPERTIES.get(column.what)
    if row is None:
        return column.what
    try:
        scale_of(row, unit_of(column))
    except InputError:
        return f"measured_{column.what}"
    return f"measured_{column.what}" if column.what in physics.closed_forms else column.what


def _goals(found: Guess) -> str:
    return ", ".join(column.what for column in found.numbers) or "none at all"


def unit_of(column: TableColumn) -> str:
    """The unit of a column's numbers, 1 where it names none that is known."""
    return column.unit if column.unit and is_unit(column.unit) else "1"


def _unlimited(name: str, column: TableColumn) -> Property:
    """A property whose values lie anywhere, or where its nature has them."""
    low = {"positive": sys.float_info.min, "not negative": 0.0}.get(column.sign, -math.inf)
    return Property(name, unit_of(column), "", low, math.inf, (max(low, 0.0), 1.0))


def _entry(found: Guess, columns: Mapping[str, TableColumn], file: str, sheet: str | None) -> TableMap:
    amounts = found.amounts
    assert amounts is not None
    spreads = {column.what: column.name for column in found.of_kind("std")}
    mapped = {n: PropertyColumn(column=c.name, unit=unit_of(c), std=spreads.get(c.name)) for n, c in columns.items()}
    used = {each.column for each in mapped.values()}
    formula = found.columns[amounts.formulas[0]].name if amounts.by_formula else None
    if formula == "":
        raise InputError(f"{file}: the column of formulas has no head; give it one, such as alloy")
    elements = {s: found.columns[i].name for i, s in amounts.elements.items() if found.columns[i].name not in used}
    sources = sorted(
        found.of_kind("reference"), key=lambda column: -sum(map(bool, map(_DOI.search, column.profile.cells)))
    )
    return TableMap(
        file=file,
        sheet=sheet,
        formula=formula,
        elements={} if amounts.by_formula else elements,
        basis=amounts.basis,
        balance=amounts.balance,
        properties=mapped,
        source=ColumnName(column=sources[0].name) if sources else "",
    )


def _with_fixed(
    table: RawTable, found: Guess, entry: TableMap, properties: Mapping[str, Property]
) -> tuple[TableMap, tuple[tuple[str, tuple[str, ...], int], ...], tuple[str, ...]]:
    """Keeps the rows at the usual condition, of each that tests are compared at; names the conditions that differ."""
    fixed = []
    mixed = []
    for column in found.of_kind("condition"):
        if not column.profile.numeric:
            continue
        lines = {row.line for row in read_rows_of(table, entry, properties).rows}
        place = table.header.index(column.name)
        cells = Counter(_plain(cells[place]) for line, cells in table.rows if line in lines)
        most = max((cell for cell in cells if cell), key=lambda cell: cells[cell], default="")
        kept = (most, *(cell for cell in sorted(cells) if cell != most and _near(cell, most, column)))
        left = sum(cells[cell] for cell in kept)
        if left == len(lines):
            continue
        if left < _ROWS_LEFT or not _FIXED.search(read_header(column.name).words):
            mixed.append(column.name)
            continue
        entry = entry.model_copy(update={"where": {**entry.where, column.name: [_value(cell) for cell in kept]}})
        fixed.append((column.name, kept, len(lines) - left))
    return entry, tuple(fixed), tuple(mixed)


def _plain(cell: str) -> str:
    """A cell of a condition, the same for 25 and 25.0; empty where it is missing."""
    if is_missing(cell):
        return ""
    try:
        return f"{read_amount(cell).value:g}"
    except InputError:
        return cell


def _near(cell: str, most: str, column: TableColumn) -> bool:
    """Whether a condition is as good as the one that most rows have: not given, or a few degrees from it."""
    number, other = _value(cell), _value(most)
    alike = _ALIKE if re.search("temp", column.name, re.IGNORECASE) else 0.0
    return not cell or (isinstance(number, float) and isinstance(other, float) and abs(number - other) <= alike)


def _value(cell: str) -> float | str:
    return float(cell) if cell and cell.replace(".", "", 1).replace("-", "", 1).isdigit() else cell


def _values(name: str, intake: Intake) -> list[float]:
    return [row.values[name] for row in intake.rows if name in row.values]


def _possible(column: TableColumn) -> list[float]:
    """The numbers of a column that can be true."""
    row = _unlimited("any", column)
    return [value for value in column.profile.values if row.low <= value <= row.high]


def _own(column: TableColumn, found: Sequence[float], scatter: float) -> dict[str, Any]:
    """A property of a campaign's own: a range for any discovery, what is usual, the scatter of repeats."""
    values = sorted(found)
    low, high = values[0], values[-1]
    positive = low > 0
    scale = "log" if positive and high > 100 * low else "linear"
    span = high - low or abs(high) or 1.0
    usual = [_rounded(values[round(part * (len(values) - 1))]) for part in (0.16, 0.84)]
    limits = _range(column.sign, low, high)
    if usual[0] >= usual[1]:
        below = 0.9 * low if positive else max(limits[0], low - 0.1 * span)
        usual = [_rounded(below), _rounded(high + 0.1 * span)]
    own: dict[str, Any] = {"unit": unit_of(column), "range": limits, "usual": usual}
    if scale == "log":
        own["scale"] = scale
    return {**own, "scatter": scatter} if scatter else own


def _range(sign: str, low: float, high: float) -> list[float]:
    """What can be true at all: far beyond what the table has, for it is there to be surpassed; the model ignores it."""
    most = _round_number(_BEYOND * max(abs(high), abs(low)))
    if sign == "positive":
        return [_round_number(low / _BELOW), most]
    return [0.0 if low >= 0 else -most, most]


def _repeats(intake: Intake) -> Iterator[Repeats]:
    groups: defaultdict[Any, list[IntakeRow]] = defaultdict(list)
    for row in intake.rows:
        groups[row.design].append(row)
    for design, rows in groups.items():
        if len(rows) > 1:
            told = [tuple(sorted(row.values.items())) for row in rows]
            values = [[row.values[name] for row in rows if name in row.values] for name in rows[0].values]
            apart = max((max(v) - min(v)) / max(map(abs, v)) if any(v) else 0.0 for v in values)
            same = tuple(row.line for row, values_ in zip(rows, told, strict=True) if told.count(values_) > 1)
            yield Repeats(design.formula, tuple(row.line for row in rows), same, apart)


def _scatter(name: str, intake: Intake) -> float:
    """The usual standard deviation of repeats, of the alloys that have any."""
    repeats: defaultdict[Any, list[float]] = defaultdict(list)
    for row in intake.rows:
        if name in row.values:
            repeats[row.design].append(row.values[name])
    spreads = [statistics.stdev(values) for values in repeats.values() if len(values) > 1]
    return _rounded(statistics.median(spreads)) if spreads else 0.0


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _round_number(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten from a positive value on."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next((step * power for step in (1, 2, 5) if step * power >= value), 10 * power)
