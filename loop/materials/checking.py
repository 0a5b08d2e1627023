"""Whether every row of the materials table is what this program writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import sqlalchemy as sa

from alloys.errors import InputError
from loop.materials.reading import PointReader, composition_in
from loop.materials.schema import (
    additions,
    bits_of,
    conditions,
    decisions,
    flags,
    materials,
    points,
    quantities,
    sources,
    systems,
)
from loop.materials.writing import chunks, last_number

_NUMBERED = (systems, materials, quantities, sources, conditions, additions, points, flags, decisions)
_MOST = 50
"""Problems of one kind that are named."""
_ROWS = 500

Read = Callable[[], AbstractContextManager[sa.Connection]]


def problems_of(read: Read) -> list[str]:
    """Problems of the table behind a connection; the first ones of each kind."""
    with read() as connection:
        problems = [*_of_the_file(connection), *_of_numbers(connection), *_of_materials(connection)]
        last = last_number(connection, points)
    found: list[str] = []
    reader = PointReader()
    for part in chunks(range(1, last + 1), _ROWS):
        with read() as connection:
            found += _of_points(connection, reader, part)
        if len(found) >= _MOST:
            return [*problems, *found[:_MOST], "there may be more: the check of points ended there"]
    return problems + found


def _of_the_file(connection: sa.Connection) -> Iterator[str]:
    """What SQLite itself finds wrong."""
    if connection.dialect.name != "sqlite":
        return
    told = connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST})").scalars().all()
    yield from (f"the file is damaged: {line}" for line in told if line != "ok")
    strays = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    yield from (f"{row[0]} {row[1]} names a row of {row[2]} that is not there" for row in strays[:_MOST])


def _of_numbers(connection: sa.Connection) -> Iterator[str]:
    """Rows that are not there any more leave gaps among the numbers."""
    for table in _NUMBERED:
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.max(table.c.id), 0))
        count, last = connection.execute(query.select_from(table)).one()
        if count != last:
            yield f"{table.name} has {count} rows, and numbers up to {last}: rows are gone, or not ours"


def _of_materials(connection: sa.Connection) -> Iterator[str]:
    query = sa.select(materials.c.id, materials.c.composition, systems.c.elements, systems.c.low, systems.c.high)
    for number, text, *system in connection.execute(query.join(systems, materials.c.system == systems.c.id)):
        try:
            elements = composition_in(text).elements
        except InputError as error:
            yield f"material {number}: {error}"
            continue
        if [",".join(elements), *bits_of(elements)] != system:
            yield f"material {number}, {text}, is not of the system {system[0]}"


def _of_points(connection: sa.Connection, reader: PointReader, numbers: list[int]) -> Iterator[str]:
    for row in reader.rows(connection, numbers):
        try:
            point = reader.point(row)
        except (InputError, ValueError) as error:
            yield f"point {row[0]}: {error}"
        except KeyError:
            yield f"point {row[0]} names a row that is not there"
        else:
            if bytes.fromhex(point.key) != bytes(row[1]):
                yield f"point {row[0]} says something else than when it was added"
