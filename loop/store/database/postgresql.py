"""A campaign's database on a PostgreSQL server, reached from any host: one schema for each campaign.

A writer holds an advisory lock, and is alone with it, as `BEGIN IMMEDIATE` is on SQLite.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from loop.store.database.engine import BUSY_MILLISECONDS, CAMPAIGN, Database, told
from loop.store.errors import CampaignBusy, NoCampaign, StoreError

DRIVER = "postgresql+psycopg"
_QUERY = frozenset(
    "schema host port sslmode sslrootcert sslcert sslkey sslcrl channel_binding connect_timeout "
    "target_session_attrs".split()
)
"""What may stand behind the question mark: nothing that holds a password, or what the connection may do."""
_SCHEMA = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def parse_url(text: str, schema: str | None = None, what: str = CAMPAIGN) -> sa.URL:
    """The URL of a database on a server, ``postgresql+psycopg://USER@HOST/DATABASE?schema=SCHEMA``.

    Args:
        text: the URL.
        schema: what lies in this one, where the URL names none.
        what: kind of database it is, for messages.

    Raises:
        StoreError: if it is no such URL, names no schema, or holds a password.
    """
    try:
        url = sa.make_url(text.strip())
    except (sa.exc.ArgumentError, ValueError):  # not told further: both repeat the text, and a password in it
        raise StoreError(
            f"cannot read the URL {_without_password(text)[:80]!r}: write {DRIVER}://USER@HOST/DATABASE"
        ) from None
    if url.drivername != DRIVER:
        raise StoreError(f"a {what} on a server is at {DRIVER}://USER@HOST/DATABASE, got {url.drivername}://")
    stray = sorted(set(url.query) - _QUERY)
    if stray:
        raise StoreError(
            f"the URL of a {what} cannot have {', '.join(stray)}; after '?' are known {', '.join(sorted(_QUERY))}"
        )
    if url.password is not None:
        raise StoreError(f"the URL of a {what} holds no password: set PGPASSWORD, or keep it in ~/.pgpass")
    if schema is not None and "schema" not in url.query:
        url = url.update_query_dict({"schema": schema})
    if not _SCHEMA.fullmatch(str(url.query.get("schema", ""))):
        raise StoreError(f"the URL needs the {what}'s schema, ?schema=NAME, got {url.query.get('schema')!r}")
    return url


def _without_password(text: str) -> str:
    """The text with a mark in place of whatever could be a password in it."""
    hidden = re.sub(r":\S*@", ":***@", text)
    return re.sub(r"(?i)(pass\w*=)[^&\s]*", r"\1***", hidden)


def url_in(path: Path) -> sa.URL | None:
    """The URL that a file holds, or None where it is something else.

    Raises:
        StoreError: if it holds a URL that is none of ours.
    """
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        start = stream.read(2000)
    return parse_url(start.decode(errors="replace")) if start.startswith(b"postgresql") else None


def _lock_number(what: str, schema: str) -> int:
    """The number of an advisory lock; the server knows no names."""
    return int.from_bytes(hashlib.sha256(f"alloyloop {what} {schema}".encode()).digest()[:8], signed=True)


def _engine(url: sa.URL, name: str = "alloyloop", schema: str | None = None) -> sa.Engine:
    path = "" if schema is None else f' -c search_path="{schema}"'
    settings = {"options": f"-c lock_timeout={BUSY_MILLISECONDS}{path}", "application_name": name}
    try:
        return sa.create_engine(url.difference_update_query(["schema"]), connect_args=settings, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise StoreError(f"PostgreSQL needs the package {error.name!r}: pip install 'alloyloop[postgresql]'") from error


class PostgreSQLDatabase(Database):
    """A schema of a PostgreSQL database.

    Args:
        url: as `parse_url` gives it.
        what: kind of database it is, for messages.
    """

    def __init__(self, url: sa.URL, what: str = CAMPAIGN) -> None:
        self.what = what
        self.schema = str(url.query["schema"])
        self.engine = _engine(url, schema=self.schema)
        self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._lock = _lock_number("writers", self.schema)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent look at the database.

        Raises:
            StoreError: if the server cannot be reached.
        """
        with self.undisturbed(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that waits for its turn among the writers; it commits at the end, or leaves nothing.

        Raises:
            StoreBusy: if another writer held the lock for too long.
        """
        with self.undisturbed(), self.engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(self._lock)))
            yield connection

    def set_journal(self) -> None:
        """Nothing to set: the server's own settings hold."""

    def driver(self) -> str | None:
        """Which process drives the campaign, wherever it runs; None where none does."""
        with self.read() as connection:
            return _holder(connection, _lock_number("driver", self.schema))

    def make_schema(self) -> None:
        """Makes the schema where there is none.

        Raises:
            StoreError: if the server cannot be reached, or does not allow it.
        """
        with self.undisturbed(), self.engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(self._lock)))
            if not self._has_schema(connection):  # who may write in it need not be allowed to make it
                connection.execute(sa.schema.CreateSchema(self.schema))
        # What SQLAlchemy has learned of the default schema is from before it was there.
        self.engine.dispose()
        self.engine.dialect.default_schema_name = self.schema

    def refuse_missing(self) -> None:
        """Refuses a server without the campaign's schema.

        Raises:
            NoCampaign: if there is none.
            StoreError: if the server cannot be reached.
        """
        with self.read() as connection:
            if not self._has_schema(connection):
                raise NoCampaign(f"there is no campaign in the schema {self.schema!r}; `alloyloop run` makes one")

    def _has_schema(self, connection: sa.Connection) -> bool:
        query = sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        return connection.execute(query, {"name": self.schema}).first() is not None


def _holder(connection: sa.Connection, number: int) -> str | None:
    """The name of the session that holds an advisory lock."""
    query = sa.text(
        "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' "
        "AND (classid::bigint << 32 | objid::bigint) = :number AND objsubid = 1 AND granted"
    )
    found: str | None = connection.execute(query, {"number": number}).scalar()
    return found


class ServerLock:
    """One driver for each campaign on a server, wherever it runs: a lock of the session, gone when that ends.

    Args:
        url: the campaign's, as `parse_url` gives it.
        owner: who asks, told to others.
    """

    def __init__(self, url: sa.URL, owner: str) -> None:
        self._schema = str(url.query["schema"])
        self._number = _lock_number("driver", self._schema)
        # The server cuts a name at 63 bytes.
        self._engine = _engine(url, name=f"alloyloop {owner}"[:63])
        self._connection: sa.Connection | None = None

    def acquire(self) -> None:
        """Takes the lock.

        Raises:
            CampaignBusy: naming who holds it.
            StoreError: if the server cannot be reached.
        """
        with told():
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.execute(sa.select(sa.func.pg_try_advisory_lock(self._number))).scalar_one():
            self._connection = connection
            return
        holder = _holder(connection, self._number)
        connection.close()
        raise CampaignBusy(
            f"the campaign in the schema {self._schema!r} is already driven by {holder or 'another process'}; "
            "wait for it or end it, then run again"
        )

    def release(self) -> None:
        """Lets go of the lock; nothing happens where it is not held."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()
