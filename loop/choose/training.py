"""A generator's training as plain data and a function of it, so that any process can do it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from alloys.errors import InputError
from alloys.records import digest_of
from alloys.space import Floats, Points
from generators.interface import LearnedSpace, TrainingReport
from generators.train import TrainedModel, train
from loop.store import CampaignStore
from loop.store.files import inside


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """What a trainer needs; see `generators.train.train` for the meaning and shapes.

    ``note`` is said in the report.
    """

    family: str
    space: LearnedSpace
    properties: tuple[str, ...]
    points: Points
    conditions: Floats
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    warm: bytes | None = None
    note: str = ""

    @property
    def digest(self) -> str:
        """sha256 of all of it."""
        plain = [self.family, repr(self.space), self.properties, self.seed, dict(self.settings), self.device, self.note]
        content = hashlib.sha256(digest_of(plain).encode() + (self.warm or b""))
        for part in (self.points, self.conditions):
            content.update(np.ascontiguousarray(part, dtype=np.float64).tobytes())
        return content.hexdigest()


def trained_before(store: CampaignStore, folder: Path, index: int, job: TrainingJob) -> TrainedModel | None:
    """What the same training of an interrupted proposal gave, if its weights are still there."""
    notes = store.iteration(index).notes
    report = dict(notes.training.get(job.family, {}))
    made = [artifact for artifact in store.artifacts(index) if artifact.name == f"generator.{job.family}"]
    if not made or report.pop("job", None) != job.digest:
        return None
    from generators.training.weights import read_file  # with torch, which the driver does without where nothing is kept

    try:
        content = read_file(inside(folder, made[0].path))
        told = TrainingReport.from_json(report)
    except (InputError, TypeError):
        return None
    warm = notes.warm.get(job.family)
    return TrainedModel(job.family, content, made[0].sha256, told, warm.sha256 if warm else None)


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
