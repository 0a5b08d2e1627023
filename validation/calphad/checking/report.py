"""A thermodynamic database on one page: what it holds, what it is good for, and what looks wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validation.calphad.checking.doubts import doubts
from validation.calphad.checking.melting import MeltingPoint, melting_points
from validation.calphad.errors import DatabaseError
from validation.calphad.reading.commands import BUILT_IN
from validation.calphad.reading.phases import holding, partner_of, undefined_functions
from validation.calphad.reading.ranges import narrowest
from validation.calphad.reading.tdbfile import check_apart, check_elements, elements_of, read, reading
from validation.calphad.solving.phases.models import computable

if TYPE_CHECKING:
    from validation.calphad.reading.grammar import Reading

ALL, SOME, NONE = "all", "some", "none"
"""How much of the palette a phase can hold."""


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase.

    Attributes:
        name: as in the file.
        sublattices: number of sites and constituents of each that the palette has.
        holds: ``all``, ``some`` or ``none`` of the palette's elements; none also where a sublattice would stay empty.
        partner: the phase that it is the ordered or the disordered part of, with which of them it is; or empty.
        model: what is special about its energy, such as ``magnetic``.
        left_out: why alloys of the palette are computed without it; empty if they are not.
    """

    name: str
    sublattices: tuple[str, ...]
    holds: str
    partner: str
    model: str
    left_out: str


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """What a database is.

    Attributes:
        elements: all of the file.
        palette: those that were asked for; all of them by default.
        parameters: how many the file gives, with those that options of phases add.
        functions: how many the file defines.
        phases: every phase of the file.
        hindrance: why alloys of the palette cannot be computed; empty if they can.
        undefined: functions that are named and not defined, by phase, for the palette.
        temperatures: K, from where to where everything is given that the palette needs; None without a limit.
        melting: the palette's elements.
        doubts: what looks wrong.
        notes: what was mended or passed over when the file was read.
    """

    elements: tuple[str, ...]
    palette: tuple[str, ...]
    parameters: int
    functions: int
    phases: tuple[PhaseRow, ...]
    hindrance: str
    undefined: dict[str, list[str]]
    temperatures: tuple[float, float | None]
    melting: tuple[MeltingPoint, ...]
    doubts: tuple[str, ...]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The report as JSON has it; a number that there is not is null."""
        melting = [
            {"element": m.element, "computed": _known(m.computed), "measured": _known(m.measured), "solid": m.solid,
             "wrong": m.wrong}
            for m in self.melting
        ]  # fmt: skip
        return {**asdict(self), "melting": melting}


def report(path: Path, palette: Sequence[str] = ()) -> DatabaseReport:
    """Reads a file and looks at everything in it.

    Args:
        path: the file.
        palette: element symbols in any case; all of the file by default.

    Raises:
        DatabaseError: It cannot be read, or lacks an element of the palette.
    """
    text = read(path)
    check_apart(text)
    found = reading(text)
    database = found.database
    elements = elements_of(database)
    asked = sorted({name.upper() for name in palette}) or elements
    check_elements(database, asked)
    used, left_out, hindrance = _used(found, asked)
    names = used or tuple(sorted(set(database.phases) - set(found.rejected)))
    first, last = narrowest(database, asked, names)
    return DatabaseReport(
        elements=tuple(_symbol(name) for name in elements),
        palette=tuple(_symbol(name) for name in asked),
        parameters=len(database._parameters),
        functions=len(database.symbols),
        phases=tuple(_row(found, name, set(asked), left_out) for name in sorted(database.phases)),
        hindrance=hindrance,
        undefined={n: some for n in sorted(database.phases) if (some := undefined_functions(database, asked, [n]))},
        temperatures=(first.low, _known(last.high)),
        melting=tuple(melting_points(database, asked, names)),
        doubts=tuple(doubts(database, asked)),
        notes=found.notes,
    )


def _used(found: Reading, palette: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str], str]:
    """The phases of the palette, those left out with the reason, and why there are none."""
    try:
        whole = computable(found, palette)
    except DatabaseError as error:
        return (), dict.fromkeys(found.rejected, "the file itself rejects it"), str(error)
    return whole.phases, whole.left_out, ""


def _row(found: Reading, name: str, palette: set[str], left_out: dict[str, str]) -> PhaseRow:
    phase = found.database.phases[name]
    able = holding(found.database, palette, [name])
    held = {e for site in phase.constituents for species in site for e in species.constituents} & palette
    hints = phase.model_hints
    partner = ""
    if disordered := partner_of(found.database, name):
        partner = f"ordered form of {disordered}"
    elif "ordered_phase" in hints:
        partner = f"disordered form of {hints['ordered_phase']}"
    special = {
        "ihj_magnetic_afm_factor": "magnetic", "ionic_liquid_2SL": "ionic liquid", "symmetry_FCC_4SL": "option F",
        "symmetry_BCC_4SL": "option B", "gas": "gas", "charged_phase": "charged",
    }  # fmt: skip
    model = [told for hint, told in special.items() if hint in hints]
    if name in found.unsupported:
        model.append(f"pycalphad lacks {found.unsupported[name]}")
    sites = tuple(
        f"{ratio:g} ({_constituents(site, palette)})"
        for ratio, site in zip(phase.sublattices, phase.constituents, strict=False)
    )
    holds = NONE if not able else ALL if held == palette else SOME
    return PhaseRow(name, sites, holds, partner, ", ".join(model), left_out.get(name, ""))


def _constituents(site: Any, palette: set[str]) -> str:
    """Those of a sublattice that the palette has, and how many others there are."""
    names = sorted(str(species) for species in site if set(species.constituents) <= palette | BUILT_IN)
    others = len(site) - len(names)
    return ", ".join([*names, *([f"{others} more"] if others else [])])


def _known(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None


def _symbol(name: str) -> str:
    return name.capitalize()
