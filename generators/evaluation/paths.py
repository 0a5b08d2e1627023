"""What lies between two alloys of a generator: compositions along a path between two latents, conditions fixed.

References:
    Tung, C.-H. et al. (2022). Evaluating generative models for inverse design of high-entropy refractory alloys,
        section 4.4 and figures 15 to 17.
"""

from __future__ import annotations

from dataclasses import dataclass

from alloys.space import Floats, Points
from generators.evaluation.protocol import Conditions

STEPS = 41
"""Compositions along a path."""

PLACES = (0.25, 0.5, 0.75)
"""Where on the diagonal the conditions lie, from its low end to its high one."""


@dataclass(frozen=True, slots=True)
class LatentPath:
    """Compositions along one path.

    Attributes:
        condition: shape ``(p,)``.
        points: shape ``(STEPS, d)``; some may lie outside the space.
    """

    condition: Floats
    points: Points


def latent_paths(sampler: object, diagonal: Conditions, seed: int) -> tuple[LatentPath, ...]:
    """Paths at a few conditions of the diagonal; none where the sampler has no latents."""
    if not hasattr(sampler, "decode_latents"):
        return ()
    from generators.families.latent import interpolate  # late: imports torch

    asked = [diagonal.values[round(place * (len(diagonal.values) - 1))] for place in PLACES]
    found = [(condition, interpolate(sampler, condition, STEPS, seed=seed)) for condition in asked]
    return tuple(LatentPath(condition, points) for condition, points in found if points is not None)
