"""Who predicts strengths of a paper that was left out: the calibrated model, and what it must be better than."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from alloys.space import Floats
from validation.strength.covariance import WITHOUT_EDGE
from validation.strength.inputs import StrengthInputs, softened
from validation.strength.measurements import StrengthMeasurements
from validation.strength.model import PredictedStrength, StrengthModel

LEAST_MPA = 1.0
"""The edge model answers 0 MPa above its solidus; a log needs more, and no test finds less."""

_ALIKE_C = 50.0
"""Tests that share a constant differ by at most so many degrees."""
_TREES = 200

Learner = Callable[[StrengthMeasurements, StrengthMeasurements], PredictedStrength]
"""What is learned from some measurements of tests that others made, whose values are not looked at."""


@dataclass(frozen=True, slots=True)
class StrengthEntrant:
    """One of those who predict.

    Attributes:
        learn: from measurements.
        with_interval: whether it says how far to trust it.
    """

    learn: Learner
    with_interval: bool = True


def entrants(seed: int) -> Mapping[str, StrengthEntrant]:
    """All of them by name; the first is the program's own."""
    return {
        "calibrated": StrengthEntrant(partial(_calibrated, seed=seed)),
        "edge": StrengthEntrant(_edge_alone, with_interval=False),
        "edge-constant": StrengthEntrant(_edge_by_constant),
        "without-edge": StrengthEntrant(partial(_without_edge, seed=seed)),
        "forest": StrengthEntrant(partial(_forest, seed=seed)),
    }


def _edge_logs(tests: StrengthMeasurements) -> Floats:
    """Log of the edge model's strength with softening, MPa, shape ``(n,)``."""
    return np.asarray(np.log(np.maximum(softened(tests.fractions, tests.celsius), LEAST_MPA)))


def _calibrated(known: StrengthMeasurements, asked: StrengthMeasurements, *, seed: int) -> PredictedStrength:
    return StrengthModel.fit(known, seed=seed).predict(StrengthInputs.of(asked))


def _without_edge(known: StrengthMeasurements, asked: StrengthMeasurements, *, seed: int) -> PredictedStrength:
    model = StrengthModel.fit(known, WITHOUT_EDGE, with_edge=False, seed=seed)
    return model.predict(StrengthInputs.of(asked))


def _edge_alone(known: StrengthMeasurements, asked: StrengthMeasurements) -> PredictedStrength:
    return _normal(_edge_logs(asked), np.ones(len(asked)))


def _edge_by_constant(known: StrengthMeasurements, asked: StrengthMeasurements) -> PredictedStrength:
    """The edge model times the median of measured to predicted among tests at about the same temperature."""
    apart = np.log(known.values) - _edge_logs(known)
    means, stds = _edge_logs(asked), np.empty(len(asked))
    for i, celsius in enumerate(asked.celsius):
        gaps = np.abs(known.celsius - celsius)
        near = apart[gaps <= max(_ALIKE_C, float(gaps.min()))]
        means[i] += np.median(near)
        stds[i] = np.sqrt(np.mean(np.square(near - np.median(near)))) if len(near) > 1 else apart.std()
    return _normal(means, stds)


def _forest(known: StrengthMeasurements, asked: StrengthMeasurements, *, seed: int) -> PredictedStrength:
    """A random forest of shares, temperature, processing and test; its spread is that of rows out of the bag."""
    from sklearn.ensemble import RandomForestRegressor  # late: slow to import

    words = [sorted({*getattr(known, name).tolist()}) for name in ("processing", "tests")]
    forest = RandomForestRegressor(_TREES, oob_score=True, random_state=seed)
    logs = np.log(known.values)
    forest.fit(_plain(known, words), logs)
    std = float(np.sqrt(np.mean(np.square(forest.oob_prediction_ - logs))))
    return _normal(forest.predict(_plain(asked, words)), np.full(len(asked), std))


def _plain(tests: StrengthMeasurements, words: list[list[str]]) -> Floats:
    told = zip((tests.processing, tests.tests), words, strict=True)
    marks = [(column[:, None] == np.array(names)[None, :]).astype(np.float64) for column, names in told]
    return np.hstack([tests.fractions, tests.celsius[:, None], *marks])


def _normal(means: Floats, stds: Floats) -> PredictedStrength:
    return PredictedStrength(means[None, :], stds[None, :])
