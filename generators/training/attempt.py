"""What a training is made of before any network sees it: rows to learn from, rows to check, and the report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from alloys.space import Bools, Floats, Points, Space
from generators.base import TrainingReport
from generators.measures import pairwise_cosine
from generators.realism import NEIGHBOURS, Neighbourhood
from generators.training.augmentation import augment
from generators.training.codec import Batch, Codec, Scale
from generators.training.fitting import EpochLog
from generators.training.settings import TrainingSettings

HELD_OUT_FROM = 40
"""With fewer rows none is held out."""

PROBE = 256
"""Samples that the guard against collapse looks at."""

_SALT = b"alloyloop held out 1"


def held_out(points: Points, share: float) -> Bools:
    """Which rows judge an epoch and are not learned, shape ``(n,)``; none of fewer than `HELD_OUT_FROM`.

    A row is held out where the hash of its composition, as a fraction of the largest hash, lies below ``share``. So
    its part does not depend on the other rows or on their order: in a table that grows, what a model learned is
    not what judges a later one that starts from its weights. Only where chance holds out less than half of the
    share, or more than one and a half, the rows of the smallest hashes fill it up, or the largest are let go.

    Args:
        points: compositions, shape ``(n, d)``.
        share: the part held out on average, from 0 to 0.5.
    """
    n = len(points)
    if n < HELD_OUT_FROM:
        return np.zeros(n, dtype=np.bool_)
    rows = np.ascontiguousarray(points, dtype="<i8")
    hashes = [int.from_bytes(hashlib.sha256(_SALT + row.tobytes()).digest()[:8], "big") / 2**64 for row in rows]
    place = np.empty(n, dtype=np.int64)
    place[np.argsort(hashes, kind="stable")] = np.arange(n)
    below = int(np.sum(np.array(hashes) < share))
    return np.asarray(place < round(np.clip(below, 0.5 * share * n, 1.5 * share * n)))


@dataclass(frozen=True, slots=True)
class Material:
    """Encoded rows of one training.

    Attributes:
        pool: the learned rows and their copies, layer after layer, ``layers * rows`` of them.
        checks: the rows that judge an epoch, repeated where they are few.
        rows: learned rows in a layer.
        layers: number of layers.
    """

    pool: Batch
    checks: Batch
    rows: int
    layers: int

    @classmethod
    def of(
        cls,
        codec: Codec,
        settings: TrainingSettings,
        points: Points,
        values: Floats,
        scale: Scale,
        rng: torch.Generator,
    ) -> Material:
        """Splits rows, augments the learned ones and encodes all.

        Args:
            codec: of the space and properties.
            settings: share held out and augmentation.
            points: compositions, shape ``(n, d)``.
            values: their properties, shape ``(n, p)``, NaN where unknown.
            scale: of the properties.
            rng: random numbers.
        """
        held = held_out(points, settings.validation_share)
        learn = np.flatnonzero(~held)
        test = np.flatnonzero(held) if held.any() else learn
        spread = np.random.default_rng(int(torch.randint(2**31, (1,), generator=rng)))
        pool = codec.encode(*augment(codec.space, points[learn], values[learn], settings, spread), scale)
        repeats = np.tile(test, max(1, min(8, 256 // len(test))))
        checks = codec.encode(points[repeats], values[repeats], scale)
        return cls(pool, checks, len(learn), len(pool.presence) // len(learn))

    def epoch(self, size: int, rng: torch.Generator) -> Iterator[Batch]:
        """Batches of at most ``size`` that hold each row once, in one of its copies."""
        chosen = torch.randint(self.layers, (self.rows,), generator=rng) * self.rows
        chosen = (chosen + torch.arange(self.rows))[torch.randperm(self.rows, generator=rng)]
        for part in torch.split(chosen, size):
            yield self.pool.take(part)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One training, its weights, and what its samples look like.

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


def spread_of(space: Space, rows: Points, samples: Points) -> tuple[float | None, float | None]:
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


def report_of(family: str, rows: int, device: str, seconds: float, kept: Attempt, attempts: int) -> TrainingReport:
    """The report on a training of which one attempt was kept."""
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
        note=_note(kept, attempts),
        pairwise_cosine=kept.spread[0],
        coverage=kept.spread[1],
    )


def _note(kept: Attempt, attempts: int) -> str:
    notes = [kept.note] if kept.note else []
    if kept.log.diverged:
        first = "the warm weights it started from" if kept.note else "the untrained weights"
        weights_of = first if kept.log.best < 0 else f"the weights of epoch {kept.log.best}"
        notes.append(f"training diverged after {len(kept.log.train)} good epochs; fell back to {weights_of}")
    if attempts > 1:
        notes.append(f"trained {attempts} times because samples repeated; kept the most diverse")
    if kept.collapsed:
        notes.append(f"collapsed: only {kept.unique:.0%} of {PROBE} samples are distinct")
    return "; ".join(notes)
