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

from functools import lru_cache

import numpy as np

from alloys.space.base import Floats, Points
from alloys.space.grid import Grid
from alloys.space.moves import at_random, box, moves_of, sweep, towards
from alloys.space.starts import fillings, random_sets, starts_of

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


def build(grid: Grid, n: int, rng: np.random.Generator) -> Points:
    """Draws ``n`` compositions, ``(n, d)``: a number of elements, then which, then amounts, each evenly.

    Raises:
        InputError: if there are none.
    """
    starts, moves = starts_of(grid), moves_of(grid)
    points = starts.drawn(n, rng)
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
        points = fillings(grid, random_sets(grid, draws, rng), rng)
        points = points[grid.contains(points)]
        kept.append(points)
        found += len(points)
        if found >= n:
            break
    return np.concatenate(kept)[:n]


@lru_cache(maxsize=64)
def narrow(grid: Grid) -> bool:
    """Whether there is more than bounds, a count and limits that leave some of what is drawn at random.

    They must leave some of each number of elements that the bounds allow: else only the others would be drawn.
    """
    if not grid.plain:
        return True
    rng = np.random.default_rng(0)
    present = random_sets(grid, 4096, rng)
    inside = grid.contains(fillings(grid, present, rng))
    low, high = box(grid, present)
    counts = present.sum(axis=1)[(low.sum(axis=1) <= grid.total) & (high.sum(axis=1) >= grid.total)]
    return not len(counts) or any(inside[present.sum(axis=1) == count].mean() < SHARE for count in np.unique(counts))


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
    starts = starts_of(grid)
    return np.unique(np.concatenate([build(grid, POOL, np.random.default_rng(0)), starts.points[starts.first]]), axis=0)


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
