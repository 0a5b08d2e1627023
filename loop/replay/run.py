"""A replay: every method searches the same pool from the same starts, many times."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from alloys.errors import InputError, WorkError
from alloys.space import Floats
from loop.config.schema import CampaignConfig
from loop.replay import metrics
from loop.replay.ours import Ours, config_of_pool
from loop.replay.peers import PEERS
from loop.replay.pool import ReplayPool

Counts = NDArray[np.int64]

LEVELS = (0.5, 0.8)
"""Fractions of the top at which acceleration is told."""

MOST_LOOKS = 300
"""Looks of a campaign where none are named; a Gaussian process becomes slow beyond."""


OURS = "ours"
METHODS = (*PEERS, OURS)
"""Every method by name: the peers see the plain inputs, ours is the campaign itself."""


class Searcher(Protocol):
    """One campaign's choices."""

    def choose(self, rows: NDArray[np.int64], values: Floats, count: int) -> list[int]:
        """The next ``count`` distinct rows, from answers ``values`` at ``rows``, both of shape ``(n,)``."""
        ...


def check_methods(names: Sequence[str]) -> tuple[str, ...]:
    """The methods named, each once, all where none is.

    Raises:
        InputError: for an unknown name.
    """
    for name in names:
        if name not in METHODS:
            raise InputError(f"unknown method {name!r}; available are {', '.join(METHODS)}")
    return tuple(dict.fromkeys(names)) or METHODS


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
        seconds: by method, CPU seconds of all its campaigns.
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
    tell: Callable[[str], None] = lambda name: None,
    *,
    overrides: Sequence[str] = (),
    jobs: int = 1,
) -> Replay:
    """Replays the methods; the same arguments give the same result on the same versions, whatever ``jobs`` is.

    Args:
        pool: what is searched.
        methods: names in `METHODS`; all where empty.
        plan: how.
        tell: called with the method of each campaign that ended.
        overrides: ``KEY=VALUE`` of the configuration of ``ours``.
        jobs: campaigns at a time, each in a process of its own.

    Raises:
        InputError: for an unknown method, or an override that is none.
        WorkError: if a process is killed.
    """
    names, config = check_methods(methods), config_of_pool(pool, overrides)
    tasks = [_Task(name, seed) for name in names for seed in range(plan.seeds)]
    player = _Player(pool, plan, config)
    found = {name: np.zeros((plan.seeds, plan.looks), dtype=np.int64) for name in names}
    seconds = dict.fromkeys(names, 0.0)
    for task, curve, took in _played(player, tasks, min(jobs, len(tasks))):
        found[task.method][task.seed] = curve
        seconds[task.method] += took
        tell(task.method)
    return Replay(pool, plan, found, seconds)


@dataclass(frozen=True, slots=True)
class _Task:
    method: str
    seed: int


@dataclass(frozen=True, slots=True)
class _Player:
    """Plays campaigns; plain data, so that any process can."""

    pool: ReplayPool
    plan: ReplayPlan
    config: CampaignConfig

    def __call__(self, task: _Task) -> tuple[_Task, Counts, float]:
        """Number of the best rows found by looks, shape ``(looks,)``, and CPU seconds; it ends once all are found."""
        begun, best, plan = time.process_time(), self.pool.best, self.plan
        rows = np.random.default_rng(task.seed).permutation(len(self.pool))[: plan.init]
        method = self._method(task)
        with threadpool_limits(1):
            while len(rows) < plan.looks and best[rows].sum() < best.sum():
                picks = method.choose(rows, self.pool.values[rows], min(plan.batch, plan.looks - len(rows)))
                rows = np.concatenate([rows, picks])
        found = np.cumsum(best[rows])
        curve = np.concatenate([found, np.full(plan.looks - len(found), found[-1])]).astype(np.int64)
        return task, curve, time.process_time() - begun

    def _method(self, task: _Task) -> Searcher:
        if task.method == OURS:
            return Ours(self.pool, self.config, task.seed)
        return PEERS[task.method](self.pool.plain(), np.random.default_rng([task.seed, 1]))


def _played(player: _Player, tasks: Sequence[_Task], jobs: int) -> Iterator[tuple[_Task, Counts, float]]:
    if jobs == 1:
        yield from map(player, tasks)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as workers:
        running = [workers.submit(player, task) for task in tasks]
        try:
            for future in as_completed(running):
                yield future.result()
        except BrokenProcessPool as error:
            raise WorkError("a process was killed, perhaps for lack of memory; try --jobs 1") from error
        finally:
            for future in running:
                future.cancel()


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
        "match": pool.match,
        "rows": len(pool),
        "top": int(pool.best.sum()),
        "inputs": list(pool.names),
        "init": plan.init,
        "batch": plan.batch,
        "seeds": plan.seeds,
        "looks": plan.looks,
        "notes": list(pool.notes),
        "expected_random": metrics.random_fraction(len(pool), plan.looks).tolist(),
        "methods": {name: summary(result, name) for name in result.found},
    }
