"""The files of results that a campaign begins with, as its configuration maps them."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alloys.design import Design, variable_text
from alloys.errors import InputError, MistakesError
from alloys.intake.mapping import TableMap
from alloys.intake.reading import Intake, read_mapped
from alloys.intake.reasons import by_reason
from alloys.intake.spaces import NO_DESIGNS, count_outside
from alloys.intake.tables import read_table
from alloys.points.tables.heads import named_columns
from alloys.properties import Property
from alloys.records import Observation
from alloys.space import FormulaSpace, GridSpace, Space, TableSpace
from alloys.space.variables import Variables


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that was read.

    Attributes:
        entry: how.
        sha256: of its content.
        intake: its rows, and what was left out.
        told: lines on what was assumed, and on rows that lack variables of the space, or lie outside of it.
    """

    entry: TableMap
    sha256: str
    intake: Intake
    told: tuple[str, ...]

    @property
    def rows(self) -> list[Observation]:
        """Its rows as observations; one without a source is the file's."""
        name = Path(self.entry.file).name
        return [Observation(row.design, row.values, row.source or name, None, row.stds) for row in self.intake.rows]

    @property
    def notes(self) -> list[str]:
        """What was left out of it: each kind of reason with its first lines; the most frequent one first."""
        return [
            f"{self.entry.file}, line{'s' * (len(lines) > 1)} {_first([str(line) for line in lines])}: {why}"
            for why, lines in by_reason(sorted([*self.intake.dropped, *self.intake.unread]))
        ]


def read_data(entries: Sequence[TableMap], properties: Mapping[str, Property], space: Space) -> list[DataFile]:
    """Reads the files of a configuration.

    Args:
        entries: how.
        properties: that may be named; variables that are numbers are among them.
        space: the campaign's.

    Raises:
        MistakesError: naming each that cannot be read by its map, has no row, or has values that a variable was not
            declared with; of a list, whose variables nobody declares, other alloys may have others.
    """
    files, mistakes = [], []
    declared = Variables() if isinstance(space, TableSpace) else space.variables
    for i, entry in enumerate(entries):
        try:
            _refuse_strangers(entry, space.variables)
            file = _read(entry, properties, space)
            _refuse_undeclared(file, declared)
            files.append(file)
        except InputError as error:
            mistakes.append(((i,), str(error)))
    if mistakes:
        raise MistakesError(mistakes)
    return files


def _refuse_strangers(entry: TableMap, variables: Variables) -> None:
    """Refuses a map that names a variable which the space has not, or as something else."""
    there = ", ".join(variables.names) or "none"
    for name in entry.variables:
        if name not in variables.names:
            raise InputError(f"{entry.file}: {name} is no variable of the space; there are {there}")
    for name in entry.properties:
        if name in variables.names:
            raise InputError(f"{entry.file}: {name} is a variable of the space; name its column under variables")


def _refuse_undeclared(file: DataFile, variables: Variables) -> None:
    """Refuses values that the space's variables cannot have, which no model would see."""
    wrong: defaultdict[str, list[str]] = defaultdict(list)
    for row in file.intake.rows:
        for name, value in row.design.variables:
            if name in variables.names and not variables[name].takes(value):
                told = f"{name} is {variables[name].told}, not {variable_text(value)}"
                wrong[told].append(str(row.line))
    if wrong:
        some = [f"line{'s' * (len(at) > 1)} {_first(at)}: {told}" for told, at in list(wrong.items())[:_NAMED]]
        more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise InputError(
            f"{file.entry.file}: {'; '.join(some)}{more}; add it to the variable's values, or leave such rows out by "
            "where"
        )


def _first(lines: Sequence[str]) -> str:
    return ", ".join(lines[:5]) + (f" and {len(lines) - 5} more" if len(lines) > 5 else "")


def _read(entry: TableMap, properties: Mapping[str, Property], space: Space) -> DataFile:
    intake = read_mapped(entry, properties)
    if not intake.rows:
        first = f"; line {intake.dropped[0][0]}: {intake.dropped[0][1]}" if intake.dropped else ""
        raise InputError(f"{entry.file}: no row has an alloy with a value{first}")
    with Path(entry.file).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    designs = [row.design for row in intake.rows]
    told = [*intake.notes, *lines_on_lacking(designs, space.variables), *_lines_on_outside(designs, space)]
    return DataFile(entry, digest, intake, tuple(f"{entry.file}: {line}" for line in told))


def _lines_on_outside(designs: Sequence[Design], space: Space) -> list[str]:
    """How many compositions are none of the space; of a list, whose alloys were chosen, nothing is said."""
    if not isinstance(space, GridSpace | FormulaSpace):
        return []
    n = count_outside(space, [design.composition for design in designs])
    where = (
        "break the rules of the space"
        if isinstance(space, FormulaSpace)
        else "lie between the steps of the space or beyond it"
    )
    return [f"{n} of {len(designs)} rows {where}: {NO_DESIGNS}"] if n else []


def lines_on_lacking(designs: Sequence[Design], variables: Variables) -> list[str]:
    """Which variables some designs have not, though the space asks for them: a line for each."""
    asked = [(design.values, variables.asked(design.values)) for design in designs]
    count = Counter(name for values, told in asked for name in variables.names if told[name] and name not in values)
    return [f"{n} of {len(designs)} rows have no {name}, and are known without it" for name, n in count.items()]


_NAMED = 6
"""Mistakes that one message names."""


def map_for(
    path: Path, entries: Sequence[TableMap], properties: Mapping[str, Property], variables: Variables
) -> tuple[TableMap, list[str]]:
    """How a file is read, and its columns that are not: as the entry for a file of that name says, of which none is
    missed, else by heads that name properties.

    Such a file has a column ``formula``, ``NAME [UNIT]`` for properties and variables, and ``NAME_std`` for standard
    deviations. Formulas are read as written, see `alloys.intake.mapping.Basis`.

    Raises:
        InputError: if it has none of them, or two columns of one property.
    """
    for entry in entries:
        if Path(entry.file).name == path.name:
            return entry.model_copy(update={"file": str(path)}), []
    header = read_table(path).header
    chosen, columns = named_columns(header, properties, variables.names)
    if "formula" not in header or not columns:
        raise InputError(
            f"{path}: needs a column 'formula' and columns named after properties, or an entry in `data` for a file of "
            f"this name; it has {', '.join(map(repr, header[:12]))}"
        )
    used = {"formula", *chosen.values(), *(name for each in columns.values() for name in (each.column, each.std))}
    entry = TableMap(file=str(path), formula="formula", basis="as written", variables=chosen, properties=columns)
    return entry, [head for head in header if head and head not in used]
