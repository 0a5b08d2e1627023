"""Tables of alloys: the one that ships with the project, and a user's own CSV files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.files import packaged_rows
from alloys.intake.cells import failure_in
from alloys.intake.tables import read_rows
from alloys.properties import PROPERTIES, checked_value, refuse_contradictions


@dataclass(frozen=True, slots=True)
class KnownAlloy:
    """An alloy of the literature.

    Attributes:
        formula: as its paper writes it, or in parts.
        composition: the same, exact.
        phase: what the paper reports, ``BCC``, ``BCC+Laves`` and so on.
        doi: the paper.
    """

    formula: str
    composition: Composition
    phase: str
    doi: str


def known_alloys() -> list[KnownAlloy]:
    """The table of well-known refractory alloys, ``data/known_alloys.csv``."""
    return [
        KnownAlloy(row["formula"], Composition.parse(row["formula"]), row["phase"], row["doi"])
        for row in packaged_rows("alloys", "data/known_alloys.csv")
    ]


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """One line of a user's table: a design, and its property values or why there are none."""

    line: int
    design: Design
    values: Mapping[str, float]
    failure: str | None = None


def read_measurements(path: Path) -> list[MeasuredRow]:
    """Reads a CSV file with a ``formula`` column and columns named after properties.

    A column ``failure`` may say why an alloy has no values. Empty cells are missing values; other columns are
    refused, so that a misspelt property is not lost.

    Raises:
        InputError: naming every line that is wrong: text or NaN in numbers, unknown columns, bad formulas,
            values that cannot be true.
    """
    table = read_rows(path)
    columns = table.columns
    if "formula" not in columns:
        raise InputError(f"{path}: needs a column 'formula', got {', '.join(columns) or 'an empty file'}")
    names = [name for name in columns if name not in ("formula", "failure")]
    unknown = [name for name in names if name not in PROPERTIES]
    if unknown or not (names or "failure" in columns):
        raise InputError(
            f"{path}: columns must be properties; unknown are {unknown or 'none, but none is given'}; "
            f"available are {', '.join(PROPERTIES)}"
        )
    parsed, problems = [], []
    for number, row in table.numbered():
        try:
            parsed.append(_measured_row(number, names, row))
        except InputError as error:
            problems.append(f"line {number}: {error}")
    if problems:
        raise InputError(f"{path}: " + "; ".join(problems))
    if not parsed:
        raise InputError(f"{path}: has no rows")
    return parsed


def _measured_row(number: int, names: list[str], row: Mapping[str, str]) -> MeasuredRow:
    cells = {name: row[name].strip() for name in names}
    values = {name: _number(name, cell) for name, cell in cells.items() if cell}
    failure = failure_in(row.get("failure", ""))
    if failure is not None and "\0" in failure:  # PostgreSQL cannot hold it
        raise InputError("the failure holds a NUL character")
    if not values and failure is None:
        raise InputError("no property value is given, and no failure")
    if values and failure is not None:
        raise InputError("values and a failure are given; a failed alloy has no values")
    refuse_contradictions(values)
    return MeasuredRow(number, Design.parse(row["formula"] or ""), values, failure)


def _number(name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise InputError(f"{name} must be a number in {PROPERTIES[name].unit}, got {cell[:40]!r}") from None
    return checked_value(name, value)
