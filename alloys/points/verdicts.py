"""Verdicts of validators as points, and back: exactly, so that an answer is the same wherever it was kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from alloys.errors import InputError
from alloys.points.point import Point, PointKind
from alloys.properties import Property
from alloys.records import Failed, FailureKind, Measured, Observation, Quantity, Verdict
from alloys.units import scale_of

KNOWN = "known"
"""The key of a verdict's details that says: it was known, and took no time."""


def points_of_verdict(
    seen: Observation, source: str, properties: Mapping[str, Property], asked: Iterable[str]
) -> list[Point]:
    """A point for each property that a validator answered; of a failure of the science one for each that was asked.

    Args:
        seen: the verdict.
        source: the validator's fingerprint, or who measured.
        properties: that there are, with their units.
        asked: the properties that the validator was asked for.

    Raises:
        InputError: for a value that cannot be true.
    """
    kind = PointKind.VALIDATION
    if seen.failure is not None:
        return [
            Point(seen.design, name, properties[name].unit, None, kind, source, failure=seen.failure)
            for name in asked
            if name in properties
        ]
    return [
        Point(seen.design, name, properties[name].unit, value, kind, source, seen.stds.get(name))
        for name, value in seen.values.items()
    ]


def verdict_of_points(
    told: Sequence[Point], properties: Mapping[str, Property], wanted: Iterable[str]
) -> Verdict | None:
    """The verdict that points of one validator on one design are, in the order in which they were recorded.

    Of a property that was answered twice the first answer holds, as in a campaign's queue.

    Args:
        told: the points.
        properties: of the campaign, in whose units values come.
        wanted: what a complete answer has.

    Returns:
        the verdict; None where something of it is missing, or a unit cannot be turned into the campaign's.
    """
    answered: dict[str, Quantity] = {}
    for point in told:
        name = point.property_name
        if point.value is not None and name in properties and name not in answered:
            quantity = in_unit_of(point, properties[name])
            if quantity is None:
                return None
            answered[name] = quantity
    if answered:
        return Measured(answered, 0.0, {KNOWN: True}) if set(wanted) <= set(answered) else None
    failure = next((point.failure for point in told if point.failure is not None), None)
    return None if failure is None else Failed(FailureKind.PHYSICS, failure)


def in_unit_of(point: Point, wanted: Property) -> Quantity | None:
    """What a point with a value says in the unit of a property; None where that cannot be, or cannot be true of it."""
    if point.value is None:
        return None
    try:
        factor, offset = scale_of(wanted, point.unit)
    except InputError:
        return None
    if (factor, offset) == (1.0, 0.0):
        value, std = point.value, point.std
    else:
        value, std = point.value * factor + offset, None if point.std is None else point.std * abs(factor)
    return Quantity(value, wanted.unit, std) if wanted.low <= value <= wanted.high else None
