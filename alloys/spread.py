"""Points that lie far apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Length = Callable[[Floats], Floats]


def sum_of_sizes(differences: Floats) -> Floats:
    """Lengths of ``(n, d)`` differences, shape ``(n,)``: sums of absolute values."""
    return np.asarray(np.abs(differences).sum(axis=1))


def sum_of_squares(differences: Floats) -> Floats:
    """Squared Euclidean lengths of ``(n, d)`` differences, shape ``(n,)``."""
    return np.asarray(np.square(differences).sum(axis=1))


def spread_out(
    points: Floats, count: int, length: Length, *, chosen: Floats | None = None, first: int = 0
) -> list[int]:
    """Rows of at most ``count`` points, each as far as can be from all before it (greedy maximin).

    Gonzalez, Theor. Comput. Sci. 38 (1985) 293. Points equal to chosen ones are never chosen.

    Args:
        points: shape ``(n, d)``.
        count: rows wanted; fewer come back where no others are left.
        length: of differences, or a growing function of it.
        chosen: what was chosen before, shape ``(k, d)``.
        first: the row to begin with where nothing was.
    """
    if len(points) == 0 or count < 1:
        return []
    distance = np.full(len(points), np.inf)
    for row in chosen if chosen is not None else ():
        distance = np.minimum(distance, length(points - row))
    best = first if np.isinf(distance).all() else int(np.argmax(distance))
    rows: list[int] = []
    while len(rows) < count and distance[best] > 0:
        rows.append(best)
        distance = np.minimum(distance, length(points - points[best]))
        best = int(np.argmax(distance))
    return rows
