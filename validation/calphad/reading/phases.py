"""Which phases of a database an alloy of some elements can be computed with."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from validation.calphad.errors import DatabaseError
from validation.calphad.reading.commands import BUILT_IN
from validation.calphad.reading.end_members import ENERGIES, EndMember, counted, has_energy, name_of, pure, with_energy
from validation.calphad.reading.tdbfile import check_elements, check_phases

if TYPE_CHECKING:
    from validation.calphad.reading.grammar import Reading

GAS = re.compile(r"(^|_|\d)GAS(_|$)")
"""What names of gases look like (GAS, N2GAS, O1_GAS); a phase with the option G is one under any name."""
LIQUID = "LIQ"
"""What names of liquids hold (LIQUID, IONIC_LIQ); a phase with the option L or Y is one under any name."""
KNOWN = frozenset({"T", "P", "R"})
"""Names that pycalphad defines."""


@dataclass(frozen=True, slots=True)
class Usable:
    """Phases for alloys of some elements.

    Attributes:
        phases: upper-case names, in order.
        left_out: phases that could hold the elements to why they are not used.
    """

    phases: tuple[str, ...]
    left_out: dict[str, str]


def usable(
    reading: Reading, elements: Iterable[str], phases: Sequence[str] | None = None, exclude: Sequence[str] = ()
) -> Usable:
    """The phases that alloys of these elements can have.

    Without a list, phases that the file itself rejects stay out, and gases with undefined functions; with one, all of
    it is used or refused.

    Args:
        reading: what a TDB text says.
        elements: element symbols in any case.
        phases: phases to consider; all of the database by default.
        exclude: phases that are not considered.

    Raises:
        DatabaseError: The database lacks an element or a listed phase; no phase is left; or one of those that are left
            names a function that is not defined, or a model that pycalphad lacks, or has no energy for an element.
    """
    database = reading.database
    wanted = {element.upper() for element in elements}
    check_elements(database, wanted)
    check_phases(database, [*(phases or ()), *exclude])
    left_out = {} if phases is not None else dict.fromkeys(reading.rejected, "the file itself rejects it")
    asked = {name.upper() for name in phases or database.phases} - {name.upper() for name in exclude}
    able = holding(database, wanted, sorted(asked - set(left_out)))
    given = with_energy(rows_of(database))
    again = [row for row, count in counted(parameters_of(database, wanted)) if count > 1]
    twice = {row["phase_name"]: name_of(row) for row in again if row["parameter_type"] in ENERGIES}
    used, wrong = [], []
    for name in able:
        reason = _hindrance(reading, name, wanted, given, twice)
        if not reason:
            used.append(name)
        elif phases is None and is_gas(database, name):
            left_out[name] = reason
        else:
            wrong.append(f"{name} ({reason})")
    if wrong:
        those = f"which phases to use, phases: [{', '.join(used)}], or " if used else ""
        raise DatabaseError(
            f"alloys of {'-'.join(sorted(wanted))} cannot be computed with {', '.join(wrong)}; mend the file, or say "
            f"{those}which not to use, exclude: [...]"
        )
    if not used:
        raise DatabaseError(_nothing(sorted(wanted), len(database.phases), left_out))
    return Usable(tuple(used), {name: why for name, why in left_out.items() if holding(database, wanted, [name])})


def is_gas(database: Any, name: str) -> bool:
    """Whether a phase is a gas, by its option or its name."""
    return bool(database.phases[name].model_hints.get("gas")) or bool(GAS.search(name))


def is_liquid(database: Any, name: str) -> bool:
    """Whether a phase is a liquid, by its option or its name."""
    hints = database.phases[name].model_hints
    return bool(hints.get("liquid") or hints.get("ionic_liquid_2SL")) or LIQUID in name


def _nothing(elements: Sequence[str], phases: int, left_out: dict[str, str]) -> str:
    alloy = "-".join(elements)
    if not left_out:
        return f"none of the {phases} phases of the database can hold alloys of {alloy}"
    told = ", ".join(f"{name} ({why})" for name, why in sorted(left_out.items())[:8])
    return f"no phase is left for alloys of {alloy}: {told}; name those to use, phases: [...]"


def holding(database: Any, elements: set[str], names: Sequence[str]) -> list[str]:
    """Those of the phases that can hold some of the elements, in order, without disordered parts of others.

    Args:
        database: pycalphad's.
        elements: upper-case element names.
        names: of phases.
    """
    from pycalphad.core.utils import unpack_species

    species = unpack_species(database, sorted(elements | ({"VA"} & set(database.elements))))
    found = []
    for name in sorted(set(names) & set(database.phases)):
        partner = partner_of(database, name)
        # pycalphad lets an ordered phase hold all that its disordered partner holds.
        more = set() if partner is None else set(database.phases[partner].constituents[0])
        if all((set(sublattice) | more) & species for sublattice in database.phases[name].constituents):
            found.append(name)
    parts = {partner_of(database, name) for name in found}
    return [name for name in found if name not in parts]


def not_held(database: Any, names: Sequence[str], elements: Iterable[str]) -> list[str]:
    """Those of some elements, in any case, that none of the phases has among its constituents."""
    held = {
        symbol
        for name in names
        for site in database.phases[name].constituents
        for species in site
        for symbol in species.constituents
    }
    return [element for element in sorted(elements) if element.upper() not in held]


def partner_of(database: Any, name: str) -> str | None:
    """The disordered part of an ordered phase, if the database has one."""
    hints = database.phases[name].model_hints
    return hints.get("disordered_phase") if hints.get("ordered_phase") == name else None


def _hindrance(
    reading: Reading,
    name: str,
    elements: set[str],
    given: Mapping[str, Collection[EndMember]],
    twice: Mapping[str, str],
) -> str:
    """Why a phase cannot be computed, or nothing.

    Args:
        reading: what a TDB text says.
        name: of the phase.
        elements: upper-case element names.
        given: the end-members with an energy, by phase.
        twice: an energy that is given more than once, by phase.
    """
    database = reading.database
    parts = {name, str(database.phases[name].model_hints.get("disordered_phase", name))}
    for part in sorted(parts & set(reading.unsupported)):
        return f"pycalphad lacks the model {reading.unsupported[part]}"
    undefined = undefined_functions(database, elements, parts)
    if undefined:
        return f"the file does not define {', '.join(undefined[:8])}"
    for part in sorted(parts & set(twice)):
        return f"{twice[part]} is given twice, and programs differ in which counts; keep one"
    lacking = _without_energy(database, partner_of(database, name) or name, elements, given)
    return f"no energy of pure {', '.join(lacking)}, which would count as 0 J/mol" if lacking else ""


def _without_energy(
    database: Any, name: str, elements: set[str], given: Mapping[str, Collection[EndMember]]
) -> list[str]:
    """Elements that a liquid, or a phase in which elements are stable, can hold alone and has no energy of then.

    In a compound that is the rule: 0 J/mol is far above the elements' stable phases.
    """
    phase = database.phases[name]
    elemental = {str(reference.get("phase")) for reference in database.refstates.values()}
    if phase.model_hints.get("ionic_liquid_2SL") or not (name in elemental or is_liquid(database, name)):
        return []
    alone = {element: pure(phase, element) for element in sorted(elements)}
    known = given.get(name, ())
    return [element for element, ends in alone.items() if ends and not any(has_energy(each, known) for each in ends)]


def undefined_functions(database: Any, elements: Iterable[str], phases: Iterable[str] | None = None) -> list[str]:
    """Functions that alloys of these elements would need and the database does not define; they would count as 0.

    Args:
        database: What `parsed` returned.
        elements: Element symbols in any case.
        phases: Phases whose parameters count; all by default.
    """
    named = functions_in(database, (row["parameter"] for row in parameters_of(database, elements, phases)))
    return sorted(named - set(database.symbols) - KNOWN)


def functions_in(database: Any, expressions: Iterable[Any]) -> set[str]:
    """Names of all that expressions name, and the functions among them in turn, defined or not."""
    waiting, found = list(expressions), set[str]()
    while waiting:
        names = {str(symbol) for symbol in getattr(waiting.pop(), "free_symbols", ())} - found
        found |= names
        waiting += [database.symbols[name] for name in names if name in database.symbols]
    return found


def rows_of(database: Any) -> list[Any]:
    """Rows of all parameters, without the copies that TinyDB makes of them: change nothing in them."""
    parameters = database._parameters
    return list((parameters.storage.read() or {}).get(parameters.default_table_name, {}).values())


def parameters_of(database: Any, elements: Iterable[str], phases: Iterable[str] | None = None) -> list[Any]:
    """Rows of the parameters that alloys of these elements use.

    Args:
        database: pycalphad's.
        elements: element symbols in any case.
        phases: as in `undefined_functions`.
    """
    held = {element.upper() for element in elements} | BUILT_IN
    named = None if phases is None else {name.upper() for name in phases}
    return [
        row
        for row in rows_of(database)
        if (named is None or row["phase_name"] in named)
        and all(set(s.constituents) <= held for site in row["constituent_array"] for s in site)
    ]


def pieces_of(expression: Any) -> list[tuple[float, float]]:
    """The temperatures in K of each piece of an expression, as they stand in the file."""
    if type(expression).__name__ != "Piecewise":
        return []
    found = []
    for condition in expression.args[1::2]:
        bounds = [part for part in getattr(condition, "args", ()) if type(part).__name__ != "BooleanTrue"]
        numbers = [_ends(part) for part in ([condition] if type(condition).__name__ != "And" else bounds)]
        ends = [pair for pair in numbers if pair is not None]
        if ends:
            found.append((max(low for low, _ in ends), min(high for _, high in ends)))
    return found


def _ends(relation: Any) -> tuple[float, float] | None:
    """The temperatures that one relation allows: a number on the left is the lowest, on the right the highest."""
    if len(getattr(relation, "args", ())) != 2:
        return None
    left, right = relation.args
    if not getattr(left, "free_symbols", set()):
        return float(left), math.inf
    return 0.0, float(right)
