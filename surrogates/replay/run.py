"""A replay: every method searches the same pool from the same starts, many times."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.space import Floats
from surrogates.replay import metrics
from surrogates.replay.methods import METHODS, check_methods
from surrogates.replay.pool import ReplayPool

Counts = NDArray[np.int64]

LEVELS = (0.5, 0.8)
"""Fractions of the top at which acceleration is told."""

MOST_LOOKS = 300
"""Looks of a campaign where none are named; a Gaussian process becomes slow beyond."""


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """How a pool is replayed.

    Attributes:
        init: rows looked at before anything is learned, drawn at random; the same for every method.
        batch: rows looked at together.
        seeds: campaigns of each method.
        looks: rows looked at in a campaign, the first ones included.
    """

    init: int
    batch: int
    seeds: int
    looks: int

    @classmethod
    def of(
        cls, pool: ReplayPool, *, init: int = 2, batch: int = 1, seeds: int = 20, looks: int | None = None
    ) -> ReplayPlan:
        """A plan that fits the pool; ``looks`` is the whole pool, at most `MOST_LOOKS`, where it is None.

        Raises:
            InputError: for numbers that do not fit.
        """
        most = min(len(pool), MOST_LOOKS) if looks is None else looks
        for name, value, high in (
            ("seeds", seeds, 1000),
            ("looks", most, len(pool)),
            ("init", init, most),
            ("batch", batch, most),
        ):
            if not 1 <= value <= high:
                raise InputError(f"--{name} must be from 1 to {high} for this pool of {len(pool)} rows; got {value}")
        return cls(init, batch, seeds, most)


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it.

    Attributes:
        pool: what was searched.
        plan: how.
        found: by method, how many of the best rows were found, shape ``(seeds, looks)``.
        seconds: by method, wall time.
    """

    pool: ReplayPool
    plan: ReplayPlan
    found: dict[str, Counts]
    seconds: dict[str, float]

    def fractions(self, method: str) -> Floats:
        """Fraction of the best rows found, shape ``(seeds, looks)``."""
        return np.asarray(self.found[method] / int(self.pool.best.sum()))


def replay(
    pool: ReplayPool,
    methods: Sequence[str],
    plan: ReplayPlan,
    tell: Callable[[str, int], None] = lambda name, seed: None,
) -> Replay:
    """Replays the methods; the same arguments give the same result on the same versions, one thread.

    Args:
        pool: what is searched.
        methods: names in `METHODS`; the default ones where empty.
        plan: how.
        tell: called with a method and a seed before each campaign.

    Raises:
        InputError: for an unknown method.
    """
    found, seconds = {}, {}
    for name in check_methods(methods):
        begun = time.perf_counter()
        curves = []
        for seed in range(plan.seeds):
            tell(name, seed)
            curves.append(_campaign(pool, name, plan, seed))
        found[name], seconds[name] = np.array(curves), time.perf_counter() - begun
    return Replay(pool, plan, found, seconds)


def _campaign(pool: ReplayPool, name: str, plan: ReplayPlan, seed: int) -> Counts:
    """Number of the best rows found by looks, shape ``(looks,)``; nothing is chosen once all are found."""
    best = pool.best
    rows = np.random.default_rng(seed).permutation(len(pool))[: plan.init]
    method = METHODS[name](pool, np.random.default_rng([seed, 1]))
    while len(rows) < plan.looks and best[rows].sum() < best.sum():
        picks = method.choose(rows, pool.values[rows], min(plan.batch, plan.looks - len(rows)))
        rows = np.concatenate([rows, picks])
    found = np.cumsum(best[rows])
    return np.concatenate([found, np.full(plan.looks - len(found), found[-1])]).astype(np.int64)


def summary(result: Replay, method: str) -> dict[str, Any]:
    """Mean curve, largest EF, AF at `LEVELS`, with 5th and 95th percentiles over campaigns."""
    curves, size = result.fractions(method), len(result.pool)
    mean = curves.mean(axis=0)
    factor = metrics.enhancement(mean, size)
    peak = int(np.argmax(factor))
    each = curves[:, peak] / metrics.random_fraction(size, peak + 1)[-1]
    low, high = np.quantile(curves, [0.05, 0.95], axis=0)
    return {
        "fraction_found": mean.tolist(),
        "enhancement_max": float(factor[peak]),
        "enhancement_at": peak + 1,
        "acceleration": {str(level): metrics.acceleration(mean, size, level) for level in LEVELS},
        "looks": {str(level): metrics.looks_to(mean, level) for level in LEVELS},
        "interval": {
            "fraction_found": {"low": low.tolist(), "high": high.tolist()},
            "enhancement_max": [float(value) for value in np.quantile(each, [0.05, 0.95])],
            "acceleration": {str(level): metrics.acceleration_interval(curves, size, level) for level in LEVELS},
        },
        "seconds": round(result.seconds[method], 2),
    }


def document(result: Replay) -> dict[str, Any]:
    """Everything as plain numbers and words; ``expected_random`` is exact."""
    pool, plan = result.pool, result.plan
    return {
        "pool": pool.source,
        "target": pool.target,
        "minimize": pool.minimize,
        "rows": len(pool),
        "top": int(pool.best.sum()),
        "inputs": list(pool.names),
        "descriptors": pool.descriptors.shape[1],
        "init": plan.init,
        "batch": plan.batch,
        "seeds": plan.seeds,
        "looks": plan.looks,
        "notes": list(pool.notes),
        "expected_random": metrics.random_fraction(len(pool), plan.looks).tolist(),
        "methods": {name: summary(result, name) for name in result.found},
    }
