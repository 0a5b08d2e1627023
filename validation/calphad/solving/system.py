"""One set of elements: phases as sampled Gibbs-energy surfaces, compiled once and kept.

Only the energy itself is compiled for the tangent-plane tests; pycalphad's phase records, which cost more to
build (gradients, Hessians, constraints), are made when a phase first takes part in an equilibrium.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any
from weakref import WeakSet

import numpy as np
import symengine
from numpy.typing import NDArray
from pycalphad import Database, Model
from pycalphad import variables as v
from pycalphad.core.utils import filter_phases, unpack_species

from validation.calphad.errors import DatabaseError
from validation.calphad.solving.records import Shared, SharedRecordFactory, compiled, plain

Array = NDArray[np.float64]

PRESSURE_PA = 101325.0
MIN_SITE_FRACTION = 1e-10
MAX_GRID = 3500
COARSE_GRID = 130
MAX_LATTICE = {1: 1, 2: 100, 3: 40}


def simplex_lattice(species: int, denominator: int) -> Array:
    """All points with coordinates k/denominator on a simplex, shape ``(points, species)``."""
    if species == 1:
        return np.ones((1, 1))
    bars = np.array(list(combinations(range(denominator + species - 1), species - 1)), dtype=np.int64)
    edges = np.full((len(bars), 1), -1)
    last = np.full((len(bars), 1), denominator + species - 1)
    counts = np.diff(np.hstack([edges, bars, last]), axis=1) - 1
    return np.asarray(counts / denominator, dtype=np.float64)


def _denominator(species: int, budget: int) -> int:
    best = 1
    while best < MAX_LATTICE.get(species, 40) and comb(best + species, species - 1) <= budget:
        best += 1
    return best


def _site_grid(sizes: Sequence[int], budget: int) -> Array:
    active = [size for size in sizes if size > 1]
    share = int(budget ** (1.0 / max(len(active), 1)))
    grid = np.zeros((1, 0))
    for size in sizes:
        part = simplex_lattice(size, _denominator(size, share))
        grid = np.hstack([np.repeat(grid, len(part), axis=0), np.tile(part, (len(grid), 1))])
    floored = np.maximum(grid, MIN_SITE_FRACTION)
    start = 0
    for size in sizes:
        block = floored[:, start : start + size]
        block /= block.sum(axis=1, keepdims=True)
        start += size
    return floored


@dataclass(frozen=True, slots=True)
class PhaseSurface:
    """Gibbs energy of one phase over its site fractions.

    Attributes:
        name: Phase name.
        grid: Site fractions sampled once, ``(points, site fractions)``.
        grid_composition: Mole fractions of the grid, ``(points, elements)``.
        coarse: A coarse sampling that reaches every corner, ``(fewer points, site fractions)``.
        formula: Moles of each element per formula unit and site fraction, ``(site fractions, elements)``.
        moves: Transfers inside one sublattice, ``(moves, site fractions)`` of +1, -1 and 0.
        sizes: Site fractions in each sublattice, in order.
        function: Compiled energy, J per mole of atoms, of rows ``(N, P, T, site fractions)``.
    """

    name: str
    grid: Array
    grid_composition: Array
    coarse: Array
    formula: Array
    moves: Array
    sizes: tuple[int, ...]
    function: Callable[[Array], Array]

    def sublattices(self) -> list[tuple[int, int]]:
        """Size and first place of each sublattice."""
        return [(size, sum(self.sizes[:index])) for index, size in enumerate(self.sizes)]

    def composition(self, sites: Array) -> Array:
        """Mole fractions, ``(points, elements)``, of site fractions ``(points, site fractions)``."""
        moles = sites @ self.formula
        return np.asarray(moles / moles.sum(axis=1, keepdims=True))

    def energy(self, temperature_k: float, sites: Array) -> Array:
        """Gibbs energy in J per mole of atoms, ``(points,)``."""
        rows = np.empty((len(sites), sites.shape[1] + 3))
        rows[:, 0] = 1.0
        rows[:, 1] = PRESSURE_PA
        rows[:, 2] = temperature_k
        rows[:, 3:] = sites
        return np.asarray(self.function(rows), dtype=np.float64).reshape(len(sites))


class ElementSystem:
    """Phases of one set of elements, ready for tangent-plane tests and for pycalphad's solver.

    Args:
        database: A parsed database.
        elements: Upper-case element names.
        phases: Phases to use; those that cannot hold the elements are left out.
        shared: Compiled functions shared with other systems.

    Attributes:
        users: What is alive and computes with this system.
    """

    def __init__(
        self, database: Database, elements: Iterable[str], phases: Iterable[str], shared: Shared | None = None
    ) -> None:
        self.elements = tuple(sorted(elements))
        self.users: WeakSet[object] = WeakSet()
        components = [*self.elements, "VA"] if "VA" in database.elements else list(self.elements)
        species = unpack_species(database, components)
        names = sorted(filter_phases(database, species, candidate_phases=sorted(phases)))
        self.models: dict[str, Any] = {name: Model(database, components, name) for name in names}
        self.surfaces = {name: self._surface(name) for name in names}
        energies = {name: surface.function for name, surface in self.surfaces.items()}
        self.records = SharedRecordFactory(
            database, components, {v.N, v.P, v.T}, self.models, energies, {} if shared is None else shared
        )

    def _surface(self, name: str) -> PhaseSurface:
        model = self.models[name]
        variables = list(model.site_fractions)
        expression = symengine.sympify(model.GM)
        unknown = {str(s) for s in expression.free_symbols if not isinstance(s, v.StateVariable)}
        if unknown:
            raise DatabaseError(
                f"phase {name} uses undefined functions {sorted(unknown)}, which would count as 0 J/mol; define them"
            )
        function = compiled(*plain([v.N, v.P, v.T, *variables], [expression]), optimise=2)
        formula = np.zeros((len(variables), len(self.elements)))
        for row, variable in enumerate(variables):
            ratio = float(model.site_ratios[variable.sublattice_index])
            for element, count in variable.species.constituents.items():
                if element in self.elements:
                    formula[row, self.elements.index(element)] += ratio * float(count)
        sublattices = [variable.sublattice_index for variable in variables]
        sizes = [sublattices.count(index) for index in sorted(set(sublattices))]
        grid = _site_grid(sizes, MAX_GRID)
        moles = grid @ formula
        fractions = moles / moles.sum(axis=1, keepdims=True)
        return PhaseSurface(
            name, grid, fractions, _site_grid(sizes, COARSE_GRID), formula, _moves(sublattices), tuple(sizes), function
        )

    def close_when_unused(self) -> None:
        """Let go of everything compiled, at once rather than at some later garbage collection, if no alloy uses it."""
        if self.users:
            return
        self.records.close()
        self.surfaces.clear()
        self.models.clear()

    def formula_sites(self, phase: str, composition: Array) -> Array | None:
        """Site fractions of a substitutional phase at a composition, or None where they are not fixed by it."""
        surface = self.surfaces[phase]
        sites = np.zeros(len(surface.formula))
        model = self.models[phase]
        taken = np.zeros(len(self.elements), dtype=bool)
        for row in range(len(model.site_fractions)):
            held = np.flatnonzero(surface.formula[row])
            if len(held) == 0:
                sites[row] = 1.0
            elif len(held) > 1 or taken[held[0]]:
                return None
            else:
                taken[held[0]] = True
                sites[row] = composition[held[0]]
        start = 0
        for constituents in model.constituents:
            size = len(constituents)
            if abs(sites[start : start + size].sum() - 1.0) > 1e-9:
                return None
            start += size
        return np.maximum(sites, MIN_SITE_FRACTION)


def _moves(sublattices: Sequence[int]) -> Array:
    rows = []
    for i, j in combinations(range(len(sublattices)), 2):
        if sublattices[i] == sublattices[j]:
            move = np.zeros(len(sublattices))
            move[i], move[j] = 1.0, -1.0
            rows += [move, -move]
    return np.array(rows).reshape(len(rows), len(sublattices))
