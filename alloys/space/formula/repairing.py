"""The nearest formula of the same elements whose ions go together, found exactly for many formulas at once.

Far is the sum of squared logarithms of ratios of numbers of atoms. For every charge that an element can carry the
nearest number of atoms is a table's entry; the least distance for every charge of several elements together follows by
adding one element after another (dynamic programming). Positive elements are the less electronegative ones up to some
cut, negative ones those beyond it; the best cut, and the best charge there, give the numbers of atoms.

References:
    Bellman, R. (1957). Dynamic Programming. Princeton. Chapter I: allocation of one resource to several activities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from alloys.space.base import Floats, Points
from alloys.space.formula.ions import Ions
from alloys.space.formula.reducing import reduced

_CHUNK = 4096

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Charges:
    """What it costs an element to carry a charge.

    Attributes:
        cost: least distance, by element, number of atoms drawn less one, and charge; infinite where none carries it.
        atoms: the number of atoms that does so, same shape.
    """

    cost: Floats
    atoms: Integers


@dataclass(frozen=True, slots=True)
class NearestIonic:
    """Moves formulas to the nearest ones that are neutral.

    Attributes:
        ranks: place of each element among the electronegativities, shape ``(d,)``; equal ones share it.
        sides: the charges of elements below and above the cut; of one side where any element may have either sign.
    """

    ranks: Integers
    sides: tuple[_Charges, ...]

    def __call__(self, points: Points) -> Points:
        """Rows ``(n, d)``, reduced; those whose elements make nothing neutral come back as they are."""
        moved = points.copy()
        numbers = (points > 0).sum(axis=1)
        for k in np.unique(numbers[numbers > 1]).tolist():
            rows = np.flatnonzero(numbers == k)
            for part in np.array_split(rows, -(-len(rows) // _CHUNK)):
                moved[part] = self._moved(points[part], k)
        return reduced(moved)

    def _moved(self, points: Points, k: int) -> Points:
        """Rows of ``k`` elements each."""
        n = len(points)
        order = np.argsort(np.where(points > 0, self.ranks, len(self.ranks)), axis=1, kind="stable")[:, :k]
        drawn = np.take_along_axis(points, order, axis=1) - 1
        best, atoms = np.full(n, np.inf), drawn + 1
        for cut in range(1, k) if len(self.sides) > 1 else [k]:
            charges, cost = self._at_cut(order, drawn, cut)
            if cut < k:
                cost[self.ranks[order[:, cut - 1]] >= self.ranks[order[:, cut]]] = np.inf
            better = cost < best
            best[better], atoms[better] = cost[better], charges[better]
        moved = np.zeros_like(points)
        np.put_along_axis(moved, order, atoms, axis=1)
        return moved

    def _at_cut(self, order: Integers, drawn: Integers, cut: int) -> tuple[Integers, Floats]:
        """Numbers of atoms ``(n, k)`` and what they cost ``(n,)`` where the first ``cut`` elements are positive."""
        k = order.shape[1]
        tables = [self.sides[int(i >= cut)] for i in range(k)]
        costs = [table.cost[order[:, i], drawn[:, i]] for i, table in enumerate(tables)]
        width = costs[0].shape[1]
        if cut == k:
            sums = _summed(costs, k * (width - 1) + 1)
            charge = np.full(len(order), k * (width - 1) // 2)  # of each element the middle is no charge
            cost = sums[-1][:, charge[0]].copy()
            carried = _shares(sums, costs, charge)
        else:
            most = min(cut, k - cut) * (width - 1) + 1
            below, above = _summed(costs[:cut], most), _summed(costs[cut:], most)
            together = below[-1] + above[-1]
            charge = together.argmin(axis=1)
            cost = together[np.arange(len(order)), charge]
            carried = _shares(below, costs[:cut], charge) + _shares(above, costs[cut:], charge)
        atoms = [table.atoms[order[:, i], drawn[:, i], carried[i]] for i, table in enumerate(tables)]
        return np.stack(atoms, axis=1), cost


@lru_cache(maxsize=16)
def nearest_ionic(ions: tuple[Ions, ...], most_atoms: int, *, balanced: bool) -> NearestIonic:
    """How formulas of elements are made neutral.

    Args:
        ions: of the elements, in their order.
        most_atoms: of one element.
        balanced: whether negative elements must be the more electronegative ones.
    """
    _, ranks = np.unique([ion.electronegativity for ion in ions], return_inverse=True)
    largest = max(abs(state) for ion in ions for state in ion.states)
    reach = most_atoms * largest
    if balanced:
        signed = [[tuple(sign * s for s in ion.states if sign * s > 0) for ion in ions] for sign in (1, -1)]
        return NearestIonic(ranks, tuple(_charges(states, most_atoms, 0, reach) for states in signed))
    return NearestIonic(ranks, (_charges([ion.states for ion in ions], most_atoms, reach, 2 * reach),))


def _charges(states: Sequence[tuple[int, ...]], most: int, middle: int, last: int) -> _Charges:
    """The table of one side: charges from 0 to ``last``, of which ``middle`` is none."""
    logs = np.log(np.arange(1, most + 1))
    far = (logs[:, None] - logs) ** 2  # by the number drawn and the number taken
    cost = np.full((len(states), most, last + 1), np.inf)
    atoms = np.ones(cost.shape, dtype=np.int64)
    for element, own in enumerate(states):
        for state in own:
            for taken in range(1, most + 1):
                at = middle + taken * state
                nearer = far[:, taken - 1] < cost[element, :, at]
                cost[element, nearer, at] = far[nearer, taken - 1]
                atoms[element, nearer, at] = taken
    return _Charges(cost, atoms)


def _summed(costs: Sequence[Floats], most: int) -> list[Floats]:
    """Least cost of every charge below ``most`` of the first element, the first two and so on, ``(n, most)`` each."""
    start = np.full((len(costs[0]), most), np.inf)
    start[:, : costs[0].shape[1]] = costs[0][:, :most]
    sums = [start]
    for cost in costs[1:]:
        total = np.full_like(start, np.inf)
        for charge in np.flatnonzero(np.isfinite(cost).any(axis=0)).tolist():
            if charge < most:
                np.minimum(
                    total[:, charge:], sums[-1][:, : most - charge] + cost[:, charge, None], out=total[:, charge:]
                )
        sums.append(total)
    return sums


def _shares(sums: Sequence[Floats], costs: Sequence[Floats], charge: Integers) -> list[Integers]:
    """The charge of each element, ``(n,)`` each, of those that sum to ``charge`` at the least cost."""
    rows, left, found = np.arange(len(charge)), charge, []
    for total, cost in zip(sums[-2::-1], costs[:0:-1], strict=True):
        own = np.arange(cost.shape[1])
        rest = left[:, None] - own
        able = (rest >= 0) & (rest < total.shape[1])
        taken = np.where(able, total[rows[:, None], np.where(able, rest, 0)] + cost, np.inf).argmin(axis=1)
        found.append(taken)
        left = left - taken
    return [np.minimum(left, costs[0].shape[1] - 1), *reversed(found)]
