"""Points of other sources and conditions as tasks that a campaign's surrogate may learn from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor

import numpy as np

from alloys.design import Design
from alloys.points.point import PointKind
from alloys.space import Floats
from loop.config.schema import CampaignConfig
from loop.materials.foreign import ForeignPoint, foreign_points
from loop.store import CampaignStore

FEWEST, MOST = 10, 6
"""Points below which a source or condition is no task of its own, and tasks of a property; the others are one more."""

_KELVINS = 100
"""Width of the ranges of test temperatures that count as one condition."""

_REST = "other sources and conditions"


@dataclass(frozen=True, slots=True)
class ForeignPoints:
    """What another source, or the same under another condition, measured: a task beside a campaign's own.

    Attributes:
        name: what people call it.
        designs: of ``m`` points, with any elements.
        values: by property, shape ``(m,)`` each, NaN where unknown.
        stds: standard deviations of some of them, likewise.
    """

    name: str
    designs: tuple[Design, ...]
    values: Mapping[str, Floats]
    stds: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def elements(self) -> set[str]:
        """All elements that any of the designs has."""
        return {symbol for design in self.designs for symbol in design.composition.elements}

    @classmethod
    def of(cls, name: str, points: Sequence[ForeignPoint]) -> ForeignPoints:
        """Points of one property."""
        about = points[0].property_name
        stds = np.array([np.nan if point.std is None else point.std for point in points])
        values = np.array([point.value for point in points])
        return cls(name, tuple(p.design for p in points), {about: values}, {about: stds} if stds.any() else {})


def others_of(store: CampaignStore, config: CampaignConfig) -> tuple[ForeignPoints, ...]:
    """The tasks of a campaign, from the points that its database keeps since it began."""
    if config.materials is None or not config.materials.transfer or not config.materials.points:
        return ()
    return tasks_of(foreign_points(store))


def tasks_of(points: Sequence[ForeignPoint]) -> tuple[ForeignPoints, ...]:
    """A task for each validator and for the literature, and for each condition of a test, by property.

    Papers alone are too small: those under the same condition are one task.
    """
    groups = defaultdict[str, defaultdict[str, list[ForeignPoint]]](lambda: defaultdict(list))
    for point in points:
        groups[point.property_name][_label(point)].append(point)
    return tuple(ForeignPoints.of(name, told) for part in groups.values() for name, told in _gathered(part))


def _gathered(groups: Mapping[str, list[ForeignPoint]]) -> list[tuple[str, list[ForeignPoint]]]:
    """The largest groups, and all points of the small ones."""
    by_size = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    large = [group for group in by_size[:MOST] if len(group[1]) >= FEWEST]
    rest = [point for _, told in by_size[len(large) :] for point in told]
    if len(by_size) == len(large) + 1:
        return by_size
    return [*large, (_REST, sorted(rest, key=lambda point: point.number))] if rest else large


def _label(point: ForeignPoint) -> str:
    """The source and the condition in words."""
    of = "literature" if point.kind is PointKind.LITERATURE else f"validator {point.source[:12]}"
    celsius, test = point.conditions.test_temperature, point.conditions.test
    low = None if celsius is None else _KELVINS * floor(celsius / _KELVINS)
    at = "" if low is None else f" at {low} to {low + _KELVINS} °C"
    return f"{of}{at}{f' in {test}' if test else ''}"
