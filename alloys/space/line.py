"""Mixtures of two alloys: the designs along a line between them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.space.base import Bools, Floats, Points, SpaceSpec


@dataclass(frozen=True)
class LineSpace:
    """A point is the number of steps from the first alloy towards the second, shape ``(1,)``."""

    first: Composition
    second: Composition
    steps: int

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements of both."""
        return tuple(sorted({*self.first.elements, *self.second.elements}))

    @property
    def columns(self) -> tuple[str, ...]:
        """The steps."""
        return ("steps",)

    @property
    def dimension(self) -> int:
        """One number."""
        return 1

    def contains(self, points: Points) -> Bools:
        """Which points lie between the two."""
        return np.asarray((points[:, 0] >= 0) & (points[:, 0] <= self.steps))

    def broken_rules(self, point: Points) -> list[str]:
        """Beyond an end or not."""
        return [] if self.contains(point[None])[0] else [f"{point[0]} steps, allowed are 0 to {self.steps}"]

    def design(self, point: Points) -> Design:
        """The mixture."""
        share = Fraction(int(point[0]), self.steps)
        first, second = dict(self.first.items), dict(self.second.items)
        amounts = {s: (1 - share) * first.get(s, 0) + share * second.get(s, 0) for s in self.elements}
        return Design(Composition.from_amounts(amounts))

    def nearest(self, design: Design) -> Points | None:
        """The point of a mixture, None for any other design."""
        rows = np.arange(self.steps + 1)[:, None]
        return next((row for row in rows if self.design(row) == design), None)

    def point_of(self, design: Design) -> Points:
        """The point of a mixture."""
        found = self.nearest(design)
        if found is None:
            raise InputError(f"{design} does not lie between {self.first} and {self.second}")
        return found

    def fractions(self, points: Points) -> Floats:
        """Atomic fractions."""
        ends = np.array([[c.fractions().get(s, 0.0) for s in self.elements] for c in (self.first, self.second)])
        share = points[:, :1] / self.steps
        return np.asarray((1 - share) * ends[0] + share * ends[1])

    def coordinates(self, points: Points) -> Floats:
        """Steps."""
        return np.asarray(points, dtype=np.float64)

    def keys(self, points: Points) -> list[bytes]:
        """One for each point."""
        return [row.tobytes() for row in np.ascontiguousarray(points, dtype=np.int64)]

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        """Evenly."""
        return rng.integers(0, self.steps + 1, size=(n, 1))

    def neighbours(self, point: Points) -> Points:
        """One and five steps to both sides."""
        around = point + np.array([[-5], [-1], [1], [5]])
        return np.asarray(around[self.contains(around)])

    def one_move_away(self, points: Points, centre: Points) -> Bools:
        """Any other point."""
        return np.asarray(points[:, 0] != centre[0])


class LineSpec(SpaceSpec):
    """Two formulas and a number of steps."""

    kind: Literal["line"]
    ends: Annotated[list[str], Field(min_length=2, max_length=2)]
    steps: Annotated[int, Field(ge=1)] = 100

    def build(self) -> LineSpace:
        """The line."""
        return LineSpace(Composition.parse(self.ends[0]), Composition.parse(self.ends[1]), self.steps)


SPEC = LineSpec
