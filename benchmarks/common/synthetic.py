"""The problem of the screening figures: two objectives and four constraints, all modelled, over nine elements."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alloys.goal import Goal
from alloys.physics.base import Physics
from alloys.physics.refractory import BUNDLE
from alloys.physics.solution import demixing_margin
from alloys.problem import Problem
from alloys.space import AlloySpace, Points
from surrogates.choosing.acquisition import ChosenBatch, choose_batch
from surrogates.choosing.screen import BatchContext, Settings
from surrogates.choosing.stream import Block, Spreader, spread_work
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate

Floats = NDArray[np.float64]

SPACE = AlloySpace.build("Cr Hf Mo Nb Ta Ti V W Zr".split(), limits=[("Cr", 0.10, "Zr")])
STRENGTH = "specific_yield_strength_1300c"
GOAL = Goal.parse(
    [f"maximize {STRENGTH}", "maximize solidus"],
    [
        "freezing_range <= 300",
        "yield_strength_1300c >= 60",
        "bcc_fraction_1200c >= 0.99",
        "bcc_fraction_1300c >= 0.99",
    ],
)
PROBLEM = Problem(SPACE, GOAL, BUNDLE)
REFERENCE = np.array([0.0, 1800.0])
OBSERVED = 529


def truth(points: Points) -> dict[str, Floats]:
    """What validation would answer, by property, shape ``(n,)``: some 60 K of smooth error and 1 K of noise."""
    fractions = SPACE.fractions(points)
    draw = np.random.default_rng(7)
    matrix = draw.normal(size=(SPACE.dimension, SPACE.dimension))
    error = 120 * np.einsum("ni,ij,nj->n", fractions, matrix + matrix.T, fractions)
    error += 30 * np.sin(20 * fractions @ draw.normal(size=SPACE.dimension)) + draw.normal(size=len(points))
    priors = Described.of(BUNDLE, SPACE.elements, fractions).prior_means()
    solidus = priors["solidus"] + error
    margins = {c: demixing_margin(SPACE.elements, fractions, c + 273.15) - 0.15 for c in (1200, 1300)}
    return {
        "solidus": solidus,
        "freezing_range": np.maximum(priors["freezing_range"] - 0.5 * error, 5.0),
        **BUNDLE.derive("solidus", solidus, SPACE.elements, fractions),
        **{f"bcc_fraction_{c}c": np.clip(1.0 + 1.5 * np.minimum(m, 0), 0.3, 1.0) for c, m in margins.items()},
    }


def observed(count: int = OBSERVED, physics: Physics = BUNDLE) -> tuple[Points, dict[str, Floats], Surrogate]:
    """Random observations and the surrogate of them, which knows what a bundle knows."""
    points = np.unique(SPACE.sample(2 * count, np.random.default_rng(11)), axis=0)
    points = np.random.default_rng(12).permutation(points)[:count]
    values = truth(points)
    return points, values, Surrogate.fit(physics, SPACE.elements, SPACE.fractions(points), values)


def batch_of(
    data: tuple[Points, dict[str, Floats], Surrogate],
    candidates: Iterator[Block],
    settings: Settings | None = None,
    spreader: Spreader = spread_work,
) -> ChosenBatch:
    """The batch of 8."""
    points, values, surrogate = data
    return choose_batch(
        surrogate,
        replace(PROBLEM, physics=surrogate.physics),
        candidates,
        BatchContext(points, values, pending=points[:0], barred=points[:0], reference=REFERENCE),
        settings=settings,
        spreader=spreader,
    )


def stream(count: int, seed: int = 1) -> Iterator[Block]:
    """Random candidates, some thousand at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, count, 10_000):
        yield SPACE.sample(min(10_000, count - start), rng), "random"


def timed(work: Callable[[], ChosenBatch]) -> tuple[ChosenBatch, float, float]:
    """The batch, wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    batch = work()
    return batch, time.perf_counter() - wall, time.process_time() - processor
