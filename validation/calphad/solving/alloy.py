"""One alloy: its equilibria, each found once, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from validation.calphad.errors import CalphadError
from validation.calphad.solving.equilibrium import SAME_COMPOSITION, Equilibrator, Equilibrium, PhaseSet
from validation.calphad.solving.melting import Melting
from validation.calphad.solving.retry import find
from validation.calphad.solving.scheil import Scheil, solidify
from validation.calphad.solving.system import Array, ElementSystem

KELVIN = 273.15


@dataclass(frozen=True, slots=True)
class State:
    """An equilibrium of an alloy at one temperature.

    Attributes:
        kelvin: Temperature in K.
        sets: Composition sets, the largest first; two sets of one phase that differ by at most `SAME_COMPOSITION` in
            every mole fraction are one.
        potentials: Chemical potentials in J/mol, ``(elements,)``.
        energy: Gibbs energy in J per mole of atoms.
        distances: How far each phase lies above the tangent plane, J per mole of atoms.
    """

    kelvin: float
    sets: tuple[PhaseSet, ...]
    potentials: Array
    energy: float
    distances: Mapping[str, float]

    @property
    def gaps(self) -> tuple[str, ...]:
        """Phases of which two or more sets coexist (miscibility gaps)."""
        names = [item.phase for item in self.sets]
        return tuple(sorted({name for name in names if names.count(name) > 1}))

    @property
    def competing(self) -> tuple[str, float] | None:
        """The absent phase nearest to the tangent plane, and its driving force in J per mole of atoms.

        The driving force is negative: what the phase lacks to be stable. None where every phase is present.
        """
        present = {item.phase for item in self.sets}
        absent = {name: distance for name, distance in self.distances.items() if name not in present}
        if not absent:
            return None
        nearest = min(absent, key=lambda name: (absent[name], name))
        return nearest, round(-absent[nearest], 2)


class Alloy:
    """An alloy in one database. Nothing of it depends on what was asked before.

    Args:
        system: The phases of its elements.
        composition: Mole fractions in the order of ``system.elements``.
        liquids: Names of the liquid phases of the database.

    Attributes:
        elements: Element names in upper case, in order.
        composition: Mole fractions, ``(elements,)``.
        notes: What a reader should know of what was asked so far, in words.
    """

    def __init__(self, system: ElementSystem, composition: Array, liquids: Sequence[str]) -> None:
        self.elements = system.elements
        self.composition = composition
        self.notes: list[str] = []
        self._solver = Equilibrator(system, composition)
        self._liquids = [name for name in liquids if name in system.surfaces]
        self._states: dict[float, State] = {}

    @property
    def retries(self) -> list[tuple[float, str]]:
        """Temperature in K and the step of `retry.LADDER` that an equilibrium needed there, in order."""
        return self._solver.retries

    def at(self, kelvin: float) -> State:
        """The equilibrium at a temperature in K.

        Raises:
            CalphadError: ``no_convergence``.
        """
        if kelvin not in self._states:
            found = find(self._solver, kelvin, list(self._solver.surfaces), self._matrix(kelvin))
            self._states[kelvin] = self._state(kelvin, found)
        return self._states[kelvin]

    @cached_property
    def liquidus(self) -> float:
        """Temperature above which no solid is left, K.

        Raises:
            CalphadError: ``missing_phase``, ``no_convergence``, ``bracket`` or ``bracket_check``.
        """
        return self._melting.liquidus(self.notes)

    @cached_property
    def solidus(self) -> float:
        """Temperature of the first liquid, K.

        Raises:
            CalphadError: ``missing_phase``, ``no_convergence``, ``bracket`` or ``bracket_check``.
        """
        return self._melting.solidus(self.liquidus)

    def scheil(self) -> Scheil:
        """Solidification without diffusion in the solid (Scheil and Gulliver), from the liquidus.

        Raises:
            CalphadError: as `liquidus`.
        """
        return solidify(self._solver, self._liquid, self.liquidus)

    def curve(self, temperatures_k: Sequence[float]) -> dict[str, Array]:
        """Mole fractions of the phases against temperature.

        Args:
            temperatures_k: Temperatures in K, ``(n,)``.

        Returns:
            Phase to mole fractions, ``(n,)``, NaN where there is no equilibrium; the smaller sets of a phase that
            demixes come apart as ``PHASE#2`` and so on.

        Raises:
            CalphadError: if no temperature has an equilibrium.
        """
        curves: dict[str, Array] = {}
        failure: CalphadError | None = None
        failed = np.zeros(len(temperatures_k), dtype=bool)
        for place, kelvin in enumerate(temperatures_k):
            try:
                sets = self.at(kelvin).sets
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

    @property
    def _liquid(self) -> str:
        if not self._liquids:
            raise CalphadError("missing_phase", f"no liquid of the database holds {', '.join(self.elements)}")
        return self._liquids[0]

    @cached_property
    def _melting(self) -> Melting:
        solids = [name for name in self._solver.surfaces if name != self._liquid]
        return Melting(self._solver, self._liquid, solids, self._matrix)

    def _matrix(self, kelvin: float) -> str | None:
        """The solid solution that is lowest at the alloy's composition; it is tried alone before anything else."""
        energies: dict[str, float] = {}
        for name, surface in self._solver.surfaces.items():
            sites = None if name in self._liquids else self._solver.system.formula_sites(name, self.composition)
            if sites is not None:
                energies[name] = float(surface.energy(kelvin, sites[None, :])[0])
        return min(energies, key=lambda name: (energies[name], name)) if energies else None

    def _state(self, kelvin: float, found: Equilibrium) -> State:
        return State(kelvin, tuple(self._joined(found.sets, kelvin)), found.potentials, found.energy, found.distances)

    def _joined(self, sets: Sequence[PhaseSet], kelvin: float) -> list[PhaseSet]:
        """Join composition sets of one phase that differ by at most ``SAME_COMPOSITION``, largest first."""
        kept: list[PhaseSet] = []
        for item in sorted(sets, key=lambda s: (-s.amount, s.phase)):
            for place, other in enumerate(kept):
                if other.phase == item.phase and np.abs(other.composition - item.composition).max() <= SAME_COMPOSITION:
                    amount = other.amount + item.amount
                    mean = (other.amount * other.composition + item.amount * item.composition) / amount
                    kept[place] = PhaseSet(item.phase, other.sites, mean, amount)
                    self.notes.append(
                        f"{kelvin - KELVIN:g} C: two {item.phase} sets within {SAME_COMPOSITION} count as one"
                    )
                    break
            else:
                kept.append(item)
        return kept
