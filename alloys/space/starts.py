"""Where drawing begins: sets of elements that have a composition, and compositions of each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.space.base import Bools, Points
from alloys.space.grid import Grid
from alloys.space.moves import box
from alloys.space.reaching import find

SETS = 512
"""Sets of elements that are looked at one by one; of more, those that chance and `PROGRAMS` programs find."""
PROGRAMS = 96
LISTED = 4096
"""Where a set has no more points in its bounds, all its compositions are listed: moves need not lead to each."""
KEPT = 512
"""Compositions that are kept of a set, chosen by chance."""
NODES = 1000
"""Branches of such a program."""
TRIES = 16
"""Random fillings of a set before an integer program is asked."""


@dataclass(frozen=True, eq=False)
class Starts:
    """Compositions of sets of elements.

    Attributes:
        points: compositions, those of a set one after the other, shape ``(s, d)``.
        first: the row of the first of each set, shape ``(m,)``.
        complete: whether these are all sets that have a composition.
    """

    points: Points
    first: NDArray[np.int64]
    complete: bool

    @classmethod
    def of(cls, found: dict[bytes, Points], dimension: int, *, complete: bool) -> Starts:
        """From compositions by their set."""
        parts = [found[key] for key in sorted(found)]
        sizes = np.array([0, *map(len, parts)], dtype=np.int64)
        points = np.concatenate([np.zeros((0, dimension), dtype=np.int64), *parts])
        return cls(points, np.cumsum(sizes)[:-1], complete)

    def drawn(self, n: int, rng: np.random.Generator) -> Points:
        """Starts of ``n`` drawings, ``(n, d)``: a number of elements, then which, then one of these, each evenly.

        Raises:
            InputError: if there are none.
        """
        counts = (self.points[self.first] > 0).sum(axis=1)
        if not len(counts):
            raise InputError("no composition was found: the space's rules leave almost nothing; loosen them")
        wanted, sets = rng.choice(np.unique(counts), size=n), np.zeros(n, dtype=np.int64)
        for count in np.unique(counts):
            mine = wanted == count
            sets[mine] = rng.choice(np.flatnonzero(counts == count), size=int(mine.sum()))
        sizes = np.diff(self.first, append=len(self.points))
        return np.asarray(self.points[self.first[sets] + rng.integers(sizes[sets])], dtype=np.int64)


@lru_cache(maxsize=64)
def starts_of(grid: Grid) -> Starts:
    """Sets of elements that have a composition, with compositions of each; the same in every process."""
    counts = range(grid.fewest, min(grid.most, grid.dimension) + 1)
    complete = sum(math.comb(grid.dimension, k) for k in counts) <= SETS
    rng = np.random.default_rng(0)
    if not complete:
        found = _filled(grid, random_sets(grid, SETS, rng), rng)
        return Starts.of(found | _grouped(_by_chance(grid, rng)), grid.dimension, complete=False)
    sets = [s for k in counts for s in itertools.combinations(range(grid.dimension), k)]
    present = np.zeros((len(sets), grid.dimension), dtype=np.bool_)
    for row, chosen in zip(present, sets, strict=True):
        row[list(chosen)] = True
    listed = [_listed(grid, row, rng) for row in present]
    found = _grouped(point for points in listed if points is not None for point in points)
    rest = present[[points is None for points in listed]]
    found |= _filled(grid, rest, rng)
    found |= _grouped(_programs(grid, np.array([row for row in rest if row.tobytes() not in found])))
    return Starts.of(found, grid.dimension, complete=True)


def random_sets(grid: Grid, n: int, rng: np.random.Generator) -> Bools:
    """Which elements there are: a number of them, then which, each evenly, shape ``(n, d)``."""
    counts = rng.integers(grid.fewest, min(grid.most, grid.dimension) + 1, size=n)
    ranks = np.argsort(np.argsort(rng.random((n, grid.dimension)), axis=1), axis=1)
    return np.asarray(ranks < counts[:, None])


def fillings(grid: Grid, present: Bools, rng: np.random.Generator) -> Points:
    """Random amounts of given elements, shapes ``(n, d)``; some may be outside."""
    weights = rng.exponential(size=present.shape) * present
    low = np.array(grid.lower) * present
    share = weights / weights.sum(axis=1, keepdims=True)
    real = low + share * (grid.total - low.sum(axis=1, keepdims=True))
    return grid.rounded(real / grid.total * grid.total)


def _grouped(points: Iterable[Points]) -> dict[bytes, Points]:
    """Distinct compositions by their set of elements."""
    found: dict[bytes, dict[bytes, Points]] = {}
    for point in points:
        found.setdefault((point > 0).tobytes(), {})[point.tobytes()] = point
    return {key: np.array(list(rows.values())) for key, rows in found.items()}


def _listed(grid: Grid, present: Bools, rng: np.random.Generator) -> Points | None:
    """All compositions of a set of elements, shape ``(n, d)``; None where there are too many to look at."""
    low, high = (side[0] for side in box(grid, present[None]))
    if low.sum() > grid.total or high.sum() < grid.total:
        return np.zeros((0, grid.dimension), dtype=np.int64)
    ranges = [range(int(a), int(b) + 1, step) for a, b, step in zip(low, high, grid.step_sizes, strict=True)]
    last = max(range(grid.dimension), key=lambda i: (grid.elements[i] == grid.balance, len(ranges[i])))
    ranges[last] = range(1)
    if math.prod(map(len, ranges)) > LISTED:
        return None
    points = np.array(list(itertools.product(*ranges)), dtype=np.int64).reshape(-1, grid.dimension)
    points[:, last] = grid.total - points.sum(axis=1)
    points = points[grid.contains(points) & ((points > 0) == present).all(axis=1)]
    return np.asarray(points[np.sort(rng.permutation(len(points))[:KEPT])])


def _filled(grid: Grid, present: Bools, rng: np.random.Generator) -> dict[bytes, Points]:
    """Compositions of those sets, shape ``(n, d)``, that random amounts find some of."""
    low, high = np.array(grid.lower), np.array(grid.upper)
    left = present[(present @ low <= grid.total) & (present @ high >= grid.total)]
    points = [fillings(grid, left, rng) for _ in range(TRIES if len(left) else 0)]
    return _grouped(row for rows in points for row in rows[grid.contains(rows) & ((rows > 0) == left).all(axis=1)])


def _programs(grid: Grid, present: Bools) -> list[Points]:
    """A composition of each of some sets of elements that has one."""
    return _answers(grid, [{"present": row, "count": int(row.sum())} for row in present])


def _by_chance(grid: Grid, rng: np.random.Generator) -> list[Points]:
    """Compositions of whatever sets of elements random aims lead to, of every number of elements."""
    counts = range(grid.fewest, min(grid.most, grid.dimension) + 1)
    each = range(-(-PROGRAMS // len(counts)))
    aims = [{"aim": rng.standard_normal(2 * grid.dimension), "count": count} for count in counts for _ in each]
    return _answers(grid, aims)


def _answers(grid: Grid, questions: list[dict[str, Any]]) -> list[Points]:
    """Compositions that integer programs find; a question that takes too long is left out."""
    found = []
    for question in questions:
        try:
            point = find(grid, grid.rules, nodes=NODES, **question)
        except InputError:
            continue
        if point is not None and grid.contains(point[None])[0]:
            found.append(point)
    return found
