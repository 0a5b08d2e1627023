"""Uphill on the cheap bound: the grid is searched from the best candidate of each set of elements.

Proposals cluster where generators have seen good alloys. A steepest ascent on the grid, from many sets of elements at
once, finds what the models promise elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from alloys.records import moved
from alloys.space import Points, Space
from surrogates.choosing.stream import Block, Scored

Look = Callable[[Block], Scored]
"""What may be proposed of a block of candidates, with its bound."""


class BestPerElementSet:
    """The best candidate of each set of elements by the bound, of the ``count`` best sets seen so far."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.rows: Scored | None = None

    def add(self, rows: Scored) -> None:
        """Lets more candidates take part."""
        everything = rows if self.rows is None else self.rows.join(rows)
        order = np.argsort(-everything.scores.value, kind="stable")
        _, first = np.unique(everything.present[order], axis=0, return_index=True)
        self.rows = everything.take(order[np.sort(first)[: self._count]])


def climb(starts: Scored, look: Look, space: Space, rounds: int) -> Iterator[Scored]:
    """Moves every start to its best neighbour on the grid, again and again, until none has a better one.

    Searches that meet go on as one.

    Args:
        starts: ``k`` candidates.
        look: scores candidates and leaves out those that may not be proposed.
        space: its neighbours are one transfer between two elements away.
        rounds: most moves of one start.

    Yields:
        where the searches are after each round, no candidate twice in a round. Not the other neighbours: the best of
        these are nearly the same alloys.
    """
    at = starts
    for _ in range(rounds if len(starts) else 0):
        around = [space.neighbours(row) for row in at.points]
        owner = np.repeat(np.arange(len(at)), [len(rows) for rows in around])
        names = [moved(str(at.origins[k])) for k in owner]
        seen = look((np.concatenate(around), names))
        if not len(seen):
            return
        best = _best(space, around, seen)
        better = np.flatnonzero((best >= 0) & (seen.scores.value[best] > at.scores.value))
        if not len(better):
            return
        rows = np.unique(best[better])
        at = seen.take(rows)
        yield at


def _best(space: Space, around: list[Points], seen: Scored) -> NDArray[np.int64]:
    """For each start the row of its best neighbour among those seen, -1 where none was."""
    row_of = {key: row for row, key in enumerate(space.keys(seen.points))}
    found = np.full(len(around), -1, dtype=np.int64)
    for k, rows in enumerate(around):
        own = [row_of[key] for key in space.keys(rows) if key in row_of]
        if own:
            found[k] = own[int(np.argmax(seen.scores.value[own]))]
    return found
