"""The records of the published table of multi-principal-element alloys, as text: what every reader of it shares.

The table is a user's file; none of it comes with the project.

References:
    Borg, C. K. H. et al. (2020). Expanded dataset of mechanical properties and observed phases of multi-principal
        element alloys. Sci. Data 7, 430: the table and its columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.intake.cells import number
from alloys.intake.tables import PlainTable, read_rows

Record = Mapping[str, str | None]
"""The cells of a record by the heading of their column."""

FORMULA = "FORMULA"
TEMPERATURE = "PROPERTY: Test temperature ($^\\circ$C)"


def read_records(path: Path, needed: Sequence[str]) -> PlainTable:
    """The records of a file.

    Raises:
        InputError: if the file cannot be read, or lacks a column that is needed.
    """
    table = read_rows(path)
    lacking = sorted(set(needed) - set(table.columns))
    if lacking:
        raise InputError(
            f"{path} is not the published MPEA table: it lacks the columns {', '.join(map(repr, lacking))}"
        )
    return table


def composition_of(record: Record) -> Composition:
    """The alloy of a record: amounts of atoms.

    Raises:
        InputError: if its formula cannot be read.
    """
    return Composition.parse((record[FORMULA] or "").replace(" ", ""))


def number_in(cell: str | None) -> float | None:
    """The finite number of a cell; None where there is none."""
    return number((cell or "").strip())
