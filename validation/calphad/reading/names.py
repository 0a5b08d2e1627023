"""Names that a file cuts, as Thermo-Calc allows where one name alone begins so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import symengine

from validation.calphad.reading.end_members import holds

LENGTH = 8
"""Characters of a function's name that count in Thermo-Calc; a shorter name is not cut but another one."""


def resolve_functions(database: Any, notes: list[str]) -> None:
    """Replaces undefined functions that are the cut name of one defined function, in place."""
    found = {
        name: full
        for name in sorted(_used(database) - set(database.symbols))
        if (full := _meant(name, database.symbols)) is not None
    }
    if not found:
        return
    change = {symengine.Symbol(name): symengine.Symbol(full) for name, full in found.items()}
    for name, value in list(database.symbols.items()):
        database.symbols[name] = symengine.sympify(value).xreplace(change)
    for row in database._parameters.all():
        database._parameters.update({"parameter": row["parameter"].xreplace(change)}, doc_ids=[row.doc_id])
    notes += [f"{name} is taken for the function {full}" for name, full in found.items()]


def _used(database: Any) -> set[str]:
    values = [*database.symbols.values(), *(row["parameter"] for row in database._parameters.all())]
    return {str(symbol) for value in values for symbol in getattr(value, "free_symbols", ())}


def _meant(name: str, known: Iterable[str]) -> str | None:
    if len(name) < LENGTH:
        return None
    begin = [other for other in known if other.startswith(name)]
    same = [other for other in known if other[:LENGTH] == name[:LENGTH]]
    return next((fits[0] for fits in (begin, same) if len(fits) == 1), None)


def resolve_phases(database: Any, notes: list[str]) -> None:
    """Gives parameters of no phase to the one phase whose name begins so and that has their constituents, in place."""
    taken = {_place(row, row["phase_name"]) for row in database._parameter_queue}
    for row in database._parameter_queue:
        name = row["phase_name"]
        fits = [] if name in database.phases else [full for full in database.phases if full.startswith(name)]
        if len(fits) != 1 or _place(row, fits[0]) in taken:
            continue
        if holds(database.phases[fits[0]], row["constituent_array"]):
            row["phase_name"] = fits[0]
            note = f"parameters of {name} are taken for those of the phase {fits[0]}"
            if note not in notes:
                notes.append(note)


def _place(row: Mapping[str, Any], phase: str) -> tuple[Any, ...]:
    """What a parameter is of; a second one there would count beside the first."""
    return (phase, row["parameter_type"], row["constituent_array"], row["parameter_order"], row["diffusing_species"])
