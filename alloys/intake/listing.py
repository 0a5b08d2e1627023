"""Lists of candidates that people bring: each row is a design, its other columns are variables."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alloys.composition import Composition
from alloys.design import Design, Value
from alloys.errors import InputError
from alloys.intake.cells import Decimal, decimal_mark, is_missing, no_single_value
from alloys.intake.guessing import slug
from alloys.intake.headers import read_header
from alloys.intake.mapping import AlloyColumns
from alloys.intake.reading import composition_in, places_in, refuse_elsewhere, refuse_strangers, variable_in
from alloys.intake.tables import RawTable, read_table, shown
from alloys.properties import Property

_LETTER = re.compile("[a-z]")
_SAID = 6
"""Lines that an error names; of more it says how many there are."""


@dataclass(frozen=True, slots=True)
class CandidateRows:
    """A list that was read: each design once.

    Attributes:
        designs: in the order of the table.
        units: of the variables that have one in their header, by name.
    """

    designs: tuple[Design, ...]
    units: dict[str, str]


def names_rows(distinct: int, count: int) -> bool:
    """Whether so many different values of a column with words only name ``count`` rows, and are no categories."""
    return distinct > max(2, count // 2)


def read_list(entry: AlloyColumns, inputs: Sequence[str] | None) -> CandidateRows:
    """Reads a list of candidates.

    Args:
        entry: the file, and which columns say what an alloy is. Without any, the column ``formula`` is meant; where
            ``inputs`` are named, a table without one has no compositions, only variables.
        inputs: the columns that become variables; all others if None.

    Raises:
        InputError: if the file cannot be read, a column is not there, or naming each line that is no design, lacks a
            cell, or repeats another.
    """
    table = read_table(Path(entry.file), entry.sheet)
    refuse_strangers(entry)
    if entry.formula is None and not entry.elements and ("formula" in table.header or inputs is None):
        if "formula" not in table.header:
            raise InputError(
                f"{entry.file}: no column says what the alloys are; name it by formula:, columns of amounts by "
                "elements:, or columns of plain inputs by inputs:. It has "
                f"{', '.join(map(shown, table.header[:12]))}"
            )
        entry = entry.model_copy(update={"formula": "formula"})
    alloys = [name for name in (entry.formula, *entry.elements.values()) if name is not None]
    chosen = [n for n in table.header if n and n not in (*alloys, *entry.where)] if inputs is None else list(inputs)
    places = places_in(table, entry.file, [*alloys, *entry.where, *chosen])
    names = _names(entry, chosen)
    decimal = _decimal(table, [places[name] for name in (*entry.elements.values(), *chosen)])
    units = {column: read_header(column).unit for column in chosen}
    reader = _ListReader(entry, places, names, decimal, {c: _quantity(names[c], unit) for c, unit in units.items()})
    return CandidateRows(reader.designs(table), {names[column]: unit for column, unit in units.items() if unit})


def _quantity(name: str, unit: str) -> Property | None:
    """What a column of numbers with a unit holds."""
    return Property(name, unit, "", -math.inf, math.inf, (0.0, 1.0)) if unit else None


def _names(entry: AlloyColumns, columns: Sequence[str]) -> dict[str, str]:
    """What the columns are called as variables, by column."""
    words = {column: read_header(column).words or column for column in columns}
    names = {column: text if _LETTER.fullmatch(text) else slug(text) for column, text in words.items()}
    for column, name in names.items():
        twins = [other for other in columns if names[other] == name]
        if len(twins) > 1:
            raise InputError(
                f"{entry.file}: the columns {' and '.join(map(shown, twins))} are both {name}; rename {shown(column)}"
            )
    return names


def _decimal(table: RawTable, places: Sequence[int]) -> Decimal:
    found = decimal_mark(cells[place] for _, cells in table.rows for place in places)
    return "." if not found and table.separator == "," else found


@dataclass(frozen=True, slots=True)
class _ListReader:
    entry: AlloyColumns
    places: dict[str, int]
    names: dict[str, str]
    decimal: Decimal
    quantities: dict[str, Property | None]

    def designs(self, table: RawTable) -> tuple[Design, ...]:
        """Every row as a design."""
        first: dict[Design, int] = {}
        problems = [f"line {line}: {why}" for line, why in table.unread]
        for line, cells in table.rows:
            try:
                refuse_elsewhere(self.entry, self.places, cells)
            except InputError:
                continue
            try:
                design = self._design(cells)
            except InputError as error:
                problems.append(f"line {line}: {error}")
                continue
            if design in first:
                problems.append(f"line {line} repeats line {first[design]}: {design}")
            first.setdefault(design, line)
        problems += self._no_numbers(first)
        if problems:
            more = f"; and {len(problems) - _SAID} more" if len(problems) > _SAID else ""
            raise InputError(f"the candidates {self.entry.file}: {'; '.join(problems[:_SAID])}{more}")
        return tuple(first)

    def _no_numbers(self, lines: Mapping[Design, int]) -> list[str]:
        """Cells that are no numbers, where one alone takes a column of numbers from the model."""
        told = list[str]()
        for column, name in self.names.items():
            values = {design: design.values[name] for design in lines}
            words = [(lines[design], value) for design, value in values.items() if isinstance(value, str)]
            if 2 * len(words) < len(values) and names_rows(len(set(values.values())), len(values)):
                otherwise = "is no number" if self.quantities[column] else ""
                reasons = [(line, word, no_single_value(word) or otherwise) for line, word in words]
                told += [f"line {line}: {shown(column)}: {shown(word)} {why}" for line, word, why in reasons if why]
        return told

    def _design(self, cells: list[str]) -> Design:
        named = self.entry.formula is not None or bool(self.entry.elements)
        composition = Composition.unknown()
        if named:
            composition, _ = composition_in(self.entry, self.places, self.decimal, cells)
        lacking = [column for column in self.names if is_missing(cells[self.places[column]])]
        if lacking:
            raise InputError(f"lacks a cell in {', '.join(map(shown, lacking))}; fill it in, or leave the row out")
        values: dict[str, Value] = {
            name: variable_in(cells[self.places[column]], self.decimal, self.quantities[column], "")
            for column, name in self.names.items()
        }
        return Design.of(composition, values)
