"""How many different feasible designs are known: those that lie at least so far from each other.

Who asks for any feasible design wants alternatives and no neighbours of the first one. So a design counts if it is
feasible and no feasible one that counts lies nearer than the resolution. The number of such designs takes the place of
the hypervolume: it never shrinks, and what a design is expected to add is the chance that it is feasible and that no
feasible one lies near it.

References:
    Malkomes, Cheng, Lee & McCourt, ICML 2021 (PMLR 139:7423): constraint active search, with a resolution; there the
        volume around what is feasible is covered, here designs are counted.
    Garnett et al., ICML 2012 (arXiv:1206.6406): the number of targets found as what is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from alloys.distances import distances
from alloys.space import Bools, Floats


@dataclass(frozen=True, slots=True)
class Packing:
    """``s`` sets of designs that count, out of ``c`` designs; a set of points in the sense of `fronts.Fronts`.

    Attributes:
        resolution: at.% at which two designs are different.
        places: of the designs, as `alloys.distances.places` gives them, shape ``(c, k)``.
        counted: which of them count in each set, shape ``(s, c)``.
    """

    resolution: float
    places: Floats
    counted: Bools

    @classmethod
    def of(cls, places: Floats, good: Bools, resolution: float) -> Packing:
        """The sets of designs at places ``(n, k)``, one after the other, where ``good``, shape ``(s, n)``."""
        packing = cls(resolution, places[:0], good[:, :0])
        for place, column in zip(places, good.T, strict=True):
            packing = packing.joined(np.tile(place, (len(good), 1)), column)
        return packing

    @property
    def note(self) -> str:
        """Nothing: counts are exact."""
        return ""

    def repeated(self, count: int) -> Packing:
        """Of a single set: so many of it."""
        return Packing(self.resolution, self.places, np.repeat(self.counted, count, axis=0))

    def volumes(self) -> Floats:
        """How many designs count in each set, shape ``(s,)``."""
        return np.asarray(self.counted.sum(axis=1), dtype=np.float64)

    def joined(self, points: Floats, good: Bools) -> Packing:
        """The same with one more design, at the same place in all sets, ``(s, k)``, where ``good``, shape ``(s,)``."""
        counts = self.gains(points[:, None], good[:, None]) > 0
        return Packing(self.resolution, np.concatenate([self.places, points[:1]]), np.hstack([self.counted, counts]))

    def gains(self, points: Floats, good: Bools) -> Floats:
        """Whether each design, at places ``(s, n, k)``, would count in its set, shape ``(s, n)``."""
        near = distances(points[0], self.places) < self.resolution
        covered = self.counted.astype(np.float64) @ near.T.astype(np.float64) > 0
        return np.asarray(good & ~covered, dtype=np.float64)

    def shortfalls(self, points: Floats, scales: Floats) -> Floats:
        """How far each design is from being different, in resolutions, shape ``(s, n)``."""
        lacking = np.maximum(1.0 - distances(points[0], self.places) / max(self.resolution, 1e-9), 0.0)
        return np.asarray(np.max(np.where(self.counted[:, None, :], lacking[None], 0.0), axis=2, initial=0.0))


@dataclass(frozen=True)
class PackedFront:
    """What different designs are known, in the place of `pareto.Front`.

    Attributes:
        points: places of the feasible designs known, shape ``(k, d)``.
        resolution: at.% at which two designs are different.
    """

    points: Floats
    resolution: float

    @property
    def reference(self) -> Floats:
        """Places are measured from nowhere else, shape ``(d,)``."""
        return np.zeros(self.points.shape[1])

    @cached_property
    def fronts(self) -> Packing:
        """The designs that count, as a single set."""
        return Packing.of(self.points, np.ones((1, len(self.points)), dtype=np.bool_), self.resolution)

    def improvements(self, points: Floats) -> Floats:
        """Whether each feasible design, at places ``(..., d)``, would count, shape ``(...)``."""
        flat = points.reshape(1, -1, points.shape[-1])
        return self.fronts.gains(flat, np.ones(flat.shape[:2], dtype=np.bool_)).reshape(points.shape[:-1])
