"""Every paper left out once: its strengths as predicted from the others, and the figures that say how well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from alloys.space import Floats
from loop.trials.strength.entrants import StrengthEntrant
from validation.strength.measurements import Indices, StrengthMeasurements
from validation.strength.model import INTERVAL, PredictedStrength

_APART_C = 10.0
"""Tests whose temperatures differ by no more are of one temperature."""
FEWEST = 4
"""Records at one temperature below which it has no figures of its own."""
_RESAMPLES = 500
_NOMINAL = (0.5, 0.8, 0.9, 0.95)
_QUIET = 1e-12


@dataclass(frozen=True)
class HeldOut:
    """What an entrant said of ``n`` records that it had not seen.

    Attributes:
        logs: medians of log strength, shape ``(n,)``.
        low: lower ends of the intervals in log strength; NaN where it gives none.
        high: upper ends.
        below: the share of tests that it expected below what was measured; NaN likewise.
    """

    logs: Floats
    low: Floats
    high: Floats
    below: Floats

    def take(self, rows: Indices) -> HeldOut:
        """Some of the records."""
        return HeldOut(self.logs[rows], self.low[rows], self.high[rows], self.below[rows])


def leave_papers_out(
    measurements: StrengthMeasurements, entrants: Mapping[str, StrengthEntrant], tell: Callable[[], None]
) -> dict[str, HeldOut]:
    """Predicts each paper's records from the others', without what these print of the paper's measurements.

    Args:
        measurements: all records.
        entrants: who predicts, by name.
        tell: called after each paper.
    """
    count, logs = len(measurements), np.log(measurements.values)
    found = {name: HeldOut(*(np.full(count, np.nan) for _ in range(4))) for name in entrants}
    for source in np.unique(measurements.sources):
        learned, held = measurements.without_source(source)
        known, asked = measurements.take(learned), measurements.take(held)
        for name, entrant in entrants.items():
            _write(found[name], held, entrant.learn(known, asked), logs[held], told=entrant.with_interval)
        tell()
    return found


def _write(found: HeldOut, rows: Indices, predicted: PredictedStrength, logs: Floats, *, told: bool) -> None:
    found.logs[rows] = predicted.quantile(0.5)
    if told:
        low, high = predicted.interval
        found.low[rows], found.high[rows], found.below[rows] = np.log(low), np.log(high), predicted.below(logs)


def temperatures(measurements: StrengthMeasurements) -> list[tuple[float, Indices]]:
    """The temperatures with at least `FEWEST` records, with their median in °C and their rows."""
    order = np.argsort(measurements.celsius, kind="stable")
    breaks = np.flatnonzero(np.diff(measurements.celsius[order]) > _APART_C) + 1
    groups = [rows for rows in np.split(order, breaks) if len(rows) >= FEWEST]
    return [(float(np.median(measurements.celsius[rows])), np.sort(rows)) for rows in groups]


def trial_document(measurements: StrengthMeasurements, found: Mapping[str, HeldOut], seed: int) -> list[dict[str, Any]]:
    """Figures by temperature and entrant; each with the 90 % interval of a bootstrap over papers.

    ``log_rmse`` and ``log_median_error`` are of natural logs, ``median_ratio`` is predicted to measured, ``coverage``
    the share of records within the 90 % interval, ``interval_factor`` its median upper to lower end, ``calibration``
    the share within central intervals of other sizes.
    """
    every = np.arange(len(measurements))
    once = set(measurements.each_once(every).tolist())
    return [
        {
            "celsius": celsius,
            "records": len(rows),
            "sources": len(np.unique(measurements.sources[rows])),
            "measurements": sum(int(i) in once for i in rows),
            "entrants": {
                name: _figures(measurements.take(rows), held.take(rows), np.random.default_rng(seed))
                for name, held in found.items()
            },
        }
        for celsius, rows in temperatures(measurements)
    ]


def _figures(tests: StrengthMeasurements, held: HeldOut, rng: np.random.Generator) -> dict[str, Any]:
    logs = np.log(tests.values)
    papers = [np.flatnonzero(tests.sources == source) for source in np.unique(tests.sources)]
    picks = rng.integers(len(papers), size=(_RESAMPLES, len(papers)))
    samples = [_measures(logs, held, np.concatenate([papers[i] for i in pick])) for pick in picks]
    figures: dict[str, Any] = {}
    for name, value in _measures(logs, held, np.arange(len(logs))).items():
        spread = np.array([sample[name] for sample in samples])
        known = spread[np.isfinite(spread)]
        ends = np.quantile(known, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2]).tolist() if len(known) else None
        figures[name] = {"value": float(value), "interval": ends} if np.isfinite(value) else None
    if np.isfinite(held.below).all():
        centred = np.abs(2 * held.below - 1)
        figures["calibration"] = {f"{share:g}": float(np.mean(centred <= share)) for share in _NOMINAL}
    return figures


def _measures(logs: Floats, held: HeldOut, rows: Indices) -> dict[str, float]:
    measured, predicted = logs[rows], held.logs[rows]
    errors = predicted - measured
    inside = (held.low[rows] <= measured) & (measured <= held.high[rows])
    told = bool(np.isfinite(held.low[rows]).all())
    return {
        "log_rmse": float(np.sqrt(np.mean(np.square(errors)))),
        "log_median_error": float(np.median(np.abs(errors))),
        "rank_correlation": _correlation(predicted, measured),
        "coverage": float(inside.mean()) if told else np.nan,
        "median_ratio": float(np.exp(np.median(errors))),
        "interval_factor": float(np.exp(np.median(held.high[rows] - held.low[rows]))) if told else np.nan,
    }


def _correlation(a: Sequence[float] | Floats, b: Sequence[float] | Floats) -> float:
    """Spearman's, NaN where one of the two does not vary."""
    left, right = rankdata(a), rankdata(b)
    left, right = left - left.mean(), right - right.mean()
    size = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right) / size if size > _QUIET else float("nan")
