"""Solidification without diffusion in the solid: steps of equilibrium between the liquid that is left and its solids.

References:
    E. Scheil, Z. Metallkunde 34 (1942) 70; G. H. Gulliver, J. Inst. Metals 9 (1913) 120.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from validation.calphad.errors import CalphadError
from validation.calphad.solving.equilibrium import Equilibrator
from validation.calphad.solving.phases.sampling import Array
from validation.calphad.solving.retry import find

LIQUID_LEFT = 0.01
"""Mole fraction of liquid at which an alloy counts as solid."""
STEP_K = 10.0
LEAST_STEP_K = 0.1
"""Where a step this small still freezes all the liquid, the rest freezes at one temperature (a eutectic)."""
LEAST_KEPT = 0.8
"""A step that keeps less of the liquid is halved."""
LEAST_FRACTION = 1e-6
LOWEST_K = 298.15


@dataclass(frozen=True, slots=True)
class Scheil:
    """How an alloy froze.

    Attributes:
        solidus: Temperature in K at which `LIQUID_LEFT` of the liquid is left.
        liquid: Steps of temperature in K and mole fraction of liquid, from the liquidus down.
        solids: Phase to mole fraction of the alloy that froze as it.
    """

    solidus: float
    liquid: tuple[tuple[float, float], ...]
    solids: dict[str, float]


def solidify(solver: Equilibrator, liquid: str, liquidus: float, phases: Sequence[str]) -> Scheil:
    """Freezes an alloy step by step from its liquidus.

    Args:
        solver: The alloy's equilibria; the retries of all steps join its own.
        liquid: Name of the liquid.
        liquidus: Where it begins, K.
        phases: The liquid and the solids.

    Raises:
        CalphadError: ``no_convergence``; ``scheil``, where liquid is left at 298 K.
    """
    kelvin, left, composition, step = liquidus, 1.0, solver.composition, STEP_K
    path = [(liquidus, 1.0)]
    solids: dict[str, float] = {}
    while left > LIQUID_LEFT:
        if kelvin - step < LOWEST_K:
            raise CalphadError("scheil", f"{left:.1%} of the liquid is left at {kelvin:.0f} K; try another composition")
        kept, following, frozen = _step(solver, composition, liquid, kelvin - step, phases)
        if kept < LEAST_KEPT and step > LEAST_STEP_K:
            step *= 0.5
            continue
        for phase, amount in frozen.items():
            solids[phase] = solids.get(phase, 0.0) + left * amount
        kelvin, left, composition = kelvin - step, left * kept, following
        path.append((kelvin, left))
        step = min(STEP_K, 2.0 * step)
    (hot, more), (cold, less) = path[-2:]
    solidus = hot + (cold - hot) * (more - LIQUID_LEFT) / (more - less)
    return Scheil(round(solidus, 2), tuple(path), {phase: round(share, 6) for phase, share in sorted(solids.items())})


def _step(
    solver: Equilibrator, composition: Array, liquid: str, kelvin: float, phases: Sequence[str]
) -> tuple[float, Array, dict[str, float]]:
    """Share of the liquid that stays liquid at a temperature, its composition, and what froze by phase."""
    now = Equilibrator(solver.system, composition, solver.surfaces)
    found = find(now, kelvin, phases, liquid)
    solver.retries.extend(now.retries)
    frozen: dict[str, float] = {}
    kept, mean = 0.0, 0.0 * composition
    for item in found.sets:
        if item.phase == liquid:
            kept, mean = kept + item.amount, mean + item.amount * item.composition
        else:
            name, _ = solver.system.reported(item.phase, item.sites)
            frozen[name] = frozen.get(name, 0.0) + item.amount
    if kept <= 0.0:
        return 0.0, composition, frozen
    # An element that froze nearly whole keeps a trace, so that the element system stays the same.
    following = (mean / kept).clip(LEAST_FRACTION)
    return kept, following / following.sum(), frozen
