"""``alloyloop ui``: MLflow's pages on loopback."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from alloys.errors import InputError, WorkError
from loop.cli.console import err


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="port on loopback")] = 5000,
    folder: Annotated[Path, typer.Option(help="where MLflow's store lies")] = Path("mlruns"),
) -> None:
    """The MLflow UI on loopback, until Ctrl-C.

    For example: alloyloop ui --port 5001
    """
    from loop.review.desk.address import bring_along, campaign_pages, tracking_uri  # late: `check` needs no database

    if not (folder / "mlflow.db").is_file():
        raise InputError(f"there is no MLflow store in {folder}; run a campaign first, or name its folder")
    with contextlib.suppress(sqlite3.Error):  # MLflow says itself what is wrong with its store
        bring_along(folder)
    _refuse_taken(port)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", tracking_uri(folder)]
    environment = {**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment["PYTHONSAFEPATH"] = "1"  # no file `queue.py` of this folder comes in place of Python's own
    # A session of its own, so that all of MLflow's processes can be ended together.
    server = subprocess.Popen(command, env=environment, stdout=sys.stderr, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address = f"http://127.0.0.1:{port}"
    try:
        err().print(f"MLflow is starting at {address}", markup=False)
        while server.poll() is None and not _answers(port):
            time.sleep(0.2)
        err().print(f"MLflow at {address} (Ctrl-C ends it)", markup=False)
        for name, page in campaign_pages(folder, address):
            err().print(f"{name}: {page}", markup=False, soft_wrap=True)
        # Nobody but this process is to end it; its status says little, for one that gets SIGTERM may end with 0.
        raise WorkError(f"MLflow's server has ended, with status {server.wait()}")
    except KeyboardInterrupt:
        return
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server; one that has just ended is none
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(f"port {port} cannot be used ({error.strerror}); choose another with --port") from error


def _answers(port: int) -> bool:
    """Whether MLflow's server is ready for a browser."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
