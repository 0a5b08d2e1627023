"""At most so many values of a variable in one batch: a furnace run has one temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alloys.design import variable_text
from alloys.space import Bools, Floats, Points, Space

TRIES = 3
"""Values that a batch is begun with in turn, to see which of them gives the best one."""

Allowed = tuple[Floats, ...]
"""For each limited variable the values that may stand in a batch."""


@dataclass(frozen=True)
class BatchLimits:
    """The limited variables of a space; ``c`` of them.

    Attributes:
        space: where the designs lie.
        columns: of the variables among `Space.inputs`, shape ``(c,)``.
        most: values of each that may stand in one batch, shape ``(c,)``.
    """

    space: Space
    columns: tuple[int, ...]
    most: tuple[int, ...]

    @classmethod
    def of(cls, space: Space) -> BatchLimits:
        """Those of a space."""
        first = len(space.elements)
        limited = [(first + j, v.per_batch) for j, v in enumerate(space.variables) if v.per_batch is not None]
        return cls(space, tuple(column for column, _ in limited), tuple(most for _, most in limited))

    def __bool__(self) -> bool:
        return bool(self.columns)

    def values(self, points: Points) -> Floats:
        """The limited variables of points ``(n, d)``, shape ``(n, c)``; NaN where one is not chosen."""
        return np.asarray(self.space.inputs(points)[:, list(self.columns)])

    def hold(self, points: Points) -> bool:
        """Whether these points may be one batch."""
        return not self.broken(points)

    def broken(self, points: Points) -> list[str]:
        """What keeps these points ``(n, d)`` from being one batch, in words."""
        found = []
        for place, column, most in zip(self.columns, self.values(points).T, self.most, strict=True):
            variable = self.space.variables.items[place - len(self.space.elements)]
            values = _distinct(column)
            if len(values) > most:
                texts = [f"{v:g}" if variable.is_number else variable_text(variable.values[int(v)]) for v in values]
                found.append(f"{variable.name} may have {most} value(s) in a batch, not {', '.join(texts)}")
        return found

    def fit(self, points: Points, allowed: Allowed) -> Bools:
        """Which points ``(n, d)`` have only values that are allowed, shape ``(n,)``."""
        good = np.ones(len(points), dtype=np.bool_)
        for column, known in zip(self.values(points).T, allowed, strict=True):
            good &= np.isnan(column) | np.isin(column, known)
        return good

    def standing(self, points: Points) -> Allowed:
        """The values that stand in a batch."""
        return tuple(_distinct(column) for column in self.values(points).T)

    def openings(self, ranked: Points) -> list[Allowed]:
        """Values that a batch may have: those of each of the first few points, filled up from the others.

        Args:
            ranked: points ``(n, d)`` that would be chosen without a limit, best first.
        """
        found: list[Allowed] = []
        for first in range(len(ranked)):
            order = np.concatenate([ranked[first : first + 1], ranked])
            values = [_distinct(column)[:most] for column, most in zip(self.values(order).T, self.most, strict=True)]
            if not any(all(np.array_equal(a, b) for a, b in zip(values, other, strict=True)) for other in found):
                found.append(tuple(values))
        return found[:TRIES]

    def runs(self, pool: Points, count: int, rng: np.random.Generator) -> list[Allowed]:
        """Values for some batches together, evenly over those of a pool, in an order of chance.

        Args:
            pool: points ``(n, d)`` that may be chosen.
            count: how many batches.
            rng: of the order.
        """
        columns = []
        for column, most in zip(self.values(pool).T, self.most, strict=True):
            there = column[np.isfinite(column)]
            wanted = (np.arange(count * most) + 0.5) / (count * most)
            spread = np.quantile(there, wanted, method="nearest") if len(there) else np.full(len(wanted), np.nan)
            columns.append([np.unique(part) for part in np.array_split(rng.permutation(spread), count)])
        return [tuple(parts[run] for parts in columns) for run in range(count)]


def _distinct(column: Floats) -> Floats:
    """The values of a column in the order in which they stand there, NaN left out."""
    _, first = np.unique(column[np.isfinite(column)], return_index=True)
    return np.asarray(column[np.isfinite(column)][np.sort(first)])
