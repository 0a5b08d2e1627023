"""Which phases there are at each temperature and amount between two alloys: a pseudo-binary section."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise

import numpy as np

from validation.calphad.diagrams.fractions import region_of
from validation.calphad.diagrams.tracing import Region, changes
from validation.calphad.solving.alloy import Alloy
from validation.calphad.solving.phases.sampling import Array

CELLS = 24
"""Cells of the grid, each way."""
SPLIT = 3
"""How often a cell in which boundaries meet is split into four."""
AMOUNT_TOLERANCE = 0.001
TEMPERATURE_TOLERANCE_K = 1.0
KEPT_ALLOYS = 256

Point = tuple[float, float]
"""Amount of the second alloy, and temperature in K."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """A piece of a boundary between two regions, or between more where such meet."""

    start: Point
    end: Point
    sides: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The phases between two alloys.

    Attributes:
        amounts: fractions of the second alloy, of the grid, ``(m,)``.
        kelvin: temperatures in K, of the grid, ``(n,)``.
        regions: the phases at each point that was looked at, those of the grid among them.
        boundaries: where they change, in straight pieces.
    """

    amounts: Array
    kelvin: Array
    regions: Mapping[Point, Region]
    boundaries: tuple[Boundary, ...]


class _Traced:
    """The phases at points of a section, each found once, and the boundaries in cells of it."""

    def __init__(self, alloy_at: Callable[[float], Alloy]) -> None:
        self._alloy_at = lru_cache(KEPT_ALLOYS)(alloy_at)
        self.regions: dict[Point, Region] = {}

    def region(self, amount: float, kelvin: float) -> Region:
        point = (amount, kelvin)
        if point not in self.regions:
            self.regions[point] = region_of(self._alloy_at(amount), kelvin)
        return self.regions[point]

    def boundaries(self, low: Point, high: Point, splits: int) -> Iterator[Boundary]:
        """The boundaries in a cell, which is split where more than two regions meet."""
        crossings: dict[tuple[Region, ...], list[Point]] = defaultdict(list)
        for point, sides in self._crossings(low, high):
            crossings[sides].append(point)
        meeting = {sides: points for sides, points in crossings.items() if len(points) != 2}
        if meeting and splits:
            middle = ((low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0)
            for (x0, x1), (t0, t1) in _quarters(low, middle, high):
                yield from self.boundaries((x0, t0), (x1, t1), splits - 1)
            return
        centre = np.mean([point for points in meeting.values() for point in points] or [low], axis=0).tolist()
        for sides, points in crossings.items():
            if len(points) == 2:
                yield Boundary(points[0], points[1], sides)
            else:
                yield from (Boundary(point, (centre[0], centre[1]), sides) for point in points)

    def _crossings(self, low: Point, high: Point) -> Iterator[tuple[Point, tuple[Region, ...]]]:
        """The points on the edges of a cell at which the phases change, with those on both sides."""
        for kelvin in (low[1], high[1]):
            for change in changes(partial(self._along, kelvin), low[0], high[0], AMOUNT_TOLERANCE):
                yield (change.where, kelvin), tuple(sorted((change.before, change.after)))
        for amount in (low[0], high[0]):
            for change in changes(partial(self.region, amount), low[1], high[1], TEMPERATURE_TOLERANCE_K):
                yield (amount, change.where), tuple(sorted((change.before, change.after)))

    def _along(self, kelvin: float, amount: float) -> Region:
        return self.region(amount, kelvin)


def _quarters(low: Point, middle: Point, high: Point) -> Iterator[tuple[Point, Point]]:
    for across in ((low[0], middle[0]), (middle[0], high[0])):
        yield from ((across, up) for up in ((low[1], middle[1]), (middle[1], high[1])))


def section(
    alloy_at: Callable[[float], Alloy],
    low: float,
    high: float,
    *,
    cells: int = CELLS,
    advance: Callable[[], object] = lambda: None,
) -> Section:
    """The phases between two alloys and two temperatures.

    Args:
        alloy_at: the alloy at a fraction of the second one.
        low: K.
        high: K.
        cells: of the grid, each way.
        advance: called after each of its columns.
    """
    amounts, kelvin = np.linspace(0.0, 1.0, cells + 1), np.linspace(low, high, cells + 1)
    traced = _Traced(alloy_at)
    found: list[Boundary] = []
    for less, more in pairwise(amounts.tolist()):
        for cold, hot in pairwise(kelvin.tolist()):
            found += traced.boundaries((less, cold), (more, hot), SPLIT)
        advance()
    return Section(amounts, kelvin, traced.regions, tuple(found))
