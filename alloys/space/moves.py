"""Moves between the compositions of a grid, in whole steps, and how far each may go.

Without equal sums in the rules a move is a transfer between two elements, in the smallest amount that is whole steps of
both. With ``e`` equal sums it is the smallest whole change of at most ``e + 2`` elements that keeps them: a circuit
of the matrix of sums.

References:
    Rockafellar, R. T. (1969). The elementary vectors of a subspace of R^N. Combinatorial Mathematics and its
        Applications, 104: changes of smallest support span all changes that keep sums.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from alloys.space.base import Bools, Floats, Points
from alloys.space.grid import Grid

Ints = NDArray[np.int64]
Choose = Callable[[Ints, Points, Ints, Ints], Ints]
"""How often a move is made, shape ``(n,)``: of the move, ``(d,)``, points as columns, ``(d, n)``, and the most times
backwards and forwards, each ``(n,)``."""


@lru_cache(maxsize=64)
def moves_of(grid: Grid) -> Ints:
    """Every move in one of its two directions, shape ``(m, d)``."""
    sums = _independent([[1] * grid.dimension, *(list(rule.weights) for rule in grid.rules if rule.equal)])
    alike: dict[tuple[int, ...], list[int]] = {}  # elements that count the same in every sum
    for place, column in enumerate(zip(*sums, strict=True)):
        alike.setdefault(column, []).append(place)
    changes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        (pair, (1, -1)) for places in alike.values() for pair in itertools.combinations(places, 2)
    ]
    for columns in itertools.combinations(alike, len(sums) + 1):
        if (sizes := _kernel(list(zip(*columns, strict=True)))) is not None:
            changes += [(places, sizes) for places in itertools.product(*(alike[column] for column in columns))]
    found: dict[tuple[int, ...], None] = {}
    for places, sizes in changes:
        move = [0] * grid.dimension
        for i, size in zip(places, sizes, strict=True):
            move[i] = size
        found[_in_steps(move, grid.step_sizes)] = None
    return np.array(list(found), dtype=np.int64).reshape(-1, grid.dimension)


def _independent(rows: Sequence[list[int]]) -> list[list[int]]:
    kept: list[list[int]] = []
    for row in rows:
        scaled = [np.array(other) / max(map(abs, other)) for other in (*kept, row) if any(other)]
        if np.linalg.matrix_rank(np.array(scaled)) > len(kept):
            kept.append(row)
    return kept


def _kernel(matrix: Sequence[Sequence[int]]) -> tuple[int, ...] | None:
    """The whole vector that rows with one column more than rows take to zero; None where it is not alone."""
    width = len(matrix) + 1
    minors = [_determinant([[row[j] for j in range(width) if j != i] for row in matrix]) for i in range(width)]
    return tuple((-1) ** i * minor for i, minor in enumerate(minors)) if any(minors) else None


def _determinant(matrix: Sequence[Sequence[int]]) -> int:
    if len(matrix) == 1:
        return matrix[0][0]
    rest = [[[row[j] for j in range(len(row)) if j != i] for row in matrix[1:]] for i in range(len(matrix))]
    return sum((-1) ** i * matrix[0][i] * _determinant(minor) for i, minor in enumerate(rest) if matrix[0][i])


def _in_steps(move: Sequence[int], steps: Sequence[int]) -> tuple[int, ...]:
    """The smallest multiple of a change that is whole steps of each element, its first part positive."""
    divisor = math.gcd(*move)
    move = [size // divisor for size in move]
    factor = math.lcm(*(step // math.gcd(step, size) for step, size in zip(steps, move, strict=True)))
    sign = 1 if next(size for size in move if size) > 0 else -1
    return tuple(sign * factor * size for size in move)


def box(grid: Grid, present: Bools) -> tuple[Ints, Ints]:
    """Fewest and most steps of each element where these are present, shapes ``(n, d)``."""
    low = np.where(present, np.array(grid.lower), 0)
    high = np.where(present, np.array(grid.upper), 0)
    for limit in grid.limits:
        i, j = grid.elements.index(limit.element), grid.elements.index(limit.where)
        high[:, i] = np.where(present[:, j], np.minimum(high[:, i], limit.most), high[:, i])
    return low, high


def sweep(grid: Grid, points: Points, moves: Iterable[Ints], choose: Choose) -> Points:
    """Makes moves one after the other as often as ``choose`` says, all rows at once.

    Args:
        grid: the grid; every row stays on it, with its elements.
        points: compositions on it, shape ``(n, d)``.
        moves: rows of `moves_of`.
        choose: how often each is made.
    """
    low, high = (np.ascontiguousarray(side.T) for side in box(grid, points > 0))
    at = np.ascontiguousarray(points.T)
    weights = np.array([rule.weights for rule in grid.rules if not rule.equal], dtype=np.int64)
    room = -(weights.reshape(-1, grid.dimension) @ at)
    for move in moves:
        rates = weights.reshape(-1, grid.dimension) @ move
        most = np.full(len(points), grid.total, dtype=np.int64)
        back = most.copy()
        for i in np.flatnonzero(move):
            size = abs(int(move[i]))
            up, down = (high[i] - at[i]) // size, (at[i] - low[i]) // size
            if move[i] < 0:
                up, down = down, up
            np.minimum(most, up, out=most)
            np.minimum(back, down, out=back)
        for left, rate in zip(room, rates.tolist(), strict=True):
            if rate:
                bound = most if rate > 0 else back
                np.minimum(bound, left // abs(rate), out=bound)
        times = choose(move, at, back, most)
        for i in np.flatnonzero(move):
            at[i] += move[i] * times
        room -= np.outer(rates, times) if len(rates) else 0
    return np.ascontiguousarray(at.T)


def at_random(rng: np.random.Generator) -> Choose:
    """Each possible number of times equally often."""

    def choose(move: Ints, at: Points, back: Ints, most: Ints) -> Ints:
        return np.floor(rng.random(len(most)) * (most + back + 1)).astype(np.int64) - back

    return choose


def towards(grid: Grid, goal: Floats) -> Choose:
    """As often as brings points nearest to real steps, shape ``(n, d)``; what the balance has is no matter."""
    scale = 1.0 / np.square(np.array(grid.step_sizes, dtype=np.float64))
    if grid.balance:
        scale[grid.elements.index(grid.balance)] = 1e-9
    aim = np.ascontiguousarray(goal.T)

    def choose(move: Ints, at: Points, back: Ints, most: Ints) -> Ints:
        places = np.flatnonzero(move)
        pull = (scale * move)[places] @ (aim[places] - at[places])
        times = np.rint(pull / (scale * move**2).sum())
        return np.asarray(np.clip(times, -back, most), dtype=np.int64)

    return choose


def neighbours(grid: Grid, point: Points, sizes: Sequence[int]) -> Points:
    """Compositions on the grid that one move from a point ``(d,)`` reaches, shape ``(m, d)``.

    A move is made ``sizes`` times, or as often as takes an element away; one that brings an element in, as often as
    gives its lower bound.
    """
    moves = moves_of(grid)
    moves = np.concatenate([moves, -moves])
    gone, rest = np.divmod(point, np.maximum(-moves, 1))
    gone = np.where((moves < 0) & (rest == 0), gone, 0)
    enters = (moves > 0) & (point == 0)
    entry = np.where(enters, -(-np.array(grid.lower) // np.maximum(moves, 1)), 0).max(axis=1)
    times = np.broadcast_to(np.array(sizes, dtype=np.int64), (len(moves), len(sizes)))
    times = np.concatenate([np.where(enters.any(axis=1)[:, None], entry[:, None], times), gone], axis=1)
    made, column = np.nonzero(times > 0)
    rows = point + times[made, column][:, None] * moves[made]
    rows = np.unique(rows[(rows >= 0).all(axis=1)], axis=0)
    return rows[grid.contains(rows)]
