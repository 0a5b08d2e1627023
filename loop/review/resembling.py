"""Which split of `alloyloop evaluate generalisation` a question resembles: what it asks about, and nobody has observed.

An element that no observation has is like an element left out, a new set of elements like a system left out, a value
beyond nine tenths of the observations like the top left out; all else is like a random fifth. It takes no fit. What is
told of each split was measured on published tables (`docs/evaluation/generalisation.md`), not on the campaign.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alloys.design import Design
from alloys.goal import Goal
from alloys.space import Floats, Space
from alloys.splits.folds import TOP
from loop.choose.steps import KnownDesigns
from loop.view import View

FEWEST = 5
"""Observations below which nothing is said."""

FEWEST_VALUES = 10
"""Values of which nine tenths say something."""

WORDS = {"element": "leaving out an element", "system": "leaving out a system", "top": "leaving out the top"}
WORDS |= {"random": "a random fifth"}
"""Each split, as a part of a sentence."""

SURROGATE = {
    "element": ((1.6, 4.8), (0.84, 0.98)),
    "system": ((1.1, 1.3), (0.88, 0.90)),
    "top": ((1.9, 2.1), (0.32, 0.63)),
    "random": ((1.0, 1.0), (0.91, 0.92)),
}
"""Errors of the surrogate over those of a random fifth, and shares within 90 % intervals: least and most of the two
tables of ``benchmarks/results/generators/generalisation.txt``."""

GENERATORS = {"element": 0.69, "system": 0.85, "top": 0.85, "random": 0.87}
"""Cosine of the best of 10 draws of the plainest family to alloys held out, in the same file."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was observed.

    Attributes:
        systems: the elements of each observation.
        values: by property, those that are known.
    """

    systems: Sequence[frozenset[str]]
    values: Mapping[str, Floats]

    @classmethod
    def of(cls, view: View) -> Observed:
        """The observations of a campaign; validations that failed are none."""
        rows = [row for row in view.rows if row.failure is None]
        names = {name for row in rows for name in row.values}
        values = {name: np.array([row.values[name] for row in rows if name in row.values]) for name in sorted(names)}
        return cls([frozenset(row.design.composition.elements) for row in rows], values)

    @classmethod
    def of_known(cls, space: Space, known: KnownDesigns) -> Observed:
        """The alloys that a generator learned from."""
        present = space.fractions(known.points) > 0
        systems = [frozenset(e for e, there in zip(space.elements, row, strict=True) if there) for row in present]
        columns = zip(known.names, known.conditions.T, strict=True)
        return cls(systems, {name: column[np.isfinite(column)] for name, column in columns})


@dataclass(frozen=True, slots=True)
class AskedValue:
    """A value, or a range, of a property that is asked for or predicted.

    Attributes:
        name: the property.
        low: smallest value.
        high: largest value.
        sign: 1 where only large values are far, -1 where only small ones are, 0 where both are.
    """

    name: str
    low: float
    high: float
    sign: int = 0

    def is_beyond(self, values: Floats) -> bool:
        """Whether it lies beyond nine tenths of the values on a side that counts."""
        if len(values) < FEWEST_VALUES:
            return False
        above = self.sign >= 0 and self.low > np.quantile(values, 1 - TOP)
        return bool(above or (self.sign <= 0 and self.high < np.quantile(values, TOP)))


def resemblance(
    observed: Observed, elements: Collection[str], asked: Sequence[AskedValue] = ()
) -> dict[str, str] | None:
    """The split and why, as ``{"split", "because"}``; None where too little is observed.

    Args:
        observed: what was observed.
        elements: of the alloy.
        asked: values that it is asked to have, or is predicted to have.
    """
    if len(observed.systems) < FEWEST:
        return None
    new = sorted(set(elements) - frozenset().union(*observed.systems))
    if new:
        are = "is" if len(new) == 1 else "are"
        return {"split": "element", "because": f"{', '.join(new)} {are} in no observation"}
    if frozenset(elements) not in observed.systems:
        return {"split": "system", "because": f"no observation has just {'-'.join(sorted(elements))}"}
    for value in asked:
        if value.is_beyond(observed.values.get(value.name, np.zeros(0))):
            return {"split": "top", "because": f"{value.name} beyond nine tenths of the observations"}
    return {"split": "random", "because": "its elements occur together, and its values too"}


def surrogate_resemblance(
    observed: Observed, goal: Goal, design: Design, properties: Mapping[str, Any]
) -> dict[str, Any] | None:
    """`resemblance` of an alloy with its predicted properties, and what the surrogate was worth in that split.

    Args:
        observed: what was observed, the alloy not among it.
        goal: of the campaign.
        design: the alloy.
        properties: its entries of `alloyloop predict`, by name.

    Returns:
        ``{"split", "because", "errors", "within_90"}``, the last two from least to most; None where too little is
        observed.
    """
    asked = [
        AskedValue(o.name, properties[o.name]["mean"], properties[o.name]["mean"], o.sign)
        for o in goal.objectives
        if o.target is None and properties[o.name]["source"] == "model"
    ]
    found = resemblance(observed, design.composition.elements, asked)
    if found is None:
        return None
    errors, within = SURROGATE[found["split"]]
    return {**found, "errors": list(errors), "within_90": list(within)}


def resemblance_notes(found: Sequence[Mapping[str, Any] | None]) -> list[str]:
    """A sentence for each split that drawn alloys resemble, the random fifth left out unless all do."""
    by_split: dict[str, list[Mapping[str, Any]]] = {}
    for each in found:
        if each is not None:
            by_split.setdefault(each["split"], []).append(each)
    told = {split: some for split, some in by_split.items() if split != "random"} or by_split
    return [
        f"{len(some)} of {len(found)} alloys: {some[0]['because']}{' (for one)' if len(some) > 1 else ''}: like "
        f"{WORDS[split]}, where the best of 10 draws had a cosine of {GENERATORS[split]:g} (on a published table)"
        for split, some in told.items()
    ]


def resemblance_line(found: Mapping[str, Any]) -> str:
    """One line about the surrogate."""
    (least, most), (low, high) = found["errors"], found["within_90"]
    worse = "" if most <= 1 else f"errors were {least:g} to {most:g} times a random fifth's, and "
    return (
        f"{found['because']}: like {WORDS[found['split']]}, where {worse}{low:.0%} to {high:.0%} fell within 90 % "
        "intervals (on published tables)"
    )
