"""Training as one pure function: plain data in, bytes and a report out, for an actor anywhere to call."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alloys.space import Floats, Points
from alloys.space.formula import FormulaSpace
from generators.interface import Generator, LearnedSpace, OnEpoch, TrainingReport
from generators.registry import make, preset, restore


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A trained generator on its way.

    Attributes:
        family: its family.
        content: what `generators.registry.restore` reads: safetensors with a JSON document in the header.
        digest: sha256 of the content.
        report: how training went.
        warm: sha256 of the model whose weights it was told to start from; None for fresh weights.
    """

    family: str
    content: bytes
    digest: str
    report: TrainingReport
    warm: str | None = None

    def generator(self) -> Generator:
        """The generator itself, on the CPU."""
        return restore(self.content)


def train(
    family: str,
    space: LearnedSpace,
    properties: Sequence[str],
    points: Points,
    conditions: Floats,
    settings: Mapping[str, Any] | None = None,
    *,
    seed: int,
    device: str = "auto",
    threads: int | None = None,
    on_epoch: OnEpoch | None = None,
    warm: bytes | None = None,
) -> TrainedModel:
    """Trains a generator; the same arguments give the same content on the CPU.

    Args:
        family: its name.
        space: the compositions it may draw.
        properties: names of the conditions' columns.
        points: compositions in the space, shape ``(n, d)``.
        conditions: their properties, shape ``(n, p)``, NaN where unknown.
        settings: values of the family's settings that differ from the defaults for that space and so many rows
            (`generators.registry.preset`).
        seed: of all randomness.
        device: ``auto`` (a GPU where there is one), ``cpu`` or ``cuda``.
        threads: threads for torch; None for what it has.
        on_epoch: called after each epoch.
        warm: content of a model of the same family, elements, properties and network to start from: the last
            iteration's, or the first one's; None for fresh weights.

    Raises:
        InputError: for an unknown family, settings out of range, or rows or warm weights that do not fit.
    """
    usual = preset(family, len(points), formulas=isinstance(space, FormulaSpace))
    model = make(family, space, properties, {**usual, **(settings or {})})
    report = model.fit(points, conditions, seed=seed, device=device, threads=threads, on_epoch=on_epoch, warm=warm)
    content = model.to_bytes()
    before = None if warm is None else hashlib.sha256(warm).hexdigest()
    return TrainedModel(family, content, hashlib.sha256(content).hexdigest(), report, before)
