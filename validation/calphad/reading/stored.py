"""What a text says, as JSON and back, to the last bit: expressions are trees of names and numbers.

No text of an expression is parsed when it comes back, which is what costs; nothing in it is run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pycalphad import Database
from pycalphad.io.database import Phase
from pycalphad.variables import Species

from validation.calphad.reading.expressions import built, tree
from validation.calphad.reading.grammar import Reading


def dumped(reading: Reading) -> bytes:
    """A reading as JSON."""
    database = reading.database
    species = sorted({*database.species, *_of_parameters(database)}, key=_key)
    place = {_key(one): index for index, one in enumerate(species)}
    document = {
        "notes": list(reading.notes),
        "rejected": list(reading.rejected),
        "unsupported": reading.unsupported,
        "elements": sorted(database.elements),
        "refstates": database.refstates,
        "structures": database._structure_dict,
        "species": [[one.name, one.constituents, one.charge] for one in species],
        "own_species": sorted(place[_key(one)] for one in database.species),
        "phases": [_phase(phase, place) for phase in database.phases.values()],
        "symbols": {name: tree(value) for name, value in database.symbols.items()},
        "parameters": [_parameter(row, place) for row in database._parameters.all()],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def loaded(content: bytes) -> Reading:
    """The reading that was dumped.

    Raises:
        ValueError, LookupError, TypeError: The content is something else.
    """
    document = json.loads(content)
    database = Database()
    species = [Species(name, constituents, charge) for name, constituents, charge in document["species"]]
    database.elements = set(document["elements"])
    database.species = {species[index] for index in document["own_species"]}
    database.refstates = document["refstates"]
    database._structure_dict = document["structures"]
    database.phases = {row["name"]: _phase_of(row, species) for row in document["phases"]}
    database.symbols = {name: built(value) for name, value in document["symbols"].items()}
    database._parameters.insert_multiple(_parameter_of(row, species) for row in document["parameters"])
    notes, rejected, unsupported = document["notes"], document["rejected"], document["unsupported"]
    return Reading(database, tuple(notes), tuple(rejected), unsupported)


def _key(species: Any) -> tuple[Any, ...]:
    return species.name, tuple(sorted(species.constituents.items())), species.charge


def _of_parameters(database: Any) -> set[Any]:
    rows = database._parameters.all()
    sites = {species for row in rows for site in row["constituent_array"] for species in site}
    return sites | {row["diffusing_species"] for row in rows}


def _phase(phase: Any, place: Mapping[Any, int]) -> dict[str, Any]:
    sites = [sorted(place[_key(species)] for species in site) for site in phase.constituents]
    return {"name": phase.name, "sites": sites, "ratios": list(phase.sublattices), "hints": phase.model_hints}


def _phase_of(row: Mapping[str, Any], species: list[Any]) -> Any:
    phase = Phase()
    phase.name, phase.sublattices, phase.model_hints = row["name"], tuple(row["ratios"]), row["hints"]
    phase.constituents = tuple(frozenset(species[index] for index in site) for site in row["sites"])
    return phase


def _parameter(row: Mapping[str, Any], place: Mapping[Any, int]) -> list[Any]:
    sites = [[place[_key(species)] for species in site] for site in row["constituent_array"]]
    diffusing = place[_key(row["diffusing_species"])]
    made = "_generated_by_symmetry_option" in row
    return [
        row["phase_name"],
        sites,
        row["parameter_type"],
        row["parameter_order"],
        tree(row["parameter"]),
        diffusing,
        made,
    ]


def _parameter_of(row: list[Any], species: list[Any]) -> dict[str, Any]:
    phase, sites, kind, order, value, diffusing, made = row
    found = {
        "phase_name": phase,
        "constituent_array": tuple(tuple(species[index] for index in site) for site in sites),
        "parameter_type": kind,
        "parameter_order": order,
        "parameter": built(value),
        "diffusing_species": species[diffusing],
        "reference": None,
    }
    return {**found, "_generated_by_symmetry_option": True} if made else found
