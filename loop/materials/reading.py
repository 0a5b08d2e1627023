"""Rows of the materials table as points."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa

from alloys.composition import Composition
from alloys.design import Design
from alloys.points.point import Point, PointConditions, PointKind
from loop.materials.records import StoredPoint
from loop.materials.schema import additions, conditions, materials, points, quantities, sources
from loop.materials.writing import chunks

_JOINED = (
    points.join(materials, points.c.material == materials.c.id)
    .join(quantities, points.c.quantity == quantities.c.id)
    .join(sources, points.c.source == sources.c.id)
    .join(conditions, points.c.conditions == conditions.c.id)
    .join(additions, points.c.addition == additions.c.id)
)
TOLD = sa.select(
    points.c.id,
    materials.c.composition,
    points.c.variables,
    quantities.c.name.label("property_name"),
    quantities.c.unit,
    points.c.value,
    points.c.kind,
    sources.c.name.label("source"),
    points.c.std,
    points.c.test_temperature,
    conditions.c.processing,
    conditions.c.phase,
    conditions.c.test,
    points.c.failure,
    additions.c.at,
    additions.c.who,
).select_from(_JOINED)
"""All that is said of points."""


def points_of(
    read: Callable[[], AbstractContextManager[sa.Connection]], numbers: Sequence[int]
) -> Iterator[StoredPoint]:
    """The points of these numbers, read part by part, as they are wanted: rows never change."""
    question = TOLD.where(points.c.id.in_(sa.bindparam("numbers", expanding=True))).order_by(points.c.id)
    designs: dict[tuple[str, str], Design] = {}
    for part in chunks(numbers):
        with read() as connection:
            rows = connection.execute(question, {"numbers": part}).all()
        for row in rows:
            said = (row.composition, row.variables)
            if said not in designs:
                designs[said] = design_in(*said)
            yield StoredPoint(row.id, point_in(row, designs[said]), row.at, row.who)


def design_in(composition: str, variables: str) -> Design:
    """The design of a row, whose variables are canonical JSON or nothing."""
    alloy = composition_in(composition)
    return Design.of(alloy, json.loads(variables)) if variables else Design(alloy)


def composition_in(text: str) -> Composition:
    """The composition of a row of `materials`; that of designs told by their variables alone is unknown."""
    return Composition.from_canonical(text) if text else Composition.unknown()


def point_in(row: Any, design: Design) -> Point:
    """The point of a row of `TOLD`."""
    return Point(
        design=design,
        property_name=row.property_name,
        unit=row.unit,
        value=row.value,
        kind=PointKind(row.kind),
        source=row.source,
        std=row.std,
        conditions=PointConditions(row.test_temperature, row.processing, row.phase, row.test),
        failure=row.failure,
    )
