"""Draws by weight, without replacement, that are unlike each other: the local pivotal method.

Independent draws repeat what is likely. Here two candidates that are alike compete: of the chance that both together
have, one gets all it can hold, the other what is left. Each candidate is still drawn with the chance that its weight
gives it, so the draws follow the same law one by one; together they cover it more evenly.

References:
    Deville, J.-C. & Tillé, Y. (1998). Unequal probability sampling without replacement through a splitting method.
        Biometrika 85, 89, section 5: the pivotal method.
    Grafström, A., Lundström, N. L. P. & Schelin, L. (2012). Spatially balanced sampling through the pivotal method.
        Biometrics 68, 514, algorithm LPM 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alloys.space import Floats
from generators.likeness import directions

Rows = NDArray[np.int64]

TOGETHER = 128
"""Candidates among which the most alike are looked for; more are first halved along their principal axis."""

SURE = 1e-9
"""Chances are settled within this of 0 and of 1."""


def chances(weights: Floats, n: float) -> Floats:
    """Chances in proportion to the exponentials of log weights, at most 1, with sum ``n``, shape ``(m,)``.

    Args:
        weights: log weights, shape ``(m,)``.
        n: expected number of draws; with ``m`` or more everything is certain.
    """
    if n >= len(weights):
        return np.ones(len(weights))
    order = np.argsort(-weights, kind="stable")
    mass = np.exp(weights[order] - weights[order[0]]) + np.finfo(float).tiny
    left = n - np.arange(len(mass))
    certain = int(np.argmax(mass * left <= np.cumsum(mass[::-1])[::-1]))  # the first that is not
    found = np.ones(len(mass))
    found[certain:] = np.minimum(1.0, mass[certain:] * left[certain] / mass[certain:].sum())
    return found[np.argsort(order, kind="stable")]


def spread(chance: Floats, fractions: Floats, rng: np.random.Generator) -> Rows:
    """Rows drawn with given chances, those alike seldom together, increasing.

    As many are drawn as the chances sum to; where the sum is not whole, one more or not.

    Args:
        chance: chance of each row, between 0 and 1, shape ``(m,)``.
        fractions: what they are, shape ``(m, d)``; rows are alike by the cosine between them.
        rng: random numbers.
    """
    left, towards = chance.copy(), directions(fractions)
    for row in _settle(left, towards, np.arange(len(chance)), rng):
        left[row] = rng.random() < left[row]
    return np.flatnonzero(left > 0.5)


def _settle(left: Floats, towards: Floats, rows: Rows, rng: np.random.Generator) -> Rows:
    """Settles the chances of some rows in place, all but one's at most, whose row is returned."""
    rows = rows[(left[rows] > SURE) & (left[rows] < 1 - SURE)]
    if len(rows) <= TOGETHER:
        return _compete(left, towards, rows, rng)
    apart = towards[rows] - towards[rows].mean(axis=0)
    along = apart @ np.linalg.eigh(apart.T @ apart)[1][:, -1]
    halves = np.array_split(rows[np.argsort(along, kind="stable")], 2)
    return _compete(left, towards, np.concatenate([_settle(left, towards, half, rng) for half in halves]), rng)


def _compete(left: Floats, towards: Floats, rows: Rows, rng: np.random.Generator) -> Rows:
    """Two of the most alike at a time, until one row at most is unsettled."""
    alike = towards[rows] @ towards[rows].T
    np.fill_diagonal(alike, -np.inf)
    while len(rows) > 1:
        i = int(rng.integers(len(rows)))
        pair = np.array([i, int(alike[i].argmax())])
        left[rows[pair]] = _split(float(left[rows[pair[0]]]), float(left[rows[pair[1]]]), rng.random())
        settled = pair[(left[rows[pair]] <= SURE) | (left[rows[pair]] >= 1 - SURE)]
        rows = np.delete(rows, settled)
        alike = np.delete(np.delete(alike, settled, axis=0), settled, axis=1)
    return rows


def _split(first: float, second: float, chance: float) -> tuple[float, float]:
    """Chances of a pair of the same sum, one of them 0 or 1, each the same as before on average."""
    both = first + second
    if both < 1:
        return (0.0, both) if chance < second / both else (both, 0.0)
    return (1.0, both - 1) if chance < (1 - second) / (2 - both) else (both - 1, 1.0)
