"""The database engine: SQLite's pragmas, short transactions, and migrations run from code."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event

from loop.store.database.driving import driver_of
from loop.store.database.interrupts import held_back
from loop.store.database.schema import make_triggers, metadata
from loop.store.database.triggers import drop_triggers
from loop.store.errors import NoCampaign, StoreBusy, StoreError, StoreUnwritable, UnknownSchema

BUSY_MILLISECONDS = 30_000
_BEGIN = "alloyloop_begin"
CAMPAIGN = "campaign database"
"""What messages call a database that nothing else is said of."""


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite is free of the corruption of write-ahead logs under concurrent write and checkpoint.

    The bug is in 3.7.0 to 3.51.2, with fixes taken back to 3.50.7 and 3.44.6: https://sqlite.org/wal.html
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)


def journal_settings(version: tuple[int, int, int]) -> tuple[str, str]:
    """Journal mode and synchronous level that lose nothing at a power cut with this SQLite."""
    return ("wal", "FULL") if wal_is_safe(version) else ("delete", "EXTRA")


def _on_connect(connection: Any, record: Any) -> None:
    # Transactions are begun by `_on_begin`, not by the driver, which would begin them deferred.
    connection.isolation_level = None
    synchronous = journal_settings(sqlite3.sqlite_version_info)[1]
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA synchronous = {synchronous}")
    cursor.close()


def _on_begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


class Database:
    """An engine with two kinds of transaction: read, and short immediate write.

    Args:
        url: where it is.
        what: kind of database it is, for messages.
    """

    def __init__(self, url: sa.URL, what: str = CAMPAIGN) -> None:
        self.what = what
        self.engine = sa.create_engine(url)
        event.listen(self.engine, "connect", _on_connect)
        event.listen(self.engine, "begin", _on_begin)
        self._writing = self.engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})

    @classmethod
    def at(cls, path: Path, what: str = CAMPAIGN) -> Database:
        """The database in one file."""
        return Database(sa.URL.create("sqlite", database=str(path)), what)

    def driver(self) -> str | None:
        """Which process of this host drives the campaign; None where none does."""
        return driver_of(Path(self.engine.url.database or "").parent)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Around every transaction: Ctrl-C waits for its end, and what goes wrong is told."""
        with held_back(), told(self.what):
            yield

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent look at the database.

        Raises:
            StoreBusy: if a writer held it for too long.
        """
        with self.undisturbed(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that takes the write lock at its start; it commits at the end, or leaves nothing.

        Raises:
            StoreBusy: if another writer held it for too long.
        """
        with self.undisturbed(), self._writing.begin() as connection:
            yield connection

    def set_journal(self) -> None:
        """Sets the journal mode, which is kept in the file; only where it is another one.

        Raises:
            StoreBusy: if another process uses the file meanwhile.
        """
        wanted = journal_settings(sqlite3.sqlite_version_info)[0]
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
                cursor.execute(f"PRAGMA journal_mode = {wanted}")
                if cursor.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
                    raise StoreBusy("the journal mode cannot be changed while another process has the database open")
            cursor.close()
        except sqlite3.OperationalError as error:
            if unwritable(error):
                raise no_room(error, self.what) from error
            raise StoreBusy(f"the {self.what} is in use by another process ({error})") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


@contextmanager
def told(what: str = CAMPAIGN) -> Iterator[None]:
    """Turns what a kind of database says of locks, a full disk, damage or a lost server into a line to act on."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        meant = _meant(error, what)
        if meant is None:
            raise
        raise meant from error
    except UnicodeDecodeError as error:  # SQLite repeats what it cannot read
        raise _damaged(what, error) from error


def _damaged(what: str, error: object) -> StoreError:
    return StoreError(f"the {what} is damaged ({error}); restore it from a copy")


def _meant(error: sa.exc.DBAPIError, what: str) -> StoreError | None:
    """What a person can act on, where there is such a thing to say."""
    said = str(error.orig)
    if unwritable(error.orig):
        return no_room(error.orig, what)
    if getattr(error.orig, "sqlstate", None) == _FORBIDDEN:
        return StoreError(f"the {what}'s server does not allow it: {said.splitlines()[0]}; ask its owner")
    if type(error) is sa.exc.DatabaseError or said.startswith("Could not decode to UTF-8"):
        return _damaged(what, said)
    if not isinstance(error, sa.exc.OperationalError):
        return None
    # A name that nobody can resolve, and the like, has no state: it did not come from a server.
    if error.connection_invalidated or "connection" in said or getattr(error.orig, "sqlstate", "") is None:
        return StoreError(f"the {what}'s server cannot be reached: {said}")
    if any(word in said for word in ("locked", "busy", "lock timeout")):
        held = f"another process held the {what} for over {BUSY_MILLISECONDS / 1000:g} s"
        return StoreBusy(f"{held}; try again")
    return None


_UNWRITABLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_FORBIDDEN = "42501"
"""PostgreSQL's insufficient_privilege."""
# disk_full, read_only_sql_transaction
_UNWRITABLE_STATES = ("53100", "25006")


def unwritable(error: BaseException | None) -> bool:
    """Whether a database driver's error says that the disk is full, broken or cannot be written."""
    code = getattr(error, "sqlite_errorcode", None)
    return (code is not None and code & 0xFF in _UNWRITABLE) or getattr(error, "sqlstate", None) in _UNWRITABLE_STATES


def no_room(error: BaseException | None, what: str) -> StoreUnwritable:
    """The same as an error to act on."""
    return StoreUnwritable(f"the {what} cannot be written ({error}); make room on its disk, or make it writable")


def is_database(path: Path) -> bool:
    """Whether a file is an SQLite database, or empty and so could become one."""
    with path.open("rb") as file:
        return file.read(16) in (b"", b"SQLite format 3\x00")


_MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = [_MIGRATIONS / "versions"]
"""Folders of the revisions."""


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS), version_locations=[str(folder) for folder in VERSIONS])


def head_revision() -> str:
    """The newest schema this program knows."""
    return str(_scripts().get_current_head())


def revision_of(connection: sa.Connection, path: object) -> str:
    """The schema revision of a database, without changing anything.

    Raises:
        NoCampaign: if the file is not a campaign database.
        UnknownSchema: if its revision is one this program does not know.
    """
    heads = MigrationContext.configure(connection).get_current_heads()
    if len(heads) != 1:
        raise NoCampaign(f"{path} is not a campaign database: it names no schema revision")
    known = {script.revision for script in _scripts().walk_revisions()}
    if heads[0] not in known:
        raise UnknownSchema(
            f"{path} has schema revision {heads[0]!r}, which this version does not know (it knows "
            f"{', '.join(sorted(known))}); it was left as it is: use the newer version that wrote it"
        )
    return heads[0]


def make_tables(connection: sa.Connection) -> None:
    """Makes an empty database of the newest schema inside the caller's transaction."""
    metadata.create_all(connection)
    make_triggers(connection)
    MigrationContext.configure(connection).stamp(_scripts(), "head")


def migrate(connection: sa.Connection, target: str = "head") -> None:
    """Brings an older database up to a revision inside the caller's transaction; triggers are made anew at the end."""
    drop_triggers(connection)
    scripts = _scripts()

    def steps(revision: Any, context: Any) -> Any:
        return scripts._upgrade_revs(target, revision)

    with EnvironmentContext(Config(), scripts, fn=steps, destination_rev=target) as environment:
        environment.configure(connection=connection)
        with environment.begin_transaction():
            environment.run_migrations()
    make_triggers(connection)
