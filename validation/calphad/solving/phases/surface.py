"""One phase as a sampled Gibbs-energy surface over its site fractions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import symengine
from numpy.typing import NDArray
from pycalphad import variables as v

from validation.calphad.compiling.functions import Functions
from validation.calphad.errors import DatabaseError
from validation.calphad.solving.phases.order import Ordering
from validation.calphad.solving.phases.sampling import (
    COARSE_GRID,
    LEAST_SITE_FRACTION,
    Array,
    Constitution,
    grid_of,
    spread,
    steps_of,
    without_copies,
)

PRESSURE_PA = 101325.0
MOST_VACANT = 0.4
"""Vacant share of a lattice above which a point counts as empty: a vacuum rather than a crystal."""
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
        floor: Site fraction below which no step goes.
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
    floor: float = LEAST_SITE_FRACTION

    @property
    def holds_all(self) -> bool:
        """Whether the phase can hold every element."""
        return bool((self.grid_composition.max(axis=0) > 0.0).all())

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

    def hollow(self, sites: Array) -> NDArray[np.bool_]:
        """Whether points, ``(points, site fractions)``, hold few atoms for their phase: a vacuum, not a crystal."""
        return np.asarray(sites @ self.constitution.vacancies > MOST_VACANT)

    def energy(self, temperature_k: float, sites: Array) -> Array:
        """Gibbs energy in J per mole of atoms, ``(points,)``."""
        return np.asarray(self.function(_rows(temperature_k, sites)), dtype=np.float64).reshape(len(sites))

    def above(self, temperature_k: float, potentials: Array, sites: Array) -> Array:
        """Distance from a tangent plane in J per mole of atoms, ``(points,)``; infinite where a point is empty."""
        distances = self.energy(temperature_k, sites) - self.composition(sites) @ potentials
        return np.where(self.hollow(sites), np.inf, distances) if self.constitution.vacancies.any() else distances


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
    grid, coarse = _full(bare, grid_of(constitution)), _full(bare, grid_of(constitution, COARSE_GRID))
    if not len(grid):
        return None
    if ordering is not None and _symmetric(bare, ordering):
        grid, coarse = without_copies(grid, ordering), without_copies(coarse, ordering)
    return PhaseSurface(
        model.phase_name, grid, bare.composition(grid), coarse, constitution, formula, amounts,
        steps_of(constitution), function,
    )  # fmt: skip


def resampled(surface: PhaseSurface, grid: Array) -> PhaseSurface:
    """The surface sampled at other points beside its coarse ones."""
    points = np.vstack([surface.coarse, _full(surface, grid)])
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
    return Constitution(sizes, scale * charges, _vacancies(model, ordering), ordering)


def _vacancies(model: Any, ordering: Ordering | None) -> Array:
    """Share of the lattice per site fraction that is vacant, where every sublattice can be; else zeros.

    The lattice is the sublattices that can order, or else the one that holds most species.
    """
    empty = np.array([variable.species.number_of_atoms == 0 for variable in model.site_fractions])
    where = np.array([variable.sublattice_index for variable in model.site_fractions])
    ratios = _ratios(model)
    if ratios is None or not all(empty[where == index].any() for index in set(where.tolist())):
        return np.zeros(len(empty))
    crowded = max(range(len(ratios)), key=lambda index: (where == index).sum())
    lattice = np.isin(where, [crowded] if ordering is None else where[ordering.places[:, 0]])
    sites = np.array(ratios)[where] * lattice
    return np.asarray(np.where(empty, sites, 0.0) / sum(ratios[index] for index in set(where[lattice].tolist())))


def _amounts(model: Any, elements: Sequence[str], functions: Functions) -> Any:
    moles = [model.moles(element, per_formula_unit=True) for element in elements]
    return functions.value([v.N, v.P, v.T, *model.site_fractions], moles)


def _full(surface: PhaseSurface, grid: Array) -> Array:
    """The points of a grid that are no vacuum."""
    return grid[~surface.hollow(grid)] if len(grid) else grid


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
