"""One phase as a sampled Gibbs-energy surface over its site fractions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import symengine
from pycalphad import variables as v

from validation.calphad.compiling.functions import Functions
from validation.calphad.errors import DatabaseError
from validation.calphad.solving.phases.order import Ordering
from validation.calphad.solving.phases.sampling import (
    COARSE_GRID,
    Array,
    Constitution,
    grid_of,
    spread,
    steps_of,
    without_copies,
)

PRESSURE_PA = 101325.0
LEAST_ATOMS = 0.02
"""Atoms per formula unit, of the most that the phase holds, below which a point counts as empty."""
HOLLOW = 12.5
"""Moles per formula unit, in those of an empty point, below which a phase is told as mostly vacancies."""
SYMMETRY_K = 1000.0
SYMMETRIC_J = 1e-3
SYMMETRY_POINTS = 20


@dataclass(frozen=True, slots=True)
class PhaseSurface:
    """Gibbs energy of one phase over its site fractions.

    Attributes:
        name: Phase name.
        grid: Site fractions sampled once, ``(points, site fractions)``.
        grid_composition: Mole fractions of the grid, ``(points, elements)``.
        coarse: A coarse sampling that reaches every corner, ``(fewer points, site fractions)``.
        constitution: What stands on its sublattices.
        formula: Moles of each element per formula unit and site fraction, ``(site fractions, elements)``; None where
            the sites depend on what they hold (an ionic liquid).
        amounts: Moles of each element per formula unit of rows ``(N, P, T, site fractions)``, where formula is None.
        moves: Transfers that keep each sublattice full and the phase neutral, ``(moves, site fractions)``.
        function: Compiled energy, J per mole of atoms, of rows ``(N, P, T, site fractions)``.
        emptiest: Moles per formula unit below which a point counts as empty; 0 where none can be.
    """

    name: str
    grid: Array
    grid_composition: Array
    coarse: Array
    constitution: Constitution
    formula: Array | None
    amounts: Callable[[Array], Array] | None
    moves: Array
    function: Callable[[Array], Array]
    emptiest: float = 0.0

    def moles(self, sites: Array) -> Array:
        """Moles of each element per formula unit, ``(points, elements)``."""
        if self.formula is not None:
            return sites @ self.formula
        assert self.amounts is not None
        return np.asarray(self.amounts(_rows(1.0, sites)), dtype=np.float64).reshape(len(sites), -1)

    def composition(self, sites: Array) -> Array:
        """Mole fractions, ``(points, elements)``, of site fractions ``(points, site fractions)``."""
        moles = self.moles(sites)
        return np.asarray(moles / moles.sum(axis=1, keepdims=True))

    def hollow(self, sites: Array) -> bool:
        """Whether a point, ``(site fractions,)``, holds few atoms for its phase: a vacuum rather than a crystal."""
        return bool(self.moles(sites[None, :]).sum() < self.emptiest * HOLLOW)

    def energy(self, temperature_k: float, sites: Array) -> Array:
        """Gibbs energy in J per mole of atoms, ``(points,)``."""
        return np.asarray(self.function(_rows(temperature_k, sites)), dtype=np.float64).reshape(len(sites))

    def above(self, temperature_k: float, potentials: Array, sites: Array) -> Array:
        """Distance from a tangent plane in J per mole of atoms, ``(points,)``; infinite where a point is empty."""
        moles = self.moles(sites)
        total = moles.sum(axis=1, keepdims=True)
        distances = self.energy(temperature_k, sites) - moles / total @ potentials
        return np.where(total[:, 0] > self.emptiest, distances, np.inf) if self.emptiest else distances


def surface_of(
    model: Any, elements: Sequence[str], ordering: Ordering | None, functions: Functions
) -> PhaseSurface | None:
    """The surface of one phase; None where no point of it is neutral and holds atoms.

    Args:
        model: pycalphad's model.
        elements: Upper-case element names in order.
        ordering: How the phase orders, if it can.
        functions: Where its compiled functions come from.

    Raises:
        DatabaseError: The phase uses functions that the database does not define.
    """
    variables = [v.N, v.P, v.T, *model.site_fractions]
    expression = symengine.sympify(model.GM)
    unknown = {str(s) for s in expression.free_symbols if not isinstance(s, v.StateVariable)}
    if unknown:
        raise DatabaseError(
            f"phase {model.phase_name} uses undefined functions {sorted(unknown)}, which would count as 0 J/mol; "
            "define them"
        )
    function = functions.value(variables, [expression], optimise=2)
    formula, constitution = _formula(model, elements), _constitution(model, ordering)
    amounts = None if formula is not None else _amounts(model, elements, functions)
    none = np.zeros((0, 0))
    bare = PhaseSurface(model.phase_name, none, none, none, constitution, formula, amounts, none, function)
    grid, least = _full(bare, grid_of(constitution))
    if not len(grid):
        return None
    coarse, _ = _full(bare, grid_of(constitution, COARSE_GRID))
    if ordering is not None and _symmetric(bare, ordering):
        grid, coarse = without_copies(grid, ordering), without_copies(coarse, ordering)
    return PhaseSurface(
        model.phase_name, grid, bare.composition(grid), coarse, constitution, formula, amounts,
        steps_of(constitution), function, least,
    )  # fmt: skip


def resampled(surface: PhaseSurface, grid: Array) -> PhaseSurface:
    """The surface sampled at other points beside its coarse ones."""
    points = np.vstack([surface.coarse, _full(surface, grid)[0]])
    return replace(surface, grid=points, grid_composition=surface.composition(points))


def _rows(temperature_k: float, sites: Array) -> Array:
    rows = np.empty((len(sites), sites.shape[1] + 3))
    rows[:, 0] = 1.0
    rows[:, 1] = PRESSURE_PA
    rows[:, 2] = temperature_k
    rows[:, 3:] = sites
    return rows


def _ratios(model: Any) -> list[float] | None:
    """Sites of each sublattice; None where they depend on what the sublattices hold."""
    try:
        return [float(ratio) for ratio in model.site_ratios]
    except (TypeError, RuntimeError):
        return None


def _formula(model: Any, elements: Sequence[str]) -> Array | None:
    ratios = _ratios(model)
    if ratios is None:
        return None
    formula = np.zeros((len(model.site_fractions), len(elements)))
    for row, variable in enumerate(model.site_fractions):
        for element, count in variable.species.constituents.items():
            if element in elements:
                formula[row, elements.index(element)] += ratios[variable.sublattice_index] * float(count)
    return formula


def _constitution(model: Any, ordering: Ordering | None) -> Constitution:
    ratios = _ratios(model)
    sublattices = [variable.sublattice_index for variable in model.site_fractions]
    sizes = tuple(sublattices.count(index) for index in sorted(set(sublattices)))
    charges = np.array([float(variable.species.charge) for variable in model.site_fractions])
    # An ionic liquid has as many sites as keep it neutral.
    scale = np.zeros(len(charges)) if ratios is None else np.array([ratios[index] for index in sublattices])
    return Constitution(sizes, scale * charges, ordering)


def _amounts(model: Any, elements: Sequence[str], functions: Functions) -> Any:
    moles = [model.moles(element, per_formula_unit=True) for element in elements]
    return functions.value([v.N, v.P, v.T, *model.site_fractions], moles)


def _full(surface: PhaseSurface, grid: Array) -> tuple[Array, float]:
    """The points that hold atoms, and how many moles are too few; 0 where every point of the grid has more."""
    if not len(grid):
        return grid, 0.0
    total = surface.moles(grid).sum(axis=1)
    least = LEAST_ATOMS * float(total.max())
    full = total > least
    return grid[full], 0.0 if full.all() else least


def _symmetric(surface: PhaseSurface, ordering: Ordering) -> bool:
    """Whether sublattices that change places leave the energy as it is."""
    if len(set(ordering.ratios)) > 1 or len(ordering.places) not in (2, 4):
        return False
    points = spread(surface.constitution.sizes, SYMMETRY_POINTS)
    swaps: list[tuple[int, ...]] = [(1, 0)] if len(ordering.places) == 2 else [(1, 0, 2, 3), (0, 1, 3, 2), (2, 3, 0, 1)]
    if len(ordering.places) == 4 and ordering.lattice != "BCC":
        swaps.append((0, 2, 1, 3))
    energy = surface.energy(SYMMETRY_K, points)
    for swap in swaps:
        other = points.copy()
        other[:, ordering.places] = points[:, ordering.places[list(swap)]]
        if not np.allclose(surface.energy(SYMMETRY_K, other), energy, rtol=0.0, atol=SYMMETRIC_J):
            return False
    return True
