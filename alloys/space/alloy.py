"""Alloys on a grid of compositions: rules, samples and neighbours in exact whole steps.

Inside the space a composition is a vector of whole numbers of the step, a "point" of shape ``(d,)``, that sums to
``1 / step``. Arrays of compositions have shape ``(n, d)`` and dtype int64.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, Field

from alloys.composition import SYMBOLS, Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.space.base import Bools, Floats, Points, SpaceSpec

Share = Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` steps of ``element`` where ``where`` is present."""

    element: str
    most: int
    where: str


@dataclass(frozen=True, slots=True)
class AlloySpace:
    """A set of compositions on a grid; nothing enumerates it.

    Attributes:
        elements: the palette, alphabetically; it fixes the order of columns everywhere.
        total: steps in a whole composition, 100 for a step of 1 at.%.
        lower: fewest steps of each element when present, shape ``(d,)``.
        upper: most steps of each element, shape ``(d,)``.
        fewest: smallest number of elements present.
        most: largest number of elements present.
        limits: conditional upper limits.
    """

    elements: tuple[str, ...]
    total: int
    lower: tuple[int, ...]
    upper: tuple[int, ...]
    fewest: int
    most: int
    limits: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise InputError("; ".join(problems))

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
    ) -> AlloySpace:
        """Makes a space from atomic fractions.

        Args:
            elements: the palette.
            step: grid step as an atomic fraction; its inverse must be whole.
            lower: smallest fraction of an element that is present.
            upper: largest fraction of an element.
            count: smallest and largest number of elements.
            bounds: other (lower, upper) fractions of single elements.
            limits: ``(element, most, where)``: at most that fraction of element where the other is present.

        Raises:
            InputError: for contradictory or off-grid bounds, naming each.
        """
        exact = Fraction(str(step))
        if exact <= 0 or exact > 1 or (1 / exact).denominator != 1:
            raise InputError(f"the step must divide 1 exactly (0.01, 0.005, ...), got {step}")
        total = int(1 / exact)
        palette = tuple(sorted(elements))
        each = {symbol: (bounds or {}).get(symbol, (lower, upper)) for symbol in palette}
        stray = sorted(set(bounds or {}) - set(palette))
        if stray:
            raise InputError(f"bounds name elements outside the space: {', '.join(stray)}")
        return cls(
            elements=palette,
            total=total,
            lower=tuple(_whole(each[s][0], total, f"lower bound of {s}") for s in palette),
            upper=tuple(_whole(each[s][1], total, f"upper bound of {s}") for s in palette),
            fewest=count[0],
            most=count[1],
            limits=tuple(Limit(e, _whole(m, total, f"limit of {e}"), w) for e, m, w in limits),
        )

    def _problems(self) -> list[str]:
        found = []
        if len(set(self.elements)) != len(self.elements) or list(self.elements) != sorted(self.elements):
            found.append(f"elements must be distinct and in alphabetical order, got {list(self.elements)}")
        found += [f"{s!r} is not a chemical element" for s in self.elements if s not in SYMBOLS]
        if not 1 <= self.fewest <= self.most:
            found.append(f"1 <= fewest <= most elements must hold, but got ({self.fewest}, {self.most})")
        elif self.fewest > len(self.elements):
            found.append(f"at least {self.fewest} elements are asked for, but only {len(self.elements)} are named")
        found += [
            f"0 < lower <= upper <= 1 must hold for {symbol}, but got ({low / self.total:g}, {high / self.total:g})"
            for symbol, low, high in zip(self.elements, self.lower, self.upper, strict=True)
            if not 0 < low <= high <= self.total
        ]
        for limit in self.limits:
            outside = [s for s in (limit.element, limit.where) if s not in self.elements]
            if outside:
                found.append(f"a limit names {', '.join(outside)}, which is not in the space")
        if not found and not self._reachable():
            found.append(
                f"no composition satisfies the bounds: {self.fewest} to {self.most} elements cannot sum to 1 "
                "within them; widen the bounds or the number of elements"
            )
        return found

    def _reachable(self) -> bool:
        lows, highs = sorted(self.lower), sorted(self.upper, reverse=True)
        most = min(self.most, len(self.elements))
        return any(sum(lows[:k]) <= self.total <= sum(highs[:k]) for k in range(self.fewest, most + 1))

    @property
    def dimension(self) -> int:
        """Number of elements in the palette."""
        return len(self.elements)

    @property
    def columns(self) -> tuple[str, ...]:
        """The elements: a point has the number of steps of each."""
        return self.elements

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
        return np.asarray(good, dtype=np.bool_)

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
        scaled = [amounts.get(symbol, Fraction(0)) * self.total for symbol in self.elements]
        if any(value.denominator != 1 for value in scaled):
            raise InputError(f"{composition} is not on the grid of {100 / self.total:g} at.%")
        points = np.array([int(value) for value in scaled], dtype=np.int64)
        if not self.contains(points[None])[0]:
            raise InputError(f"{composition} is not in the space: {'; '.join(self.broken_rules(points))}")
        return points

    def broken_rules(self, point: Points) -> list[str]:
        """Every rule that one composition, shape ``(d,)``, breaks, in words."""
        percent = 100 / self.total
        broken = []
        if point.sum() != self.total:
            broken.append(f"the fractions sum to {point.sum() * percent:g} at.%, not 100")
        count = int((point > 0).sum())
        if not self.fewest <= count <= self.most:
            broken.append(f"{count} elements, allowed are {self.fewest} to {self.most}")
        for symbol, low, high, value in zip(self.elements, self.lower, self.upper, point, strict=True):
            if value and not low <= value <= high:
                allowed = f"0 or {low * percent:g} to {high * percent:g}"
                broken.append(f"{symbol} {value * percent:g} at.%, allowed are {allowed}")
        for limit in self.limits:
            i, j = self.elements.index(limit.element), self.elements.index(limit.where)
            if point[j] > 0 and point[i] > limit.most:
                broken.append(
                    f"{limit.element} {point[i] * percent:g} at.%, allowed with {limit.where} is "
                    f"{limit.most * percent:g}"
                )
        return broken

    def design(self, point: Points) -> Design:
        """The composition of a point ``(d,)``, exact."""
        amounts = {s: Fraction(int(u), self.total) for s, u in zip(self.elements, point, strict=True) if u}
        return Design(Composition.from_amounts(amounts))

    def fractions(self, points: Points) -> Floats:
        """Points as atomic fractions, same shape."""
        return np.asarray(points, dtype=np.float64) / self.total

    def coordinates(self, points: Points) -> Floats:
        """The points themselves: distances are in steps."""
        return np.asarray(points, dtype=np.float64)

    def keys(self, points: Points) -> list[bytes]:
        """One hashable key per row, for finding duplicates."""
        return [row.tobytes() for row in np.ascontiguousarray(points, dtype=np.int64)]

    # -- samplers ---------------------------------------------------------------------------------------------

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        """Draws ``n`` compositions, ``(n, d)``: a number of elements, then which, then amounts, each evenly."""
        kept: list[Points] = []
        found = 0
        for _ in range(1000):
            draws = max(256, 2 * (n - found))
            counts = rng.integers(self.fewest, min(self.most, self.dimension) + 1, size=draws)
            ranks = np.argsort(np.argsort(rng.random((draws, self.dimension)), axis=1), axis=1)
            present = ranks < counts[:, None]
            weights = rng.exponential(size=present.shape) * present
            low = np.array(self.lower) * present
            share = weights / weights.sum(axis=1, keepdims=True)
            real = low + share * (self.total - low.sum(axis=1, keepdims=True))
            points = self.round_to_grid(real / self.total)
            points = points[self.contains(points)]
            kept.append(points)
            found += len(points)
            if found >= n:
                return np.concatenate(kept)[:n]
        raise InputError(f"could not draw {n} compositions: the space's limits leave almost nothing")

    def round_to_grid(self, fractions: Floats) -> Points:
        """Nearest points that keep the sum, by largest remainder; zeros stay zero. Shapes ``(n, d)``."""
        real = np.asarray(fractions, dtype=np.float64) * self.total
        points = np.floor(real + 1e-9).astype(np.int64)
        remainder = np.where(real > 0, real - points, -1.0)
        missing = self.total - points.sum(axis=1)
        order = np.argsort(np.argsort(-remainder, axis=1, kind="stable"), axis=1, kind="stable")
        return np.asarray(points + ((order < missing[:, None]) & (real > 0)), dtype=np.int64)

    def nearest(self, design: Design) -> Points | None:
        """The grid point that rounding gives, shape ``(d,)``, or None where that is not in the space."""
        if design.variables:
            return None
        amounts = design.composition.fractions()
        if not set(amounts) <= set(self.elements):
            return None
        row = np.array([[amounts.get(symbol, 0.0) for symbol in self.elements]])
        points = self.round_to_grid(row)
        return points[0] if self.contains(points)[0] else None

    def one_move_away(self, points: Points, centre: Points) -> Bools:
        """Which rows, shape ``(n, d)``, differ from a point by one transfer between two elements, shape ``(n,)``."""
        return np.asarray((points != centre).sum(axis=1) == 2)

    def neighbours(self, point: Points, sizes: Sequence[int] = (1, 2, 3, 5)) -> Points:
        """Every composition in the space that one transfer between two elements reaches, shape ``(m, d)``.

        A transfer may add an element (at its lower bound) or remove one.
        """
        moves = []
        for i, j in itertools.permutations(range(self.dimension), 2):
            if point[i] == 0:
                continue
            steps = {*sizes, int(point[i])}
            if point[j] == 0:
                steps = {self.lower[j]} | ({int(point[i])} if point[i] >= self.lower[j] else set())
            for size in sorted(steps):
                if size <= point[i]:
                    row = point.copy()
                    row[i] -= size
                    row[j] += size
                    moves.append(row)
        if not moves:
            return np.zeros((0, self.dimension), dtype=np.int64)
        rows = np.unique(np.array(moves, dtype=np.int64), axis=0)
        return rows[self.contains(rows)]


class LimitSpec(BaseModel):
    """At most ``most`` (atomic fraction) of ``element`` where ``where`` is present."""

    model_config = SpaceSpec.model_config

    element: str
    most: Share
    where: str


class AlloySpec(SpaceSpec):
    """Alloys on a grid; fractions are atomic fractions."""

    kind: Literal["alloy"] = "alloy"
    elements: list[str] = Field(min_length=2)
    step: Share = 0.01
    lower: Share = 0.05
    upper: Share = 0.50
    count: list[Annotated[int, Field(ge=1)]] = Field(default=[3, 6], min_length=2, max_length=2)
    bounds: dict[str, Annotated[list[Share], Field(min_length=2, max_length=2)]] = Field(default={})
    limits: list[LimitSpec] = Field(default=[])

    def build(self) -> AlloySpace:
        """The grid.

        Raises:
            InputError: for contradictory or off-grid bounds.
        """
        return AlloySpace.build(
            self.elements,
            step=self.step,
            lower=self.lower,
            upper=self.upper,
            count=(self.count[0], self.count[1]),
            bounds={symbol: (pair[0], pair[1]) for symbol, pair in self.bounds.items()},
            limits=[(limit.element, limit.most, limit.where) for limit in self.limits],
        )


SPEC = AlloySpec


def _whole(fraction: float, total: int, what: str) -> int:
    points = Fraction(str(fraction)) * total
    if points.denominator != 1:
        raise InputError(f"the {what} must be a whole number of steps of {1 / total:g}, got {fraction:g}")
    return int(points)
