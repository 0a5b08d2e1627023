"""What came of a training: its weights, what samples of them look like, and the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from alloys.space import Points
from generators.interface import LearnedSpace, TrainingReport
from generators.likeness import NEIGHBOURS, Neighbourhood, pairwise_cosine
from generators.training.training_run import EpochLog

PROBE = 256
"""Samples that the guard against collapse looks at."""


@dataclass(frozen=True, slots=True)
class TrainedCandidate:
    """The weights of one training, and what samples of them look like.

    Attributes:
        log: of its epochs.
        state: the weights kept.
        unique: distinct share of the probe's samples.
        valid: share of the probe's first draws in the space.
        collapsed: whether the samples repeat far more than random compositions do.
        note: what is to be said of it, or empty.
        spread: `spread_of` the probe.
    """

    log: EpochLog
    state: dict[str, Tensor]
    unique: float
    valid: float
    collapsed: bool
    note: str = ""
    spread: tuple[float | None, float | None] = (None, None)


def spread_of(space: LearnedSpace, rows: Points, samples: Points) -> tuple[float | None, float | None]:
    """How alike samples are, and how much of the rows they reach: two signs of mode collapse.

    Args:
        space: of both.
        rows: the training rows whose conditions were asked, shape ``(n, d)``.
        samples: what was drawn, shape ``(m, d)``.

    Returns:
        The mean cosine of pairs of samples, None of fewer than two; and the share of the rows' 5-neighbour balls
        that hold a sample (Naeem et al. 2020, equation 6), None where there are not more distinct rows than that.
    """
    real, drawn = space.fractions(np.unique(rows, axis=0)), space.fractions(samples)
    alike = pairwise_cosine(drawn) if len(drawn) > 1 else None
    covered = Neighbourhood.of(real).coverage(drawn) if len(real) > NEIGHBOURS and len(drawn) else None
    return alike, covered


def report_of(
    family: str, rows: int, device: str, seconds: float, kept: TrainedCandidate, trainings: int
) -> TrainingReport:
    """The report on a training that was done so many times, of which one was kept."""
    return TrainingReport(
        family=family,
        rows=rows,
        train_losses=kept.log.train,
        validation_losses=kept.log.validation,
        best_epoch=kept.log.best,
        seconds=seconds,
        device=device,
        diverged=kept.log.diverged,
        collapsed=kept.collapsed,
        unique_share=kept.unique,
        valid_share=kept.valid,
        note=_note(kept, trainings),
        pairwise_cosine=kept.spread[0],
        coverage=kept.spread[1],
    )


def _note(kept: TrainedCandidate, trainings: int) -> str:
    notes = [kept.note] if kept.note else []
    if kept.log.diverged:
        first = "the warm weights it started from" if kept.note else "the untrained weights"
        weights_of = first if kept.log.best < 0 else f"the weights of epoch {kept.log.best}"
        notes.append(f"training diverged after {len(kept.log.train)} good epochs; fell back to {weights_of}")
    if trainings > 1:
        notes.append(f"trained {trainings} times because samples repeated; kept the most diverse")
    if kept.collapsed:
        notes.append(f"collapsed: only {kept.unique:.0%} of {PROBE} samples are distinct")
    return "; ".join(notes)
