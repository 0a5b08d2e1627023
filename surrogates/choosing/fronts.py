"""The volumes that many fronts dominate, all fronts at once; larger is better, and the reference point is zero.

References:
    Klamroth, Lacour & Vanderpooten, Eur. J. Oper. Res. 245 (2015) 767: local bounds, brought up to date point by point.
    Lacour, Klamroth & Fonseca, Comput. Oper. Res. 79 (2017) 347: the boxes that they and their defining points make.
    Deng & Zhang, IEEE Trans. Evol. Comput. 23 (2019) 913, and Zhang & Golovin, ICML 2020: the hypervolume as a mean
        over directions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from alloys.space import Bools, Floats

DIRECTIONS = 1024
"""Directions that a volume is averaged over where boxes would be too many; a power of two."""

MOST_BOXES = 2**17
"""Boxes of all fronts together up to which volumes are exact: with five objectives, of 128 fronts of fifty points."""

_PART = 2**16
"""Numbers that are computed at once, as many as a core's second cache holds."""

_ROUNDING = 1e-12
"""Share of a point's own volume below which what it adds is rounding."""


class Fronts(Protocol):
    """``s`` sets of points in ``m`` objectives, each with the volume between zero and its points."""

    @property
    def note(self) -> str:
        """How volumes are approximated, in words; empty where they are exact."""
        ...

    def repeated(self, count: int) -> Self:
        """Of a single set: so many of it."""
        ...

    def volumes(self) -> Floats:
        """The volume of each set, shape ``(s,)``."""
        ...

    def joined(self, points: Floats, good: Bools) -> Self:
        """The same with one more point ``(s, m)`` in each set for which ``good``, shape ``(s,)``, holds."""
        ...

    def gains(self, points: Floats, good: Bools) -> Floats:
        """Volume that each of ``(s, n, m)`` points would add to its set alone; 0 where not ``good``, ``(s, n)``."""
        ...

    def shortfalls(self, points: Floats, scales: Floats) -> Floats:
        """How far each of ``(s, n, m)`` points is from adding to its set, in units of ``scales``, shape ``(s, n)``."""
        ...


@dataclass(frozen=True, slots=True)
class Boxes:
    """Exact: the dominated regions in disjoint boxes, one for each local bound; ``r`` of them.

    Attributes:
        count: fronts ``s``.
        front: whose bound it is, ascending, shape ``(r,)``.
        bounds: a point adds to a front if it lies above one of its bounds in every objective, shape ``(r, m)``.
        defining: for each objective of a bound the point that fixed it, shape ``(r, m, m)``.
    """

    count: int
    front: NDArray[np.int64]
    bounds: Floats
    defining: Floats

    @classmethod
    def empty(cls, count: int, objectives: int) -> Boxes:
        """Fronts without points."""
        defining = np.full((count, objectives, objectives), np.inf)
        defining[:, np.arange(objectives), np.arange(objectives)] = 0.0
        return cls(count, np.arange(count), np.zeros((count, objectives)), defining)

    def repeated(self, count: int) -> Boxes:
        """As `Fronts.repeated`."""
        front = np.repeat(np.arange(count), len(self.front))
        return Boxes(count, front, np.tile(self.bounds, (count, 1)), np.tile(self.defining, (count, 1, 1)))

    def joined(self, points: Floats, good: Bools) -> Boxes:
        """Replaces each bound below a new point by those that the point sets, as `Fronts.joined`."""
        mine = points[self.front]
        below = good[self.front] & (mine > self.bounds).all(axis=1)
        rows = np.flatnonzero(below)
        if not len(rows):
            return self
        new, bounds, defining = mine[rows], self.bounds[rows], self.defining[rows]
        fronts = [self.front[~below]]
        parts = [(self.bounds[~below], self.defining[~below])]
        for j in range(points.shape[1]):
            others = np.delete(defining[:, :, j], j, axis=1).min(axis=1, initial=np.inf)
            kept = np.flatnonzero(new[:, j] <= others)
            moved, fixed = bounds[kept], defining[kept]
            moved[:, j] = new[kept, j]
            fixed[:, j] = new[kept]
            fronts.append(self.front[rows[kept]])
            parts.append((moved, fixed))
        front = np.concatenate(fronts)
        order = np.argsort(front, kind="stable")
        both = (np.concatenate(part)[order] for part in zip(*parts, strict=True))
        return Boxes(self.count, front[order], *both)

    def boxes(self) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Where each front's boxes begin, shape ``(s + 1,)``, and their lower and upper ends, ``(boxes, m)``."""
        lower, upper = self.bounds.copy(), np.empty_like(self.bounds)
        lower[:, 0], upper[:, 0] = 0.0, self.bounds[:, 0]
        for j in range(1, self.bounds.shape[1]):
            upper[:, j] = self.defining[:, :j, j].min(axis=1)
        full = (upper > lower).all(axis=1)
        starts = np.searchsorted(self.front[full], np.arange(self.count + 1))
        return starts, lower[full], upper[full]

    @property
    def note(self) -> str:
        """Nothing: volumes are exact."""
        return ""

    def volumes(self) -> Floats:
        """The volume of each front, shape ``(s,)``."""
        starts, lower, upper = self.boxes()
        return np.diff(np.concatenate([[0.0], np.cumsum((upper - lower).prod(axis=1))])[starts])

    def gains(self, points: Floats, good: Bools) -> Floats:
        """A point's own volume less what the boxes cover of it, as `Fronts.gains`."""
        starts, lower, upper = self.boxes()
        good = good & (points > 0.0).all(axis=2)
        found = np.zeros(good.shape)
        for s in np.flatnonzero(good.any(axis=1)):
            rows, own = np.flatnonzero(good[s]), slice(starts[s], starts[s + 1])
            whole = points[s, rows].prod(axis=1)
            added = whole - _covered(points[s, rows], lower[own].T, upper[own].T)
            found[s, rows] = np.where(added > _ROUNDING * whole, added, 0.0)
        return found

    def shortfalls(self, points: Floats, scales: Floats) -> Floats:
        """The distance to the nearest bound in the objective that lacks most, as `Fronts.shortfalls`."""
        starts = np.searchsorted(self.front, np.arange(self.count + 1))
        found = np.empty(points.shape[:2])
        for s in range(self.count):
            bounds = self.bounds[starts[s] : starts[s + 1]]
            lacking = np.zeros((len(points[s]), len(bounds)))
            for mine, wanted, scale in zip(points[s].T, bounds.T, scales, strict=True):
                np.maximum(lacking, (wanted - mine[:, None]) / scale, out=lacking)
            found[s] = lacking.min(axis=1)
        return found


def _covered(points: Floats, lower: Floats, upper: Floats) -> Floats:
    """What boxes, ends by objective ``(m, r)``, cover of each of ``(n, m)`` points' boxes from zero, shape ``(n,)``."""
    found = np.empty(len(points))
    step = max(1, _PART // max(1, lower.shape[1]))
    for start in range(0, len(points), step):
        part = points[start : start + step]
        product = np.ones((len(part), lower.shape[1]))
        for mine, low, high in zip(part.T, lower, upper, strict=True):
            length = np.minimum(mine[:, None], high)
            length -= low
            np.maximum(length, 0.0, out=length)
            product *= length
        found[start : start + step] = product.sum(axis=1)
    return found


@dataclass(frozen=True, slots=True)
class Directions:
    """Approximate: volumes as means over directions from zero, the same ones for all fronts.

    With how far the points ``y`` of a front reach in a direction, h = max_y min_j (y_j / d_j), the volume is that of a
    ball's positive orthant times the mean of h^m over unit vectors d (Zhang & Golovin 2020, lemma 5).

    Attributes:
        scales: sizes of the objectives, by which they are divided, shape ``(m,)``.
        directions: unit vectors, shape ``(w, m)``.
        heights: how far each front reaches, shape ``(s, w)``.
    """

    scales: Floats
    directions: Floats
    heights: Floats

    @classmethod
    def empty(cls, count: int, scales: Floats) -> Directions:
        """Fronts without points, of objectives of these sizes, shape ``(m,)``."""
        from scipy.stats import qmc  # late: it imports for most of a second

        drawn = np.abs(ndtri(qmc.Sobol(len(scales), seed=0).random(DIRECTIONS)))
        directions = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        return cls(scales, directions, np.zeros((count, DIRECTIONS)))

    def repeated(self, count: int) -> Directions:
        """As `Fronts.repeated`."""
        return Directions(self.scales, self.directions, np.tile(self.heights, (count, 1)))

    def joined(self, points: Floats, good: Bools) -> Directions:
        """As `Fronts.joined`."""
        reached = np.where(good[:, None], self._reached(points), 0.0)
        return Directions(self.scales, self.directions, np.maximum(self.heights, reached))

    @property
    def note(self) -> str:
        """That volumes are means over directions."""
        return f"hypervolumes by {len(self.directions)} directions"

    def volumes(self) -> Floats:
        """The volume of each front, shape ``(s,)``."""
        return np.asarray(self._unit() * (self.heights ** len(self.scales)).mean(axis=1))

    def gains(self, points: Floats, good: Bools) -> Floats:
        """As `Fronts.gains`."""
        found, power = np.zeros(good.shape), len(self.scales)
        for s in np.flatnonzero(good.any(axis=1)):
            rows, before = np.flatnonzero(good[s]), self.heights[s]
            reached = np.maximum(self._reached(points[s, rows]), before)
            found[s, rows] = self._unit() * (reached**power - before**power).mean(axis=1)
        return found

    def shortfalls(self, points: Floats, scales: Floats) -> Floats:
        """What is lacking in the best direction, as `Fronts.shortfalls`; the scales are its own."""
        lacking = [
            (before - self._reached(mine)).min(axis=1) for before, mine in zip(self.heights, points, strict=True)
        ]
        return np.asarray(np.maximum(np.stack(lacking), 0.0))

    def _reached(self, points: Floats) -> Floats:
        """How far ``(n, m)`` points reach in each direction, shape ``(n, w)``."""
        reached = np.full((len(points), len(self.directions)), np.inf)
        for mine, scale, direction in zip(points.T, self.scales, self.directions.T, strict=True):
            np.minimum(reached, mine[:, None] / (scale * direction), out=reached)
        np.maximum(reached, 0.0, out=reached)
        return reached

    def _unit(self) -> float:
        power = len(self.scales)
        ball = math.pi ** (power / 2) / math.gamma(power / 2 + 1)
        return float(ball / 2**power * self.scales.prod())


def fronts_of(points: Floats, good: Bools, scales: Floats) -> Boxes | Directions:
    """The fronts of ``(s, n, m)`` points for which ``good``, ``(s, n)``, holds: exact where boxes are not too many.

    Args:
        points: objectives above the reference point, larger is better.
        good: which of them take part.
        scales: sizes of the objectives, shape ``(m,)``.
    """
    count, number, objectives = points.shape
    exact = Boxes.empty(count, objectives)
    for i in range(number):
        exact = exact.joined(points[:, i], good[:, i])
        if len(exact.front) > MOST_BOXES:
            break
    else:
        return exact
    rough = Directions.empty(count, scales)
    for i in range(number):
        rough = rough.joined(points[:, i], good[:, i])
    return rough
