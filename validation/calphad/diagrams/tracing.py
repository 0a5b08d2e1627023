"""Where the phases change along a line, by halving each interval whose ends differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Region = tuple[str, ...]
"""The phases that are there, in alphabetical order; empty where no equilibrium was found."""


@dataclass(frozen=True, slots=True)
class Change:
    """A place on a line at which the phases change, and the phases on its two sides."""

    where: float
    before: Region
    after: Region


def changes(region: Callable[[float], Region], low: float, high: float, tolerance: float) -> list[Change]:
    """The places between two points at which the phases change, in order.

    What appears and disappears again within an interval whose ends agree is not seen.

    >>> changes(lambda t: ("LIQUID",) if t > 3.3 else ("FCC",), 0.0, 8.0, 0.25)
    [Change(where=3.375, before=('FCC',), after=('LIQUID',))]

    Args:
        region: the phases at a place.
        low: where the line begins.
        high: where it ends.
        tolerance: how long the intervals may be that hold a change.
    """
    before, after = region(low), region(high)
    if before == after:
        return []
    middle = (low + high) / 2.0
    if high - low <= tolerance:
        return [Change(middle, before, after)]
    return changes(region, low, middle, tolerance) + changes(region, middle, high, tolerance)
