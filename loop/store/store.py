"""The campaign database: one SQLite file or one schema of a PostgreSQL server, the only truth of a campaign."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from alloys.records import digest_of
from loop.store.acts import ActMethods
from loop.store.base import Clock, decode, encode
from loop.store.data import DataMethods
from loop.store.database.engine import Database, head_revision, is_database, make_tables, revision_of
from loop.store.database.lock import refuse_network_folder
from loop.store.database.postgresql import PostgreSQLDatabase, url_in
from loop.store.database.schema import campaign, facts
from loop.store.database.upgrade import upgrade
from loop.store.errors import CampaignExists, NoCampaign, StoreError
from loop.store.iterations import IterationMethods
from loop.store.observations import ObservationMethods
from loop.store.outbox import OutboxMethods
from loop.store.queue.imports import ImportMethods
from loop.store.queue.jobs import QueueMethods
from loop.store.queue.known import KnownMethods
from loop.store.queue.people import PeopleMethods
from loop.store.records import CampaignInfo, CodeVersion, Facts


def _fresh_nonce() -> str:
    return str(uuid.uuid4())


class CampaignStore(
    IterationMethods,
    QueueMethods,
    PeopleMethods,
    ImportMethods,
    KnownMethods,
    ObservationMethods,
    DataMethods,
    ActMethods,
    OutboxMethods,
):
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
        nonces: Callable[[], str] = _fresh_nonce,
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
            nonces: gives a fresh one at every call.

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
                make_tables(connection)
                connection.execute(sa.insert(campaign).values(row))
                connection.execute(sa.insert(facts).values(id=1, code_versions="[]"))
            database.set_journal()
        except BaseException:
            database.close()
            raise
        return cls(database, clock, nonces)

    @classmethod
    def open(cls, path: Path | str, clock: Clock = time.time, nonces: Callable[[], str] = _fresh_nonce) -> Self:
        """Opens a campaign's database, in a file or where the file says, bringing an older schema up to date.

        A file is copied before that; see `loop.store.database.upgrade`.

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
        return cls(database, clock, nonces)

    def campaign(self) -> CampaignInfo:
        """The campaign's own row."""
        with self._read() as connection:
            row = connection.execute(sa.select(campaign)).one()
        return CampaignInfo(row.name, decode(row.config), row.config_digest, row.seed, row.code_version, row.created)

    def facts(self) -> Facts:
        """What became known of the campaign as it went on."""
        with self._read() as connection:
            row = connection.execute(sa.select(facts)).one()
        point = None if row.reference_point is None else decode(row.reference_point)
        versions = tuple(CodeVersion(each["version"], each["at"]) for each in decode(row.code_versions))
        return Facts(row.last_iteration, point, versions)

    def go_until(self, last_iteration: int) -> None:
        """Notes how far a run means to go."""
        with self._write() as connection:
            connection.execute(sa.update(facts).values(last_iteration=last_iteration))

    def freeze_reference_point(self, point: Mapping[str, float]) -> None:
        """Says where hypervolumes are measured from, by objective in its unit; the first word holds."""
        written = encode(dict(point), "the reference point")
        with self._write() as connection:
            unset = sa.update(facts).where(facts.c.reference_point.is_(None))
            connection.execute(unset.values(reference_point=written))

    def go_on_with(self, version: str) -> str | None:
        """Notes the version of the program that drives the campaign from now on.

        Returns:
            the version before, or None where it is the same.
        """
        known = self.facts().code_versions
        before = known[-1].version if known else self.campaign().code_version
        if before == version:
            return None
        written = encode([asdict(each) for each in (*known, CodeVersion(version, self._clock()))], "versions")
        with self._write() as connection:
            connection.execute(sa.update(facts).values(code_versions=written))
        return before

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
