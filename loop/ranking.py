"""From candidates to a batch: the surrogate is fitted on what is known and ranks what was proposed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from alloys.records import Candidate, Prediction, Selection
from loop.steps import Pool
from loop.view import Row, View
from surrogates.acquisition import Pick, choose_batch
from surrogates.calibration import Score, score_batch
from surrogates.model import Surrogate


@dataclass(frozen=True, slots=True)
class Ranking:
    """A batch and how it came about.

    Attributes:
        selections: the batch, best first.
        screening: how many candidates fell out where, and how the surrogate was fitted.
        calibration: leave-one-out scores of the surrogate by property.
    """

    selections: list[Selection]
    screening: dict[str, Any]
    calibration: dict[str, dict[str, float]]


def fit_surrogate(view: View) -> Surrogate:
    """The surrogate of everything that only validation answers, fitted on all that is known."""
    compositions, values = view.observed()
    return Surrogate.fit(view.space.elements, view.fractions(compositions), values)


def rank(view: View, pool: Pool, batch: int, seed: int, surrogate: Surrogate | None = None) -> Ranking:
    """Chooses a batch from the pool by the surrogate; it is fitted if None."""
    surrogate = surrogate or fit_surrogate(view)
    inside = [row for row in view.rows if len(view.in_space([row.composition]))]
    chosen = choose_batch(
        surrogate,
        view.goal,
        view.space,
        observed=view.in_space([row.composition for row in inside]),
        values={name: _column(inside, name) for name in view.goal.unknown},
        pending=view.in_space(view.pending),
        candidates=pool.units,
        origins=[str(origin) for origin in pool.origins],
        reference=view.reference_point(),
        q=batch,
        seed=seed,
    )
    proposed = {str(origin): int((pool.origins == origin).sum()) for origin in np.unique(pool.origins)}
    screening = {
        "mode": chosen.mode,
        "counts": dict(chosen.counts),
        "lost": dict(chosen.lost),
        "proposed": proposed,
        "notes": list(surrogate.notes),
        "surrogate": surrogate.digest,
    }
    calibration = {name: _plain(score) for name, score in surrogate.leave_one_out().items()}
    return Ranking([_selection(view, surrogate, pick) for pick in chosen.picks], screening, calibration)


def _column(rows: Sequence[Row], name: str) -> Any:
    return np.array([row.values.get(name, np.nan) for row in rows], dtype=np.float64)


def _selection(view: View, surrogate: Surrogate, pick: Pick) -> Selection:
    composition = view.space.composition(np.array(pick.units, dtype=np.int64))
    stds = {name: pick.stds[name] for name in pick.means if name in pick.stds}
    means = {name: pick.means[name] for name in stds}
    prediction = Prediction(means, stds, pick.probability_feasible, surrogate.digest)
    return Selection(Candidate(composition, pick.origin), pick.rank, pick.score, pick.why, prediction)


def _plain(score: Score) -> dict[str, float]:
    return {key: float(value) for key, value in asdict(score).items() if math.isfinite(value)}


def batch_calibration(view: View, rows: Sequence[Row]) -> dict[str, float]:
    """Coverage, negative log likelihood and error on a batch that was predicted before it was seen."""
    predicted = [row for row in rows if row.prediction is not None and row.failure is None]
    if not predicted:
        return {}
    names = [name for name in view.goal.unknown if all(name in _means(row) for row in predicted)]
    means = {name: np.array([_means(row)[name] for row in predicted]) for name in names}
    stds = {name: np.array([row.prediction.stds[name] for row in predicted if row.prediction]) for name in names}
    truth = {name: _column(predicted, name) for name in names}
    numbers = {}
    for name, score in score_batch(means, stds, truth).items():
        for key in ("coverage", "nll", "rmse"):
            numbers[f"batch.{key}.{name}"] = float(getattr(score, key))
    return numbers


def _means(row: Row) -> Mapping[str, float]:
    return row.prediction.means if row.prediction is not None else {}
