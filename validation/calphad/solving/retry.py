"""Equilibria that do not converge at once: a ladder of four more attempts, each named in the result.

The first attempt fails mostly where two sets of one phase lie close together, near the top of a miscibility gap:
Newton steps make one set of the two, and a linear programme over distant points has potentials that swing from
round to round. Meshes around the present sets hold the potentials, and halving the mesh ends within the tolerance
of the tangent-plane test even where pycalphad's solver never separates the two (column generation, Dantzig and
Wolfe, Operations Research 8 (1960) 101).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from validation.calphad.errors import CalphadError
from validation.calphad.solving.equilibrium import Equilibrator, Equilibrium, merged
from validation.calphad.solving.phases.sampling import MIN_SITE_FRACTION, Array, grid_of
from validation.calphad.solving.phases.surface import PhaseSurface, resampled

MESH_STEPS = (0.12, 0.06, 0.03, 0.015, 0.008, 0.004, 0.002, 0.001)
MESH_ROUNDS = 6
SMALLEST_SITE = 1e-4
"""Site fraction below which a mesh gets no finer."""
PROGRESS_J = 0.01
"""J/mol-atom by which a round on one mesh must lower the energy to be followed by another."""
OTHER_GRID = 5000
GRID_SEED = 20260101
TEMPERATURE_STEPS_K = (1.0, -1.0, 5.0, -5.0)
NUDGE = 1e-6
"""Largest change of a mole fraction in the last step of the ladder."""

Attempt = Callable[[Equilibrator, float, Sequence[str], str | None], Equilibrium | None]


def find(solver: Equilibrator, temperature_k: float, phases: Sequence[str], first: str | None = None) -> Equilibrium:
    """Equilibrium among phases at a temperature; what had to be tried joins ``solver.retries``.

    Args:
        solver: The alloy's equilibria.
        temperature_k: Temperature in K.
        phases: Names of the phases allowed.
        first: A phase tried alone before anything else.

    Raises:
        CalphadError: ``no_convergence``, with temperature and composition; ``composition``, where the phases together
            cannot have it.
    """
    broke = ""
    for name, attempt in LADDER.items():
        try:
            found = attempt(solver, temperature_k, phases, first)
        except CalphadError as error:
            if error.kind == "composition":
                raise
            broke = f" ({error.message})"
            continue
        except (ArithmeticError, LookupError, ValueError) as error:  # pycalphad's solver broke on these sets
            broke = f" ({type(error).__name__}: {error})"
            continue
        if found is not None:
            if name != FIRST:
                solver.retries.append((round(temperature_k, 2), name))
            return found
    where = ", ".join(f"{e} {x:.4f}" for e, x in zip(solver.system.elements, solver.composition, strict=True))
    raise CalphadError(
        "no_convergence",
        f"no equilibrium found at {temperature_k:.2f} K for {where}, by {', '.join(LADDER)}{broke}; "
        "try another composition",
    )


def _first(solver: Equilibrator, kelvin: float, phases: Sequence[str], first: str | None) -> Equilibrium | None:
    return solver.attempt(kelvin, phases, first)


def _mesh(solver: Equilibrator, kelvin: float, phases: Sequence[str], first: str | None) -> Equilibrium | None:
    """Meshes around the present sets, ever finer, in the linear programme; the best is polished by pycalphad."""
    return _descend(solver, kelvin, phases, None)


def _descend(
    solver: Equilibrator, kelvin: float, phases: Sequence[str], start: Equilibrium | None
) -> Equilibrium | None:
    sampled = solver.sampled(phases, kelvin)
    pool: dict[str, list[Array]] = {name: [solver.surfaces[name].coarse] for name in phases}
    for item in start.sets if start is not None else ():
        pool[item.phase].append(item.sites[None, :])
    grid = {name: [solver.surfaces[name].grid, *pool[name]] for name in phases}
    current = solver.mixture(grid, kelvin, merge=0.0)
    for step in MESH_STEPS:
        for _ in range(MESH_ROUNDS):
            below, _ = solver.below(current, kelvin, sampled, pool)
            for item in (*current.sets, *below):
                pool[item.phase].append(around(solver.surfaces[item.phase], item.sites, step))
            following = solver.mixture(pool, kelvin, merge=0.0)
            gain, current = current.energy - following.energy, following
            if gain < PROGRESS_J:
                break
        confirmed = _confirmed(solver, kelvin, current, step, sampled)
        if confirmed is not None:
            return confirmed
    return None


def _confirmed(
    solver: Equilibrator, kelvin: float, current: Equilibrium, step: float, sampled: dict[str, Array]
) -> Equilibrium | None:
    """The mixture polished by pycalphad's solver, or as it is, if nothing lies below its tangent plane."""
    sets = tuple(merged(current.sets, 2.0 * step))
    for candidate in (solver.solve(sets, kelvin), replace(current, sets=sets)):
        if candidate is None or candidate.energy > current.energy + PROGRESS_J:
            continue
        below, distances = solver.below(candidate, kelvin, sampled, {name: [] for name in sampled})
        if not below:
            return replace(candidate, distances=distances)
    return None


def around(surface: PhaseSurface, sites: Array, step: float) -> Array:
    """Site fractions around a point: a transfer between each two of a sublattice, smaller where one is dilute.

    Args:
        surface: The phase.
        sites: The point, ``(site fractions,)``.
        step: Transfer between two site fractions near 1; it shrinks with the root of the smaller of the two.

    Returns:
        The point and its neighbours, ``(points, site fractions)``.
    """
    if not len(surface.moves):
        return sites[None, :]
    smaller = np.where(surface.moves != 0.0, sites, 1.0).min(axis=1)
    sizes = step * np.sqrt(np.maximum(smaller, SMALLEST_SITE))
    trials = sites + sizes[:, None] * surface.moves
    return np.vstack([sites, trials[trials.min(axis=1) >= surface.floor]])


def _other_grid(solver: Equilibrator, kelvin: float, phases: Sequence[str], first: str | None) -> Equilibrium | None:
    """The first attempt and the meshes from random points in place of the lattice; the same points each time."""
    rng = np.random.default_rng(GRID_SEED)
    surfaces = {name: _resampled(solver.surfaces[name], rng) for name in sorted(phases)}
    other = Equilibrator(solver.system, solver.composition, surfaces)
    return other.attempt(kelvin, phases) or _descend(other, kelvin, phases, None)


def _resampled(surface: PhaseSurface, rng: np.random.Generator) -> PhaseSurface:
    constitution = surface.constitution
    if constitution.charges.any():
        return resampled(surface, grid_of(constitution, OTHER_GRID, GRID_SEED + 1))
    points = np.ones((OTHER_GRID, len(constitution.charges)))
    for size, start in constitution.sublattices():
        points[:, start : start + size] = rng.dirichlet(np.full(size, 0.8), OTHER_GRID)
    return resampled(surface, np.maximum(points, MIN_SITE_FRACTION))


def _other_temperature(
    solver: Equilibrator, kelvin: float, phases: Sequence[str], first: str | None
) -> Equilibrium | None:
    """The sets found a little hotter or colder as the start."""
    for step in TEMPERATURE_STEPS_K:
        beside = solver.attempt(kelvin + step, phases, first) or _descend(solver, kelvin + step, phases, None)
        found = _descend(solver, kelvin, phases, beside) if beside is not None else None
        if found is not None:
            return found
    return None


def _nudged(solver: Equilibrator, kelvin: float, phases: Sequence[str], first: str | None) -> Equilibrium | None:
    """The same alloy with its mole fractions moved by at most 1e-6 towards and away from the mean."""
    offset = np.arange(len(solver.composition), dtype=float)
    offset -= offset.mean()
    largest = float(np.abs(offset).max())
    if largest == 0.0:
        return None
    for sign in (1.0, -1.0):
        moved = solver.composition + sign * NUDGE * offset / largest
        other = Equilibrator(solver.system, moved, solver.surfaces)
        found = other.attempt(kelvin, phases, first) or _descend(other, kelvin, phases, None)
        if found is not None:
            return found
    return None


FIRST = "the first attempt"
LADDER: dict[str, Attempt] = {
    FIRST: _first,
    "finer meshes": _mesh,
    "another grid": _other_grid,
    "another temperature step": _other_temperature,
    "a composition moved by 1e-6": _nudged,
}
