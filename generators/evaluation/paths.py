"""What lies between two alloys of a generator: compositions along a path between two latents, under one condition.

A family takes part by two methods beside `generators.training.neural.NeuralGenerator.draw`, and by ``spherical``, which
says whether the path is an arc: ``draw_latents`` gives latents, ``(m, k)``, under conditions; ``decode_latents`` gives
the presence and log-ratios that a latent becomes, the likeliest where there is a choice. The path shows whether a
generator has learned a landscape or a list: along a good one elements come and go step by step, and the properties
stay where they were asked to be.

References:
    Tung, C.-H. et al. (2022). Evaluating generative models for inverse design of high-entropy refractory alloys,
        section 4.4 and figures 15 to 17: latents on a line, under a fixed condition.
    Shoemake, K. (1985). Animating rotation with quaternion curves. SIGGRAPH, equation in section 3.3: the
        spherical interpolation.
    White, T. (2016). Sampling generative networks. arXiv:1609.04468: noise of many dimensions is interpolated
        along a sphere, because no sample of it lies near the middle of a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from alloys.space import Floats, Points
from generators.evaluation.protocol import Conditions
from generators.likeness import directions

STEPS = 41
"""Compositions along a path."""

PLACES = (0.25, 0.5, 0.75)
"""Where on the diagonal the conditions lie, from its low end to its high one."""

ENDS = 32
"""Latents among which the two ends of a path are chosen."""


@dataclass(frozen=True, slots=True)
class LatentPath:
    """Compositions along one path.

    Attributes:
        condition: shape ``(p,)``.
        points: shape ``(STEPS, d)``; some may lie outside the space.
    """

    condition: Floats
    points: Points


def latent_paths(sampler: Any, diagonal: Conditions, seed: int) -> tuple[LatentPath, ...]:
    """Paths at a few conditions of the diagonal; none where the sampler has no latents."""
    asked = [diagonal.values[round(place * (len(diagonal.values) - 1))] for place in PLACES]
    found = [(condition, interpolate(sampler, condition, STEPS, seed=seed)) for condition in asked]
    return tuple(LatentPath(condition, points) for condition, points in found if points is not None)


def interpolate(sampler: Any, condition: Floats, steps: int, *, seed: int) -> Points | None:
    """Compositions along a path between two latents of a trained generator.

    The ends are two of `ENDS` latents drawn under the condition: the first whose composition lies in the space, and
    of the others that do the one whose composition is least like it. Diffusion and flow matching are followed along
    a sphere, other families along a line.

    Args:
        sampler: a generator.
        condition: shape ``(p,)``, NaN where nothing is asked.
        steps: number of compositions, both ends included.
        seed: of the latents.

    Returns:
        Points, shape ``(steps, d)``, of which some may lie outside the space; None where the sampler has no latents,
        or fewer than two of those drawn lie in the space.
    """
    if not hasattr(sampler, "draw_latents") or sampler.network is None:
        return None
    network = sampler.network
    values, known = sampler.codec.standardise(np.repeat(condition[None], max(ENDS, steps), axis=0), sampler.scale)
    with torch.no_grad():
        rng = torch.Generator().manual_seed(seed)
        drawn = sampler.draw_latents(network, values[:ENDS], known[:ENDS], rng)
        ends = sampler.codec.decode(*sampler.decode_latents(network, drawn, values[:ENDS], known[:ENDS]))
        inside = np.flatnonzero(sampler.codec.space.contains(ends))
        if len(inside) < 2:
            return None
        lines = directions(sampler.codec.space.fractions(ends[inside]))
        last = inside[int(np.argmin(lines @ lines[0]))]
        between = spherical if sampler.spherical else linear
        latents = between(drawn[inside[0]], drawn[last], torch.linspace(0, 1, steps)[:, None])
        found = sampler.decode_latents(network, latents, values[:steps], known[:steps])
    return np.asarray(sampler.codec.decode(*found))


def linear(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    """Points on the line between two latents, ``(k,)`` each, at shares of the way, ``(m, 1)``."""
    return first + share * (last - first)


def spherical(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    """Points on the arc between two latents, ``(k,)`` each, at shares of the way, ``(m, 1)`` (Shoemake 1985)."""
    cosine = torch.dot(first, last) / (first.norm() * last.norm()).clamp_min(1e-12)
    angle = torch.arccos(cosine.clamp(-1.0, 1.0))
    if float(angle.sin()) < 1e-4:
        return linear(first, last, share)
    return (((1 - share) * angle).sin() * first + (share * angle).sin() * last) / angle.sin()
