"""Parameters and functions of a database that look wrong: of nothing, counted twice, absurd, with gaps and jumps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise, product
from typing import Any

from validation.calphad.reading.commands import BUILT_IN
from validation.calphad.reading.end_members import (
    ENERGIES,
    counted,
    has_energy,
    is_strange,
    misplaced,
    name_of,
    with_energy,
)
from validation.calphad.reading.expressions import value_at
from validation.calphad.reading.phases import (
    functions_in,
    is_gas,
    parameters_of,
    partner_of,
    pieces_of,
    rows_of,
)

ABSURD_J = 2e6
"""Energy per mole of sites that no parameter of a real phase reaches, J."""
AT_K = 1000.0
JUMP_J = 50.0
"""Step of a function between two ranges that is no rounding, J."""
MOST_END_MEMBERS = 20_000


def doubts(database: Any, elements: Iterable[str]) -> list[str]:
    """What looks wrong, one line each.

    Args:
        database: pycalphad's.
        elements: element symbols in upper case; parameters of others are not looked at.
    """
    palette = sorted(elements)
    rows = [row for row in parameters_of(database, palette) if not _in_gas(database, row["phase_name"])]
    return [*_of_nothing(database, rows), *_twice(rows), *_absurd(database, rows), *_ranges(database, rows),
            *_without_energy(database, palette)]  # fmt: skip


def _in_gas(database: Any, phase: str) -> bool:
    return phase in database.phases and is_gas(database, phase)


def _of_nothing(database: Any, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Parameters of phases or constituents that are not there; they count nowhere."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        reason = _missing(database, row)
        if reason:
            found.setdefault((row["phase_name"], reason), []).append(name_of(row))
    for (phase, reason), names in sorted(found.items()):
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield f"{phase}: {names[0]}{more} {reason}; not counted"


def _missing(database: Any, row: Mapping[str, Any]) -> str:
    """What a parameter names that is not there, or nothing."""
    phase = database.phases.get(row["phase_name"])
    if phase is None:
        return "of a phase that the file lacks"
    if misplaced(phase, row):
        return f"without the {len(phase.constituents)} sublattices of the phase"
    return "of constituents that the phase does not hold there" if is_strange(phase, row) else ""


def _twice(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for row, count in counted(rows):
        if count > 1:
            yield f"{name_of(row)} is given {count} times, and programs differ in which counts"


def _absurd(database: Any, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["parameter_type"] not in ENERGIES or row["phase_name"] not in database.phases:
            continue
        value = value_at(database, row["parameter"], AT_K)
        sites = sum(database.phases[row["phase_name"]].sublattices)
        if value is not None and abs(value) > ABSURD_J * max(sites, 1.0):
            yield f"{name_of(row)} is {value:.3g} J/mol at {AT_K:g} K"


def _ranges(database: Any, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Gaps between ranges of temperature, where the value is 0 or another range's, and steps between them."""
    used = functions_in(database, (row["parameter"] for row in rows)) & set(database.symbols)
    named = [(name, database.symbols[name]) for name in sorted(used)] + [
        (name_of(row), row["parameter"]) for row in rows
    ]
    for name, expression in named:
        pieces = sorted(pieces_of(expression))
        for (_, before), (after, _) in pairwise(pieces):
            if abs(before - after) > 1e-6:
                what = "is given twice" if before > after else "is not given"
                yield f"{name} {what} between {min(before, after):g} and {max(before, after):g} K"
            elif (step := _step(database, expression, before)) > JUMP_J:
                yield f"{name} jumps by {step:.0f} J/mol at {before:g} K"


def _step(database: Any, expression: Any, kelvin: float) -> float:
    below, above = (value_at(database, expression, kelvin + change) for change in (-1e-6, 1e-6))
    return 0.0 if below is None or above is None else abs(below - above)


def _without_energy(database: Any, palette: list[str]) -> Iterator[str]:
    """End-members without an energy, in phases that have some; each counts as 0 J/mol, which is rarely meant."""
    held = set(palette) | BUILT_IN
    given = with_energy(rows_of(database))
    for name, phase in sorted(database.phases.items()):
        sites = [sorted(str(s) for s in site if set(s.constituents) <= held) for site in phase.constituents]
        if (
            is_gas(database, name)
            or partner_of(database, name) is not None
            or math.prod(map(len, sites)) > MOST_END_MEMBERS
        ):
            continue
        if phase.model_hints.get("ionic_liquid_2SL"):  # neutral ones stand alone there
            continue
        lacking = [
            ":".join(ends)
            for ends in product(*sites)
            if set(ends) - {"VA"} and not has_energy(ends, given.get(name, ()))
        ]
        if lacking:
            shown = ", ".join(lacking[:4]) + (" ..." if len(lacking) > 4 else "")
            count = f"{len(lacking)} of {math.prod(map(len, sites))}"
            yield f"{name}: {count} end-members without energy, counted as 0 J/mol: {shown}"
