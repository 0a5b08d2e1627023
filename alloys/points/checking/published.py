"""Records of the published table as they stand in the file, to be checked: also those that are no points."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from alloys.composition import amounts_in
from alloys.errors import InputError
from alloys.points.checking.record import CheckedRecord
from alloys.points.published import DOI, calculated_in, doi_in, published_columns, state_in, test_in
from alloys.points.published_records import FORMULA, TEMPERATURE, Record, number_in, read_records


def records_of_published(path: Path) -> list[CheckedRecord]:
    """Every record of the file, with its line.

    Raises:
        InputError: if the file cannot be read, or is another table.
    """
    table = read_records(path, (FORMULA, TEMPERATURE, DOI))
    return [_checked(line, record) for line, record in table.numbered()]


def _checked(line: int, record: Record) -> CheckedRecord:
    unread: list[str] = []
    source, formula = "", " ".join((record[FORMULA] or "").split())
    try:
        source = doi_in(record)
    except InputError as error:
        unread.append(str(error))
    values: dict[str, float] = {}
    for column in published_columns():
        if not column.why_not and (value := _number(record, column.heading, unread)) is not None:
            values[column.name] = value
    state = state_in(record)
    return CheckedRecord(
        place=line,
        formula=formula,
        amounts=_amounts(formula, unread),
        source=source,
        values=values,
        temperature=_number(record, TEMPERATURE, unread),
        processing=state.processing,
        phase=state.phase,
        test=test_in(record),
        calculated=calculated_in(record),
        unread=tuple(unread),
    )


def _number(record: Record, heading: str, unread: list[str]) -> float | None:
    cell = (record.get(heading) or "").strip()
    value = number_in(cell)
    if cell and value is None:
        unread.append(f"{heading} is no number: {cell[:40]!r}")
    return value


def _amounts(formula: str, unread: list[str]) -> Mapping[str, Fraction]:
    try:
        amounts = amounts_in(formula.replace(" ", ""))
    except InputError as error:
        unread.append(str(error))
        return {}
    if not any(amounts.values()):
        unread.append(f"the formula {formula[:40]!r} has no amounts")
        return {}
    return amounts
