"""Parameters by name, and which end-members of phases have an energy; each that has none counts as 0 J/mol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

ENERGIES = ("G", "L")
"""Types of parameters that are energies."""
EndMember = tuple[str, ...]


def misplaced(phase: Any, row: Mapping[str, Any]) -> bool:
    """Whether a parameter has not the number of sublattices of its phase; pycalphad counts it nowhere."""
    sites = len(row["constituent_array"])
    return sites != len(phase.constituents) and not (phase.model_hints.get("ionic_liquid_2SL") and sites == 1)


def is_strange(phase: Any, row: Mapping[str, Any]) -> bool:
    """Whether a parameter, not `misplaced`, is of constituents that its phase does not hold there."""
    sites = row["constituent_array"]
    held = phase.constituents[-len(sites) :]  # a neutral species of an ionic liquid stands on the last one
    return any(s not in known and str(s) != "*" for site, known in zip(sites, held, strict=False) for s in site)


def holds(phase: Any, array: tuple[tuple[Any, ...], ...]) -> bool:
    """Whether a parameter's constituents stand on the sublattices of a phase."""
    if phase.constituents is None or len(array) != len(phase.constituents):
        return False
    return all(
        {str(species) for species in site} <= {"*", *map(str, held)}
        for site, held in zip(array, phase.constituents, strict=True)
    )


def is_slip(name: str, other: str) -> bool:
    """Whether two names differ by one letter too many, or by two neighbours that changed places."""
    short, long = sorted((name, other), key=len)
    if len(short) < len(long):
        return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))
    swapped = (long[:place] + long[place : place + 2][::-1] + long[place + 2 :] for place in range(len(long) - 1))
    return short != long and short in swapped


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
    for row in _of_end_members(rows):
        given.setdefault(row["phase_name"], set()).add(tuple(str(site[0]) for site in row["constituent_array"]))
    return given


def elements_with_energy(rows: Iterable[Any]) -> set[str]:
    """The elements of the end-members that rows of parameters give an energy, in upper case."""
    return {e for row in _of_end_members(rows) for site in row["constituent_array"] for e in site[0].constituents}


def _of_end_members(rows: Iterable[Any]) -> Iterator[Any]:
    for row in rows:
        alone = all(len(site) == 1 for site in row["constituent_array"])
        if alone and row["parameter_type"] in ENERGIES and row["parameter_order"] == 0:  # no other order counts
            yield row


def has_energy(ends: EndMember, given: Iterable[EndMember]) -> bool:
    """Whether an end-member, or one with ``*`` in places of its constituents, is among those with an energy."""
    return any(
        len(ends) == len(other) and all(b in (a, "*") for a, b in zip(ends, other, strict=True)) for other in given
    )


def pure(phase: Any, element: str) -> list[EndMember]:
    """The end-members of a phase that hold one element and vacancies only, whatever its charge or molecule."""
    alone = [[s for s in site if set(s.constituents) <= {element, "VA"}] for site in phase.constituents]
    own = {str(s) for site in alone for s in site if element in s.constituents}
    sites = [[str(s) for s in site] for site in alone]
    if phase.model_hints.get("ionic_liquid_2SL"):
        vacant = [(str(s), "VA") for s in alone[0] if "VA" in sites[1] and s.charge > 0]
        neutral = [(str(s),) for s in alone[1] if str(s) in own and s.charge == 0]
        return [*vacant, *neutral, *(("*", *one) for one in neutral)]
    return [ends for ends in product(*sites) if own & set(ends)]
