"""The materials table: one SQLite file or one schema of a PostgreSQL server, which many campaigns and people share."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from alloys.errors import InputError, without_secrets
from alloys.points.point import LONGEST_TEXT, Point, PointSource
from loop.materials.checking import problems_of
from loop.materials.query import PointQuery, conditions_of
from loop.materials.reading import points_of
from loop.materials.records import AddedPoints, StoredPoint
from loop.materials.schema import EARLIER, REVISION, bring_up_to_date, make_tables, materials_schema, points
from loop.materials.writing import chunks, fill_in, insert_points, last_number, refuse_unfit, rows_of, source_rows
from loop.store.database.engine import Database, is_database
from loop.store.database.lock import refuse_network_folder
from loop.store.database.postgresql import DRIVER, PostgreSQLDatabase, parse_url, url_in
from loop.store.errors import StoreError, UnknownSchema

WHAT = "materials table"
_SCHEMA = "materials"
"""The schema on a server, where the URL names none."""


class NoMaterialsTable(StoreError):  # noqa: N818 - named for what is the case, as the store's errors are
    """There is no materials table at that place."""


class MaterialsTable:
    """Everything that is known of materials, as points that never change.

    Writers come one after the other, each with all its points or none. So numbers of points become visible in their
    order, and "up to point N" is the same for ever.

    Args:
        database: where the rows are.
        clock: gives unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    @classmethod
    def open(cls, where: str | Path, *, create: bool = False, clock: Callable[[], float] = time.time) -> Self:
        """Opens a table; one of an earlier schema is brought up to date.

        Args:
            where: a file, or ``postgresql://USER@HOST/DATABASE?schema=NAME``; the schema is ``materials`` if none is
                named.
            create: whether to make it where there is none.
            clock: gives unix seconds.

        Raises:
            NoMaterialsTable: if there is none, or something else.
            UnknownSchema: if another version of the program wrote it; it is left as it is.
            StoreError: if it cannot be opened, is damaged or on a network filesystem.
        """
        database = _database(where, create=create)
        try:
            with database.read() as connection:
                revision = _revision(connection, where)
            if revision is None and not create:
                raise NoMaterialsTable(f"there is no materials table at {where}; `alloyloop materials add` makes one")
            if revision != REVISION:
                _make(database, where, clock())
            database.set_journal()
        except BaseException:
            database.close()
            raise
        return cls(database, clock)

    def add(self, points: Iterable[Point], *, sources: Iterable[PointSource] = (), who: str) -> AddedPoints:
        """Adds points: all that are not there yet, or none.

        Args:
            points: what is said; the same fact is one point, however often it is told.
            sources: what is known of where they come from; a source that is not among them has only its name. What the
                table says of a source already stays.
            who: adds them.

        Raises:
            InputError: for a text that cannot be kept, or if nobody is named.
            StoreBusy: if other writers held the table for too long; nothing was added.
            StoreUnwritable: if it cannot be written; nothing was added.
        """
        if not who.strip():
            raise InputError("points are added by somebody: give `who`")
        refuse_unfit(who, LONGEST_TEXT)
        rows, repeats = rows_of(points)
        described = [*sources]
        for one in described:
            refuse_unfit(one.name, LONGEST_TEXT)
            refuse_unfit(f"{one.title}{one.licence}", None)
        with self.write() as connection:
            new = insert_points(connection, rows, who, self._clock())
            notes = fill_in(connection, described)
        return AddedPoints(new, len(rows) - new + repeats, tuple(notes))

    def points(self, query: PointQuery = PointQuery()) -> Iterator[StoredPoint]:  # noqa: B008 - frozen
        """The points that match now, in order of their numbers; no writer waits until they are read."""
        with self.read() as connection:
            numbers = connection.execute(self._select(points.c.id, query)).scalars().all()
        return points_of(self.read, numbers)

    def sources(self, names: Iterable[str] | None = None) -> dict[str, PointSource]:
        """Sources by name, those that are there; all of them if None."""
        with self.read() as connection:
            return source_rows(connection, names)

    def last(self) -> int:
        """The number of the newest point; 0 if there is none."""
        with self.read() as connection:
            return last_number(connection, points)

    def numbers(self, given: Iterable[Point]) -> list[int]:
        """The numbers of those of some points that are there."""
        query = sa.select(points.c.id).where(points.c.key.in_(sa.bindparam("keys", expanding=True)))
        with self.read() as connection:
            parts = chunks(bytes.fromhex(point.key) for point in given)
            return [number for part in parts for number in connection.execute(query, {"keys": part}).scalars()]

    def digest(self, query: PointQuery) -> str:
        """sha256 over the keys of the points that match, in order of their numbers."""
        found = hashlib.sha256()
        with self.read() as connection:
            for keys in connection.execute(self._select(points.c.key, query)).scalars().partitions(10_000):
                found.update(b"".join(keys))
        return found.hexdigest()

    def problems(self) -> list[str]:
        """What cannot be in a table that only this program wrote; none is the good answer. Reads every row.

        Raises:
            StoreError: if the table is too damaged to be read.
        """
        return problems_of(self.read)

    def read(self) -> AbstractContextManager[sa.Connection]:
        """One consistent look at the rows; keep it short, for it can make writers wait."""
        return self._database.read()

    def write(self) -> AbstractContextManager[sa.Connection]:
        """One transaction that is alone in writing; it commits at the end, or leaves nothing."""
        return self._database.write()

    def close(self) -> None:
        """Closes every connection; the table cannot be used after."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def _select(column: sa.Column[Any], query: PointQuery) -> sa.Select[Any]:
        return sa.select(column).where(*conditions_of(query)).order_by(points.c.id)


def _database(where: str | Path, *, create: bool) -> Database:
    """The database at a place; a file or a schema that is not there is made only where one may be created."""
    text = str(where).strip()
    url = _url(text) if text.startswith("postgresql") else url_in(Path(where))
    if url is not None:
        server = PostgreSQLDatabase(url, WHAT)
        try:
            if create:
                server.make_schema()
        except BaseException:
            server.close()
            raise
        return server
    if "://" in text:
        raise StoreError(
            f"a materials table is a file or at postgresql://USER@HOST/DATABASE, got {without_secrets(text)[:60]!r}"
        )
    return _file(Path(where), create=create)


def _file(path: Path, *, create: bool) -> Database:
    if path.is_dir():
        raise NoMaterialsTable(f"{path} is a folder; a materials table is a file, such as {path / 'materials.db'}")
    if not path.name.strip() or (path.exists() and not path.is_file()):
        raise NoMaterialsTable(
            f"{str(path)!r} is no ordinary file, as a materials table is; name one such as materials.db"
        )
    if not path.is_file() and not create:
        raise NoMaterialsTable(f"there is no materials table at {path}; `alloyloop materials add` makes one")
    path.parent.mkdir(parents=True, exist_ok=True)
    refuse_network_folder(path.parent)
    if path.exists() and not is_database(path):
        raise NoMaterialsTable(f"{path} is not a materials table, nor any database; name another file")
    # The whole path: SQLite takes some names, such as :memory:, for no file.
    return Database.at(path.absolute(), WHAT)


def _url(text: str) -> sa.URL:
    plain = text.replace("postgresql://", f"{DRIVER}://", 1) if text.startswith("postgresql://") else text
    return parse_url(plain, _SCHEMA, WHAT)


def _revision(connection: sa.Connection, where: object) -> str | None:
    """The schema of the materials table; None where there is nothing at all.

    Raises:
        NoMaterialsTable: if there is something else.
        UnknownSchema: if this program does not know it.
    """
    tables = sa.inspect(connection).get_table_names()
    if materials_schema.name not in tables:
        if "campaign" in tables and "jobs" in tables:
            raise NoMaterialsTable(f"{where} is the database of a campaign, not a materials table; name another file")
        if tables:
            raise NoMaterialsTable(f"{where} is another database, with tables {', '.join(sorted(tables)[:8])}")
        return None
    found = connection.execute(sa.select(materials_schema.c.revision)).scalar_one_or_none()
    known = (*EARLIER, REVISION)
    if found not in known:
        raise UnknownSchema(
            f"{where} has schema revision {found!r}, which this version does not know (it knows {', '.join(known)}); "
            "it was left as it is: use the newer version that wrote it"
        )
    return str(found)


def _make(database: Database, where: object, now: float) -> None:
    """Makes what is not there: everything, or what an earlier schema lacks; another process may have been first."""
    with database.write() as connection:
        revision = _revision(connection, where)
        if revision is None:
            make_tables(connection, now)
        elif revision != REVISION:
            bring_up_to_date(connection)
