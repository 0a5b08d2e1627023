"""Alloys on a grid of compositions: rules, samples and neighbours in exact whole steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError, MistakesError
from alloys.physics.basis import MILLION, millionths, weight_fractions
from alloys.space.base import Bools, Floats, Points
from alloys.space.building import AlloyText, Basis
from alloys.space.drawing import build, narrow, rejecting, settled
from alloys.space.grid import Grid
from alloys.space.judging import mistakes_in
from alloys.space.moves import moves_of, neighbours
from alloys.space.variables import Variables

_ON_THE_GRID = 0.01
"""Steps by which weights may be off a grid of weights: atomic fractions that were rounded give no whole steps."""


@dataclass(frozen=True, slots=True)
class AlloySpace(Grid):
    """The compositions of a grid: how they are drawn, moved and named."""

    def __post_init__(self) -> None:
        mistakes = mistakes_in(self)
        if mistakes:
            raise MistakesError(mistakes)

    @classmethod
    def build(
        cls,
        elements: Sequence[str],
        *,
        step: float | str = "0.01",
        lower: float = 0.05,
        upper: float = 0.5,
        count: tuple[int, int] = (3, 6),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        limits: Sequence[tuple[str, float, str]] = (),
        steps: Mapping[str, float] | None = None,
        balance: str | None = None,
        rules: Sequence[str] = (),
        basis: Basis = "at",
    ) -> AlloySpace:
        """Makes a space from fractions.

        Args:
            elements: the palette.
            step: grid step; its inverse must be whole.
            lower: smallest fraction of an element that is present.
            upper: largest fraction of an element.
            count: smallest and largest number of elements.
            bounds: other (lower, upper) fractions of single elements.
            limits: ``(element, most, where)``: at most that fraction of element where the other is present.
            steps: other steps of single elements, which may then be as rare as their step.
            balance: an element that is always there and takes what the others leave, between 0 and 1 unless bounds say
                otherwise; it goes by the smallest of the steps.
            rules: linear rules such as ``x_Al + x_Ti <= 0.3``, see `alloys.space.rules.read_rules`.
            basis: whether all of these are atomic (``at``) or weight (``wt``) fractions.

        Raises:
            InputError: for contradictory or off-grid bounds, and for rules that cannot be read, naming each.
        """
        text = AlloyText(elements, step, lower, upper, count, bounds or {}, limits, steps or {}, balance, rules, basis)
        return cls(**text.parts())

    # -- designs ----------------------------------------------------------------------------------------------

    def point_of(self, design: Design) -> Points:
        """The design as a point, shape ``(d,)``.

        Raises:
            InputError: if it is not on the grid or not in the space, with every rule it breaks.
        """
        if design.variables:
            raise InputError(f"{design} has variables, and the space has none; leave them out")
        composition = design.composition
        amounts = dict(composition.items)
        stray = sorted(set(amounts) - set(self.elements))
        if stray:
            raise InputError(f"{composition} has {', '.join(stray)}, outside the space of {'-'.join(self.elements)}")
        points = self._whole(composition)
        if points is None:
            raise InputError(f"{composition} is not on the grid of {self.percent(1)} {self.unit}")
        if not self.contains(points[None])[0]:
            raise InputError(f"{composition} is not in the space: {'; '.join(self.broken_rules(points))}")
        return points

    def _whole(self, composition: Composition) -> Points | None:
        """A composition of the palette in whole steps, shape ``(d,)``; None where it is between them."""
        if self.atoms:
            real = self._real(composition)
            points = np.rint(real).astype(np.int64)
            near = bool(np.abs(real - points).max() < _ON_THE_GRID) or self._composition(points) == composition
            return points if near and points.sum() == self.total else None
        amounts = dict(composition.items)
        scaled = [amounts.get(symbol, Fraction(0)) * self.total for symbol in self.elements]
        if any(value.denominator != 1 for value in scaled):
            return None
        return np.array([int(value) for value in scaled], dtype=np.int64)

    def _real(self, composition: Composition) -> Floats:
        """A composition of the palette in real steps, shape ``(d,)``."""
        amounts = composition.fractions()
        row = np.array([[amounts.get(symbol, 0.0) for symbol in self.elements]])
        return np.asarray(self._in_steps(row)[0])

    def _in_steps(self, fractions: Floats) -> Floats:
        """Real steps of atomic fractions, shapes ``(n, d)``."""
        own = weight_fractions(fractions, self.atoms) if self.atoms else np.asarray(fractions, dtype=np.float64)
        return np.asarray(own * self.total)

    def design(self, point: Points) -> Design:
        """The composition of a point ``(d,)``, exact; on a grid of weights in whole millionths of atoms."""
        return Design(self._composition(point))

    def _composition(self, point: Points) -> Composition:
        whole, total = (millionths(point[None], self.atoms)[0], MILLION) if self.atoms else (point, self.total)
        return Composition.from_amounts(
            {s: Fraction(int(u), total) for s, u in zip(self.elements, whole, strict=True) if u}
        )

    def fractions(self, points: Points) -> Floats:
        """Points as atomic fractions, same shape."""
        if self.atoms:
            return np.asarray(millionths(points, self.atoms) / MILLION)
        return np.asarray(points, dtype=np.float64) / self.total

    @property
    def alloys(self) -> AlloySpace:
        """The grid itself, as of a space that has variables beside it."""
        return self

    @property
    def variables(self) -> Variables:
        """None."""
        return Variables()

    def inputs(self, points: Points) -> Floats:
        """Points as atomic fractions, same shape."""
        return self.fractions(points)

    def change(self, points: Points, before: Points) -> Floats:
        """By what the atomic fractions of points differ from those of others, shapes ``(n, d)``."""
        if self.atoms:
            return self.fractions(points) - self.fractions(before)
        return self.fractions(points - before)

    def atoms_in_steps(self, points: Points) -> Floats:
        """Atoms in a step of each element, where a step of each point has 1 in the mean, shape ``(n, d)``."""
        if not self.atoms:
            return np.ones(points.shape)
        atoms = np.array(self.atoms, dtype=np.float64)
        return np.asarray(self.total * atoms / (points @ atoms)[:, None])

    def coordinates(self, points: Points) -> Floats:
        """The points themselves: distances are in steps."""
        return np.asarray(points, dtype=np.float64)

    def keys(self, points: Points) -> list[bytes]:
        """One hashable key per row, for finding duplicates."""
        return [row.tobytes() for row in np.ascontiguousarray(points, dtype=np.int64)]

    # -- samplers ---------------------------------------------------------------------------------------------

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        """Draws ``n`` compositions, ``(n, d)``: a number of elements, then which, then amounts, each evenly.

        Where bounds are wide, what is drawn is rejected if it is outside; else compositions are built.
        """
        kept = rejecting(self, 0 if narrow(self) else n, rng)
        return kept if len(kept) == n else np.concatenate([kept, build(self, n - len(kept), rng)])

    def round_to_grid(self, fractions: Floats) -> Points:
        """Nearest points of atomic fractions, shapes ``(n, d)``; zeros stay zero, the sum is kept.

        In a narrow space, such as one with rules, they are inside; else they may break bounds.
        """
        real = self._in_steps(fractions)
        return settled(self, real) if narrow(self) else self.rounded(real)

    def settled(self, points: Points) -> Points:
        """Whole steps as points inside and near them where the space is narrow; as they are where it is not."""
        return settled(self, points.astype(np.float64)) if narrow(self) else points

    def nearest(self, design: Design) -> Points | None:
        """The grid point that rounding gives, shape ``(d,)``, or None where that is not in the space."""
        if design.variables or not set(design.composition.elements) <= set(self.elements):
            return None
        real = self._real(design.composition)
        points = settled(self, real[None]) if narrow(self) else self.rounded(real[None])
        near = np.abs(points[0] - real) <= self._reach()
        return points[0] if self.contains(points)[0] and near.all() else None

    def _reach(self) -> Floats:
        """How far from a composition its nearest point may be, in steps of each element, shape ``(d,)``."""
        reach = np.array(self.step_sizes, dtype=np.float64)
        if self.balance:
            reach[self.elements.index(self.balance)] = reach.sum()
        return reach

    # -- moves ------------------------------------------------------------------------------------------------

    def one_move_away(self, points: Points, centre: Points) -> Bools:
        """Which rows, shape ``(n, d)``, differ from a point by one move, of whatever size, shape ``(n,)``."""
        changed = points != centre
        if not any(rule.equal for rule in self.rules):
            return np.asarray(changed.sum(axis=1) == 2)
        supports = {row.tobytes() for row in moves_of(self) != 0}
        return np.array([row.tobytes() in supports for row in changed], dtype=np.bool_)

    def neighbours(self, point: Points, sizes: Sequence[int] = (1, 2, 3, 5)) -> Points:
        """Every composition in the space that one move reaches, shape ``(m, d)``.

        A move is a transfer between two elements, or between a few where sums in the rules are equal. It may add an
        element (at its lower bound) or remove one.
        """
        return neighbours(self, point, sizes)
