"""Parameters by name, and which end-members of phases have an energy; each that has none counts as 0 J/mol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

ENERGIES = ("G", "L")
"""Types of parameters that are energies."""
EndMember = tuple[str, ...]


def name_of(row: Mapping[str, Any]) -> str:
    """A parameter as a file names it."""
    sites = ":".join(",".join(str(species) for species in site) for site in row["constituent_array"])
    return f"{row['parameter_type']}({row['phase_name']},{sites};{row['parameter_order']})"


def counted(rows: Iterable[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], int]]:
    """Each parameter's first row, and how often the parameter is given; pycalphad would add all of them up."""
    same: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        same.setdefault((name_of(row), str(row["diffusing_species"])), []).append(row)
    return [(found[0], len(found)) for found in same.values()]


def with_energy(rows: Iterable[Any]) -> dict[str, set[EndMember]]:
    """By phase, the end-members that rows of parameters give an energy: a constituent by sublattice, ``*`` for any."""
    given: dict[str, set[EndMember]] = {}
    for row in rows:
        if row["parameter_type"] in ENERGIES and all(len(site) == 1 for site in row["constituent_array"]):
            given.setdefault(row["phase_name"], set()).add(tuple(str(site[0]) for site in row["constituent_array"]))
    return given


def has_energy(ends: EndMember, given: Iterable[EndMember]) -> bool:
    """Whether an end-member, or one with ``*`` in places of its constituents, is among those with an energy."""
    return any(
        len(ends) == len(other) and all(b in (a, "*") for a, b in zip(ends, other, strict=True)) for other in given
    )


def pure(phase: Any, element: str) -> list[EndMember]:
    """The end-members of a phase that hold one element and vacancies only."""
    sites = [[name for name in map(str, site) if name in (element, "VA")] for site in phase.constituents]
    return [ends for ends in product(*sites) if element in ends]
