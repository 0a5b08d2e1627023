"""Which materials of the table have points of some properties: arrays over all materials, from one look at an index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from alloys.points.choice import PointChoice
from alloys.points.point import MEASURED, PointKind
from loop.materials.query import PointQuery, conditions_of, set_aside
from loop.materials.schema import bits_of, conditions, materials, points, quantities, systems
from loop.materials.table import MaterialsTable

Bools = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What there is of one property, of every material: material number ``i + 1`` is at place ``i``.

    Attributes:
        measured: whether there is a measurement, or a failure of one, shape ``(n,)``.
        predicted: whether there is a prediction, shape ``(n,)``.
    """

    measured: Bools
    predicted: Bools


class Stock:
    """One consistent look at all materials of a table.

    Attributes:
        size: how many materials there are.
    """

    def __init__(self, table: MaterialsTable, connection: sa.Connection) -> None:
        self._connection = connection
        # Numbers have no gaps, so that rows in their order are places of an array.
        self._system = self._numbers(sa.select(materials.c.system).order_by(materials.c.id)) - 1
        self._low = self._numbers(sa.select(systems.c.low).order_by(systems.c.id))
        self._high = self._numbers(sa.select(systems.c.high).order_by(systems.c.id))
        self.size = len(self._system)

    def _numbers(self, query: sa.Select[Any]) -> Numbers:
        # A million rows of SQLAlchemy's take a second; those of the driver a tenth.
        cursor: Any = self._connection.execute(query).cursor
        return np.fromiter(chain.from_iterable(cursor), dtype=np.int64)

    def of(self, names: Sequence[str], choices: Mapping[str, PointChoice]) -> dict[str, Holdings]:
        """What there is of some properties, in one look at an index.

        Args:
            names: of the properties.
            choices: points of other properties that speak of some of them too.
        """
        known = sa.select(quantities.c.id, quantities.c.name).where(quantities.c.name.in_(names))
        found = {name: Holdings(*np.zeros((2, self.size), dtype=np.bool_)) for name in names}
        name_of = {row.id: row.name for row in self._connection.execute(known)}
        width = 2 * (max(name_of, default=0) + 1)
        row, told = points.c, sa.case((points.c.kind.in_(MEASURED), 1), else_=0)
        wanted = [row.quantity.in_(list(name_of)), row.kind.in_((*MEASURED, PointKind.PREDICTED))]
        if len(self._numbers(set_aside())):  # else the index alone answers
            wanted.append(row.id.not_in(set_aside()))
        codes = self._numbers(sa.select(row.material * width + row.quantity * 2 + told).where(*wanted))
        places, rest = codes // width - 1, codes % width
        for number, name in name_of.items():
            found[name].measured[places[rest == 2 * number + 1]] = True
            found[name].predicted[places[rest == 2 * number]] = True
        for name in set(names) & set(choices):
            speaking = sa.select(row.material).where(*_conditions(choices[name])).distinct()
            found[name].measured[self._numbers(speaking) - 1] = True
        return found

    def among(self, elements: Iterable[str]) -> Bools:
        """Which materials have no element but these, shape ``(n,)``; one without a composition is none of them."""
        low, high = bits_of(elements)
        inside = ((self._low & ~low) == 0) & ((self._high & ~high) == 0) & ((self._low | self._high) != 0)
        return np.asarray(inside[self._system])

    def composed(self) -> Bools:
        """Which materials have a composition, shape ``(n,)``."""
        return np.asarray(((self._low | self._high) != 0)[self._system])

    def texts(self, chosen: Bools) -> tuple[Numbers, list[str]]:
        """Places and canonical compositions of the chosen ones, in the order of their numbers."""
        places = np.flatnonzero(chosen)
        query = sa.select(materials.c.composition).order_by(materials.c.id)
        if len(places) > _FEW:
            texts = self._connection.execute(query).scalars().all()
            return places, [str(texts[place]) for place in places.tolist()]
        return places, list(self._connection.execute(query.where(materials.c.id.in_((places + 1).tolist()))).scalars())


_FEW = 500
"""So many numbers one question to the database may name."""


def _conditions(choice: PointChoice) -> list[sa.ColumnElement[bool]]:
    """Which points are chosen to speak of a property."""
    tested = sa.select(conditions.c.id).where(conditions.c.test == choice.test)
    return [
        *conditions_of(PointQuery.chosen(choice)),
        *([] if choice.test is None else [points.c.conditions.in_(tested)]),
    ]
