"""Formulas as a space: reduced whole numbers of atoms of some elements, whose ions are neutral together."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.space.base import Bools, Floats, Points
from alloys.space.formula.drawing import Charges, Draws, draws_of
from alloys.space.formula.ions import StateSet, ions_of, refuse_unknown
from alloys.space.formula.moves import changed
from alloys.space.formula.reducing import reduced
from alloys.space.formula.repairing import nearest_ionic
from alloys.space.formula.rules import IonicRules
from alloys.space.formula.writing import atoms_of, formula_text, in_atoms
from alloys.space.rules import LinearRule
from alloys.space.variables import Variables

_ROUNDED = 1e-4
"""How far atomic fractions may be from those of a formula that is meant: two digits of at.% were written."""

_DRAWS = 64
"""Formulas that are drawn for each one wanted, at most, where a region is left out."""

_TRIED, _SCARCE, _ENOUGH = 2000, 2 / _DRAWS, 0.2
"""Formulas by which a way of drawing is judged; shares of them outside the regions below which draws lean away from
these, and from which on no stronger leaning is tried."""

_LEANINGS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Logarithms of the factors by which an atom that breaks a rule most becomes rarer."""


@dataclass(frozen=True)
class FormulaSpace:
    """Reduced formulas; a point has the number of atoms of each element, shape ``(d,)``.

    Attributes:
        elements: alphabetically.
        most_atoms: of one element.
        fewest: elements of a formula.
        most: likewise.
        charges: what the ions of a formula are together: neutral and ``balanced``, ``neutral``, or ``any``.
        states: which oxidation states count as common.
        outside: linear rules on numbers of atoms, of regions that are left out.
    """

    elements: tuple[str, ...]
    most_atoms: int = 8
    fewest: int = 2
    most: int = 5
    charges: Charges = "balanced"
    states: StateSet = "icsd24"
    outside: tuple[LinearRule, ...] = ()
    rules: IonicRules = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.charges != "any":
            ions = ions_of(self.elements, self.states)
            refuse_unknown(ions, balanced=self.charges == "balanced")
            object.__setattr__(self, "rules", IonicRules(self.elements, self.states))
        if not self._draws().numbers:
            raise InputError(
                f"no formula of {self.fewest} to {self.most} of {', '.join(self.elements)} with at most "
                f"{self.most_atoms} atoms of each is {self._wanted}; take more elements or atoms, or charges: any"
            )

    @property
    def _wanted(self) -> str:
        return {"balanced": "neutral and balanced", "neutral": "neutral", "any": "there"}[self.charges]

    def _draws(self, lean: tuple[float, ...] = ()) -> Draws:
        return draws_of(self.elements, self.most_atoms, self.fewest, self.most, self.charges, self.states, lean)

    # -- what a point is --------------------------------------------------------------------------------------

    @property
    def variables(self) -> Variables:
        """None."""
        return Variables()

    @property
    def columns(self) -> tuple[str, ...]:
        """The elements: a point has the number of atoms of each."""
        return self.elements

    @property
    def dimension(self) -> int:
        """Number of elements."""
        return len(self.elements)

    def contains(self, points: Points) -> Bools:
        """Which points ``(n, d)`` are formulas of the space, shape ``(n,)``."""
        count = (points > 0).sum(axis=1)
        good = ((points >= 0) & (points <= self.most_atoms)).all(axis=1)
        good &= (count >= self.fewest) & (count <= self.most)
        good &= np.gcd.reduce(points, axis=1) == 1
        for rule in self.outside:
            good &= points @ np.array(rule.weights, dtype=np.int64) <= 0
        able = np.flatnonzero(good)
        good[able] = self._allowed(points[able])
        return np.asarray(good)

    def _allowed(self, points: Points) -> Bools:
        """Which points ``(n, d)`` have ions that go together, shape ``(n,)``."""
        if self.charges == "any":
            return np.ones(len(points), dtype=np.bool_)
        return self.rules.balanced(points) if self.charges == "balanced" else self.rules.neutral(points)

    def broken_rules(self, point: Points) -> list[str]:
        """Every rule that a point ``(d,)`` breaks, in words."""
        broken = []
        count = int((point > 0).sum())
        if not self.fewest <= count <= self.most:
            broken.append(f"{count} elements, allowed are {self.fewest} to {self.most}")
        for symbol, atoms in zip(self.elements, point.tolist(), strict=True):
            if not 0 <= atoms <= self.most_atoms:
                broken.append(f"{atoms} atoms of {symbol}, allowed are up to {self.most_atoms}")
        if count and (divisor := int(np.gcd.reduce(point))) != 1:
            broken.append(f"the numbers of atoms have the common divisor {divisor}")
        for rule in self.outside:
            if int(point @ np.array(rule.weights, dtype=np.int64)) > 0:
                broken.append(f"it breaks the rule {rule.text!r}")
        if count and not self._allowed(point[None])[0]:
            broken.append(self._told(point))
        return broken

    def _told(self, point: Points) -> str:
        """Why the ions of a formula do not go together."""
        if self.charges == "balanced" and self.rules.neutral(point[None])[0]:
            return "it is neutral only with a positive charge on a more electronegative element"
        known = {ion.symbol: ion.states for ion in self.rules.ions}
        there = [symbol for symbol, atoms in zip(self.elements, point, strict=True) if atoms]
        states = ", ".join(f"{symbol} {'/'.join(f'{state:+d}' for state in known[symbol])}" for symbol in there)
        return f"no oxidation states make it neutral ({states})"

    # -- designs ----------------------------------------------------------------------------------------------

    def point_of(self, design: Design) -> Points:
        """The point of a design, shape ``(d,)``.

        Raises:
            InputError: if it is not in the space, with every rule that it breaks.
        """
        if design.variables:
            raise InputError(f"{design} has variables, and the space has none; leave them out")
        shown = in_atoms(design)
        stray = sorted(set(design.composition.elements) - set(self.elements))
        if stray:
            raise InputError(f"{shown} has {', '.join(stray)}, outside the space of {', '.join(self.elements)}")
        atoms = atoms_of(design.composition)
        point = np.array([min(atoms.get(symbol, 0), 2**40) for symbol in self.elements], dtype=np.int64)
        if broken := self.broken_rules(point):
            raise InputError(f"{shown} is not in the space: {'; '.join(broken)}")
        return point

    def nearest(self, design: Design) -> Points | None:
        """The point of a design, or of the smallest formula that its amounts are rounded from, or None."""
        if design.variables or not set(design.composition.elements) <= set(self.elements):
            return None
        amounts = design.composition.fractions()
        row = np.array([amounts.get(symbol, 0.0) for symbol in self.elements])
        totals = np.arange(1, self.most_atoms * self.most + 1)[:, None]
        whole = np.rint(totals * row)
        near = (np.abs(whole / totals - row) <= _ROUNDED).all(axis=1) & (whole.sum(axis=1) == totals[:, 0])
        found: Points = whole[near][:1].astype(np.int64)
        return found[0] if self.contains(found).any() else None

    def design(self, point: Points) -> Design:
        """The formula of a point ``(d,)``, exact, and written in atoms."""
        atoms = {s: int(count) for s, count in zip(self.elements, point, strict=True) if count}
        exact = Composition.from_amounts(atoms)
        return Design(Composition(exact.items, written=formula_text(atoms)))

    def fractions(self, points: Points) -> Floats:
        """Atomic fractions of points ``(n, d)``, same shape."""
        return np.asarray(points / np.maximum(points.sum(axis=1, keepdims=True), 1))

    def inputs(self, points: Points) -> Floats:
        """Atomic fractions of points ``(n, d)``, same shape."""
        return self.fractions(points)

    def coordinates(self, points: Points) -> Floats:
        """Points ``(n, d)`` in at.%, same shape."""
        return np.asarray(100.0 * self.fractions(points))

    def keys(self, points: Points) -> list[bytes]:
        """One hashable key for each point."""
        return [row.tobytes() for row in np.ascontiguousarray(points, dtype=np.int64)]

    def settled(self, points: Points) -> Points:
        """Points ``(n, d)`` reduced, and moved into the space where only their charges keep them out, elements kept.

        The numbers of atoms are the nearest whose ions go together (`alloys.space.formula.repairing`). Where there are
        none, or something else is wrong, a row stays as it is.
        """
        moved = reduced(points)
        if self.charges == "any":
            return moved
        count = (moved > 0).sum(axis=1)
        able = (count >= self.fewest) & (count <= self.most) & ((moved >= 0) & (moved <= self.most_atoms)).all(axis=1)
        rows = np.flatnonzero(able)
        rows = rows[~self._allowed(moved[rows])]
        nearest = nearest_ionic(self.rules.ions, self.most_atoms, balanced=self.charges == "balanced")
        moved[rows] = nearest(moved[rows])
        return moved

    # -- draws and moves --------------------------------------------------------------------------------------

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        """Draws ``n`` formulas, ``(n, d)``: a number of elements evenly, then elements, states and atoms.

        They obey the rules for charges by construction, see `alloys.space.formula.drawing`; those in regions that are
        left out are drawn anew, and where most are, atoms that lead there become rarer.

        Raises:
            InputError: if hardly anything is left outside these regions.
        """
        kept = [np.zeros((0, self.dimension), dtype=np.int64)]
        found = drawn = 0
        while found < n:
            if drawn > _DRAWS * (n + 64):
                raise InputError(
                    f"of {drawn} formulas {found} keep {'; '.join(repr(rule.text) for rule in self.outside)}: too few "
                    "are left to draw from"
                )
            points = _drawing(self).draw(n - found if not self.outside else 2 * n + 64, rng)
            drawn += len(points)
            if self.outside:
                points = points[self.contains(points)]
            kept.append(points)
            found += len(points)
        return np.concatenate(kept)[:n]

    def neighbours(self, point: Points) -> Points:
        """The formulas that one move from a point ``(d,)`` makes, ``(m, d)``; see `alloys.space.formula.moves`."""
        made = changed(point, self.most_atoms)
        return made[self.contains(made)]

    def one_move_away(self, points: Points, centre: Points) -> Bools:
        """Which points ``(n, d)`` are neighbours of a point ``(d,)``, shape ``(n,)``."""
        around = set(self.keys(self.neighbours(centre)))
        return np.array([key in around for key in self.keys(points)], dtype=np.bool_)


@lru_cache(maxsize=16)
def _drawing(space: FormulaSpace) -> Draws:
    """How formulas are drawn that keep out of the regions, so that enough of them do."""
    best = space._draws()
    if not space.outside or (share := _kept(space, best)) >= _SCARCE:
        return best
    weights = np.array([rule.weights for rule in space.outside], dtype=np.float64)
    away = -(weights / np.abs(weights).max(axis=1, keepdims=True)).sum(axis=0)
    for strength in _LEANINGS:
        leaning = space._draws(tuple((strength * away).tolist()))
        if (found := _kept(space, leaning)) > share:
            best, share = leaning, found
        if share >= _ENOUGH:
            break
    return best


def _kept(space: FormulaSpace, draws: Draws) -> float:
    """The share of draws that is in a space."""
    return float(space.contains(draws.draw(_TRIED, np.random.default_rng(0))).mean())
