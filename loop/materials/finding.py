"""Materials of the table that match a question, best first, without a look at the points of all the others."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.points.point import PointKind
from loop.materials.query import PointQuery, conditions_of
from loop.materials.reading import composition_in
from loop.materials.schema import materials, points, quantities, systems
from loop.materials.table import MaterialsTable


@dataclass(frozen=True, slots=True)
class ValueRange:
    """A lowest and a highest value of points, both included, in the unit that these have; None is no limit."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class FoundValues:
    """What a material's matching points of one property and kind say.

    Attributes:
        property_name: of the points; empty of designs that were only drawn.
        unit: of the values.
        kind: of the points.
        points: how many.
        low: the smallest value; None where none of them has one.
        high: the largest.
        temperatures: lowest and highest of the tests, in °C; None where none is known.
    """

    property_name: str
    unit: str
    kind: PointKind
    points: int
    low: float | None
    high: float | None
    temperatures: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class FoundMaterial:
    """A material, and what its matching points say."""

    composition: Composition
    points: int
    values: tuple[FoundValues, ...]


@dataclass(frozen=True, slots=True)
class FoundMaterials:
    """The first materials that match, how many there are, and how many points these have."""

    first: tuple[FoundMaterial, ...]
    materials: int
    points: int


def find_materials(
    table: MaterialsTable,
    query: PointQuery,
    values: ValueRange = ValueRange(),
    *,
    limit: int = 20,
    ascending: bool = False,
) -> FoundMaterials:
    """The materials that have points which match.

    They come by their largest value (``ascending``: by their smallest) where the query names one property, else by how
    many points match.

    Raises:
        InputError: for limits of values of more than one property, or of one in several units.
    """
    matches = conditions_of(query)
    if values.low is not None:
        matches.append(points.c.value >= values.low)
    if values.high is not None:
        matches.append(points.c.value <= values.high)
    one = query.properties is not None and len(query.properties) == 1
    count = sa.func.count()
    worth: sa.ColumnElement[Any] = count
    if one:
        worth = sa.func.min(points.c.value) if ascending else sa.func.max(points.c.value)
    order = sa.nulls_last(worth.asc() if ascending else worth.desc())
    ranked = sa.select(points.c.material, count).where(*matches).group_by(points.c.material)
    totals = sa.select(count, sa.func.count(points.c.material.distinct())).where(*matches)
    with table.read() as connection:
        if (values.low, values.high) != (None, None):
            _refuse_mixed_units(connection, query.properties or ())
        rows = connection.execute(ranked.order_by(order, points.c.material).limit(limit)).all()
        n_points, n_materials = connection.execute(totals).one()
        told = _values_of(connection, [row.material for row in rows], matches)
        texts = sa.select(materials.c.id, materials.c.composition).where(materials.c.id.in_(told))
        compositions = {number: composition_in(text) for number, text in connection.execute(texts)}
    first = tuple(FoundMaterial(compositions[number], n, tuple(told[number])) for number, n in rows)
    return FoundMaterials(first, n_materials, n_points)


def _refuse_mixed_units(connection: sa.Connection, names: tuple[str, ...]) -> None:
    if len(names) != 1:
        raise InputError("limits of values are for one property; name it")
    units = connection.execute(sa.select(quantities.c.unit).where(quantities.c.name == names[0])).scalars().all()
    if len(units) > 1:
        raise InputError(f"{names[0]} stands in {' and '.join(sorted(units))}: limits of values would mix them")


def _values_of(
    connection: sa.Connection, numbers: list[int], matches: list[sa.ColumnElement[bool]]
) -> dict[int, list[FoundValues]]:
    """What the matching points of some materials say, by the material's number."""
    row = points.c
    value, celsius = row.value, row.test_temperature
    numbers_of = (sa.func.count(), *(f(column) for column in (value, celsius) for f in (sa.func.min, sa.func.max)))
    query = (
        sa.select(row.material, quantities.c.name, quantities.c.unit, row.kind, *numbers_of)
        .join(quantities, row.quantity == quantities.c.id)
        .where(row.material.in_(numbers), *matches)
        .group_by(row.material, quantities.c.name, quantities.c.unit, row.kind)
        .order_by(quantities.c.name, quantities.c.unit, row.kind)
    )
    found: defaultdict[int, list[FoundValues]] = defaultdict(list)
    for material, name, unit, kind, n, low, high, coldest, hottest in connection.execute(query):
        heat = None if coldest is None else (coldest, hottest)
        found[material].append(FoundValues(name, unit, PointKind(kind), n, low, high, heat))
    return found


def resembling(table: MaterialsTable, composition: Composition) -> list[Composition]:
    """Materials of the table with the same elements, the nearest first by the largest difference of a fraction."""
    system = ",".join(composition.elements)
    number = sa.select(systems.c.id).where(systems.c.elements == system).scalar_subquery()
    with table.read() as connection:
        query = sa.select(materials.c.composition).where(materials.c.system == number)
        texts = connection.execute(query).scalars().all()
    wanted = composition.fractions()

    def distance(other: Composition) -> float:
        return max(abs(share - wanted[symbol]) for symbol, share in other.fractions().items())

    return sorted((composition_in(text) for text in texts), key=lambda other: (distance(other), other))
