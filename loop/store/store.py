"""The campaign database: one SQLite file or one schema of a PostgreSQL server, the only truth of a campaign."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from alloys.records import digest_of
from loop.store.base import Clock, decode, encode
from loop.store.engine import Database, head_revision, is_database, migrate, revision_of
from loop.store.errors import CampaignExists, NoCampaign, StoreError
from loop.store.imports import ImportMethods
from loop.store.iterations import IterationMethods
from loop.store.lock import refuse_network_folder
from loop.store.observations import ObservationMethods
from loop.store.outbox import OutboxMethods
from loop.store.people import PeopleMethods
from loop.store.postgresql import PostgreSQLDatabase, url_in
from loop.store.queue import QueueMethods
from loop.store.records import CampaignInfo
from loop.store.schema import campaign
from loop.store.upgrade import upgrade


def _fresh_token() -> str:
    return str(uuid.uuid4())


class CampaignStore(IterationMethods, QueueMethods, PeopleMethods, ImportMethods, ObservationMethods, OutboxMethods):
    """A campaign's database with its validation queue inside.

    Made by `create` or `open`. Every write is one short transaction, so a process may end at any moment. Threads
    may share a store; another process opens its own.

    A driver tries `open` first and calls `create` on `NoCampaign`: a process that ended inside `create` may have
    left an empty file, which `create` takes over.
    """

    @classmethod
    def create(
        cls,
        path: Path | str,
        *,
        name: str,
        config: Mapping[str, Any],
        seed: int,
        code_version: str,
        clock: Clock = time.time,
        tokens: Callable[[], str] = _fresh_token,
    ) -> Self:
        """Makes the database of a new campaign.

        Args:
            path: the file; its folder is made where there is none. A file that holds a URL of PostgreSQL names the
                server where the database is instead.
            name: the campaign's name.
            config: its configuration as plain JSON values.
            seed: its seed.
            code_version: version of the program.
            clock: gives unix seconds.
            tokens: gives a fresh lease token at every call.

        Raises:
            CampaignExists: if a campaign is there already.
            NetworkFolder: if the folder is on a network filesystem.
            StoreError: if the configuration has no JSON form or the file is something else.
        """
        written = encode(dict(config), "the configuration")
        row = {"id": 1, "name": name, "config": written, "config_digest": digest_of(dict(config))}
        row |= {"seed": seed, "code_version": code_version, "created": clock()}
        path = Path(path)
        database = _made(path)
        try:
            with database.write() as connection:
                _refuse_existing(connection, path)
                migrate(connection)
                connection.execute(sa.insert(campaign).values(row))
            database.set_journal()
        except BaseException:
            database.close()
            raise
        return cls(database, clock, tokens)

    @classmethod
    def open(cls, path: Path | str, clock: Clock = time.time, tokens: Callable[[], str] = _fresh_token) -> Self:
        """Opens a campaign's database, in a file or where the file says, bringing an older schema up to date.

        A file is copied before that; see `loop.store.upgrade`.

        Raises:
            StoreError: if an older schema cannot be brought up to date; it is left as it is.
            NoCampaign: if there is no such file, or it is something else.
            UnknownSchema: if a newer version of the program wrote it; it is left as it is.
            NetworkFolder: if the folder is on a network filesystem.
        """
        path = Path(path)
        database = _found(path)
        try:
            with database.read() as connection:
                revision = revision_of(connection, path)
            database.set_journal()
            if revision != head_revision():
                upgrade(database, path)
        except BaseException:
            database.close()
            raise
        return cls(database, clock, tokens)

    def campaign(self) -> CampaignInfo:
        """The campaign's own row."""
        with self._read() as connection:
            row = connection.execute(sa.select(campaign)).one()
        return CampaignInfo(row.name, decode(row.config), row.config_digest, row.seed, row.code_version, row.created)

    def go_on_with(self, version: str) -> str | None:
        """Notes the version of the program that drives the campaign from now on.

        Each after the one that made the campaign is listed in the notes on iteration 0, as ``code_versions`` with its
        time; before there is such an iteration, once it begins.

        Returns:
            the version before, or None where it is the same.
        """
        before = self._last_version()
        if before == version:
            return None
        entry = {"version": version, "at": self._clock()}
        if self.iterations():
            later = self.iteration(0).info.get("code_versions", [])
            self.note_iteration(0, code_versions=[*later, entry])
        else:
            self._first_notes = {"code_versions": [entry]}
        return before

    def _last_version(self) -> str:
        first = next(iter(self.iterations()), None)
        later = first.info.get("code_versions", []) if first is not None else []
        return str(later[-1]["version"]) if later else self.campaign().code_version

    def close(self) -> None:
        """Closes every connection; the store cannot be used after."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _made(path: Path) -> Database:
    """The database in a file that may be new, or on the server that the file names."""
    url = url_in(path)
    if url is not None:
        return _ready(PostgreSQLDatabase(url), PostgreSQLDatabase.make_schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    refuse_network_folder(path.parent)
    if path.exists() and not is_database(path):
        raise StoreError(f"{path} is there already and is not a database; choose another name")
    return Database.at(path)


def _found(path: Path) -> Database:
    """The database in a file, or on the server that the file names."""
    url = url_in(path)
    if url is not None:
        return _ready(PostgreSQLDatabase(url), PostgreSQLDatabase.refuse_missing)
    if not path.is_file():
        raise NoCampaign(f"there is no campaign database at {path}; `alloyloop run` makes one")
    refuse_network_folder(path.parent)
    if not is_database(path):
        raise NoCampaign(f"{path} is not a campaign database")
    return Database.at(path)


def _ready(server: PostgreSQLDatabase, check: Callable[[PostgreSQLDatabase], None]) -> Database:
    try:
        check(server)
    except BaseException:
        server.close()
        raise
    return server


def _refuse_existing(connection: sa.Connection, path: Path) -> None:
    tables = sa.inspect(connection).get_table_names()
    if "campaign" in tables:
        raise CampaignExists(f"a campaign database is there already: {path}; open it, or choose another name")
    if tables:
        raise StoreError(f"{path} is there already and is another database, with tables {', '.join(tables)}")
