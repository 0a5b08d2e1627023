"""One alloy: its equilibria, each found once, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cached_property

import numpy as np
from scipy.constants import R as GAS_CONSTANT

from alloys.units import ZERO_CELSIUS_K
from validation.calphad.errors import CalphadError
from validation.calphad.solving.equilibrium import SAME_COMPOSITION, Equilibrator, Equilibrium, PhaseSet, lowest
from validation.calphad.solving.melting import HIGH_K, LOW_K, Melting
from validation.calphad.solving.phases.sampling import Array
from validation.calphad.solving.retry import find
from validation.calphad.solving.scheil import Scheil, solidify
from validation.calphad.solving.state import State
from validation.calphad.solving.system import ElementSystem
from validation.calphad.solving.transitions import single_phase_window, solvus


class Alloy:
    """An alloy in one database. Nothing of it depends on what was asked before.

    Args:
        system: The phases of its elements.
        composition: Mole fractions in the order of ``system.elements``.
        liquids: Names of the liquid phases of the database.
        gases: Names of its gases, which are neither solid nor liquid: solidus and liquidus leave them out.

    Attributes:
        elements: Element names in upper case, in order.
        composition: Mole fractions, ``(elements,)``.
        notes: What a reader should know of what was asked so far, in words.
        coldest: Lowest temperature that `solvus` and `window` look at, K.
    """

    coldest = LOW_K

    def __init__(
        self, system: ElementSystem, composition: Array, liquids: Sequence[str], gases: Sequence[str] = ()
    ) -> None:
        self.elements = system.elements
        self.composition = composition
        self.notes: list[str] = []
        self._solver = Equilibrator(system, composition)
        self._liquids = [name for name in liquids if name in system.surfaces and system.surfaces[name].holds_all]
        self._gases = [name for name in gases if name in system.surfaces]
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
        """Solidification without diffusion in the solid (Scheil and Gulliver), from the liquidus; found once.

        Raises:
            CalphadError: as `liquidus`.
        """
        return self._frozen

    @cached_property
    def _frozen(self) -> Scheil:
        return solidify(
            self._solver,
            self._liquid,
            self.liquidus,
            [name for name in self._solver.surfaces if name not in self._gases],
        )

    def possible(self, names: Sequence[str]) -> list[str]:
        """Those of some names, ``PHASE`` or ``PHASE:ORDER``, that a phase of the alloy's elements can have."""
        return [name for name in names if name.partition(":")[0] in self._solver.system.names]

    def solvus(self, names: str | Sequence[str]) -> float | None:
        """The highest temperature up to the liquidus at which any of some phases is stable, K; None where none is.

        Args:
            names: Names that phases are reported under, or ``PHASE:ORDER``.

        Raises:
            CalphadError: ``missing_phase`` for a name that no phase of this alloy can have; ``no_convergence``; and as
                `liquidus`, where the database has a liquid.
        """
        return solvus(self.at, self._known([names] if isinstance(names, str) else names), self._top)

    def window(self, name: str) -> tuple[float, float] | None:
        """Lowest and highest temperature of the interval below the solidus in which a phase is alone, K.

        Of several intervals it is the hottest. None where the phase is alone nowhere.

        Args:
            name: Name that the phase is reported under, or ``PHASE:ORDER``.

        Raises:
            CalphadError: as `solvus`, and as `solidus` where the database has a liquid.
        """
        (known,) = self._known([name])
        return single_phase_window(self.at, known, self.solidus if self._liquids else HIGH_K)

    def driving_force(self, name: str, kelvin: float) -> float:
        """What a phase gains over the equilibrium, J per mole of its atoms: 0 where it is present, else negative.

        Args:
            name: Name that the phase is reported under, or ``PHASE:ORDER``.
            kelvin: Temperature in K.

        Raises:
            CalphadError: ``missing_phase`` for a name that no phase of this alloy can have, or for an order that is no
                minimum of its energy here; ``no_convergence``.
        """
        (known,) = self._known([name])
        state = self.at(kelvin)
        if state.holds([known]):
            return 0.0
        distance = state.distance([known])
        if not math.isfinite(distance):
            raise CalphadError(
                "missing_phase", f"{known} is no state of its own at {kelvin:.2f} K: the phase orders otherwise there"
            )
        return -max(distance, 0.0)

    def nucleus(self, name: str, kelvin: float) -> tuple[Array, float]:
        """Where an absent phase comes nearest to the tangent plane of the equilibrium.

        Args:
            name: Name that the phase is reported under, or ``PHASE:ORDER``.
            kelvin: Temperature in K.

        Returns:
            Its mole fractions there, ``(elements,)``, and how far above the plane it is, J per mole of atoms.

        Raises:
            CalphadError: as `driving_force`.
        """
        (known,) = self._known([name])
        system, state = self._solver.system, self.at(kelvin)
        found: list[tuple[float, Array]] = []
        for phase in system.surfaces:
            if known.partition(":")[0] in system.names_of(phase):
                values, sites = lowest(system.surfaces[phase], kelvin, state.potentials)
                for value, place in zip(values.tolist(), sites, strict=True):
                    label, order = system.reported(phase, place)
                    if known in (label, f"{label}:{order}"):
                        found.append((value, system.surfaces[phase].composition(place[None, :])[0]))
        if not found:
            raise CalphadError("missing_phase", f"{known} is no state of its own at {kelvin:.2f} K")
        distance, composition = min(found, key=lambda each: each[0])
        return composition, max(distance, 0.0)

    def enthalpy(self, kelvin: float) -> float:
        """Enthalpy of the equilibrium against the database's reference state, J per mole of atoms."""
        return self._mean("HM", kelvin) or 0.0

    def heat_capacity(self, kelvin: float) -> float:
        """Heat capacity at fixed amounts and site fractions of the equilibrium's phases, J per mole of atoms and K."""
        return self._mean("CPM", kelvin) or 0.0

    def molar_volume(self, kelvin: float) -> float | None:
        """Volume per mole of atoms, m³; None where the database lacks it for a phase that is present."""
        return self._mean("VM", kelvin)

    def activity(self, element: str, kelvin: float, phase: str | None = None) -> float:
        """Activity of an element, against the pure element at the same temperature.

        Args:
            element: Its symbol.
            kelvin: Temperature in K.
            phase: The phase of the pure element; the stable one by default.

        Raises:
            CalphadError: ``missing_element``, or ``missing_phase`` where the phase does not hold the pure element.
        """
        if element.upper() not in self.elements:
            raise CalphadError("missing_element", f"the alloy of {', '.join(self.elements)} holds no {element}")
        index = self.elements.index(element.upper())
        known = None if phase is None else self._known([phase])[0]
        pure = self._solver.system.pure_energy(index, kelvin, known)
        if pure is None:
            raise CalphadError("missing_phase", f"{phase or 'the database'} holds no pure {element}")
        return math.exp((self.at(kelvin).potentials[index] - pure) / (GAS_CONSTANT * kelvin))

    def _mean(self, name: str, kelvin: float) -> float | None:
        """A property of pycalphad's models over the sets present, per mole of atoms; None where one has none."""
        system = self._solver.system
        total = 0.0
        for item in self.at(kelvin).sets:
            value = system.property_of(item.model, name, kelvin, item.sites)
            if value is None:
                return None
            total += item.amount * value
        return total

    @property
    def _top(self) -> float:
        """Above this temperature no solid is left, K."""
        return self.liquidus if self._liquids else HIGH_K

    def _known(self, names: Sequence[str]) -> list[str]:
        known = [name.upper().strip() for name in names]
        system = self._solver.system
        for name in known:
            if name.partition(":")[0] not in system.names:
                near = get_close_matches(name, system.names, 3, 0.0)
                raise CalphadError(
                    "missing_phase",
                    f"no phase {name} of the database can hold {', '.join(self.elements)}; the nearest names are "
                    f"{', '.join(near)}",
                )
        return known

    @property
    def _liquid(self) -> str:
        if not self._liquids:
            raise CalphadError("missing_phase", f"no liquid of the database holds {', '.join(self.elements)}")
        if len(self._liquids) > 1:
            raise CalphadError(
                "missing_phase",
                f"{' and '.join(self._liquids)} are both liquids of {', '.join(self.elements)}; name the phases to "
                "consider, with one of them",
            )
        return self._liquids[0]

    @cached_property
    def _melting(self) -> Melting:
        solids = [name for name in self._solver.surfaces if name not in (self._liquid, *self._gases)]
        if not solids:
            raise CalphadError("missing_phase", f"no solid of the database holds {', '.join(self.elements)}")
        if self._gases:
            self.notes.append(f"solidus and liquidus leave out the gas ({', '.join(self._gases)})")
        return Melting(self._solver, self._liquid, solids, self._matrix)

    def _matrix(self, kelvin: float) -> str | None:
        """The solid solution that is lowest at the alloy's composition; it is tried alone before anything else."""
        energies: dict[str, float] = {}
        for name, surface in self._solver.surfaces.items():
            fluid = name in (*self._liquids, *self._gases)
            sites = None if fluid else self._solver.system.formula_sites(name, self.composition)
            if sites is not None:
                energies[name] = float(surface.energy(kelvin, sites[None, :])[0])
        return min(energies, key=lambda name: (energies[name], name)) if energies else None

    def _state(self, kelvin: float, found: Equilibrium) -> State:
        reported = [self._reported(item) for item in found.sets]
        return State(kelvin, tuple(self._joined(reported, kelvin)), found.potentials, found.energy, found.distances)

    def _reported(self, item: PhaseSet) -> PhaseSet:
        name, order = self._solver.system.reported(item.phase, item.sites)
        if self._solver.surfaces[item.phase].hollow(item.sites[None, :])[0]:
            note = f"{name} comes out as mostly vacancies; its energy in the database leaves them too cheap"
            self.notes += [note] if note not in self.notes else []
        return replace(item, phase=name, order=order, model=item.phase)

    def _joined(self, sets: Sequence[PhaseSet], kelvin: float) -> list[PhaseSet]:
        """Join composition sets of one phase and order that differ by at most ``SAME_COMPOSITION``, largest first."""
        kept: list[PhaseSet] = []
        for item in sorted(sets, key=lambda s: (-s.amount, s.phase)):
            for place, other in enumerate(kept):
                alike = (other.phase, other.order) == (item.phase, item.order)
                if alike and np.abs(other.composition - item.composition).max() <= SAME_COMPOSITION:
                    amount = other.amount + item.amount
                    mean = (other.amount * other.composition + item.amount * item.composition) / amount
                    kept[place] = replace(other, composition=mean, amount=amount)
                    self.notes.append(
                        f"{kelvin - ZERO_CELSIUS_K:g} C: two {item.phase} sets within {SAME_COMPOSITION} count as one"
                    )
                    break
            else:
                kept.append(item)
        return kept
