"""Where MLflow's store lies: a folder of this machine, or the server that ``MLFLOW_TRACKING_URI`` names."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

from alloys.errors import InputError, first_line, without_secrets
from loop.execute.loopback import host_and_port, leave_proxies_out

VARIABLE = "MLFLOW_TRACKING_URI"
"""MLflow's own name for the address of a store."""

_AS_RUNS = "workflowType=machine_learning"
_PORTS = {"http": 80, "https": 443}
_PATIENCE = 5.0
_PLACES = (
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
"""Tables and columns of MLflow's database that hold addresses of artifacts."""


def tracking_uri(folder: Path) -> str:
    """The URI of the store in a folder."""
    return f"sqlite:///{quote(str((folder / 'mlflow.db').resolve()))}"


def artifacts_uri(folder: Path) -> str:
    """Where the artifacts of a store in a folder lie."""
    return (folder / "artifacts").resolve().as_uri()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is.

    Attributes:
        uri: as MLflow takes it.
        folder: of a local store; None where somebody else keeps the store and its artifacts.
        advice: what to do where it cannot be used, for messages.
    """

    uri: str
    folder: Path | None
    advice: str

    @classmethod
    def of(cls, folder: Path, advice: str = "set tracking.folder") -> Address:
        """The store in a folder, unless `VARIABLE` names another one.

        Raises:
            InputError: if that is no address.
        """
        uri = os.environ.get(VARIABLE, "").strip()
        if uri:
            _refuse_none(uri)
            return cls(uri, None, f"correct or unset {VARIABLE}")
        return cls(tracking_uri(folder), folder, advice)

    @property
    def shown(self) -> str:
        """The place for messages, without a user's name and password."""
        if self.folder is not None:
            return f"MLflow's store in {self.folder}"
        return f"the MLflow server {without_secrets(self.uri)}"

    @property
    def artifacts(self) -> str | None:
        """Where artifacts of a new experiment go; None where the server says."""
        return None if self.folder is None else artifacts_uri(self.folder)

    def knock(self) -> None:
        """Fails at once where no server listens; MLflow itself would try for long, and say so at length.

        Behind a proxy only MLflow can tell. This machine's own servers are never asked through one.

        Raises:
            OSError: if nothing answers within `_PATIENCE` seconds.
        """
        leave_proxies_out(self.uri)
        parts = urlsplit(self.uri)
        if parts.scheme in _PORTS and parts.hostname and (not getproxies() or proxy_bypass(parts.hostname)):
            with socket.create_connection((parts.hostname, parts.port or _PORTS[parts.scheme]), _PATIENCE):
                pass

    def tidy(self) -> None:
        """Removes the empty folder that MLflow makes by the name in its address, where that name had to be encoded."""
        if self.folder is None:
            return
        encoded = quote(str(self.folder.resolve()))
        if encoded != str(self.folder.resolve()):
            with contextlib.suppress(OSError):  # there is none, or something is in it
                os.removedirs(encoded)

    def prepare(self) -> None:
        """Makes the folders of a local store.

        Raises:
            InputError: if they cannot be made.
        """
        if self.folder is None:
            return
        try:
            (self.folder / "artifacts").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"MLflow's store cannot lie in {self.folder}: {error}; {self.advice}") from error


def _refuse_none(uri: str) -> None:
    """Refuses what is no address, before any library stumbles over it.

    Raises:
        InputError: saying what is wrong.
    """
    try:
        host_and_port(uri)
    except ValueError as error:
        told = f"{VARIABLE} is no address ({first_line(error)}), got {without_secrets(uri)[:80]!r}; correct or unset it"
        raise InputError(told) from error


def make_whole(folder: Path, store: Callable[[str, str], Any]) -> None:
    """Makes the store's database where there is none, so that it is there whole or not at all.

    MLflow makes its tables in several transactions; one that was killed between them could never be opened again.

    Args:
        folder: of the store.
        store: MLflow's, opened by an address and that of its artifacts. A client would take the working folder for
            these, and paste its name into SQL.
    """
    target = folder / "mlflow.db"
    if target.exists():
        return
    new = folder / f".mlflow.db.{os.getpid()}"
    try:
        with tempfile.TemporaryDirectory() as scratch:
            store(tracking_uri(Path(scratch)), artifacts_uri(folder))
            with closing(sqlite3.connect(Path(scratch) / "mlflow.db")) as made, closing(sqlite3.connect(new)) as copy:
                made.backup(copy)
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(new, target)
    finally:
        new.unlink(missing_ok=True)


def campaign_pages(folder: Path, server: str) -> list[tuple[str, str]]:
    """Names of the experiments of a local store and their pages; none where the store cannot be read.

    MLflow shows an experiment's runs, and no talks with language models, where its page's address asks for that.
    """
    query = "SELECT name, experiment_id FROM experiments WHERE lifecycle_stage = 'active' AND experiment_id > 0"
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(folder / "mlflow.db")) as store:
        return [(name, f"{server}/#/experiments/{number}?{_AS_RUNS}") for name, number in store.execute(query)]
    return []


def bring_along(folder: Path) -> None:
    """Makes a store that was copied or moved write to the folder where it is now.

    MLflow keeps absolute addresses of artifacts, so that a copy would go on in the place that it was copied from.

    Raises:
        sqlite3.Error: if the store cannot be read or written.
    """
    here = artifacts_uri(folder)
    if not (folder / "artifacts").is_dir():
        return
    query = "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE 'file://%/artifacts'"
    with closing(sqlite3.connect(folder / "mlflow.db")) as store, store:
        for (there,) in [row for row in store.execute(query) if row[0] != here]:
            store.execute("UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?", (here, there))
            for table, column in _PLACES:
                moved = f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?"  # noqa: S608
                store.execute(moved, (here, len(there) + 1, len(there) + 1, f"{there}/"))
