"""Formulas without common divisors of their numbers of atoms: FeO, not Fe2O2."""

from __future__ import annotations

import numpy as np

from alloys.space.base import Points


def reduced(points: Points) -> Points:
    """Numbers of atoms ``(n, d)`` over the largest divisor of their row, same shape; rows of zeros stay.

    >>> reduced(np.array([[2, 2, 0], [0, 0, 0], [2, 0, 3]])).tolist()
    [[1, 1, 0], [0, 0, 0], [2, 0, 3]]
    """
    return np.asarray(points // np.maximum(np.gcd.reduce(points, axis=1), 1)[:, None])
