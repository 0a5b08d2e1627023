"""Points as rows, and how they get into the materials table: each once, and with all that they share with others."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from alloys.errors import InputError
from alloys.points.point import LONGEST_TEXT, Point, PointSource
from loop.materials.schema import additions, bits_of, conditions, materials, points, quantities, sources, systems

_AT_ONCE = 500
"""Values that one question to the database names; SQLite may be built for 999."""
_ROWS_AT_ONCE = 20_000

T = TypeVar("T")
Key = TypeVar("Key", bound=Hashable)


class NewRow(NamedTuple):
    """A point, with what it shares with others not yet as numbers."""

    key: bytes
    composition: str
    elements: tuple[str, ...]
    variables: str
    quantity: tuple[str, str]
    kind: str
    source: str
    conditions: tuple[str, str, str]
    numbers: tuple[float | None, float | None, float | None]
    failure: str | None


def rows_of(given: Iterable[Point]) -> tuple[list[NewRow], int]:
    """The points as rows, each once, and how many came again.

    Raises:
        InputError: for a text that no database can hold.
    """
    rows: dict[bytes, NewRow] = {}
    checked: set[str] = set()
    n = 0
    for point in given:
        n += 1
        row = _row(point)
        for text in (*row.quantity, row.source, *row.conditions):
            if text not in checked:
                refuse_unfit(text, LONGEST_TEXT)
                checked.add(text)
        refuse_unfit(row.failure or "", None)
        rows.setdefault(row.key, row)
    return [*rows.values()], n - len(rows)


def _row(point: Point) -> NewRow:
    told = point.conditions
    variables = point.design.canonical().partition(";")[2] if point.design.variables else ""
    return NewRow(
        key=bytes.fromhex(point.key),
        composition=point.design.composition.canonical(),
        elements=point.design.composition.elements,
        variables=variables,
        quantity=(point.property_name, point.unit),
        kind=str(point.kind),
        source=point.source,
        conditions=(told.processing, told.phase, told.test),
        numbers=(_real(told.test_temperature), _real(point.value), _real(point.std)),
        failure=point.failure,
    )


def _real(value: float | None) -> float | None:
    return None if value is None else float(value)


def refuse_unfit(text: str, longest: int | None) -> None:
    """Refuses a text of more letters than are allowed, or with such as no database can hold.

    Raises:
        InputError: saying which.
    """
    if longest is not None and len(text) > longest:
        raise InputError(
            f"a text of {len(text)} letters is too long for the materials table: {text[:60]!r}; shorten it"
        )
    if "\0" in text or (not text.isascii() and text.encode(errors="replace").decode() != text):
        raise InputError(f"the text {text[:60]!r} has letters that no database holds; leave them out")


def chunks(values: Iterable[T], size: int = _AT_ONCE) -> Iterator[list[T]]:
    """The values in lists of a size that one question to the database may name."""
    left = iter(values)
    while part := [*islice(left, size)]:
        yield part


def insert_points(connection: sa.Connection, rows: Sequence[NewRow], who: str, at: float) -> int:
    """Writes those that are not there yet, inside the caller's transaction; gives how many that were."""
    if connection.dialect.name == "sqlite":
        # A page that is written before the end would keep readers out until then.
        connection.exec_driver_sql("PRAGMA cache_spill = OFF")
    known = _known(connection, [row.key for row in rows])
    fresh = [row for row in rows if row.key not in known]
    if not fresh:
        return 0
    addition = new_addition(connection, who, at)
    material = _material_numbers(connection, {row.composition: row.elements for row in fresh})
    quantity = _numbers(connection, quantities, ("name", "unit"), (row.quantity for row in fresh))
    told = _numbers(connection, conditions, ("processing", "phase", "test"), (row.conditions for row in fresh))
    source = _numbers(connection, sources, ("name",), ((row.source,) for row in fresh), {"title": "", "licence": ""})
    first = last_number(connection, points) + 1
    names = "id key material variables quantity kind source conditions test_temperature value std failure addition"
    written = (
        (
            number,
            row.key,
            material[row.composition],
            row.variables,
            quantity[row.quantity],
            row.kind,
            source[row.source,],
            told[row.conditions],
            *row.numbers,
            row.failure,
            addition,
        )
        for number, row in enumerate(fresh, start=first)
    )
    _insert(connection, points, names.split(), written)
    return len(fresh)


def new_addition(connection: sa.Connection, who: str, at: float) -> int:
    """The number of a new row that says who adds rows of other tables, and when; inside the caller's transaction."""
    number = last_number(connection, additions) + 1
    connection.execute(sa.insert(additions).values(id=number, at=at, who=who))
    return number


def _known(connection: sa.Connection, keys: Sequence[bytes]) -> set[bytes]:
    if not last_number(connection, points):
        return set()
    question = sa.select(points.c.key).where(points.c.key.in_(sa.bindparam("keys", expanding=True)))
    return {bytes(key) for part in chunks(keys) for key in connection.execute(question, {"keys": part}).scalars()}


def _material_numbers(connection: sa.Connection, wanted: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Numbers of materials by canonical composition; those that are not there are made."""
    named = {elements: ",".join(elements) for elements in wanted.values()}
    found = _found(connection, systems, ("elements",), [(text,) for text in named.values()])
    new = [(elements, text) for elements, text in named.items() if (text,) not in found]
    first = last_number(connection, systems) + 1
    rows = [(number, text, *bits_of(elements)) for number, (elements, text) in enumerate(new, start=first)]
    _insert(connection, systems, ["id", "elements", "low", "high"], rows)
    system = {elements: found.get((text,), 0) for elements, text in named.items()}
    system |= {elements: number for number, (elements, _) in enumerate(new, start=first)}
    there = _found(connection, materials, ("composition",), [(text,) for text in wanted])
    made = [text for text in wanted if (text,) not in there]
    first = last_number(connection, materials) + 1
    numbered = {text: number for number, text in enumerate(made, start=first)}
    rows_made = [(number, text, system[wanted[text]]) for text, number in numbered.items()]
    _insert(connection, materials, ["id", "composition", "system"], rows_made)
    return {text: number for (text,), number in there.items()} | numbered


def _numbers(
    connection: sa.Connection,
    table: sa.Table,
    names: tuple[str, ...],
    wanted: Iterable[tuple[str, ...]],
    rest: dict[str, Any] | None = None,
) -> dict[tuple[str, ...], int]:
    """Numbers of rows by their texts; those that are not there are made, with the rest."""
    distinct = [*dict.fromkeys(wanted)]
    found = _found(connection, table, names, distinct)
    made = [texts for texts in distinct if texts not in found]
    new = {texts: number for number, texts in enumerate(made, start=last_number(connection, table) + 1)}
    more = rest or {}
    _insert(connection, table, ["id", *names, *more], [(n, *texts, *more.values()) for texts, n in new.items()])
    return found | new


def _found(
    connection: sa.Connection, table: sa.Table, names: tuple[str, ...], wanted: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], int]:
    """Numbers of the rows that are there, by their texts."""
    columns = [table.c[name] for name in names]
    if not last_number(connection, table):
        return {}
    if len(columns) == 1:
        question = columns[0].in_(sa.bindparam("texts", expanding=True))
    else:
        question = sa.tuple_(*columns).in_(sa.bindparam("texts", expanding=True))
    query = sa.select(table.c.id, *columns).where(question)
    found: dict[tuple[str, ...], int] = {}
    for part in chunks(wanted, _AT_ONCE // len(columns)):
        asked = [texts[0] for texts in part] if len(columns) == 1 else part
        found |= {tuple(texts): number for number, *texts in connection.execute(query, {"texts": asked})}
    return found


def last_number(connection: sa.Connection, table: sa.Table) -> int:
    """The largest number of a row; 0 if there is none."""
    return int(connection.execute(sa.select(sa.func.max(table.c.id))).scalar_one() or 0)


def _insert(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Writes rows as tuples, which takes a fraction of the time of SQLAlchemy's rows by name."""
    columns = ", ".join(f'"{name}"' for name in names)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table.name} ({columns}) FROM STDIN", rows)
        return
    marks = ", ".join("?" * len(names))
    for part in chunks(rows, _ROWS_AT_ONCE):
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", part)  # noqa: S608


def _copy(connection: sa.Connection, command: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """PostgreSQL's own way for many rows; its errors are told as SQLAlchemy's are."""
    cursor: Any = connection.connection.cursor()
    base = connection.dialect.loaded_dbapi.Error
    try:
        with cursor.copy(command) as copy:
            for row in rows:
                copy.write_row(row)
    except base as error:
        raise sa.exc.DBAPIError.instance(command, None, error, base) from error
    finally:
        cursor.close()


def fill_in(connection: sa.Connection, given: Iterable[PointSource]) -> list[str]:
    """Writes what is newly known of sources; what the table says of one already stays.

    Returns:
        a line for each that says something else.
    """
    told = {one.name: one for one in given}
    _numbers(connection, sources, ("name",), [(name,) for name in told], {"title": "", "licence": ""})
    there = source_rows(connection, told)
    notes = []
    for name, new in told.items():
        changes: dict[str, Any] = {}
        for field in ("title", "year", "licence"):
            before, after = getattr(there[name], field), getattr(new, field)
            if before in ("", None):
                changes |= {field: after} if after not in ("", None) else {}
            elif after not in ("", None, before):
                notes.append(f"the {field} of {name} stays {before!r}; told was {after!r}")
        if changes:
            connection.execute(sa.update(sources).where(sources.c.name == name).values(**changes))
    return notes


def source_rows(connection: sa.Connection, names: Iterable[str] | None) -> dict[str, PointSource]:
    """Sources by name, those that are there; all of them if None."""
    row = sources.c
    query = sa.select(row.name, row.title, row.year, row.licence)
    parts = [query] if names is None else [query.where(row.name.in_(part)) for part in chunks(names)]
    return {found[0]: PointSource(*found) for part in parts for found in connection.execute(part)}
