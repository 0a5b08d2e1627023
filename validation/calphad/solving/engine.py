"""Solidus, liquidus and phases of one alloy, from any thermodynamic database."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from validation.calphad.errors import CalphadError, DatabaseError
from validation.calphad.reading.tdbfile import load_database, parsed
from validation.calphad.solving.equilibrium import SAME_COMPOSITION, Equilibrator, Equilibrium, PhaseSet
from validation.calphad.solving.melting import Melting
from validation.calphad.solving.records import Shared
from validation.calphad.solving.retry import find
from validation.calphad.solving.scheil import Scheil, solidify
from validation.calphad.solving.system import Array, ElementSystem

KELVIN = 273.15
SUM_TOLERANCE = 1e-6
MIN_FRACTION = 1e-6

PhaseRow = tuple[str, float, dict[str, float]]


@dataclass(frozen=True, slots=True)
class ThermoResult:
    """Equilibrium properties of one alloy.

    Attributes:
        solidus: Temperature of the first liquid, K.
        liquidus: Temperature above which all is liquid, K.
        bcc_fraction: Temperature in deg C to the mole fraction of the largest disordered bcc composition set.
        phases: Temperature in deg C to rows of phase name, mole fraction of the phase, composition.
        gaps: Temperature in deg C to the phases of which two or more composition sets coexist (miscibility gaps).
        competing: Temperature in deg C to the absent phase nearest to the tangent plane and its driving force in J per
            mole of atoms, negative: what it lacks to be stable. None where every phase is present.
        notes: What a reader should know of this result, in words.
        retries: Temperature in K and the step of `retry.LADDER` that an equilibrium needed there, in order.
    """

    solidus: float
    liquidus: float
    bcc_fraction: dict[float, float]
    phases: dict[float, tuple[PhaseRow, ...]]
    gaps: dict[float, tuple[str, ...]] = field(default_factory=dict)
    competing: dict[float, tuple[str, float] | None] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=())
    retries: tuple[tuple[float, str], ...] = field(default=())

    @property
    def freezing_range(self) -> float:
        """Liquidus minus solidus, K."""
        return round(self.liquidus - self.solidus, 2)


class CalphadEngine:
    """Evaluates alloys with one database; models are built once per set of elements and kept.

    Results depend on the database text, the settings and the alloy only: no earlier evaluation is used as
    a starting point.

    Args:
        tdb_text: TDB text, e.g. of ``build_database()`` or ``load_database(path)``.
        temperatures_c: Temperatures in deg C at which phases are reported.
        phases: Phases to consider; all of the database by default.
        bcc_phase: Name of the disordered bcc phase.
        liquid_phase: Name of the liquid.
        cached_systems: How many sets of elements are kept compiled (about 15 MB each).

    Raises:
        DatabaseError: The text does not parse, or lacks the bcc or liquid phase or a listed phase.
    """

    def __init__(
        self,
        tdb_text: str,
        *,
        temperatures_c: Sequence[float] = (1200.0, 1300.0),
        phases: Sequence[str] | None = None,
        bcc_phase: str = "BCC_A2",
        liquid_phase: str = "LIQUID",
        cached_systems: int = 24,
    ) -> None:
        if not temperatures_c or not all(math.isfinite(t) and 25.0 <= t <= 4000.0 for t in temperatures_c):
            raise ValueError(f"temperatures_c must lie between 25 and 4000 deg C, got {list(temperatures_c)}")
        if cached_systems < 1:
            raise ValueError(f"cached_systems must be at least 1, got {cached_systems}")
        load_database(tdb_text, phases=[bcc_phase, liquid_phase, *(phases or ())])
        self._database = parsed(tdb_text)
        self._phases = tuple(sorted(phases)) if phases is not None else tuple(sorted(self._database.phases))
        self._bcc, self._liquid = bcc_phase, liquid_phase
        if phases is not None and not {bcc_phase, liquid_phase} <= set(phases):
            raise DatabaseError(f"phases must include {bcc_phase} and {liquid_phase}, got {list(phases)}")
        self.temperatures_c = tuple(float(t) for t in temperatures_c)
        self.elements = tuple(sorted(set(self._database.elements) - {"VA", "/-"}))
        self._limit = cached_systems
        self._shared: Shared = {}
        self._systems: OrderedDict[tuple[str, ...], ElementSystem] = OrderedDict()

    def evaluate(self, fractions: Mapping[str, float]) -> ThermoResult:
        """Solidus, liquidus and phases of an alloy.

        Args:
            fractions: Element symbol to atomic fraction; they sum to 1.

        Raises:
            CalphadError: ``composition``, ``missing_element``, ``missing_phase``, ``no_convergence``, ``bracket`` or
                ``bracket_check``.
        """
        solver, solids = self._prepared(fractions)
        notes: list[str] = []
        melting = Melting(solver, self._liquid, solids, self._bcc)
        liquidus = melting.liquidus(notes)
        solidus = melting.solidus(liquidus)
        shares: dict[float, float] = {}
        rows: dict[float, tuple[PhaseRow, ...]] = {}
        competing: dict[float, tuple[str, float] | None] = {}
        for celsius in self.temperatures_c:
            found = find(solver, celsius + KELVIN, list(solver.surfaces), self._bcc)
            sets = _joined(found.sets, celsius, notes)
            shares[celsius] = round(max((s.amount for s in sets if s.phase == self._bcc), default=0.0), 6)
            rows[celsius] = tuple(_row(s, solver.system.elements) for s in sets)
            competing[celsius] = _competing(found)
        gaps = {celsius: _gaps(row) for celsius, row in rows.items()}
        ends = round(solidus, 2), round(liquidus, 2)
        return ThermoResult(*ends, shares, rows, gaps, competing, tuple(notes), tuple(solver.retries))

    def scheil(self, fractions: Mapping[str, float], liquidus: float) -> Scheil:
        """Solidification without diffusion in the solid (Scheil and Gulliver).

        Args:
            fractions: Element symbol to atomic fraction; they sum to 1.
            liquidus: What `evaluate` found, K.

        Raises:
            CalphadError: as `evaluate`.
        """
        solver, _ = self._prepared(fractions)
        return solidify(solver, self._liquid, liquidus)

    def curve(self, fractions: Mapping[str, float], temperatures_k: Sequence[float]) -> dict[str, Array]:
        """Mole fractions of the phases against temperature.

        Args:
            fractions: Element symbol to atomic fraction; they sum to 1.
            temperatures_k: Temperatures in K, ``(n,)``.

        Returns:
            Phase to mole fractions, ``(n,)``, NaN where there is no equilibrium; the smaller sets of a phase that
            demixes come apart as ``PHASE#2`` and so on.

        Raises:
            CalphadError: as `evaluate`, if no temperature has an equilibrium.
        """
        solver, _ = self._prepared(fractions)
        curves: dict[str, Array] = {}
        failure: CalphadError | None = None
        failed = np.zeros(len(temperatures_k), dtype=bool)
        for place, kelvin in enumerate(temperatures_k):
            try:
                sets = _joined(find(solver, kelvin, list(solver.surfaces), self._bcc).sets, kelvin - KELVIN, [])
            except CalphadError as error:
                failure, failed[place] = error, True
                continue
            for index, item in enumerate(sets):
                rank = 1 + sum(other.phase == item.phase for other in sets[:index])
                label = item.phase if rank == 1 else f"{item.phase}#{rank}"
                curves.setdefault(label, np.zeros(len(temperatures_k)))[place] = item.amount
        if failure is not None and failed.all():
            raise failure
        return {label: np.where(failed, np.nan, values) for label, values in sorted(curves.items())}

    def _prepared(self, fractions: Mapping[str, float]) -> tuple[Equilibrator, list[str]]:
        alloy = self._checked(fractions)
        system = self._system(tuple(alloy))
        for needed in (self._bcc, self._liquid):
            if needed not in system.surfaces:
                raise CalphadError("missing_phase", f"{needed} cannot hold {', '.join(alloy)} in this database")
        solids = [name for name in system.surfaces if name != self._liquid]
        return Equilibrator(system, np.array(list(alloy.values()))), solids

    def _checked(self, fractions: Mapping[str, float]) -> dict[str, float]:
        alloy: dict[str, float] = {}
        for name, value in fractions.items():
            if not math.isfinite(value) or value < 0.0:
                raise CalphadError("composition", f"fraction of {name} must be finite and not negative, got {value}")
            if name.upper() in alloy:
                raise CalphadError("composition", f"{name} is given twice; give each element once")
            if value > MIN_FRACTION:
                alloy[name.upper()] = float(value)
        total = math.fsum(alloy.values())
        if abs(total - 1.0) > SUM_TOLERANCE + MIN_FRACTION * len(fractions):
            raise CalphadError("composition", f"fractions must sum to 1, got {total:.6f}; give atomic fractions")
        missing = sorted(set(alloy) - set(self.elements))
        if missing:
            raise CalphadError(
                "missing_element",
                f"the database lacks {', '.join(missing)}; available: {', '.join(self.elements)}",
            )
        return {name: alloy[name] / total for name in sorted(alloy)}

    def _system(self, elements: tuple[str, ...]) -> ElementSystem:
        if elements in self._systems:
            self._systems.move_to_end(elements)
            return self._systems[elements]
        system = ElementSystem(self._database, elements, self._phases, self._shared)
        self._systems[elements] = system
        if len(self._systems) > self._limit:
            self._systems.popitem(last=False)[1].close()
        return system


def _joined(sets: Sequence[PhaseSet], celsius: float, notes: list[str]) -> list[PhaseSet]:
    """Join composition sets of one phase that differ by at most ``SAME_COMPOSITION``, largest first."""
    kept: list[PhaseSet] = []
    for item in sorted(sets, key=lambda s: (-s.amount, s.phase)):
        for place, other in enumerate(kept):
            if other.phase == item.phase and np.abs(other.composition - item.composition).max() <= SAME_COMPOSITION:
                amount = other.amount + item.amount
                mean = (other.amount * other.composition + item.amount * item.composition) / amount
                kept[place] = PhaseSet(item.phase, other.sites, mean, amount)
                notes.append(f"{celsius:g} C: two {item.phase} sets within {SAME_COMPOSITION} count as one")
                break
        else:
            kept.append(item)
    return kept


def _row(item: PhaseSet, elements: Sequence[str]) -> PhaseRow:
    composition = {e: round(float(x), 6) for e, x in zip(elements, item.composition, strict=True)}
    return item.phase, round(item.amount, 6), composition


def _gaps(rows: Sequence[PhaseRow]) -> tuple[str, ...]:
    names = [name for name, _, _ in rows]
    return tuple(sorted({name for name in names if names.count(name) > 1}))


def _competing(found: Equilibrium) -> tuple[str, float] | None:
    """The absent phase nearest to the tangent plane, and its driving force in J/mol-atom."""
    present = {item.phase for item in found.sets}
    absent = {name: distance for name, distance in found.distances.items() if name not in present}
    if not absent:
        return None
    nearest = min(absent, key=lambda name: (absent[name], name))
    return nearest, round(-absent[nearest], 2)
