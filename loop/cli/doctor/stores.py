"""Where campaigns are kept: the disk, SQLite on it, a PostgreSQL server, MLflow's store."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import sqlalchemy as sa

from alloys.errors import InputError, first_line
from loop.cli.doctor.finding import Finding, Health, judged
from loop.review.desk.address import Address
from loop.store.database.engine import journal_settings, wal_is_safe
from loop.store.database.lock import filesystem_of, refuse_network_folder

_LEAST_FREE = 2 * 10**9
_CONNECT_SECONDS = 3


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    return next((each for each in (folder, *folder.parents) if each.is_dir()), Path("/"))


def disk(folder: Path) -> Finding:
    """Room, and whether files can be written, linked and moved there."""
    free = shutil.disk_usage(folder).free
    found = f"{folder}: {free / 1e9:.1f} GB free, {filesystem_of(folder) or 'unknown file system'}"
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".alloyloop-doctor-") as place:
            _write_link_move(Path(place))
    except OSError as error:
        return judged("disk", found, f"files cannot be written there ({error.strerror}): choose another --directory")
    advice = "make room: campaigns stop, without a loss, where the disk is full" if free < _LEAST_FREE else ""
    return judged("disk", found, advice)


def _write_link_move(folder: Path) -> None:
    with (folder / "new").open("wb") as file:
        file.write(b"alloyloop")
        os.fsync(file.fileno())
    os.link(folder / "new", folder / "linked")
    os.replace(folder / "linked", folder / "moved")


def sqlite(folder: Path) -> Finding:
    """SQLite, and whether its journal and locks can be used there."""
    journal = journal_settings(sqlite3.sqlite_version_info)[0]
    why = "" if wal_is_safe(sqlite3.sqlite_version_info) else " (its write-ahead log has a bug, and is not used)"
    found = f"SQLite {sqlite3.sqlite_version}, journal {journal}{why}"
    try:
        refuse_network_folder(folder)
        with (
            tempfile.TemporaryDirectory(dir=folder, prefix=".alloyloop-doctor-") as place,
            closing(sqlite3.connect(Path(place) / "try.db", isolation_level=None)) as connection,
        ):
            got = connection.execute(f"PRAGMA journal_mode = {journal}").fetchone()[0]
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE tried (number INTEGER)")
            connection.execute("COMMIT")
    except (InputError, OSError, sqlite3.Error) as error:
        return judged("SQLite", found, first_line(error))
    return judged("SQLite", found, "" if got == journal else f"the disk allows only journal {got}; use a local disk")


def postgresql(url: sa.URL | None) -> Finding:
    """The server that a configuration names."""
    if url is None:
        return judged("PostgreSQL", "not asked for: campaigns are files", needed=False)
    shown = url.render_as_string(hide_password=True)
    try:
        engine = sa.create_engine(url, connect_args={"connect_timeout": _CONNECT_SECONDS})
        with engine.connect() as connection:
            version = connection.scalar(sa.text("SHOW server_version"))
        engine.dispose()
    except ImportError as error:
        return Finding("PostgreSQL", Health.MISSING, f"{error}", "pip install 'alloyloop[postgresql]'")
    except sa.exc.SQLAlchemyError as error:
        return judged("PostgreSQL", f"{shown}: {first_line(error)}", "start the server, or correct `state`")
    return judged("PostgreSQL", f"{shown}: version {version}")


def mlflow(folder: Path) -> Finding:
    """MLflow's store: the server that is named, or the file in a folder."""
    address = Address.of(folder)
    if address.folder is None:
        try:
            address.knock()
        except OSError as error:
            return judged("MLflow", f"{address.shown}: {error.strerror or error}", f"start it, or {address.advice}")
        return judged("MLflow", f"{address.shown} answers")
    file = folder / "mlflow.db"
    if not file.is_file():
        return judged("MLflow", f"no store in {folder} yet; the first run makes it")
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as store:
        runs = store.execute("SELECT count(*) FROM runs").fetchone()[0]
        return judged("MLflow", f"{file}: {runs} runs")
    advice = f"move {file} away: `alloyloop run` and `alloyloop mlflow sync` write it again"
    return judged("MLflow", f"{file} cannot be read", advice)
