"""Formulas drawn so that they are neutral and balanced by construction: nothing is drawn and rejected.

Elements are gone through from the least to the most electronegative. Each stays out, or joins with a state and a
number of atoms: first the positive ones, then, from some electronegativity on, the negative ones. Going backwards, the
weight of all ways on is summed up for every charge, number of elements that are still to come and side (dynamic
programming). Going forwards, each step is drawn in proportion to the ways that it leaves. So the draws are exact, and
a space without any such formula is known to be one.

An element's states are equally likely, and n atoms of it have the weight 1/n, because large numbers of atoms are rarer
than small ones in what is known. Formulas are then reduced.

References:
    Flajolet, P., Zimmermann, P. & Van Cutsem, B. (1994). A calculus for the random generation of labelled combinatorial
        structures. Theor. Comput. Sci. 132, 1: the recursive method.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alloys.space.base import Floats, Points
from alloys.space.formula.ions import Ions, StateSet, ions_of
from alloys.space.formula.reducing import reduced

Charges = Literal["balanced", "neutral", "any"]
"""What the ions of a formula must be together."""

_CHUNK = 20_000
_OPEN, _JOINED, _NEGATIVE = range(3)
"""Sides: only positive elements so far, and whether one of the present electronegativity is among them, which no
negative element may share; or negative elements from here on."""
_NOWHERE = -1


@dataclass(frozen=True, slots=True)
class _Option:
    """A way in which an element joins: its atoms carry a charge together."""

    count: int
    charge: int
    weight: float
    sides: tuple[int, int, int]
    """The side after it by the side before it."""


@dataclass(frozen=True, slots=True)
class Draws:
    """The formulas of some ions.

    Attributes:
        order: places of the elements, in the order in which they are gone through.
        options: of each, in that order.
        skips: the side by the side before it where the element stays out, in that order.
        ways: weights of all ways on, shape ``(elements + 1, 3, most + 1, charges)``; the middle of charges is 0.
        numbers: of elements that some formula has.
    """

    order: tuple[int, ...]
    options: tuple[tuple[_Option, ...], ...]
    skips: tuple[tuple[int, int, int], ...]
    ways: Floats
    numbers: tuple[int, ...]

    def draw(self, n: int, rng: np.random.Generator) -> Points:
        """Draws ``n`` reduced formulas, ``(n, elements)``: a number of elements evenly, then as the weights say."""
        parts = [self._drawn(min(_CHUNK, n - start), rng) for start in range(0, n, _CHUNK)]
        return np.concatenate([np.zeros((0, len(self.order)), dtype=np.int64), *parts])

    def _drawn(self, n: int, rng: np.random.Generator) -> Points:
        points = np.zeros((n, len(self.order)), dtype=np.int64)
        left = rng.choice(np.array(self.numbers), n)
        side = np.full(n, _OPEN)
        charge = np.full(n, self.ways.shape[3] // 2)
        alone = left == 1
        points[alone, rng.integers(len(self.order), size=n)[alone]] = 1
        left[alone] = 0
        for place, options, skips, ways in zip(self.order, self.options, self.skips, self.ways[1:], strict=True):
            weights = [ways[np.array(skips)[side], left, charge]]
            weights += [_weights(option, ways, (side, left, charge)) for option in options]
            limits = np.cumsum(weights, axis=0)
            taken = np.minimum((rng.random(n) * limits[-1] >= limits).sum(axis=0), len(options))
            side = np.array([skips, *(option.sides for option in options)])[taken, side]
            points[:, place] += np.array([0, *(option.count for option in options)])[taken]
            charge += np.array([0, *(option.charge for option in options)])[taken]
            left -= taken > 0
        return reduced(points)


def _weights(option: _Option, ways: Floats, at: tuple[NDArray[np.int64], ...]) -> Floats:
    """The weight of all ways on after an option, shape ``(n,)``, from sides, elements to come and charges."""
    side, left, charge = at
    after = np.array(option.sides)[side]
    reached = charge + option.charge
    able = (after != _NOWHERE) & (left > 0) & (reached >= 0) & (reached < ways.shape[2])
    found = np.zeros(len(side))
    found[able] = option.weight * ways[after[able], left[able] - 1, reached[able]]
    return found


@lru_cache(maxsize=16)
def draws_of(
    elements: tuple[str, ...],
    most_atoms: int,
    fewest: int,
    most: int,
    charges: Charges,
    states: StateSet,
    lean: tuple[float, ...] = (),
) -> Draws:
    """How formulas of elements are drawn; `Draws.numbers` are empty where there is none.

    Args:
        elements: of the space.
        most_atoms: of one element.
        fewest: elements of a formula.
        most: likewise.
        charges: what its ions are together.
        states: which oxidation states count as common.
        lean: of each element, the logarithm of a factor for each atom of it; none if empty.
    """
    most = min(most, len(elements))
    free = tuple(Ions(symbol, (0,), np.nan) for symbol in elements)
    ions = free if charges == "any" else ions_of(elements, states)
    order = np.argsort([ion.electronegativity for ion in ions], kind="stable").tolist()
    ordered = [ions[place] for place in order]
    balanced = charges == "balanced"
    factors = [lean[place] if lean else 0.0 for place in order]
    options = tuple(
        _options(ion, most_atoms, factor, balanced=balanced) for ion, factor in zip(ordered, factors, strict=True)
    )
    skips = tuple(_skips(ordered, i) for i in range(len(ordered)))
    if balanced:
        options = tuple(_at_the_end(own, skip) for own, skip in zip(options, skips, strict=True))
    ways = _summed(options, skips, most)
    middle = ways.shape[3] // 2
    numbers = [k for k in range(max(fewest, 2), most + 1) if ways[0, _OPEN, k, middle] > 0]
    return Draws(tuple(order), options, skips, ways, (*([1] if fewest == 1 else []), *numbers))


def _options(ion: Ions, most_atoms: int, lean: float, *, balanced: bool) -> tuple[_Option, ...]:
    if balanced and np.isnan(ion.electronegativity):
        return ()
    made = []
    for state in ion.states:
        sides = (_OPEN, _NOWHERE, _NOWHERE)  # where nothing is balanced there is one side
        if balanced:
            sides = (_JOINED, _JOINED, _NOWHERE) if state > 0 else (_NEGATIVE, _NOWHERE, _NEGATIVE)
        for count in range(1, most_atoms + 1):
            weight = math.exp(lean * count) / (count * len(ion.states))
            made.append(_Option(count, count * state, weight, sides))
    return tuple(made)


def _skips(ions: Sequence[Ions], place: int) -> tuple[int, int, int]:
    """The side after an element that stays out: a new electronegativity begins with nothing joined."""
    own, following = (ions[i].electronegativity for i in (place, min(place + 1, len(ions) - 1)))
    return (_OPEN, _JOINED if own == following else _OPEN, _NEGATIVE)


def _at_the_end(options: tuple[_Option, ...], skips: tuple[int, int, int]) -> tuple[_Option, ...]:
    """Options with the side as the next element sees it."""
    sides = (*skips, _NOWHERE)
    return tuple(
        _Option(o.count, o.charge, o.weight, (sides[o.sides[0]], sides[o.sides[1]], sides[o.sides[2]])) for o in options
    )


def _summed(options: Sequence[Sequence[_Option]], skips: Sequence[tuple[int, int, int]], most: int) -> Floats:
    """Weights of all ways on: after the last element nothing is left, neither elements to come nor charge."""
    largest = [
        max((abs(o.charge) for o in own if o.charge * sign > 0), default=0) for own in options for sign in (1, -1)
    ]
    reach = max(most - 1, 0) * min(max(largest[::2], default=0), max(largest[1::2], default=0))
    ways = np.zeros((len(options) + 1, 3, most + 1, 2 * reach + 1))
    ways[-1, :, 0, reach] = 1.0
    for i in range(len(options) - 1, -1, -1):
        for side in range(3):
            ways[i, side] = ways[i + 1, skips[i][side]]
            for option in options[i]:
                if option.sides[side] != _NOWHERE and abs(option.charge) <= 2 * reach:
                    _add(ways[i, side, 1:], option, ways[i + 1, option.sides[side], :-1])
    return ways


def _add(before: Floats, option: _Option, after: Floats) -> None:
    """Adds the ways over an option, both of shape ``(most, charges)``."""
    width, shift = before.shape[1], option.charge
    first, last = max(0, -shift), min(width, width - shift)
    if first < last:
        before[:, first:last] += option.weight * after[:, first + shift : last + shift]
