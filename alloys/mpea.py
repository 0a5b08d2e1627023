"""The published table of multi-principal-element alloys, reduced to the rows that the papers' generators learn from.

The table is a user's file; none of it comes with the project.

References:
    Borg, C. K. H. et al. (2020). Expanded dataset of mechanical properties and observed phases of multi-principal
        element alloys. Sci. Data 7, 430: the table and its columns.
    Tung, C.-H. et al. (2022). Evaluating generative models for inverse design of high-entropy refractory alloys,
        section 3.1: the 22 elements.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.files import open_atomic
from alloys.intake.cells import is_missing
from alloys.physics.closed_forms import properties_of
from alloys.physics.elements import tabulated_elements
from alloys.points.published_records import FORMULA, TEMPERATURE, Record, composition_of, number_in, read_records

CLOSED = ("shear_modulus", "fracture_toughness")
"""Closed forms written for each composition; the papers' conditions."""

ROOM = (15.0, 35.0)
"""Test temperatures, in degrees Celsius, that count as room temperature."""

MEASURED: dict[str, tuple[str, tuple[float, float] | None]] = {
    "measured_density": ("PROPERTY: Exp. Density (g/cm$^3$)", None),
    "measured_hardness": ("PROPERTY: HV", None),
    "measured_youngs_modulus": ("PROPERTY: Exp. Young modulus (GPa)", None),
    "measured_yield_strength_room": ("PROPERTY: YS (MPa)", ROOM),
    "measured_yield_strength_1300c": ("PROPERTY: YS (MPa)", (1290.0, 1310.0)),
}
"""Columns of measurements: the published column, and the test temperatures that count.

Units: g/cm3, HV, GPa, MPa, MPa.
"""

Columns = dict[str, float]


@dataclass(frozen=True, slots=True)
class ImportedTable:
    """The table after reduction.

    Attributes:
        rows: distinct compositions, in the order of their first record, with the values known of each.
        records: records read.
        dropped: why records are not rows of their own, with counts; they and the rows add up to the records.
        ambiguous: measured columns whose records disagree, with the number of compositions left empty.
        unreadable: published columns that are read and have cells that are no numbers, with how many.
    """

    rows: tuple[tuple[Composition, Columns], ...]
    records: int
    dropped: Mapping[str, int]
    ambiguous: Mapping[str, int]
    unreadable: Mapping[str, int] = field(default_factory=dict)


def read_mpea(path: Path) -> ImportedTable:
    """Reads the published table and reduces it to distinct compositions of the papers' elements.

    Raises:
        InputError: if the file cannot be read, is another table, or leaves no composition.
    """
    table = read_records(path, (FORMULA, TEMPERATURE, *(column for column, _ in MEASURED.values())))
    imported = reduce_records(table.rows)
    if not imported.rows:
        reasons = ", ".join(f"{n} {why}" for why, n in imported.dropped.items()) or "it has no records"
        raise InputError(f"{path}: no composition is left ({reasons})")
    return imported


def reduce_records(records: Sequence[Record]) -> ImportedTable:
    """Distinct compositions with closed forms and unambiguous measurements, and what was dropped and why.

    A measurement is unambiguous where all records of the composition that give it, at the temperatures that
    count, give the same number.
    """
    dropped: Counter[str] = Counter()
    groups: dict[Composition, list[Record]] = {}
    closed: dict[Composition, Columns] = {}
    for record in records:
        try:
            composition, values = _read(record)
        except InputError as error:
            dropped[str(error)] += 1
            continue
        if composition in groups:
            dropped["repeat of a composition"] += 1
        groups.setdefault(composition, []).append(record)
        closed[composition] = values
    ambiguous: Counter[str] = Counter()
    rows = tuple((c, closed[c] | _measured(group, ambiguous)) for c, group in groups.items())
    unreadable = _unreadable(record for group in groups.values() for record in group)
    return ImportedTable(rows, len(records), dict(dropped.most_common()), dict(ambiguous), unreadable)


def _unreadable(records: Iterable[Record]) -> dict[str, int]:
    """How many cells are no numbers, of each column that is read."""
    columns = dict.fromkeys((TEMPERATURE, *(column for column, _ in MEASURED.values())))
    cells = ((column, record[column] or "") for record in records for column in columns)
    return dict(Counter(column for column, cell in cells if not is_missing(cell) and number_in(cell) is None))


def _read(record: Record) -> tuple[Composition, Columns]:
    try:
        composition = composition_of(record)
    except InputError:
        raise InputError("formula that cannot be read") from None
    stray = sorted(set(composition.elements) - set(tabulated_elements()))
    if stray:
        raise InputError(f"element outside the 22: {', '.join(stray)}")
    values = properties_of(composition)
    if not set(CLOSED) <= set(values):
        raise InputError("element without reference data")
    return composition, {name: values[name] for name in CLOSED}


def _measured(group: Iterable[Record], ambiguous: Counter[str]) -> Columns:
    found: Columns = {}
    records = list(group)
    for name, (column, window) in MEASURED.items():
        values = {value for record in records if (value := _value(record, column, window)) is not None}
        if len(values) == 1:
            found[name] = values.pop()
        elif values:
            ambiguous[name] += 1
    return found


def _value(record: Record, column: str, window: tuple[float, float] | None) -> float | None:
    if window is not None:
        temperature = number_in(record[TEMPERATURE])
        if temperature is None or not window[0] <= temperature <= window[1]:
            return None
    return number_in(record[column])


def formula_of(composition: Composition) -> str:
    """A formula that reads back as the same composition, in parts.

    >>> formula_of(Composition.parse("Nb2HfTi0.5"))
    'Hf2Nb4Ti1'
    """
    whole = math.lcm(*(fraction.denominator for _, fraction in composition.items))
    return "".join(f"{symbol}{fraction * whole}" for symbol, fraction in composition.items)


def write_rows(rows: Sequence[tuple[Composition, Columns]], path: Path) -> None:
    """Writes the rows as CSV: a formula column, the closed forms and the measurements, empty where unknown.

    Raises:
        InputError: if the file cannot be written.
    """
    columns = (*CLOSED, *MEASURED)
    try:
        with open_atomic(path.resolve(), mode=0o644) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            writer = csv.writer(text)
            writer.writerow(["formula", *columns])
            for composition, values in rows:
                cells = [f"{values[name]:.10g}" if name in values else "" for name in columns]
                writer.writerow([formula_of(composition), *cells])
            text.detach()
    except OSError as error:
        raise InputError(f"cannot write {path}: {error}") from error
