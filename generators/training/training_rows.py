"""What a training is made of before any network sees it: rows to learn from, and rows that judge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from alloys.space import Bools, Floats, Points
from generators.training.codec import Codec, ConditionScale, EncodedRows
from generators.training.settings import TrainingSettings

HELD_OUT_FROM = 40
"""With fewer rows none is held out."""

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
class TrainingRows:
    """Encoded rows of one training.

    Attributes:
        pool: the learned rows and their copies, layer after layer, ``layers * rows`` of them.
        checks: the rows that judge an epoch, repeated where they are few.
        rows: learned rows in a layer.
        layers: number of layers.
    """

    pool: EncodedRows
    checks: EncodedRows
    rows: int
    layers: int

    @classmethod
    def of(
        cls,
        codec: Codec,
        settings: TrainingSettings,
        points: Points,
        values: Floats,
        scale: ConditionScale,
        rng: torch.Generator,
    ) -> TrainingRows:
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
        pool = codec.encode(*codec.augment(points[learn], values[learn], settings, spread), scale)
        repeats = np.tile(test, max(1, min(8, 256 // len(test))))
        checks = codec.encode(points[repeats], values[repeats], scale)
        return cls(pool, checks, len(learn), len(pool.presence) // len(learn))

    def epoch(self, size: int, rng: torch.Generator) -> Iterator[EncodedRows]:
        """Batches of at most ``size`` that hold each row once, in one of its copies."""
        chosen = torch.randint(self.layers, (self.rows,), generator=rng) * self.rows
        chosen = (chosen + torch.arange(self.rows))[torch.randperm(self.rows, generator=rng)]
        for part in torch.split(chosen, size):
            yield self.pool.take(part)
