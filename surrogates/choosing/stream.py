"""Pools of any length: candidates come in blocks, and only those that a short list can need are kept."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.space import Bools, Points, Space
from surrogates.choosing.screen import Bound, Settings, able_rows, ranked
from surrogates.model.features import Described

Names = NDArray[np.object_]
Block = tuple[Points, Sequence[str] | Names | str]
"""Candidates of shape ``(m, d)`` and who proposed each, or all of them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scored:
    """Candidates that may be proposed, ``m`` of them, with their cheap bound.

    Attributes:
        points: shape ``(m, d)``.
        origins: shape ``(m,)``.
        described: the same compositions.
        scores: their bound.
    """

    points: Points
    origins: NDArray[np.object_]
    described: Described
    scores: Bound

    def __len__(self) -> int:
        return len(self.points)

    @property
    def present(self) -> Bools:
        """Which elements each candidate has, shape ``(m, elements)``."""
        return np.asarray(self.described.fractions > 0)

    def take(self, rows: NDArray[np.int64]) -> Scored:
        """The rows of those indices."""
        scores = Bound(self.scores.value[rows], self.scores.chance[rows])
        return Scored(self.points[rows], self.origins[rows], self.described.take(rows), scores)

    def join(self, other: Scored) -> Scored:
        """These rows, then the other ones."""
        return Scored(
            np.concatenate([self.points, other.points]),
            np.concatenate([self.origins, other.origins]),
            self.described.join(other.described),
            Bound(*(np.concatenate([getattr(part.scores, n) for part in (self, other)]) for n in ("value", "chance"))),
        )


def in_blocks(candidates: Iterable[Block], space: Space, size: int) -> Iterator[Block]:
    """The same candidates in the same order, ``size`` in a block, however many come at a time.

    Raises:
        InputError: for a block of the wrong shape, of other than whole numbers, or with another number of origins
            than rows.
    """
    points, origins = np.zeros((0, space.dimension), dtype=np.int64), np.zeros(0, dtype=object)
    for rows, names in candidates:
        if rows.ndim != 2 or rows.shape[1] != space.dimension:
            raise InputError(f"candidates must have shape (n, {space.dimension}), got {rows.shape}")
        if rows.dtype.kind not in "iu":
            raise InputError(f"candidates must be whole numbers of grid steps, got {rows.dtype}")
        if not isinstance(names, str) and len(names) != len(rows):
            raise InputError(f"one origin per candidate is needed, got {len(names)} for {len(rows)}")
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            each = names if not isinstance(names, str) else [names] * len(rows)
            named = np.array([str(name) for name in each[part]], dtype=object)
            points, origins = np.concatenate([points, rows[part]]), np.concatenate([origins, named])
            if len(points) >= size:
                yield points[:size], origins[:size]
                points, origins = points[size:].copy(), origins[size:].copy()
    if len(points):
        yield points, origins


class Spreader(Protocol):
    """Shares out the blocks of a stream."""

    def __call__(self, work: Callable[[Block], T], blocks: Iterable[Block]) -> Iterator[T]:
        """Does the work for each block and gives the results in order; holds few blocks at once.

        Args:
            work: a pure function that can be pickled.
            blocks: taken one after the other, as there is somebody to do them.
        """
        ...


def own_threads() -> int:
    """Blocks that this process does at once: one on each core that torch leaves, at most 16."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores // torch.get_num_threads(), 16))


def spread_work(work: Callable[[Block], T], blocks: Iterable[Block]) -> Iterator[T]:
    """Does the blocks on threads of this process."""
    threads = own_threads()
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for block in blocks:
            waiting.append(pool.submit(work, block))
            del block
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class ShortList:
    """The best of all candidates that were added, as `shorten` would choose them from all at once.

    Attributes:
        repeated: added candidates that were already on the list.
    """

    def __init__(self, size: int, settings: Settings, floor: float, space: Space) -> None:
        self._size, self._settings, self._floor, self._space = size, settings, floor, space
        self._likely = max(16, size // 4)
        self._kept: Scored | None = None
        self._able = self._seen = self.repeated = 0

    def add(self, rows: Scored) -> None:
        """Looks at more candidates, none of them twice among themselves."""
        if self._kept is not None:
            known = set(self._space.keys(self._kept.points))
            new = np.array([key not in known for key in self._space.keys(rows.points)], dtype=np.bool_)
            self.repeated += int((~new).sum())
            rows = rows.take(np.flatnonzero(new))
        able = rows.scores.chance >= self._floor
        self._seen, self._able = self._seen + len(rows), self._able + int(able.sum())
        everything = rows if self._kept is None else self._kept.join(rows)
        # Of a larger set these same rules choose no row that they leave out here: what is kept is enough.
        best = ranked(everything.present, everything.scores, everything.scores.chance >= self._floor, *self._limits())
        likely = np.argsort(-everything.scores.chance, kind="stable")[: self._likely]
        self._kept = everything.take(np.union1d(best, likely).astype(np.int64))

    def best(self) -> Scored | None:
        """At most ``size`` candidates, best first; None if none was added."""
        if self._kept is None:
            return None
        scarce = self._able < min(16, self._seen)
        able = able_rows(self._kept.scores, self._floor, self._size, scarce=scarce)
        return self._kept.take(ranked(self._kept.present, self._kept.scores, able, *self._limits()))

    def _limits(self) -> tuple[int, Settings]:
        return self._size, self._settings


class RandomSample:
    """A random sample without replacement of a stream of rows; the same seed draws the same."""

    def __init__(self, count: int, dimension: int, seed: int) -> None:
        self._count = count
        self._rng = np.random.default_rng([seed, 1])
        self._points = np.zeros((0, dimension), dtype=np.int64)
        self._tickets = np.zeros(0)

    def add(self, points: Points) -> None:
        """Lets more rows take part."""
        tickets = np.concatenate([self._tickets, self._rng.random(len(points))])
        rows = np.argsort(tickets, kind="stable")[: self._count]
        self._points, self._tickets = np.concatenate([self._points, points])[rows], tickets[rows]

    def drawn(self, space: Space, without: Points, count: int) -> Points:
        """At most ``count`` of the drawn rows, without those of another list, shape ``(n, d)``, none twice."""
        seen, rows = set(space.keys(without)), []
        for i, key in enumerate(space.keys(self._points)):
            if key not in seen:
                seen.add(key)
                rows.append(i)
        return np.asarray(self._points[rows[:count]])
