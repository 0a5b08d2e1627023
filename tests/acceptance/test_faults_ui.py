"""MLflow's server process is a window on a campaign, and no more: what its end means."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from loop.review.desk.store import MlflowStore
from tests.support.processes import environment

# What MLflow says of itself.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(
    ("victim", "number"), [("server", signal.SIGKILL), ("server", signal.SIGTERM), ("ui", signal.SIGTERM)]
)
def test_the_server_ends_and_nothing_is_left(tmp_path: Path, victim: str, number: signal.Signals) -> None:
    MlflowStore(tmp_path / "mlruns", "test")
    port = _free_port()
    command = [sys.executable, "-m", "loop.cli", "ui", "--port", str(port)]
    told = tmp_path / "told"
    with told.open("w") as errors:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=errors)
    try:
        limit = time.monotonic() + 300
        while "Ctrl-C ends it" not in told.read_text():
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.2)
        assert _answers(port)  # what is told to be there is there
        below = psutil.Process(process.pid).children(recursive=True)
        (server,) = psutil.Process(process.pid).children()
        os.kill(server.pid if victim == "server" else process.pid, number)
        status = process.wait(120)
        assert status == (0 if victim == "ui" else 1)
        _, alive = psutil.wait_procs(below, timeout=60)
        assert alive == []
        assert not _answers(port)
    finally:
        process.kill()
        process.wait()
