"""What defines a grid of compositions, and which compositions are on it, all in whole steps.

A composition is a vector of whole numbers of the step, a "point" of shape ``(d,)``, that sums to ``total``.
Arrays of compositions have shape ``(n, d)`` and dtype int64. Steps are atomic fractions, or weight fractions where the
grid says how many atoms a gram of each element has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alloys.space.base import Bools, Floats, Points
from alloys.space.rules import LinearRule


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` steps of ``element`` where ``where`` is present."""

    element: str
    most: int
    where: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A set of compositions on a grid; nothing enumerates it.

    Attributes:
        elements: the palette, alphabetically; it fixes the order of columns everywhere.
        total: steps in a whole composition, 100 for a step of 1 at.%.
        lower: fewest steps of each element when present, shape ``(d,)``.
        upper: most steps of each element, shape ``(d,)``.
        fewest: smallest number of elements present.
        most: largest number of elements present.
        limits: conditional upper limits.
        strides: steps by which each element's amount goes, shape ``(d,)``; all 1 if empty.
        balance: the element that is always there and takes what the others leave.
        rules: linear rules.
        atoms: `alloys.physics.basis.atoms_per_gram` of each element where steps are weights; empty where these are
            atoms.
    """

    elements: tuple[str, ...]
    total: int
    lower: tuple[int, ...]
    upper: tuple[int, ...]
    fewest: int
    most: int
    limits: tuple[Limit, ...] = ()
    strides: tuple[int, ...] = ()
    balance: str | None = None
    rules: tuple[LinearRule, ...] = ()
    atoms: tuple[int, ...] = ()

    @property
    def dimension(self) -> int:
        """Number of elements in the palette."""
        return len(self.elements)

    @property
    def columns(self) -> tuple[str, ...]:
        """The elements: a point has the number of steps of each."""
        return self.elements

    @property
    def plain(self) -> bool:
        """Whether there are only bounds, a count and limits, and each element goes by single steps."""
        return not (self.strides or self.balance or self.rules)

    @property
    def step_sizes(self) -> tuple[int, ...]:
        """Steps by which each element's amount goes, 1 for the balance, shape ``(d,)``."""
        return self.strides or (1,) * self.dimension

    @property
    def unit(self) -> str:
        """The unit of amounts in messages."""
        return "wt.%" if self.atoms else "at.%"

    def percent(self, steps: int) -> str:
        """Whole steps in percent, for messages."""
        return f"{100 * steps / self.total:g}"

    # -- membership -------------------------------------------------------------------------------------------

    def contains(self, points: Points) -> Bools:
        """Which rows are in the space; ``points`` has shape ``(n, d)``, the answer ``(n,)``."""
        present = points > 0
        inside = (points == 0) | ((points >= np.array(self.lower)) & (points <= np.array(self.upper)))
        count = present.sum(axis=1)
        good = inside.all(axis=1) & (points.sum(axis=1) == self.total)
        good &= (count >= self.fewest) & (count <= self.most)
        for limit in self.limits:
            i, j = self.elements.index(limit.element), self.elements.index(limit.where)
            good &= ~present[:, j] | (points[:, i] <= limit.most)
        if self.strides:
            good &= (points % np.array(self.strides) == 0).all(axis=1)
        if self.balance:
            good &= present[:, self.elements.index(self.balance)]
        for rule in self.rules:
            excess = points @ np.array(rule.weights, dtype=np.int64)
            good &= (excess == 0) if rule.equal else (excess <= 0)
        return np.asarray(good, dtype=np.bool_)

    def broken_rules(self, point: Points) -> list[str]:
        """Every rule that one composition, shape ``(d,)``, breaks, in words."""
        broken = []
        if point.sum() != self.total:
            broken.append(f"the fractions sum to {self.percent(point.sum())} {self.unit}, not 100")
        count = int((point > 0).sum())
        if not self.fewest <= count <= self.most:
            broken.append(f"{count} elements, allowed are {self.fewest} to {self.most}")
        for symbol, low, high, value in zip(self.elements, self.lower, self.upper, point, strict=True):
            if value and not low <= value <= high:
                allowed = f"0 or {self.percent(low)} to {self.percent(high)}"
                broken.append(f"{symbol} {self.percent(value)} {self.unit}, allowed are {allowed}")
        for limit in self.limits:
            i, j = self.elements.index(limit.element), self.elements.index(limit.where)
            if point[j] > 0 and point[i] > limit.most:
                broken.append(
                    f"{limit.element} {self.percent(point[i])} {self.unit}, allowed with {limit.where} is "
                    f"{self.percent(limit.most)}"
                )
        return broken + self._broken_steps(point) + self._broken_sums(point)

    def _broken_steps(self, point: Points) -> list[str]:
        broken = [
            f"{symbol} {self.percent(value)} {self.unit} is no whole number of steps of {self.percent(stride)}"
            for symbol, stride, value in zip(self.elements, self.step_sizes, point, strict=True)
            if value % stride
        ]
        if self.balance and not point[self.elements.index(self.balance)]:
            broken.append(f"{self.balance}, which takes what the others leave, is not there")
        return broken

    def _broken_sums(self, point: Points) -> list[str]:
        broken = []
        for rule in self.rules:
            excess = int(point @ np.array(rule.weights, dtype=np.int64))
            if excess > 0 or (rule.equal and excess):
                amounts = [f"{s} {self.percent(point[self.elements.index(s)])}" for s in rule.elements]
                broken.append(f"{', '.join(amounts)} {self.unit} breaks the rule {rule.text!r}")
        return broken

    # -- to the grid ------------------------------------------------------------------------------------------

    def rounded(self, real: Floats) -> Points:
        """Nearest points of real steps, shapes ``(n, d)``; zeros stay zero, the sum is kept.

        Where all elements go by single steps, by largest remainder; else the balance takes the rest.
        """
        if self.strides and self.balance:
            steps, place = np.array(self.strides), self.elements.index(self.balance)
            points: Points = np.rint(real / steps).astype(np.int64) * steps
            points[:, place] = 0
            points[:, place] = self.total - points.sum(axis=1)
            return points
        points = np.floor(real + 1e-9).astype(np.int64)
        remainder = np.where(real > 0, real - points, -1.0)
        missing = self.total - points.sum(axis=1)
        order = np.argsort(np.argsort(-remainder, axis=1, kind="stable"), axis=1, kind="stable")
        return np.asarray(points + ((order < missing[:, None]) & (real > 0)), dtype=np.int64)
