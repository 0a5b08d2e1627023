"""The protocol of every kind of space: the designs that may be asked for, as whole numbers."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from alloys.design import Design
from alloys.space.variables import Variables

Points = NDArray[np.int64]
"""Designs of a space, shape ``(n, d)``, or one of them, shape ``(d,)``."""
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class SpaceSpec(BaseModel):
    """How a configuration describes a space: a subclass for each kind, which names it in a field ``kind``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    kind: str

    def build(self) -> Space:
        """The space.

        Raises:
            InputError: for contradictory rules, or a file that cannot be read.
        """
        raise NotImplementedError

    def declared_variables(self) -> Variables:
        """The variables beside the composition, without building all of the space.

        Raises:
            InputError: for those that are none, or a file that cannot be read.
        """
        return Variables()

    def shown(self, design: Design) -> Design:
        """The same design, written as people who look into this space write it: in at.% if nothing else is said."""
        return design

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that `build` reads."""
        return ()

    def content_digest(self) -> str | None:
        """A digest of those files' content, which must not change within a campaign; None without files."""
        return None


class Space(Protocol):
    """A set of designs; nothing enumerates it unless it is a list.

    A design in the space is a point: a vector of whole numbers of shape ``(d,)``. Screening, search and the choice of
    a batch know nothing else of a space.
    """

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements of all designs, alphabetically: the order of the columns of atomic fractions."""
        ...

    @property
    def variables(self) -> Variables:
        """The variables beside the composition; none in most campaigns."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """What the numbers of a point mean, ``d`` names."""
        ...

    @property
    def dimension(self) -> int:
        """How many numbers a point has, ``d``."""
        ...

    def contains(self, points: Points) -> Bools:
        """Which points ``(n, d)`` are in the space, shape ``(n,)``."""
        ...

    def broken_rules(self, point: Points) -> list[str]:
        """Every rule that a point ``(d,)`` breaks, in words; none of a point in the space."""
        ...

    def point_of(self, design: Design) -> Points:
        """The point of a design, shape ``(d,)``.

        Raises:
            InputError: if it is not in the space, with every rule that it breaks.
        """
        ...

    def nearest(self, design: Design) -> Points | None:
        """The point for a design, shape ``(d,)``: its own, or the one that it rounds to; None if there is none."""
        ...

    def design(self, point: Points) -> Design:
        """The design of a point ``(d,)``, exact."""
        ...

    def fractions(self, points: Points) -> Floats:
        """Atomic fractions of points ``(n, d)``, shape ``(n, len(elements))``."""
        ...

    def inputs(self, points: Points) -> Floats:
        """What properties are functions of: atomic fractions, then a column for each variable (`Variables.raw`).

        Of points ``(n, d)``, shape ``(n, len(elements) + len(variables))``.
        """
        ...

    def coordinates(self, points: Points) -> Floats:
        """Numbers of points ``(n, d)`` whose sums of absolute differences are distances, shape ``(n, k)``."""
        ...

    def keys(self, points: Points) -> list[bytes]:
        """One hashable key for each point ``(n, d)``; equal points have equal ones."""
        ...

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        """Draws ``n`` points, shape ``(n, d)``; some may be equal.

        Raises:
            InputError: if the space is too small to draw from.
        """
        ...

    def neighbours(self, point: Points) -> Points:
        """The points that one move from a point ``(d,)`` reaches, shape ``(m, d)``, without the point itself."""
        ...

    def one_move_away(self, points: Points, centre: Points) -> Bools:
        """Which points ``(n, d)`` one move, of whatever size, from a point ``(d,)`` reaches, shape ``(n,)``."""
        ...
