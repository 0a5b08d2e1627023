"""The whole protocol for all entrants and seeds, one after another or side by side, and medians over the seeds.

Entrants that are trained alike are measured in one go. All else is independent, so several processes may share it.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any

import numpy as np

from alloys.errors import InputError
from generators.evaluation.entrants import Entrant, Train
from generators.evaluation.measuring import EntrantOutcome, EvaluationGround, Trainings, learned, measure
from generators.evaluation.oracle import Kind


def evaluate(
    entrants: Sequence[Entrant],
    ground: EvaluationGround,
    seeds: int = 1,
    on_step: Callable[[str, int], None] | None = None,
    jobs: int = 1,
) -> list[EntrantOutcome]:
    """Measures every entrant with every seed, from 0, and takes medians over the seeds.

    Args:
        entrants: families and baselines.
        ground: data and conditions.
        seeds: number of training seeds.
        on_step: called with the entrant's name and the seed when they are measured.
        jobs: processes that measure side by side; only wall times depend on their number.

    Raises:
        InputError: for no seeds or no processes, or where one of them died.
    """
    for number, what in ((seeds, "seed"), (jobs, "process")):
        if number < 1:
            raise InputError(f"at least one {what} is needed, got {number}")
    tasks = [(group, seed) for group in groups(entrants) for seed in range(seeds)]
    runs: dict[tuple[int, int], EntrantOutcome] = {}
    for (group, seed), measured in _measured(entrants, tasks, ground, jobs):
        for k, run in zip(group, measured, strict=True):
            runs[k, seed] = run
            if on_step is not None:
                on_step(entrants[k].name, seed)
    return [_over_seeds([runs[k, seed] for seed in range(seeds)]) for k in range(len(entrants))]


def groups(entrants: Sequence[Entrant]) -> list[tuple[int, ...]]:
    """Places of the entrants that share a training."""
    kinds: list[Train] = []
    members: list[list[int]] = []
    for k, entrant in enumerate(entrants):
        kind = learned(entrant)
        if kind not in kinds:
            kinds.append(kind)
            members.append([])
        members[kinds.index(kind)].append(k)
    return [tuple(places) for places in members]


EntrantsAndSeed = tuple[tuple[int, ...], int]
"""Places of entrants that share a training, and the seed."""


def _measured(
    entrants: Sequence[Entrant], tasks: Sequence[EntrantsAndSeed], ground: EvaluationGround, jobs: int
) -> Iterator[tuple[EntrantsAndSeed, list[EntrantOutcome]]]:
    """What each entrant came to with each seed, as it is known."""
    calls = [([entrants[k] for k in group], ground, seed) for group, seed in tasks]
    if jobs == 1:
        for task, call in zip(tasks, calls, strict=True):
            yield task, _kept(*call)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(_kept, *call): task for task, call in zip(tasks, calls, strict=True)}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BrokenProcessPool as error:
            raise InputError("a process that measured died, perhaps for want of memory; take fewer --jobs") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _kept(group: Sequence[Entrant], ground: EvaluationGround, seed: int) -> list[EntrantOutcome]:
    """`measure` of entrants that share a training; the samples of the first seed alone are kept, for figures."""
    trainings = Trainings(seed)
    outcomes = [measure(entrant, ground, trainings) for entrant in group]
    return outcomes if seed == 0 else [replace(outcome, drawn={}, paths=()) for outcome in outcomes]


def _over_seeds(runs: Sequence[EntrantOutcome]) -> EntrantOutcome:
    """Medians and spread of one entrant's runs."""
    metrics = [run.metrics for run in runs]
    spread = {name: (_over(np.min, metrics, name), _over(np.max, metrics, name)) for name in metrics[0]}
    return replace(runs[0], metrics=_medians(metrics), apart=_medians([run.apart for run in runs]), spread=spread)


def document(outcomes: Sequence[EntrantOutcome], ground: EvaluationGround) -> dict[str, Any]:
    """The JSON document of a run; a number that is not known is null."""
    kinds: dict[str, Kind] = ground.oracle.kinds
    return {
        "data": ground.data.source,
        "rows": len(ground.data.points),
        "oracle": kinds,
        "families": {
            outcome.name: {
                "league": outcome.league,
                **{name: _number(value) for name, value in outcome.metrics.items()},
            }
            for outcome in outcomes
        },
        "spread": {
            outcome.name: {name: [_number(low), _number(high)] for name, (low, high) in outcome.spread.items()}
            for outcome in outcomes
        },
        "settings": {outcome.name: outcome.settings for outcome in outcomes},
    }


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Medians over runs; NaN where any run has none."""
    return {name: _over(np.median, runs, name) for name in runs[0]}


def _over(statistic: Callable[[list[float]], Any], runs: Sequence[dict[str, float]], name: str) -> float:
    return float(statistic([run[name] for run in runs]))
