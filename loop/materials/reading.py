"""Rows of the materials table as points."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.points.point import Point, PointConditions, PointKind
from loop.materials.records import StoredPoint
from loop.materials.schema import additions, conditions, materials, points, quantities, sources
from loop.materials.writing import chunks
from loop.store.errors import StoreError

_AT_ONCE = 2000
_NUMBERS: sa.BindParameter[Any] = sa.bindparam("numbers", expanding=True, literal_execute=True)
"""Whole numbers, written into the question, which may hold more of them than of parameters."""
_ROWS = sa.select(points).where(points.c.id.in_(_NUMBERS)).order_by(points.c.id)
_SHARED = {
    "material": sa.select(materials.c.id, materials.c.composition).where(materials.c.id.in_(_NUMBERS)),
    "quantity": sa.select(quantities).where(quantities.c.id.in_(_NUMBERS)),
    "source": sa.select(sources.c.id, sources.c.name).where(sources.c.id.in_(_NUMBERS)),
    "conditions": sa.select(conditions).where(conditions.c.id.in_(_NUMBERS)),
    "addition": sa.select(additions).where(additions.c.id.in_(_NUMBERS)),
}
"""By column of `points`: what many points share."""
_PLACES = {column.name: place for place, column in enumerate(points.c)}


class PointReader:
    """Makes points of rows; what they share is read and made once."""

    def __init__(self) -> None:
        self._shared: dict[str, dict[int, tuple[Any, ...]]] = {name: {} for name in _SHARED}
        self._designs: dict[tuple[int, str], Design] = {}
        self._conditions: dict[tuple[int, float | None], PointConditions] = {}

    def rows(self, connection: sa.Connection, numbers: Iterable[int]) -> Sequence[Sequence[Any]]:
        """The rows of some points, in order of their numbers, and with them what these share."""
        rows = connection.execute(_ROWS, {"numbers": [*numbers]}).all()
        for name, query in _SHARED.items():
            known, place = self._shared[name], _PLACES[name]
            new = {row[place] for row in rows} - known.keys()
            for part in chunks(sorted(new), _AT_ONCE):
                found = connection.execute(query, {"numbers": part}).all()
                known.update((one[0], tuple(one[1:])) for one in found)
        return rows

    def point(self, row: Sequence[Any]) -> Point:
        """The point of a row.

        Raises:
            InputError: if it is none.
            KeyError: if it names a row that is not there.
        """
        _, _, material, variables, quantity, kind, source, told, celsius, value, std, failure, _ = row
        if (material, variables) not in self._designs:
            (composition,) = self._shared["material"][material]
            self._designs[material, variables] = _design(composition, variables)
        if (told, celsius) not in self._conditions:
            self._conditions[told, celsius] = PointConditions(celsius, *self._shared["conditions"][told])
        name, unit = self._shared["quantity"][quantity]
        return Point(
            self._designs[material, variables],
            name,
            unit,
            value,
            _KINDS[kind],
            self._shared["source"][source][0],
            std,
            self._conditions[told, celsius],
            failure,
        )

    def stored(self, row: Sequence[Any]) -> StoredPoint:
        """The same with its number, and who added it when."""
        at, who = self._shared["addition"][row[-1]]
        return StoredPoint(row[0], self.point(row), at, who)


_KINDS = {str(kind): kind for kind in PointKind}


def points_of(
    read: Callable[[], AbstractContextManager[sa.Connection]], numbers: Sequence[int]
) -> Iterator[StoredPoint]:
    """The points of these numbers, read part by part, as they are wanted: rows never change."""
    reader = PointReader()
    for part in chunks(numbers, _AT_ONCE):
        with read() as connection:
            rows = reader.rows(connection, part)
        yield from (_sound(reader, row) for row in rows)


def _sound(reader: PointReader, row: Sequence[Any]) -> StoredPoint:
    try:
        return reader.stored(row)
    except (InputError, KeyError, TypeError, ValueError) as error:
        why = f"{type(error).__name__}: {str(error)[:200]}"
        raise StoreError(f"point {row[0]} of the materials table is damaged ({why}); restore it from a copy") from error


def _design(composition: str, variables: str) -> Design:
    """The design of a canonical composition, and of variables as canonical JSON or nothing."""
    alloy = composition_in(composition)
    return Design.of(alloy, json.loads(variables)) if variables else Design(alloy)


def composition_in(text: str) -> Composition:
    """The composition of a row of `materials`; that of designs told by their variables alone is unknown."""
    return Composition.from_canonical(text) if text else Composition.unknown()
