"""From an older schema to the newest: a copy first, then all migrations in one transaction, or nothing.

A file is copied beside itself. A server's backups are its operator's: there the upgrade waits to be told of one.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from alloys.errors import first_line
from alloys.files import sync_folder
from loop.store.database.driving import other_driver
from loop.store.database.engine import Database, head_revision, migrate, revision_of
from loop.store.database.postgresql import PostgreSQLDatabase
from loop.store.errors import StoreError

BACKUP_MADE = "ALLOYLOOP_BACKUP_MADE"
"""The environment variable that names the schema revision of which a server's backup was made."""


def upgrade(database: Database, path: Path) -> Path | None:
    """Brings a campaign's database to the newest schema.

    Args:
        database: the database.
        path: its file, or the file that names its server.

    Returns:
        the copy that was made before, or None on a server, or where another process was first.

    Raises:
        StoreError: if a run is under way, no copy could be made, or a migration fails; the database is as it was.
        UnknownSchema: if a newer version wrote it.
    """
    driver = other_driver(path.parent)
    if driver is not None:
        raise StoreError(f"{path} has an older schema and is driven by {driver}; let it end, then try again")
    copy = None
    with database.write() as connection:
        revision = revision_of(connection, path)
        if revision == head_revision():
            return None
        if isinstance(database, PostgreSQLDatabase):
            _ask_for_backup(database.schema, revision)
        else:
            copy = backup(path, revision)
        try:
            migrate(connection)
        except Exception as error:
            kept = f"; a copy is {copy}" if copy is not None else ""
            raise StoreError(
                f"{path} could not be brought from schema {revision} to {head_revision()}: {_line(error)}; "
                f"it is as it was{kept}: use the version that wrote it"
            ) from error
    return copy


def backup(path: Path, revision: str) -> Path:
    """Copies a database file beside itself as ``NAME.schema-REVISION-DIGEST.db``, whole and on disk, or not at all.

    The digest is of the content, so a copy never takes the place of another. Writers must be kept away meanwhile.

    Raises:
        StoreError: if it cannot be made; nothing was changed.
    """
    made = None
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.copying-")
        os.close(descriptor)
        made = Path(name)
        _copy(path, made)
        with made.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()[:12]
            os.fsync(stream.fileno())
        target = path.with_name(f"{path.stem}.schema-{revision}-{digest}.db")
        os.replace(made, target)
        sync_folder(path.parent)
    except (OSError, sqlite3.Error) as error:
        if made is not None:
            made.unlink(missing_ok=True)
        raise StoreError(
            f"{path} has schema {revision} and was not brought to {head_revision()}: no copy of it could be made "
            f"({error}); it is as it was"
        ) from error
    return target


def _copy(source: Path, target: Path) -> None:
    """SQLite's own copy, which a journal of the source's is part of, checked from its first page to its last."""
    address = f"{source.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        told = new.execute("PRAGMA integrity_check").fetchone()[0]
        if told != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged: {told}")


def _ask_for_backup(schema: str, revision: str) -> None:
    if os.environ.get(BACKUP_MADE) != revision:
        raise StoreError(
            f"the campaign in the schema {schema!r} has the older schema {revision}, to be brought to "
            f"{head_revision()}. Its backup is its operator's: end every run of it, keep `pg_dump --schema={schema}`, "
            f"and give this command once with {BACKUP_MADE}={revision} in its environment"
        )


def _line(error: Exception) -> str:
    told = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    return first_line(told or error)[:300]
