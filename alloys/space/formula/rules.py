"""Which formulas are of ions: neutral, with the negative charges on the more electronegative elements.

Every element of a formula has one of its common oxidation states. It is neutral if some choice of states sums to zero
over its atoms, and balanced if some such choice gives every negative element a larger electronegativity than every
positive one. Both are decided exactly: all charges that the positive elements can reach, and all that the negative ones
can, are sets of whole numbers, written as the bits of one number each, that are held against each other.

References:
    Pauling, L. (1932). The nature of the chemical bond IV. J. Am. Chem. Soc. 54, 3570: electronegativities.
    Davies, D. W. et al. (2016). Computational screening of all stoichiometric inorganic materials. Chem 1, 617: the
        two rules, as `smact.screening.smact_validity` has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from alloys.space.base import Bools, Points
from alloys.space.formula.ions import Ions, StateSet, ions_of

_CHUNK = 2**16

_Term = tuple[int, int]
"""The place of an element in the order of electronegativities, and how many atoms there are of it."""

_Charges = tuple[float, tuple[int, ...], tuple[int, ...]]
"""The electronegativity of an element, its positive states, and the sizes of its negative ones."""


@dataclass(frozen=True)
class IonicRules:
    """The two rules for formulas of some elements; those of which nothing is known are in no neutral formula.

    >>> rules = IonicRules(("Cl", "Fe", "Na", "O"))
    >>> rules.balanced(np.array([[1, 0, 1, 0], [0, 2, 0, 3], [0, 0, 1, 1]])).tolist()  # NaCl, Fe2O3, NaO
    [True, True, True]
    >>> rules.balanced(np.array([[1, 0, 2, 0], [0, 1, 1, 0]])).tolist()  # Na2Cl, NaFe
    [False, False]

    Attributes:
        elements: the columns of points.
        states: which oxidation states count as common.
        ions: what is known of each element, in the same order.
    """

    elements: tuple[str, ...]
    states: StateSet = "icsd24"
    ions: tuple[Ions, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ions", ions_of(tuple(self.elements), self.states))

    def balanced(self, points: Points) -> Bools:
        """Which rows are neutral and balanced; an element alone is.

        Args:
            points: numbers of atoms, shape ``(n, len(elements))``.

        Returns:
            shape ``(n,)``.
        """
        table = self._charges
        return np.fromiter((_balances(terms, table) for terms in _terms(points, self._order)), np.bool_, len(points))

    def neutral(self, points: Points) -> Bools:
        """Which rows ``(n, len(elements))`` are neutral, shape ``(n,)``; an element alone is."""
        states = [self.ions[place].states for place in self._order]
        return np.fromiter((_cancels(terms, states) for terms in _terms(points, self._order)), np.bool_, len(points))

    @cached_property
    def _order(self) -> list[int]:
        """Places of the elements, the least electronegative first; without an electronegativity they come last."""
        order: list[int] = np.argsort([ion.electronegativity for ion in self.ions], kind="stable").tolist()
        return order

    @cached_property
    def _charges(self) -> list[_Charges]:
        """What `_balances` asks of each element, in that order."""
        ions = [self.ions[place] for place in self._order]
        return [(ion.electronegativity, _positive(ion), _negative(ion)) for ion in ions]


def _positive(ion: Ions) -> tuple[int, ...]:
    """The positive states of an element that may be compared with others."""
    return () if np.isnan(ion.electronegativity) else tuple(state for state in ion.states if state > 0)


def _negative(ion: Ions) -> tuple[int, ...]:
    """Likewise the sizes of the negative ones."""
    return () if np.isnan(ion.electronegativity) else tuple(-state for state in ion.states if state < 0)


def _terms(points: Points, order: Sequence[int]) -> Iterator[list[_Term]]:
    """The elements of each row with their numbers of atoms, the least electronegative first."""
    for start in range(0, len(points), _CHUNK):
        part = np.asarray(points[start : start + _CHUNK])[:, order]
        rows, places = np.nonzero(part)
        terms = list(zip(places.tolist(), part[rows, places].tolist(), strict=True))
        ends = np.cumsum(np.bincount(rows, minlength=len(part))).tolist()
        yield from (terms[first:last] for first, last in zip([0, *ends[:-1]], ends, strict=True))


def _reached(charges: int, count: int, sizes: Iterable[int]) -> int:
    """The charges that are reached, as bits, where ``count`` more atoms have one of the charges ``sizes``."""
    reached = 0
    for size in sizes:
        reached |= charges << (count * size)
    return reached


def _balances(terms: Sequence[_Term], table: Sequence[_Charges]) -> bool:
    """Whether some cut between less and more electronegative elements makes positive and negative charges equal."""
    if len(terms) < 2:
        return len(terms) == 1
    negative = [1]  # of the last element, the last two, ... as far as all of them can be negative
    for place, count in reversed(terms):
        charges = _reached(negative[-1], count, table[place][2])
        if not charges:
            break
        negative.append(charges)
    positive = 1
    for cut, (place, count) in enumerate(terms[:-1], start=1):
        positive = _reached(positive, count, table[place][1])
        if not positive:
            return False
        rest = len(terms) - cut
        differs = table[place][0] < table[terms[cut][0]][0]
        if differs and rest < len(negative) and positive & negative[rest]:
            return True
    return False


def _cancels(terms: Sequence[_Term], states: Sequence[tuple[int, ...]]) -> bool:
    """Whether some choice of states sums to zero; charges are counted from the most negative one."""
    if len(terms) < 2:
        return len(terms) == 1
    charges, lowest = 1, 0
    for place, count in terms:
        least = min(states[place], default=0)
        charges = _reached(charges, count, (state - least for state in states[place]))
        lowest += count * least
    return lowest <= 0 and bool(charges >> -lowest & 1)
