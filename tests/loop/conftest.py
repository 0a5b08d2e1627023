"""A PostgreSQL server of the tests' own, where the programs and the driver for one are installed."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa


def _programs() -> Path | None:
    """The folder of initdb: on the path, or where Debian keeps it."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    places = [Path(found)] if found else debian[-1:]
    return places[0].resolve().parent if places else None


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: who it runs as then."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid}
    pytest.skip("PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody'")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[sa.URL]:
    """The URL of a fresh server on a socket of its own; nothing of it is left at the end."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs (initdb, postgres) are not installed; `make setup-test` says how")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed: pip install 'alloyloop[postgresql]'")
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="alloyloop-pg-"))
    try:
        if account:
            os.chown(folder, account["user"], account["group"])
        data = folder / "data"
        initdb = [programs / "initdb", "-D", data, "-U", "alloyloop", "-A", "trust", "--no-sync", "-E", "UTF8"]
        made = subprocess.run([*initdb, "--locale=C"], check=False, capture_output=True, cwd=folder, **account)
        if made.returncode != 0:
            pytest.skip(f"PostgreSQL cannot run here: {made.stderr.decode(errors='replace').strip()[-300:]}")
        options = ["-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60"]
        with (folder / "log").open("wb") as log:
            command = [programs / "postgres", "-D", data, *options]
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **account)
        try:
            _wait(programs, folder, server)
            yield sa.URL.create("postgresql+psycopg", "alloyloop", database="postgres", query={"host": str(folder)})
        finally:
            server.send_signal(signal.SIGINT)  # does not wait for clients
            server.wait(30)
    finally:
        shutil.rmtree(folder)


def _wait(programs: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while subprocess.run([programs / "pg_isready", "-q", "-h", folder], check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.05)
