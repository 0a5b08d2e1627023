"""Whether a grid has any composition, and which: integer programs, whose answers are checked in whole steps.

References:
    Huangfu, Q. & Hall, J. A. J. (2018). Parallelizing the dual revised simplex method. Math. Prog. Comp. 10, 119:
        HiGHS, which `scipy.optimize.milp` asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from alloys.errors import InputError
from alloys.space.base import Bools, Floats, Points
from alloys.space.grid import Grid
from alloys.space.rules import LinearRule

NODES = 5000
"""Branches after which an integer program is given up, some seconds; most need a few."""
_STOPPED = 1
"""What scipy calls a program that reached its limit."""


def find(
    grid: Grid,
    rules: Sequence[LinearRule],
    aim: Floats | None = None,
    present: Bools | None = None,
    count: int | None = None,
    nodes: int = NODES,
) -> Points | None:
    """A composition ``(d,)`` that keeps the bounds and some rules, or None where there is none.

    Args:
        grid: the grid.
        rules: those of its rules that count.
        aim: what is made large: a weight for the presence of each element, then one for its amount, shape ``(2 d,)``.
        present: which elements there are, shape ``(d,)``; True alone says that an element must be there, unless
            ``count`` is their number.
        count: number of elements, in place of the grid's.
        nodes: branches to look at.

    Raises:
        InputError: if that is not found out in ``nodes`` branches.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # late: few spaces need it

    d = grid.dimension
    matrix, low, high = _program(grid, rules, count)
    least = np.zeros(2 * d) if present is None else np.concatenate([np.zeros(d), present])
    if grid.balance:
        least[d + grid.elements.index(grid.balance)] = 1
    steps = np.array(grid.step_sizes)
    most = np.concatenate([grid.total // steps, np.ones(d)])
    cost = np.zeros(2 * d) if aim is None else -np.concatenate([aim[d:] * steps, aim[:d]])
    result = milp(
        cost,
        integrality=np.ones(2 * d),
        bounds=Bounds(least, most),
        constraints=LinearConstraint(matrix, low, high),
        # its presolve writes to the standard output now and then
        options={"presolve": False, "node_limit": nodes},
    )
    if result.x is None and result.status == _STOPPED:
        raise InputError(
            "whether any composition keeps all rules could not be found out; leave a rule out, or write "
            "sums that must be equal (==) as a small range"
        )
    if result.x is None:
        return None
    return np.asarray(np.rint(result.x[:d]).astype(np.int64) * steps, dtype=np.int64)


def _program(grid: Grid, rules: Sequence[LinearRule], count: int | None) -> tuple[Floats, Floats, Floats]:
    """Rows over each element's amount in its own steps and its presence, 0 or 1, with their lowest and highest sums."""
    d, rows = grid.dimension, list[tuple[Floats, float, float]]()
    amounts, here = np.diag(np.array(grid.step_sizes, dtype=np.float64)), np.eye(d)
    nothing = np.zeros(d)

    def add(amount: Floats, presence: Floats, low: float, high: float) -> None:
        rows.append((np.concatenate([amount, presence]), low, high))

    add(amounts.sum(axis=0), nothing, grid.total, grid.total)
    add(nothing, np.ones(d), count or grid.fewest, count or min(grid.most, d))
    for i in range(d):
        add(amounts[i], -grid.upper[i] * here[i], -np.inf, 0)
        add(amounts[i], -grid.lower[i] * here[i], 0, np.inf)
    for limit in grid.limits:
        i, j = grid.elements.index(limit.element), grid.elements.index(limit.where)
        add(amounts[i], (grid.upper[i] - limit.most) * here[j], -np.inf, grid.upper[i])
    for rule in rules:
        weights = np.array(rule.weights, dtype=np.float64)
        weights = weights @ amounts / (np.abs(weights).max() or 1.0)
        add(weights, nothing, 0 if rule.equal else -np.inf, 0)
    return (
        np.array([row for row, _, _ in rows]),
        np.array([low for _, low, _ in rows]),
        np.array([high for _, _, high in rows]),
    )


def contradicting(grid: Grid) -> list[LinearRule]:
    """Rules that cannot hold together on a grid without compositions, no more than it takes; none if bounds do."""
    needed = list(grid.rules)
    for rule in grid.rules:
        rest = [other for other in needed if other is not rule]
        if find(grid, rest) is None:
            needed = rest
    return needed


def never_there(grid: Grid) -> Iterator[str]:
    """Elements that no composition of the grid has, as far as that is found out."""
    seen = np.zeros(grid.dimension, dtype=np.bool_)
    for i, symbol in enumerate(grid.elements):
        if not seen[i]:
            try:
                found = find(grid, grid.rules, present=np.arange(grid.dimension) == i, nodes=NODES // 5)
            except InputError:
                continue
            if found is None:
                yield symbol
            else:
                seen |= found > 0
