"""A generator's training as plain data and a function of it, so that any process can do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from alloys.errors import InputError
from alloys.space import Floats, GridSpace, Points
from generators.train import TrainedModel, train


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """What a trainer needs; see `generators.train.train` for the meaning and shapes.

    ``note`` is said in the report.
    """

    family: str
    space: GridSpace
    properties: tuple[str, ...]
    points: Points
    conditions: Floats
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    warm: bytes | None = None
    note: str = ""


def train_generator(job: TrainingJob) -> TrainedModel:
    """Trains, on one thread so that the result repeats bit by bit on the CPU.

    Warm weights that do not fit are left out, and the report says so.

    Raises:
        InputError: for anything else that training refuses.
    """
    try:
        trained = _trained(job)
    except InputError as error:
        if job.warm is None:
            raise
        return train_generator(replace(job, warm=None, note=f"trained fresh: {error}"))
    note = "; ".join(filter(None, [job.note, trained.report.note]))
    return replace(trained, report=replace(trained.report, note=note))


def _trained(job: TrainingJob) -> TrainedModel:
    return train(
        job.family,
        job.space,
        job.properties,
        job.points,
        job.conditions,
        job.settings,
        seed=job.seed,
        device=job.device,
        threads=1,
        warm=job.warm,
    )
