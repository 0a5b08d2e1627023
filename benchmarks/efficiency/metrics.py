"""What a run is measured by: hypervolume against evaluations, feasible shares, evaluations to a level."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from alloys.space import Floats
from benchmarks.efficiency.records import Run
from surrogates.choosing.pareto import hypervolume, pareto_mask

NEVER = math.inf
"""Evaluations to what was not reached: it counts as more than any number in medians."""

_CLOSE = 1e-9


def volumes(run: Run, reference: Floats) -> list[float]:
    """Hypervolume of the feasible alloys at the end of each batch, the start first."""
    return [_volume(run.front(end), reference) for end in run.ends()]


def union(runs: Sequence[Run], reference: Floats) -> tuple[float, Floats]:
    """Hypervolume and front of every feasible alloy of some runs together; the front has shape ``(k, m)``."""
    fronts = [run.front() for run in runs]
    points = np.concatenate([front for front in fronts if len(front)] or [np.zeros((0, len(reference)))])
    return _volume(points, reference), np.unique(points[pareto_mask(points)], axis=0)


def _volume(points: Floats, reference: Floats) -> float:
    return hypervolume(points, reference) if len(points) else 0.0


def evaluations_to(run: Run, reached: Sequence[float], level: float) -> float:
    """Evaluations at the end of the first batch after which a curve is at a level, or `NEVER`.

    Args:
        run: whose batches.
        reached: the curve, one value at the end of each batch.
        level: with a part in a billion to spare.
    """
    for end, value in zip(run.ends(), reached, strict=True):
        if value >= level * (1 - _CLOSE):
            return end
    return NEVER


def first_feasible(run: Run) -> float:
    """How many evaluations the first feasible alloy took, the start counted, or `NEVER`."""
    return run.feasible.index(True) + 1 if any(run.feasible) else NEVER


def feasible_share(run: Run, last: int | None = None) -> float:
    """Feasible share of what was picked after the start, or of the last so many of it; NaN where nothing was."""
    picks = [good for good, batch in zip(run.feasible, run.batches, strict=True) if batch > 0]
    picks = picks[-last:] if last else picks
    return sum(picks) / len(picks) if picks else math.nan


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, least and most; NaN where there are no values. What was never reached is the most there can be."""
    known = sorted(value for value in values if not math.isnan(value))
    if not known:
        return math.nan, math.nan, math.nan
    half = len(known) // 2
    # The mean of two middle values, one of which was never reached, is never.
    middle = known[half] if len(known) % 2 else (known[half - 1] + known[half]) / 2
    return middle, known[0], known[-1]
