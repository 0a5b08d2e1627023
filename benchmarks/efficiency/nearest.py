"""From any point to the nearest composition that may be asked: the repair of methods that know no such space."""

from __future__ import annotations

import heapq

import numpy as np

from alloys.space import AlloySpace, Floats, Points
from benchmarks.efficiency.problem import Problem

LOOKS = 300
"""Compositions whose neighbours are looked at before a search begins elsewhere."""
ELSEWHERE = 2000
"""Random allowed compositions, from the nearest of which it then begins."""


def nearest(problem: Problem, points: Floats, asked: Points) -> Points:
    """For each point an allowed composition near it, none asked before and none twice, shape ``(n, d)``.

    A best-first search: it begins with the grid compositions of the largest amounts of the point, at every allowed
    number of elements, and follows transfers of one to five steps between two elements, always from the nearest
    composition that was not followed yet, until that one may be asked. Near is the Euclidean distance between amounts.
    Where the point lies deep in what is not allowed, transfers lead towards it from an allowed composition.

    Args:
        problem: says what is allowed.
        points: amounts in steps of the grid, of any sum, shape ``(n, d)``.
        asked: what may not be asked again, shape ``(m, d)``.
    """
    chosen = np.zeros((0, problem.space.dimension), dtype=np.int64)
    for point in points:
        row = _one(problem, point, np.concatenate([asked, chosen]))
        chosen = np.concatenate([chosen, row[None]])
    return chosen


def _one(problem: Problem, point: Floats, taken: Points) -> Points:
    space, known = problem.space, set(problem.space.keys(taken))
    heap: list[tuple[float, tuple[int, ...]]] = []
    seen: set[tuple[int, ...]] = set()

    def add(rows: Points) -> None:
        for row, far in zip(rows.tolist(), ((rows - point) ** 2).sum(axis=1), strict=True):
            if tuple(row) not in seen:
                seen.add(tuple(row))
                heapq.heappush(heap, (float(far), tuple(row)))

    add(on_grid(space, point))
    for _ in range(LOOKS):
        if not heap:
            break
        row = np.array(heapq.heappop(heap)[1], dtype=np.int64)
        if problem.allowed(row[None])[0] and row.tobytes() not in known:
            return row
        add(space.neighbours(row))
    return _towards(problem, point, taken)


def _towards(problem: Problem, point: Floats, taken: Points) -> Points:
    """The nearest of random allowed compositions, and from there as near as allowed transfers lead."""
    rows = problem.sample(ELSEWHERE, np.random.default_rng(0), taken)
    while True:
        best: Points = rows[np.argmin(((rows - point) ** 2).sum(axis=1))]
        rows = np.concatenate([best[None], problem.fresh(problem.space.neighbours(best), taken)])
        if ((rows - point) ** 2).sum(axis=1).argmin() == 0:
            return best


def on_grid(space: AlloySpace, point: Floats) -> Points:
    """Grid compositions in the space made of a point's largest amounts, one for each number of elements at most."""
    order = np.argsort(-point, kind="stable")
    rows = []
    for count in range(space.fewest, min(space.most, space.dimension) + 1):
        present = np.zeros(space.dimension, dtype=np.bool_)
        present[order[:count]] = True
        low, high = np.array(space.lower) * present, np.array(space.upper) * present
        for limit in space.limits:
            i, j = space.elements.index(limit.element), space.elements.index(limit.where)
            if present[i] and present[j]:
                high[i] = min(high[i], limit.most)
        if low.sum() <= space.total <= high.sum() and (low <= high).all():
            real = _within(point, low.astype(float), high.astype(float), space.total)
            rows.append(_whole(real, low, high, space.total))
    points = np.array(rows, dtype=np.int64).reshape(-1, space.dimension)
    return points[space.contains(points)]


def _within(point: Floats, low: Floats, high: Floats, total: int) -> Floats:
    """The nearest point between bounds with that sum: a common shift, found by bisection, then the bounds."""
    least, most = float((low - point).min()) - total, float((high - point).max()) + total
    for _ in range(60):
        shift = (least + most) / 2
        if np.clip(point + shift, low, high).sum() < total:
            least = shift
        else:
            most = shift
    return np.clip(point + most, low, high)


def _whole(real: Floats, low: Points, high: Points, total: int) -> Points:
    """Largest remainder, within the bounds."""
    points = np.floor(real + 1e-9).astype(np.int64)
    for i in np.argsort(-(real - points), kind="stable"):
        if points.sum() < total and points[i] < high[i]:
            points[i] += 1
    return points
