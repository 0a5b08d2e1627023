"""What listens where while a run is under way, and who is let in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from loop.review.desk.store import MlflowStore

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
SECRET = "planted-4f1d2c-secret"


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, Any]]:
    """What `ray_probe` found, with secrets planted in its environment."""
    folder = Path(tempfile.mkdtemp(prefix="al-"))  # Ray's sockets allow no long paths
    ours = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    planted = {"PGPASSWORD": SECRET, "MLFLOW_TRACKING_PASSWORD": SECRET, "AWS_SECRET_ACCESS_KEY": SECRET}
    environment = {**ours, **planted, "RAY_TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    try:
        words = [sys.executable, "-W", "ignore", "-m", "tests.security.ray_probe"]
        done = subprocess.run(
            words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        found: dict[str, Any] = json.loads(done.stdout)
        found["said"] = done.stdout + done.stderr
        found["planted_in"] = [
            str(path) for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
        ]
        yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_cluster_works(cluster: dict[str, Any]) -> None:
    assert cluster["verdict"] == "Measured"


def test_every_process_of_ray_listens_on_loopback(cluster: dict[str, Any]) -> None:
    names = {name for name, _ in cluster["listening"]}
    assert {"gcs_server", "raylet"} <= names
    assert {address for _, address in cluster["listening"]} <= LOOPBACK, cluster["listening"]


def test_a_command_without_the_token_is_not_run(cluster: dict[str, Any]) -> None:
    if not cluster["jobs"]:
        pytest.skip("another cluster of this host has the port of Ray's agent, so this one takes no jobs")
    assert cluster["jobs"] == {"none": 401, "wrong": 403}
    assert cluster["logs"] == {"none": 401, "wrong": 403, "right": 200}


def test_a_request_without_the_token_is_refused(cluster: dict[str, Any]) -> None:
    assert set(cluster["control"]["none"]) == set(cluster["control"]["wrong"]) == {"UNAUTHENTICATED"}
    assert set(cluster["control"]["right"]) == {"OK"}


def test_the_token_and_other_secrets_are_in_no_file_argument_or_output(cluster: dict[str, Any]) -> None:
    assert cluster["files"] > 5
    assert cluster["token_in"] == []
    assert cluster["planted_in"] == []
    assert not any(SECRET in word for word in cluster["arguments"])
    assert SECRET not in cluster["said"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)  # nothing tells when it has begun to listen
    raise AssertionError("MLflow's server did not answer")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlflow_listens_on_loopback_alone_and_unpickles_nothing(tmp_path: Path) -> None:
    MlflowStore(tmp_path, "x")
    port = _free_port()
    words = [sys.executable, "-m", "loop.cli", "ui", "--port", str(port), "--folder", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true"}
    server = subprocess.Popen(
        words, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _answers(port, server)
        own = psutil.Process(server.pid)
        children = own.children(recursive=True)
        listening = {
            connection.laddr
            for process in [own, *children]
            for connection in process.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        }
        assert {tuple(address) for address in listening} == {("127.0.0.1", port)}
        settings = {process.environ().get("MLFLOW_ALLOW_PICKLE_DESERIALIZATION") for process in children}
        assert settings == {"false"}
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
