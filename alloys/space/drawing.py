"""Compositions built on a grid, not drawn and rejected: any rules, however narrow, leave something to draw.

A set of elements that has a composition is chosen, with one composition of it. From there the amounts are drawn anew,
one move after the other, each evenly among all amounts that the rules leave: Gibbs sampling of the even distribution
over the compositions of these elements. The same moves, made as often as brings a composition nearest to a
wish, lead what lies outside back onto the grid.

References:
    Geman, S. & Geman, D. (1984). Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of images.
        IEEE Trans. Pattern Anal. Mach. Intell. 6, 721.
    Diaconis, P. & Sturmfels, B. (1998). Algebraic algorithms for sampling from conditional distributions. Ann.
        Statist. 26, 363: moves among whole points that keep sums.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from alloys.errors import InputError
from alloys.space.base import Bools, Floats, Points
from alloys.space.grid import Grid
from alloys.space.moves import at_random, moves_of, sweep, towards
from alloys.space.reaching import find

SETS = 512
"""Sets of elements that are looked at one by one; of more, those that chance and `STARTS` programs find."""
STARTS = 96
TRIES = 16
"""Random fillings of a set before an integer program is asked."""
SWEEPS = 4
MOST_MOVES = 400
EXCHANGES = 2
"""Exchanges of elements in each sweep, where not all sets of elements are known."""
SHARE = 0.002
"""Drawing and rejecting must keep this share of what it draws; else alloys are built."""
POOL = 2048
"""Compositions from which those outside begin their way back."""
_OTHER_ELEMENT = 2.0
"""How far away an element too many or too few makes a composition, in shares of the whole."""


@dataclass(frozen=True, eq=False)
class Starts:
    """A composition of each set of elements that was found, shape ``(s, d)``, and whether these are all sets."""

    points: Points
    complete: bool


def build(grid: Grid, n: int, rng: np.random.Generator) -> Points:
    """Draws ``n`` compositions, ``(n, d)``: a number of elements, then which, then amounts, each evenly.

    Raises:
        InputError: if there are none.
    """
    starts = starts_of(grid)
    sizes = (starts.points > 0).sum(axis=1)
    counts = np.unique(sizes)
    if not len(counts):
        raise InputError(f"could not draw {n} compositions: the space's rules leave none that was found")
    wanted = rng.choice(counts, size=n)
    rows = np.zeros(n, dtype=np.int64)
    for count in counts:
        mine = wanted == count
        rows[mine] = rng.choice(np.flatnonzero(sizes == count), size=int(mine.sum()))
    points, moves = starts.points[rows], moves_of(grid)
    for _ in range(SWEEPS):
        order = rng.permutation(len(moves))[: MOST_MOVES // SWEEPS]
        points = sweep(grid, points, moves[order], at_random(rng))
        for _ in range(0 if starts.complete else EXCHANGES):
            points = exchanged(grid, points, rng)
    return points


def rejecting(grid: Grid, n: int, rng: np.random.Generator) -> Points:
    """Draws amounts, each evenly, of random sets of elements, and keeps what is inside: at most ``n``, ``(m, d)``."""
    kept: list[Points] = []
    found = 0
    for _ in range(1000):
        draws = max(256, 2 * (n - found))
        points = fillings(grid, _random_sets(grid, draws, rng), rng)
        points = points[grid.contains(points)]
        kept.append(points)
        found += len(points)
        if found >= n:
            break
    return np.concatenate(kept)[:n]


@lru_cache(maxsize=64)
def narrow(grid: Grid) -> bool:
    """Whether there is more than bounds, a count and limits that leave some of what is drawn at random."""
    if not grid.plain:
        return True
    rng = np.random.default_rng(0)
    points = fillings(grid, _random_sets(grid, 4096, rng), rng)
    return bool(grid.contains(points).mean() < SHARE)


def _random_sets(grid: Grid, n: int, rng: np.random.Generator) -> Bools:
    counts = rng.integers(grid.fewest, min(grid.most, grid.dimension) + 1, size=n)
    ranks = np.argsort(np.argsort(rng.random((n, grid.dimension)), axis=1), axis=1)
    return np.asarray(ranks < counts[:, None])


def settled(grid: Grid, real: Floats) -> Points:
    """Points of the grid near real steps ``(n, d)``: what they round to, and where that is outside, a point inside."""
    points = grid.rounded(real)
    outside = np.flatnonzero(~grid.contains(points))
    if len(outside):
        goal = real[outside]
        at, moves = _nearest(grid, goal), moves_of(grid)
        for _ in range(SWEEPS):
            at = sweep(grid, at, moves, towards(grid, goal))
        points[outside] = at
    return points


def fillings(grid: Grid, present: Bools, rng: np.random.Generator) -> Points:
    """Random amounts of given elements, shapes ``(n, d)``; some may be outside."""
    weights = rng.exponential(size=present.shape) * present
    low = np.array(grid.lower) * present
    share = weights / weights.sum(axis=1, keepdims=True)
    real = low + share * (grid.total - low.sum(axis=1, keepdims=True))
    return grid.rounded(real / grid.total * grid.total)


@lru_cache(maxsize=64)
def starts_of(grid: Grid) -> Starts:
    """Sets of elements that have a composition, each with one; the same in every process."""
    most = min(grid.most, grid.dimension)
    counts = range(grid.fewest, most + 1)
    complete = sum(math.comb(grid.dimension, k) for k in counts) <= SETS
    rng = np.random.default_rng(0)
    if complete:
        sets = [s for k in counts for s in itertools.combinations(range(grid.dimension), k)]
        present = np.zeros((len(sets), grid.dimension), dtype=np.bool_)
        for row, chosen in zip(present, sets, strict=True):
            row[list(chosen)] = True
    else:
        present = _random_sets(grid, SETS, rng)
    return Starts(_starts(grid, present, complete, rng), complete)


def _starts(grid: Grid, present: Bools, complete: bool, rng: np.random.Generator) -> Points:
    found: dict[bytes, Points] = {}
    left = present[_possible(grid, present)]
    for _ in range(TRIES):
        points = fillings(grid, left, rng)
        good = grid.contains(points)
        found |= {row.tobytes(): point for row, point in zip(points[good] > 0, points[good], strict=True)}
        left = np.array([row for row in left if row.tobytes() not in found]).reshape(-1, grid.dimension)
    asked = _programs(grid, left) if complete else _by_chance(grid, rng)
    found |= {(point > 0).tobytes(): point for point in asked}
    return np.array([found[key] for key in sorted(found)], dtype=np.int64).reshape(-1, grid.dimension)


def _programs(grid: Grid, present: Bools) -> list[Points]:
    """A composition of each of some sets of elements that has one."""
    points = [find(grid, grid.rules, present=row, count=int(row.sum())) for row in present]
    return [point for point in points if point is not None and grid.contains(point[None])[0]]


def _by_chance(grid: Grid, rng: np.random.Generator) -> list[Points]:
    """Compositions of whatever sets of elements random aims lead to, of every number of elements."""
    counts = range(grid.fewest, min(grid.most, grid.dimension) + 1)
    points = [
        find(grid, grid.rules, aim=rng.standard_normal(2 * grid.dimension), count=count)
        for count in counts
        for _ in range(-(-STARTS // len(counts)))
    ]
    return [point for point in points if point is not None and grid.contains(point[None])[0]]


def _possible(grid: Grid, present: Bools) -> Bools:
    """Which sets of elements, shape ``(n, d)``, the bounds do not rule out."""
    good = (present @ np.array(grid.lower) <= grid.total) & (present @ np.array(grid.upper) >= grid.total)
    if grid.balance:
        good &= present[:, grid.elements.index(grid.balance)]
    return np.asarray(good)


def exchanged(grid: Grid, points: Points, rng: np.random.Generator) -> Points:
    """Each composition with the amount of one element given to an absent one, where that stays on the grid."""
    rows = np.arange(len(points))
    there = np.where(points > 0, rng.random(points.shape), -1.0).argmax(axis=1)
    absent = np.where(points > 0, -1.0, rng.random(points.shape)).argmax(axis=1)
    changed = points.copy()
    changed[rows, there], changed[rows, absent] = points[rows, absent], points[rows, there]
    return np.where(grid.contains(changed)[:, None], changed, points)


@lru_cache(maxsize=8)
def _pool(grid: Grid) -> Points:
    return np.unique(np.concatenate([build(grid, POOL, np.random.default_rng(0)), starts_of(grid).points]), axis=0)


def _nearest(grid: Grid, goal: Floats) -> Points:
    """For each row of real steps the pool's composition that is nearest, its elements first of all."""
    pool = _pool(grid)
    known, found = _described(grid, pool), []
    for part in np.array_split(_described(grid, goal), -(-len(goal) // 4096)):
        away = np.square(known).sum(axis=1) - 2 * part @ known.T
        found.append(pool[np.argmin(away, axis=1)])
    return np.concatenate(found)


def _described(grid: Grid, real: Floats | Points) -> Floats:
    return np.concatenate([real / grid.total, _OTHER_ELEMENT * (real > 0)], axis=1)
