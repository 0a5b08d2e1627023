"""What generators of formulas are held against: one ion for another in a known formula, and any neutral formula.

References:
    Hautier, G. et al. (2011). Data mined ionic substitutions for the discovery of new compounds. Inorg. Chem. 50, 656.
"""

from __future__ import annotations

import numpy as np

from alloys.space import Floats, Points
from alloys.space.formula import FormulaSpace
from alloys.space.formula.ions import ions_of

CONTEXT = 2654435761
"""Multiplies a number of atoms in the hash of a formula that lacks one element."""


class IonSubstitution:
    """A known formula, one of whose elements is replaced by another that has one of its oxidation states.

    All these are equally likely, or, mined, as the known formulas say: how many become another known one when the two
    are exchanged, one added.
    """

    def __init__(self, space: FormulaSpace, known: Points, *, mined: bool) -> None:
        self.known = known
        states = [set(ion.states) for ion in ions_of(space.elements, space.states)]
        alike = np.array([[a is not b and bool(a & b) for b in states] for a in states])
        self.odds: Floats = alike * (1.0 + (exchanges(known) if mined else 0.0))

    def __call__(self, n: int, seed: int) -> Points:
        """Draws ``n`` formulas, shape ``(n, d)``."""
        rng = np.random.default_rng(seed)
        points, rows = self.known[rng.integers(len(self.known), size=n)].copy(), np.arange(n)
        leaving = (rng.random(points.shape) * (points > 0)).argmax(axis=1)
        odds = (self.odds[leaving] * (points == 0)).cumsum(axis=1)
        able = odds[:, -1] > 0
        entering = (rng.random(n)[:, None] * odds[:, -1:] >= odds).sum(axis=1).clip(max=points.shape[1] - 1)
        entering = np.where(able, entering, leaving)
        count = points[rows, leaving]
        points[rows, leaving] = 0
        points[rows, entering] = count
        return points


def exchanges(known: Points) -> Floats:
    """How often two elements stand in the same place of two known formulas, shape ``(d, d)``, symmetric."""
    hashes = row_hashes(known)
    rows, elements = np.nonzero(known)
    counts = known[rows, elements].astype(np.uint64)
    rest = hashes[rows] - counts * weights_of(known.shape[1])[elements] + counts * np.uint64(CONTEXT)
    order = np.argsort(rest, kind="stable")
    found = np.zeros((known.shape[1],) * 2)
    for group in np.split(elements[order], np.flatnonzero(np.diff(rest[order])) + 1):
        if len(group) > 1:
            found[np.ix_(group, group)] += 1
    np.fill_diagonal(found, 0)
    return found


def weights_of(d: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """One number for each element, of which the hash of a formula is made, shape ``(d,)``."""
    return np.random.default_rng(2020).integers(1, 2**63, size=d, dtype=np.uint64)


def row_hashes(points: Points) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A number for each formula, shape ``(n,)``; any two of two million are alike once in a million."""
    return np.asarray((points.astype(np.uint64) * weights_of(points.shape[1])).sum(axis=1, dtype=np.uint64))
