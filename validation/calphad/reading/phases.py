"""Which phases of a database an alloy of some elements can be computed with."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from validation.calphad.errors import DatabaseError
from validation.calphad.reading.commands import BUILT_IN
from validation.calphad.reading.end_members import (
    ENERGIES,
    EndMember,
    counted,
    elements_with_energy,
    has_energy,
    holds,
    is_slip,
    is_strange,
    misplaced,
    name_of,
    pure,
    with_energy,
)
from validation.calphad.reading.tdbfile import check_elements, check_phases

if TYPE_CHECKING:
    from validation.calphad.reading.grammar import Reading

GAS = re.compile(r"(^|_|\d)GAS(_|$)")
"""What names of gases look like (GAS, N2GAS, O1_GAS); a phase with the option G is one under any name."""
LIQUID = "LIQ"
"""What names of liquids hold (LIQUID, IONIC_LIQ); a phase with the option L or Y is one under any name."""
_LATTICES = (
    ("BCC", re.compile(r"BCC|(^|_)(A2|B2|B32|D03|DO3|L21)(_|$)")),
    ("FCC", re.compile(r"FCC|(^|_)(A1|L12|L10)(_|$)")),
    ("HCP", re.compile(r"HCP|(^|_)(A3|D019|B19)(_|$)")),
)
"""Lattices of metals, and what names of phases on them hold."""
KNOWN = frozenset({"T", "P", "R"})
"""Names that pycalphad defines."""


@dataclass(frozen=True, slots=True)
class Usable:
    """Phases for alloys of some elements.

    Attributes:
        phases: upper-case names, in order.
        left_out: phases that could hold the elements to why they are not used.
        uncounted: energies of the phases, as the file names them, that are of constituents which they do not hold.
    """

    phases: tuple[str, ...]
    left_out: dict[str, str]
    uncounted: tuple[str, ...] = ()


def usable(
    reading: Reading, elements: Iterable[str], phases: Sequence[str] | None = None, exclude: Sequence[str] = ()
) -> Usable:
    """The phases that alloys of these elements can have.

    Without a list, phases that the file itself rejects stay out, those that it gives no energy, and gases with
    undefined functions; with one, all of it is used or refused.

    Args:
        reading: what a TDB text says.
        elements: element symbols in any case.
        phases: phases to consider; all of the database by default.
        exclude: phases that are not considered.

    Raises:
        DatabaseError: The database lacks an element or a listed phase; no phase is left; or one of those that are left
            names a function that is not defined, or a model that pycalphad lacks, or has no energy for an element, or
            has one that would count nowhere.
    """
    database = reading.database
    wanted = {element.upper() for element in elements}
    check_elements(database, wanted)
    check_phases(database, [*(phases or ()), *exclude])
    left_out = {} if phases is not None else dict.fromkeys(reading.rejected, "the file itself rejects it")
    asked = {name.upper() for name in phases or database.phases} - {name.upper() for name in exclude}
    able = holding(database, wanted, sorted(asked - set(left_out)))
    energies = _Energies.of(database, wanted, able)
    used, wrong = list[str](), dict[str, list[str]]()
    for name in able:
        reason = _hindrance(reading, name, wanted, energies)
        if not reason and phases is None and not energies.any_of(database, name):
            reason = left_out[name] = "the file gives it no energy"
        if not reason:
            used.append(name)
        elif phases is None and is_gas(database, name):
            left_out[name] = reason
        elif name not in left_out:
            wrong.setdefault(reason, []).append(name)
    if wrong:
        raise DatabaseError(_unusable(sorted(wanted), wrong, used))
    if not used:
        raise DatabaseError(_nothing(sorted(wanted), len(database.phases), left_out))
    told = {name: why for name, why in left_out.items() if holding(database, wanted, [name])}
    return Usable(tuple(used), told, tuple(_uncounted(database, wanted, used)))


@dataclass(frozen=True, slots=True)
class _Energies:
    """Energies that a file gives for alloys of some elements.

    Attributes:
        given: the end-members with one, by phase.
        faults: by phase, an energy that is given twice, or that counts nowhere, in words.
        named: the phases with any.
        homeless: the elements that no solid solution has an energy of alone.
    """

    given: Mapping[str, Collection[EndMember]]
    faults: Mapping[str, str]
    named: frozenset[str]
    homeless: frozenset[str]

    @classmethod
    def of(cls, database: Any, elements: set[str], phases: Sequence[str]) -> _Energies:
        """Those of a database, of which some phases are considered."""
        rows = [row for row in parameters_of(database, elements) if row["parameter_type"] in ENERGIES]
        known = [row for row in rows if row["phase_name"] in database.phases]
        faults = {
            row["phase_name"]: f"{name_of(row)} has not the sublattices of the phase, and would count nowhere"
            for row in known
            if misplaced(database.phases[row["phase_name"]], row)
        }
        for row in rows:
            if meant := _meant(row, database):
                faults[meant] = f"{name_of(row)} is of no phase of the file; mend its name if {meant} is meant"
        for row, count in counted(rows):
            if count > 1:
                told = f"{name_of(row)} is given twice, and programs differ in which counts; keep one"
                faults[row["phase_name"]] = told
        given = with_energy(rows)
        named = frozenset(row["phase_name"] for row in rows)
        return cls(given, faults, named, frozenset(_homeless(database, phases, elements, given)))

    def any_of(self, database: Any, name: str) -> bool:
        """Whether a phase, or its disordered part, has any energy."""
        return bool({name, partner_of(database, name)} & self.named)


def _meant(row: Mapping[str, Any], database: Any) -> str:
    """The phase that a parameter of no phase is meant for: one letter too many or too few, or two changed about."""
    name, sites = row["phase_name"], row["constituent_array"]
    if name in database.phases:
        return ""
    slips = [full for full in database.phases if is_slip(name, full)]
    return slips[0] if len(slips) == 1 and holds(database.phases[slips[0]], sites) else ""


def is_gas(database: Any, name: str) -> bool:
    """Whether a phase is a gas, by its option or its name."""
    return bool(database.phases[name].model_hints.get("gas")) or bool(GAS.search(name))


def is_liquid(database: Any, name: str) -> bool:
    """Whether a phase is a liquid, by its option or its name."""
    hints = database.phases[name].model_hints
    return bool(hints.get("liquid") or hints.get("ionic_liquid_2SL")) or LIQUID in name


def _uncounted(database: Any, elements: set[str], phases: Iterable[str]) -> Iterator[str]:
    """Energies of phases, with some of the elements, whose constituents stand on none of the sublattices they name."""
    parts = {part for name in phases for part in (name, partner_of(database, name)) if part}
    others = set(database.elements) - BUILT_IN - elements
    for row in rows_of(database):
        if row["parameter_type"] not in ENERGIES or row["phase_name"] not in parts:
            continue
        named = {symbol for site in row["constituent_array"] for species in site for symbol in species.constituents}
        if named & elements and not named & others and is_strange(database.phases[row["phase_name"]], row):
            yield name_of(row)


def _unusable(elements: Sequence[str], wrong: Mapping[str, Sequence[str]], used: Sequence[str]) -> str:
    """Which phases cannot be computed, by the reason, and what to do."""
    told = ", ".join(f"{', '.join(phases)} ({reason})" for reason, phases in wrong.items())
    those = f"which phases to use, phases: [{', '.join(used)}], or " if used else ""
    return (
        f"alloys of {'-'.join(elements)} cannot be computed with {told}; mend the file, or say {those}which not to "
        "use, exclude: [...]"
    )


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
    """Those of some elements, in any case, that none of the phases, or of their disordered parts, can hold."""
    parts = filter(None, (partner_of(database, name) for name in names))
    held = held_by(database, [*names, *parts])
    return [element for element in sorted(elements) if element.upper() not in held]


def held_by(database: Any, names: Iterable[str]) -> set[str]:
    """The elements among the constituents of some phases, vacancies too."""
    sites = [site for name in names for site in database.phases[name].constituents]
    return {symbol for site in sites for species in site for symbol in species.constituents}


def partner_of(database: Any, name: str) -> str | None:
    """The disordered part of an ordered phase, if the database has one."""
    hints = database.phases[name].model_hints
    return hints.get("disordered_phase") if hints.get("ordered_phase") == name else None


def _hindrance(reading: Reading, name: str, elements: set[str], energies: _Energies) -> str:
    """Why a phase cannot be computed, or nothing.

    Args:
        reading: what a TDB text says.
        name: of the phase.
        elements: upper-case element names.
        energies: those that the text gives.
    """
    database = reading.database
    parts = {name, str(database.phases[name].model_hints.get("disordered_phase", name))}
    for part in sorted(parts & set(reading.unsupported)):
        return f"pycalphad lacks the model {reading.unsupported[part]}"
    undefined = undefined_functions(database, elements, parts)
    if undefined:
        return f"the file does not define {', '.join(undefined[:8])}"
    for part in sorted(parts & set(energies.faults)):
        return energies.faults[part]
    partner = partner_of(database, name)
    more = (held_by(database, [name]) - held_by(database, [partner or name])) & elements
    if more:
        return f"it holds {', '.join(sorted(more))}, and its disordered part {partner} does not"
    return _unknown_energy(database, partner or name, elements, energies)


def _unknown_energy(database: Any, name: str, elements: set[str], energies: _Energies) -> str:
    """Which elements a phase can hold and has no energy of, in words; nothing if there are none.

    In a compound that is the rule: 0 J/mol is far above the elements' stable phases, where there are any.

    Args:
        database: pycalphad's.
        name: of the phase, or of its disordered part.
        elements: upper-case element names.
        energies: those that the file gives.
    """
    phase, known = database.phases[name], energies.given.get(name, ())
    alone = {element: pure(phase, element) for element in sorted(elements)}
    lacking = [element for element, ends in alone.items() if ends and not _is_given(ends, known)]
    if not _is_solution(database, name, known):
        lacking = [element for element in lacking if element in energies.homeless]
    what = f"no energy of pure {', '.join(lacking)}"
    if not lacking and _is_elemental(database, name):
        dissolved = {element for element, ends in alone.items() if not ends} & held_by(database, [name])
        lacking = sorted(
            dissolved - elements_with_energy(row for row in rows_of(database) if row["phase_name"] == name)
        )
        what = f"no energy with {', '.join(lacking)}"
    return f"{what}, which would count as 0 J/mol" if lacking else ""


def _homeless(
    database: Any, names: Iterable[str], elements: set[str], given: Mapping[str, Collection[EndMember]]
) -> set[str]:
    """Those of some elements that none of the phases is a solid solution of, with an energy of the element alone."""
    solid = [partner_of(database, name) or name for name in names if not is_liquid(database, name)]
    homes = [name for name in solid if _is_solution(database, name, given.get(name, ()))]
    return {e for e in elements if not any(_is_given(pure(database.phases[n], e), given.get(n, ())) for n in homes)}


def _is_given(ends: Iterable[EndMember], known: Collection[EndMember]) -> bool:
    """Whether one of some end-members is among those with an energy."""
    return any(has_energy(each, known) for each in ends)


def _is_elemental(database: Any, name: str) -> bool:
    """Whether a phase is a liquid, or one in which an element of the file is stable."""
    return is_liquid(database, name) or name in {str(ref.get("phase")) for ref in database.refstates.values()}


def _is_solution(database: Any, name: str, known: Collection[EndMember]) -> bool:
    """Whether elements mix on the lattice of a phase that is given energies, so that it needs that of each alone."""
    alike = lattice_of(name) or len(database.phases[name].constituents) == 1
    return _is_elemental(database, name) or bool(alike and known)


def lattice_of(name: str) -> str:
    """The lattice of metals that a phase's name tells of: BCC, FCC, HCP or nothing."""
    return next((lattice for lattice, mark in _LATTICES if mark.search(name)), "")


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
