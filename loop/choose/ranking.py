"""From candidates to a batch: the surrogate is fitted on what is known and ranks what was proposed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from alloys.records import Candidate, Prediction, Selection
from loop.choose.fitting import fit_surrogate
from loop.choose.steps import CandidatePool
from loop.view import Row, View
from surrogates.choosing.acquisition import Tell, choose_batch, silent
from surrogates.choosing.picks import Pick
from surrogates.choosing.screen import BatchContext, Settings
from surrogates.choosing.stream import Spreader, spread_work
from surrogates.model.calibration import Score, score
from surrogates.model.surrogate import Surrogate


@dataclass(frozen=True, slots=True)
class Ranking:
    """A batch and how it came about.

    Attributes:
        selections: the batch, best first.
        screening: how many candidates fell out where, and how the surrogate was fitted.
        calibration: leave-one-out scores of the surrogate by property.
        short: why the rules of a batch make it smaller than was asked for, in words; empty where they do not.
    """

    selections: list[Selection]
    screening: dict[str, Any]
    calibration: dict[str, dict[str, float]]
    short: str = ""


def rank(
    view: View,
    pool: CandidatePool,
    batch: int,
    seed: int,
    surrogate: Surrogate | None = None,
    spreader: Spreader | None = None,
    tell: Tell = silent,
) -> Ranking:
    """Chooses a batch from the pool by the surrogate, which is fitted if None; the spreader, or threads, look at it."""
    surrogate = surrogate or fit_surrogate(view)
    wanted = view.problem.validated
    inside = [row for row in view.rows if not row.outside and not row.may_be_asked(wanted)]
    context = BatchContext(
        observed=view.in_space([row.design for row in inside]),
        values={name: _column(inside, name) for name in wanted},
        pending=view.in_space(view.pending),
        barred=view.in_space(view.dropped),
        reference=view.reference_point(),
        rules=view.config.batch_limits.rules(view.space) or None,
    )
    chosen = choose_batch(
        surrogate,
        view.problem,
        [(pool.points, [str(origin) for origin in pool.origins])],
        context,
        q=batch,
        seed=seed,
        spreader=spreader or spread_work,
        tell=tell,
        settings=Settings(top=view.config.choice.share if view.config.choice.seek == "top" else None),
    )
    proposed = {str(origin): int((pool.origins == origin).sum()) for origin in np.unique(pool.origins)}
    screening = {
        "mode": chosen.mode,
        "counts": dict(chosen.counts),
        "lost": dict(chosen.lost),
        "proposed": proposed,
        "notes": [*surrogate.notes, *chosen.notes, *([chosen.short] if chosen.short else [])],
        "surrogate": surrogate.digest,
    }
    calibration = {
        name: {**_plain(score), "inflation": surrogate.outputs[name].inflation}
        for name, score in surrogate.leave_one_out().items()
    }
    return Ranking([_selection(view, surrogate, pick) for pick in chosen.picks], screening, calibration, chosen.short)


def _column(rows: Sequence[Row], name: str) -> Any:
    return np.array([row.confirmed.get(name, np.nan) for row in rows], dtype=np.float64)


def _selection(view: View, surrogate: Surrogate, pick: Pick) -> Selection:
    design = view.space.design(np.array(pick.point, dtype=np.int64))
    stds = {name: pick.stds[name] for name in pick.means if name in pick.stds}
    means = {name: pick.means[name] for name in stds}
    prediction = Prediction(means, stds, pick.probability_feasible, surrogate.digest)
    return Selection(Candidate(design, pick.origin), pick.rank, pick.score, pick.why, prediction)


def _plain(score: Score) -> dict[str, float]:
    numbers = {**asdict(score), "miscalibrated": float(score.miscalibrated)}
    return {key: float(value) for key, value in numbers.items() if math.isfinite(value)}


def batch_calibration(view: View, rows: Sequence[Row], prefix: str = "batch") -> dict[str, float]:
    """Calibration of each property on alloys that were predicted before they were seen.

    Args:
        view: its goal says which properties are modelled.
        rows: of one iteration, or of several.
        prefix: of the names ``PREFIX.KEY.PROPERTY``; the keys are the fields of `surrogates.model.calibration.Score`
            and
            ``miscalibrated``, 0 or 1.
    """
    numbers: dict[str, float] = {}
    for name in view.problem.validated:
        known = [(row.prediction, row.confirmed[name]) for row in rows if row.prediction and _was_predicted(row, name)]
        if not known:
            continue
        means = np.array([prediction.means[name] for prediction, _ in known])
        stds = np.array([prediction.stds[name] for prediction, _ in known])
        found = score(means, stds, np.array([value for _, value in known]))
        numbers |= {f"{prefix}.{key}.{name}": value for key, value in _plain(found).items()}
    return numbers


def _was_predicted(row: Row, name: str) -> bool:
    """Whether the property was both predicted and measured."""
    return row.prediction is not None and name in row.prediction.means and name in row.confirmed
