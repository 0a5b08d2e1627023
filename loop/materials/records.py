"""What the materials table hands out."""

from __future__ import annotations

from dataclasses import dataclass

from alloys.points.point import Point


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """A point of the table.

    Attributes:
        id: its number; a later point has a larger one.
        point: what it says.
        at: when it was added, in unix seconds.
        who: added it.
    """

    id: int
    point: Point
    at: float
    who: str


@dataclass(frozen=True, slots=True)
class AddedPoints:
    """What became of points that were given to the table.

    Attributes:
        new: how many are there now and were not before.
        known: how many were there already, or stood among the given ones before.
        notes: of sources of which the table says something else, which stays.
    """

    new: int
    known: int
    notes: tuple[str, ...] = ()
