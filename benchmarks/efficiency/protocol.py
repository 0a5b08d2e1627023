"""What a method is: it sees what was answered so far, and says which alloys to ask next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from alloys.space import Bools, Floats, Points


class BrokenProtocolError(RuntimeError):
    """A method proposed what it must not propose."""


@dataclass(frozen=True, slots=True)
class History:
    """What was asked and answered, in the order of asking; ``n`` alloys.

    Attributes:
        points: shape ``(n, d)``, in whole steps of the space's grid.
        values: every property of the goal, each of shape ``(n,)``; NaN where validation failed.
        batches: which batch asked for each, 0 for the start, shape ``(n,)``.
    """

    points: Points
    values: Mapping[str, Floats]
    batches: Points

    def __len__(self) -> int:
        return len(self.points)

    @property
    def batch(self) -> int:
        """The number of the batch that comes next."""
        return int(self.batches.max()) + 1 if len(self) else 0

    def failed(self, names: tuple[str, ...]) -> Bools:
        """Where one of these properties is not known, shape ``(n,)``."""
        return np.asarray(np.any([np.isnan(self.values[name]) for name in names], axis=0), dtype=np.bool_)

    def join(self, points: Points, values: Mapping[str, Floats]) -> History:
        """This history and one more batch."""
        return History(
            np.concatenate([self.points, points]),
            {name: np.concatenate([column, values[name]]) for name, column in self.values.items()},
            np.concatenate([self.batches, np.full(len(points), self.batch, dtype=np.int64)]),
        )


class Method(Protocol):
    """Chooses batches. One object serves one run: it is made with the problem and a seed, and may remember."""

    @property
    def name(self) -> str:
        """The word used on the command line and in reports."""
        ...

    def propose(self, history: History) -> Points:
        """The next batch, shape ``(q, d)``: on the grid, in the space, distinct, and not asked before."""
        ...
