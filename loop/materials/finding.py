"""Materials of the table that match a question, best first, without a look at the points of all the others."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.intake.tables import shown
from alloys.points.point import PointKind
from loop.materials.query import PointQuery, conditions_of
from loop.materials.reading import composition_in
from loop.materials.schema import materials, points, quantities, sources, systems
from loop.materials.table import MaterialsTable

_NEAR = 6
"""How many names of the table a message tells at most."""


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
    """The first materials that match, how many there are, and how many points these have.

    Where temperatures are asked for, ``untold`` counts points that match all else and tell none.
    """

    first: tuple[FoundMaterial, ...]
    materials: int
    points: int
    untold: int = 0


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
        InputError: for limits of values of more than one property, or of one in several units; for properties and
            sources that the table does not have.
    """
    matches = [*conditions_of(query), *_within(values)]
    one = query.properties is not None and len(query.properties) == 1
    count = sa.func.count()
    worth: sa.ColumnElement[Any] = count
    if one:
        worth = sa.func.min(points.c.value) if ascending else sa.func.max(points.c.value)
    order = sa.nulls_last(worth.asc() if ascending else worth.desc())
    ranked = sa.select(points.c.material, count).where(*matches).group_by(points.c.material)
    totals = sa.select(count, sa.func.count(points.c.material.distinct())).where(*matches)
    with table.read() as connection:
        _refuse_unknown(connection, query)
        if (values.low, values.high) != (None, None):
            _refuse_mixed_units(connection, query.properties or ())
        rows = connection.execute(ranked.order_by(order, points.c.material).limit(limit)).all()
        n_points, n_materials = connection.execute(totals).one()
        told = _values_of(connection, [row.material for row in rows], matches)
        texts = sa.select(materials.c.id, materials.c.composition).where(materials.c.id.in_(told))
        compositions = {number: composition_in(text) for number, text in connection.execute(texts)}
        untold = _without_temperature(connection, query, values)
    first = tuple(FoundMaterial(compositions[number], n, tuple(told[number])) for number, n in rows)
    return FoundMaterials(first, n_materials, n_points, untold)


def _within(values: ValueRange) -> list[sa.ColumnElement[bool]]:
    low = [] if values.low is None else [points.c.value >= values.low]
    return low if values.high is None else [*low, points.c.value <= values.high]


def _without_temperature(connection: sa.Connection, query: PointQuery, values: ValueRange) -> int:
    """How many points match all but the temperature that is asked for, and tell none."""
    if query.test_temperature is None:
        return 0
    others = [*conditions_of(replace(query, test_temperature=None)), *_within(values)]
    count = sa.select(sa.func.count()).select_from(points).where(*others, points.c.test_temperature.is_(None))
    return int(connection.execute(count).scalar_one())


def _refuse_unknown(connection: sa.Connection, query: PointQuery) -> None:
    """A slip in a name is told, and is no answer that nothing is known."""
    for what, asked, named in (
        ("property", query.properties, quantities.c.name),
        ("source", query.sources, sources.c.name),
    ):
        if not asked:
            continue
        there = set(connection.execute(sa.select(named).where(named != "").distinct()).scalars())
        if lacking := [name for name in asked if name not in there]:
            near = get_close_matches(lacking[0], sorted(there), n=_NEAR, cutoff=0.5) or sorted(there)[:_NEAR]
            raise InputError(f"the table has no {what} {shown(lacking[0])}; it has {', '.join(near)} and the like")


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
