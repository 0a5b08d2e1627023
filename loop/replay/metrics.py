"""How much sooner than by chance: fraction found, enhancement factor and acceleration factor.

Definitions of Liang et al., npj Comput. Mater. 7 (2021) 188 (10.1038/s41524-021-00656-9): with the fraction of the
best rows of a pool that was found after i looks, EF(i) is that of a method over that of random looks, and AF(a) the
number of looks that random needs for the fraction a over the number that the method needs.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import hypergeom

from alloys.space import Floats

_TOLERANCE = 1e-9


def random_fraction(rows: int, looks: int) -> Floats:
    """Expected fraction of the best rows that random looks without repeat find, by looks 1 to ``looks``.

    The number found after i looks is hypergeometric with mean (best) i / rows, whatever the number of best rows.

    >>> random_fraction(10, 4).tolist()
    [0.1, 0.2, 0.3, 0.4]
    """
    return np.minimum(np.arange(1, looks + 1) / rows, 1.0)


def random_quantile(rows: int, best: int, looks: int, share: float) -> Floats:
    """Quantile of the fraction that random looks find, by looks: the hypergeometric distribution, exact."""
    return np.asarray(hypergeom(rows, best, np.arange(1, looks + 1)).ppf(share) / best)


def looks_to(curve: Floats, level: float) -> int | None:
    """The first number of looks at which a curve of fractions reaches a level, or None.

    >>> looks_to(np.array([0.0, 0.5, 0.5, 1.0]), 0.8)
    4
    """
    reached = np.flatnonzero(curve >= level - _TOLERANCE)
    return int(reached[0]) + 1 if len(reached) else None


def enhancement(curve: Floats, rows: int) -> Floats:
    """EF by looks: the fraction found over the one that random looks are expected to find."""
    return np.asarray(curve / random_fraction(rows, len(curve)))


def acceleration(curve: Floats, rows: int, level: float) -> float | None:
    """AF at a fraction: the looks that random needs on average over those that the curve needs, or None.

    >>> acceleration(np.array([0.0, 0.5, 0.5, 1.0]), 20, 0.5)
    5.0
    """
    needed = looks_to(curve, level)
    by_chance = looks_to(random_fraction(rows, rows), level)
    return None if needed is None or by_chance is None else by_chance / needed


def acceleration_interval(curves: Floats, rows: int, level: float) -> tuple[float | None, float | None]:
    """5th and 95th percentile of AF over campaigns, ``curves`` of shape ``(campaigns, looks)``.

    A campaign that did not reach the level counts as the slowest; a percentile that falls on one is None.
    """
    each = np.array([acceleration(curve, rows, level) or 0.0 for curve in curves])
    low, high = (float(np.quantile(each, share, method="nearest")) for share in (0.05, 0.95))
    return low or None, high or None
