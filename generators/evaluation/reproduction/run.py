"""A whole reproduction: every participant and seed; medians with the least and the most, beside the papers' numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alloys.errors import InputError
from alloys.space import Floats
from generators.evaluation.measuring import EvaluationGround
from generators.evaluation.reproduction.entering import Participant
from generators.evaluation.reproduction.interface import FractionSampler
from generators.evaluation.reproduction.published import ALLOYS, ELEMENTS, PUBLISHED, AxisCheck
from generators.evaluation.reproduction.tables import ModelTables, measure_model

BINS = 20
"""Of the histogram of cosines to real alloys, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class ParticipantOutcome:
    """What one participant came to.

    Attributes:
        participant: who.
        runs: the measures of each seed.
        samplers: its trained samplers, by seed.
    """

    participant: Participant
    runs: tuple[ModelTables, ...]
    samplers: tuple[FractionSampler, ...] = field(repr=False)

    def over_seeds(self, measure: str) -> tuple[float, float, float]:
        """Median, least and most of a measure."""
        values = [run.numbers[measure] for run in self.runs]
        return float(np.median(values)), float(np.min(values)), float(np.max(values))

    def curve(self, name: str) -> Floats:
        """Median over seeds of ``mape``, ``cosine`` or ``domain``, by condition."""
        return np.asarray(np.median([getattr(run, name) for run in self.runs], axis=0))

    @property
    def histogram(self) -> Floats:
        """Shares of the cosines to real alloys in `BINS`, all seeds together (Tung 2022, figure 18)."""
        cosines = np.concatenate([run.real_cosines for run in self.runs]).clip(0, 1)  # rounding leaves it
        return np.asarray(np.histogram(cosines, BINS, (0, 1))[0] / max(len(cosines), 1))


def reproduce(
    entered: Sequence[Participant],
    ground: EvaluationGround,
    seeds: int = 1,
    on_step: Callable[[str, int], None] | None = None,
) -> list[ParticipantOutcome]:
    """Trains and measures every participant with every seed, from 0.

    Args:
        entered: who takes part.
        ground: alloys, properties, conditions, and how much is asked.
        seeds: number of training seeds.
        on_step: called with the participant's name and the seed when they are measured.

    Raises:
        InputError: for no seeds.
    """
    if seeds < 1:
        raise InputError(f"at least one seed is needed, got {seeds}")
    outcomes = []
    for participant in entered:
        runs, samplers = [], []
        for seed in range(seeds):
            started = time.process_time()
            sampler = participant.train(ground.data, ground.oracle, seed)
            seconds = time.process_time() - started
            tables = measure_model(sampler, ground, seed)
            tables.numbers["train_cpu_seconds"] = seconds
            runs.append(tables)
            samplers.append(sampler)
            if on_step is not None:
                on_step(participant.name, seed)
        outcomes.append(ParticipantOutcome(participant, tuple(runs), tuple(samplers)))
    return outcomes


def document(paper: str, outcomes: Sequence[ParticipantOutcome], ground: EvaluationGround) -> dict[str, Any]:
    """Everything as plain data: numbers beside the paper's, curves, the histogram, and the check of its axes."""
    data = ground.data
    return {
        "paper": paper,
        "data": data.source,
        "alloys": {"here": len(data.points), "paper": ALLOYS},
        "elements": {"here": list(data.space.elements), "paper": ELEMENTS},
        "axes": AxisCheck.of(data, ground.diagonal).to_json(),
        "diagonal": _rounded(ground.diagonal.values),
        "domain": _rounded(ground.domain.values),
        "near": {kind: int((~getattr(ground, kind).far).sum()) for kind in ("diagonal", "domain")},
        "models": {outcome.participant.name: _told(outcome) for outcome in outcomes},
    }


def _told(outcome: ParticipantOutcome) -> dict[str, Any]:
    published = PUBLISHED.get(outcome.participant.name, {})
    numbers = {}
    for measure in outcome.runs[0].numbers:
        median, least, most = map(_number, outcome.over_seeds(measure))
        numbers[measure] = {"median": median, "least": least, "most": most, "paper": published.get(measure)}
    return {
        "published": outcome.participant.published,
        "numbers": numbers,
        "curves": {name: _rounded(outcome.curve(name)) for name in ("mape", "cosine", "domain")},
        "histogram": _rounded(outcome.histogram),
        "settings": outcome.participant.settings,
    }


def _rounded(values: Floats) -> Any:
    return [_rounded(value) if np.ndim(value) else _number(float(value)) for value in values]


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
