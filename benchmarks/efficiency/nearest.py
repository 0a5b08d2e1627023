"""From any point to the nearest composition that may be asked: the repair of methods that know no such space."""

from __future__ import annotations

import numpy as np

from alloys.space import Floats, Space, Units
from benchmarks.efficiency.problem import Problem

ROUNDS = 30
FRONTIER = 4


def nearest(problem: Problem, points: Floats, asked: Units) -> Units:
    """For each point an allowed composition near it, none asked before and none twice, shape ``(n, d)``.

    Grid compositions with the largest amounts of each point, at every allowed number of elements, are tried first.
    Where none of them is allowed, transfers of one to five steps between two elements are followed from the nearest
    ones until there is one. Near is the Euclidean distance between amounts.

    Args:
        problem: says what is allowed.
        points: amounts in steps of the grid, of any sum, shape ``(n, d)``.
        asked: what may not be asked again, shape ``(m, d)``.

    Raises:
        RuntimeError: if nothing is found near a point.
    """
    chosen = np.zeros((0, problem.space.dimension), dtype=np.int64)
    for point in points:
        row = _one(problem, point, np.concatenate([asked, chosen]))
        chosen = np.concatenate([chosen, row[None]])
    return chosen


def _one(problem: Problem, point: Floats, taken: Units) -> Units:
    space = problem.space
    rows = on_grid(space, point)
    for _ in range(ROUNDS):
        rows = np.unique(rows, axis=0)
        rows = rows[np.argsort(((rows - point) ** 2).sum(axis=1), kind="stable")]
        good = problem.fresh(rows, taken)
        if len(good):
            found: Units = good[np.argmin(((good - point) ** 2).sum(axis=1))]
            return found
        rows = np.concatenate([rows, *(space.neighbours(row) for row in _frontier(rows, taken))])
    raise RuntimeError(f"no composition may be asked near {point.tolist()}")


def _frontier(rows: Units, taken: Units) -> list[Units]:
    """The nearest rows and a few spread over the rest, so that a search is not caught where nothing is allowed."""
    picks = {*range(min(FRONTIER, len(rows))), *np.linspace(0, len(rows) - 1, FRONTIER).astype(int).tolist()}
    return [rows[i] for i in sorted(picks)]


def on_grid(space: Space, point: Floats) -> Units:
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
    units = np.array(rows, dtype=np.int64).reshape(-1, space.dimension)
    return units[space.contains(units)]


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


def _whole(real: Floats, low: Units, high: Units, total: int) -> Units:
    """Largest remainder, within the bounds."""
    units = np.floor(real + 1e-9).astype(np.int64)
    for i in np.argsort(-(real - units), kind="stable"):
        if units.sum() < total and units[i] < high[i]:
            units[i] += 1
    return units
