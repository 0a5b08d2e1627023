"""Equilibria by pycalphad's solver, each confirmed by a tangent-plane test over every phase.

A single phase is tried first. Its tangent plane is compared with every phase by a pattern search from the
lowest sampled points. Where something lies below the plane, a linear programme over those points, the
minima found and the present sets gives the best mixture, pycalphad refines it, and the test is repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from pycalphad import variables as v
from pycalphad.core.composition_set import CompositionSet
from pycalphad.core.solver import Solver
from scipy.optimize import linprog

from validation.calphad.errors import CalphadError
from validation.calphad.solving.phases.sampling import Array
from validation.calphad.solving.phases.surface import PRESSURE_PA, PhaseSurface
from validation.calphad.solving.system import ElementSystem

LEAST_AMOUNT = 1e-7
"""Moles of a set below which it is an artefact of the linear programme, whose corner it only marks."""
DRIVING_FORCE_TOLERANCE = 1.0
"""J/mol-atom: a phase, or a second composition set, that would gain less counts as absent."""
SAME_COMPOSITION = 0.05
"""Largest difference in any mole fraction up to which two sets of one phase count as one."""
HOPELESS = 8000.0
"""J/mol-atom: a phase sampled nowhere nearer to the tangent plane is not searched further."""
POOL = 60
"""Sampled points per phase, the lowest above the tangent plane, that enter the linear programme."""
PROGRESS = 0.003
"""J/mol-atom by which a step must lower the energy to count as progress."""
SEED_AMOUNT = 1e-3
"""Moles of a set that is offered to the solver beside the present ones."""
COUNTER_STEPS = (0.02, 0.06, 0.15, 0.3, 0.6)
MERGE_SITES = 0.06
"""Points of one phase in a mixture that differ by less in every site fraction start as one set."""
MAX_ROUNDS = 12
STEPS = (0.06, 0.03, 0.012, 0.005, 0.002, 0.0008, 0.0003, 0.0001)
FOLLOW_FROM = 2
"""The first of the steps by which a minimum is followed from one temperature to the next."""


@dataclass(frozen=True, slots=True)
class PhaseSet:
    """One composition set.

    Attributes:
        phase: Name of the phase; in a `State`, the name that it is reported under.
        sites: Site fractions of the phase's model.
        composition: Mole fractions, ``(elements,)``.
        amount: Moles of atoms.
        order: Its order (A1, L12, B2 …) in a `State`; empty where it cannot order.
        model: In a `State`, the phase whose model the sites belong to.
    """

    phase: str
    sites: Array
    composition: Array
    amount: float
    order: str = ""
    model: str = ""

    @property
    def label(self) -> str:
        """Its phase, with the order where the name does not say it: ``BCC_4SL:B2``, but ``BCC_B2``."""
        return self.phase if self.order in self.phase else f"{self.phase}:{self.order}"

    def named(self, name: str) -> bool:
        """Whether the set is what a person calls by this name: a phase, or ``PHASE:ORDER``."""
        return name in (self.phase, f"{self.phase}:{self.order}")


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """An equilibrium: its sets, chemical potentials and energy in J/mol-atom.

    Where it is confirmed, ``distances`` says how far each phase lies above its tangent plane, J/mol-atom, by the name
    that it is reported under and, where it can order, by ``NAME:ORDER`` as well.
    """

    sets: tuple[PhaseSet, ...]
    potentials: Array
    energy: float
    distances: Mapping[str, float] = field(default_factory=dict)


def lowest(
    surface: PhaseSurface, temperature_k: float, potentials: Array, starts: int = 5, sampled: Array | None = None
) -> tuple[Array, Array]:
    """Local minima of the distance between a phase and a tangent plane.

    Args:
        surface: The phase.
        temperature_k: Temperature in K.
        potentials: Chemical potentials in J/mol, ``(elements,)``.
        starts: How many distinct sampled points to search from.
        sampled: Energies of ``surface.grid`` at this temperature, if known.

    Returns:
        Distances in J/mol-atom (negative: below the plane), ``(starts,)``, and site fractions.
    """
    energies = surface.energy(temperature_k, surface.grid) if sampled is None else sampled
    distances = energies - surface.grid_composition @ potentials
    ordered = np.argsort(distances, kind="stable")[: 24 * starts]
    if distances[ordered[0]] > HOPELESS:
        return distances[ordered[:1]], surface.grid[ordered[:1]]
    picked: list[int] = []
    while len(ordered) and len(picked) < starts:
        picked.append(int(ordered[0]))
        gaps = np.abs(surface.grid[ordered] - surface.grid[ordered[0]]).max(axis=1)
        ordered = ordered[gaps > 0.15]
    sites, values = surface.grid[picked].copy(), distances[picked].copy()
    if len(surface.moves):
        for step in STEPS:
            sites, values = _descend(surface, temperature_k, potentials, sites, values, step)
    return values, sites


def followed(surface: PhaseSurface, temperature_k: float, potentials: Array, sites: Array) -> tuple[Array, Array]:
    """Minima of the distance, found from those at a temperature near by.

    Args:
        surface: The phase.
        temperature_k: Temperature in K.
        potentials: Chemical potentials in J/mol, ``(elements,)``.
        sites: The minima there, ``(minima, site fractions)``.

    Returns:
        Distances in J/mol-atom, ``(minima,)``, and site fractions.
    """
    values = surface.above(temperature_k, potentials, sites)
    if len(surface.moves):
        for step in STEPS[FOLLOW_FROM:]:
            sites, values = _descend(surface, temperature_k, potentials, sites.copy(), values.copy(), step)
    return values, sites


def _descend(
    surface: PhaseSurface, temperature_k: float, potentials: Array, sites: Array, values: Array, step: float
) -> tuple[Array, Array]:
    count, width = sites.shape
    for _ in range(40):
        trials = (sites[:, None, :] + step * surface.moves[None, :, :]).reshape(-1, width)
        outside = trials.min(axis=1) < surface.floor
        trials[outside] = np.repeat(sites, len(surface.moves), axis=0)[outside]
        table = surface.above(temperature_k, potentials, trials).reshape(count, -1)
        best = table.argmin(axis=1)
        better = table[np.arange(count), best] < values - 1e-9
        if not better.any():
            break
        chosen = trials.reshape(count, -1, width)[np.arange(count), best]
        sites[better] = chosen[better]
        values[better] = table[np.arange(count), best][better]
    return sites, values


class Equilibrator:
    """Equilibria of one composition in one element system.

    Args:
        system: The element system.
        composition: Mole fractions in the order of ``system.elements``.
        surfaces: The phases with another sampling; those of the system by default.

    Attributes:
        retries: Temperature in K and the step of the ladder that was needed there, in order.
    """

    def __init__(
        self, system: ElementSystem, composition: Array, surfaces: dict[str, PhaseSurface] | None = None
    ) -> None:
        self.system = system
        self.surfaces = system.surfaces if surfaces is None else surfaces
        self.composition = composition
        self.retries: list[tuple[float, str]] = []
        self._conditions = {
            v.X(element): float(fraction)
            for element, fraction in zip(system.elements[1:], composition[1:], strict=True)
        }

    def single(self, phase: str, temperature_k: float) -> Equilibrium | None:
        """The phase alone at the overall composition, or None where it cannot have it."""
        sites = self.system.formula_sites(phase, self.composition)
        if sites is None:
            sites = self._mean(phase, temperature_k)
        try:
            return None if sites is None else self.solve([PhaseSet(phase, sites, self.composition, 1.0)], temperature_k)
        except (ArithmeticError, LookupError, ValueError):  # pycalphad's solver broke on these sites
            return None

    def _mean(self, phase: str, temperature_k: float) -> Array | None:
        """Site fractions at the overall composition, by the best mixture of sampled points of the phase."""
        surface = self.surfaces[phase]
        try:
            found = self.mixture({phase: [surface.grid]}, temperature_k, merge=0.0).sets
        except CalphadError:
            return None
        sites = np.array([item.sites for item in found])
        units = np.array([item.amount for item in found]) / surface.moles(sites).sum(axis=1)
        return np.asarray(units @ sites / units.sum())

    def attempt(self, temperature_k: float, phases: Sequence[str], first: str | None = None) -> Equilibrium | None:
        """Equilibrium among phases at a temperature, or None where the rounds run out; `retry.find` goes on from there.

        Args:
            temperature_k: Temperature in K.
            phases: Names of the phases allowed.
            first: A phase tried alone before anything else.
        """
        surfaces = self.surfaces
        sampled = self.sampled(phases, temperature_k)
        pool: dict[str, list[Array]] = {name: [surfaces[name].coarse] for name in phases}
        current = self.single(first, temperature_k) if first in sampled and first is not None else None
        if current is None:
            pool = {name: [surfaces[name].grid] for name in phases}
            current = self._polished(self.mixture(pool, temperature_k), temperature_k)
        for attempt in range(MAX_ROUNDS):
            missing, distances = self.below(current, temperature_k, sampled, pool)
            if not missing:
                return replace(current, distances=distances)
            self._remember(current.sets, pool)
            room = len(self.system.elements) - len(current.sets)
            grown = self.solve([*current.sets, *missing[:room]], temperature_k) if room > 0 else None
            if grown is not None and grown.energy < current.energy - PROGRESS:
                current = grown
                continue
            self._balance(missing, pool, first)
            if attempt == 0:
                for name, energies in sampled.items():
                    order = np.argsort(energies - surfaces[name].grid_composition @ current.potentials, kind="stable")
                    pool[name].append(surfaces[name].grid[order[:POOL]])
            rough = self.mixture(pool, temperature_k)
            refined = self.solve(rough.sets, temperature_k)
            best = min(rough.energy, current.energy - PROGRESS)
            current = refined if refined is not None and refined.energy < best + PROGRESS else rough
        return None

    def _polished(self, rough: Equilibrium, temperature_k: float) -> Equilibrium:
        """What pycalphad's solver makes of a mixture of points of a grid, whose potentials are as coarse as the grid.

        It stays as it is where that does not converge, or to a higher energy.
        """
        try:
            done = self.solve(rough.sets, temperature_k)
        except (ArithmeticError, LookupError, ValueError):  # pycalphad's solver broke on these sets
            return rough
        return rough if done is None or done.energy > rough.energy + PROGRESS else done

    def sampled(self, phases: Sequence[str], temperature_k: float) -> dict[str, Array]:
        """Energies of the grid of each phase, J/mol-atom."""
        return {name: self.surfaces[name].energy(temperature_k, self.surfaces[name].grid) for name in phases}

    def _balance(self, sets: Sequence[PhaseSet], pool: dict[str, list[Array]], matrix: str | None) -> None:
        """Add matrix points opposite to some sets, so that a mixture of the two has the alloy's composition."""
        if matrix not in pool:
            return
        for item in sets:
            for step in COUNTER_STEPS:
                opposite = self.composition + step * (self.composition - item.composition)
                if opposite.min() <= 0.0:
                    break
                sites = self.system.formula_sites(str(matrix), opposite)
                if sites is not None:
                    pool[str(matrix)].append(sites[None, :])

    @staticmethod
    def _remember(sets: Sequence[PhaseSet], pool: dict[str, list[Array]]) -> None:
        for item in sets:
            pool[item.phase].append(item.sites[None, :])

    def mixture(self, pool: dict[str, list[Array]], temperature_k: float, merge: float = MERGE_SITES) -> Equilibrium:
        """Best mixture of the points in the pool, by linear programming; its duals are the potentials.

        Args:
            pool: Phase name to arrays of site fractions, ``(points, site fractions)`` each.
            temperature_k: Temperature in K.
            merge: Points of one phase that differ by no more in any site fraction become one set.

        Raises:
            CalphadError: ``composition``, where no mixture has the alloy's composition.
        """
        sites = {name: np.vstack(parts) for name, parts in pool.items() if parts}
        owners = [name for name, points in sites.items() for _ in range(len(points))]
        rows = [row for points in sites.values() for row in points]
        surfaces = self.surfaces
        energies = np.concatenate([surfaces[n].energy(temperature_k, points) for n, points in sites.items()])
        compositions = np.vstack([surfaces[n].composition(points) for n, points in sites.items()])
        answer = linprog(energies, A_eq=compositions.T, b_eq=self.composition, bounds=(0, None), method="highs-ds")
        if answer.x is None:
            raise CalphadError(
                "composition",
                f"no mixture of {', '.join(sites)} has this composition; does the database hold compounds only?",
            )
        found = [
            PhaseSet(owners[index], rows[index], compositions[index], float(answer.x[index]))
            for index in np.flatnonzero(answer.x > LEAST_AMOUNT)
        ]
        return Equilibrium(tuple(merged(found, merge)), np.asarray(answer.eqlin.marginals), float(answer.fun))

    def solve(self, sets: Sequence[PhaseSet], temperature_k: float) -> Equilibrium | None:
        """What pycalphad's solver makes of these sets, or None where it does not converge."""
        # More sets than elements break the phase rule, and pycalphad 0.11's least squares crash on them.
        sets = sorted(sets, key=lambda item: -item.amount)[: len(self.system.elements)]
        state = np.array([1.0, PRESSURE_PA, temperature_k])
        chosen = []
        for item in sets:
            compset = CompositionSet(self.system.records[item.phase])
            compset.update(np.ascontiguousarray(item.sites), max(item.amount, 1e-6), state)
            chosen.append(compset)
        total = sum(compset.NP for compset in chosen)
        for compset in chosen:
            compset.NP = compset.NP / total
        conditions = {v.N: 1.0, v.P: PRESSURE_PA, v.T: temperature_k, **self._conditions}
        result = Solver().solve(chosen, conditions)
        if not result.converged or not chosen or not np.isfinite(result.chemical_potentials).all():
            return None
        found = [PhaseSet(c.phase_record.phase_name, np.array(c.dof)[3:], np.array(c.X), float(c.NP)) for c in chosen]
        overall = sum(item.amount * item.composition for item in found)
        if np.abs(overall - self.composition).max() > 1e-5:
            return None
        energy = float(sum(c.NP * c.energy for c in chosen))
        return Equilibrium(tuple(merged(found, 1e-4)), np.array(result.chemical_potentials), energy)

    def below(
        self, current: Equilibrium, temperature_k: float, sampled: dict[str, Array], pool: dict[str, list[Array]]
    ) -> tuple[list[PhaseSet], dict[str, float]]:
        """Sets below the tangent plane, the lowest of each phase first; all minima near it join the pool.

        Returns:
            The sets, and the distance of each phase from the plane in J/mol-atom (negative: below it), by the name that
            it is reported under.
        """
        found: list[PhaseSet] = []
        distances: dict[str, float] = {}
        rank: list[tuple[bool, float, int]] = []
        for name, energies in sampled.items():
            surface = self.surfaces[name]
            values, sites = lowest(surface, temperature_k, current.potentials, sampled=energies)
            self._tell(name, values, sites, distances)
            pool[name].append(sites[values < HOPELESS])
            for index in np.argsort(values, kind="stable"):
                composition = surface.composition(sites[index : index + 1])[0]
                known = [item for item in found if item.phase == name]
                if values[index] <= -DRIVING_FORCE_TOLERANCE and all(
                    np.abs(item.composition - composition).max() > 1e-2 for item in known
                ):
                    rank.append((bool(known), float(values[index]), len(found)))
                    found.append(PhaseSet(name, sites[index], composition, SEED_AMOUNT))
        return [found[place] for _, _, place in sorted(rank)], distances

    def _tell(self, phase: str, values: Array, sites: Array, distances: dict[str, float]) -> None:
        """Put the lowest minimum of each name that a phase is reported under among the distances."""
        for value, place in zip(values.tolist(), sites, strict=True):
            name, order = self.system.reported(phase, place)
            for label in (name, f"{name}:{order}") if order else (name,):
                distances[label] = min(value, distances.get(label, np.inf))


def merged(sets: Sequence[PhaseSet], tolerance: float) -> list[PhaseSet]:
    """Joins sets of one phase whose site fractions differ by no more than the tolerance."""
    kept: list[PhaseSet] = []
    for item in sorted(sets, key=lambda s: -s.amount):
        for place, other in enumerate(kept):
            if other.phase == item.phase and np.abs(other.sites - item.sites).max() <= tolerance:
                amount = other.amount + item.amount
                share = item.amount / amount if amount > 0 else 0.0
                kept[place] = PhaseSet(
                    item.phase,
                    (1 - share) * other.sites + share * item.sites,
                    (1 - share) * other.composition + share * item.composition,
                    amount,
                )
                break
        else:
            kept.append(item)
    return kept
