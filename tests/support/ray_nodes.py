"""A Ray cluster of this machine as `ray start` makes it: each node in processes of its own, with a token."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

RAY = [sys.executable, "-m", "ray.scripts.scripts"]
_LEAST = 80 * 2**20
"""Bytes of an object store, about the least that Ray accepts."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Nodes:
    """A head node without CPUs unless told otherwise, and nodes that join it.

    Attributes:
        folder: where Ray's files lie; short, as paths of sockets are.
        environment: variables of whoever talks to the cluster.
        dashboard: its URL.
        address: what joins.
    """

    def __init__(self, folder: Path, cpus: int = 0, **variables: str) -> None:
        self.folder = folder
        token = folder / "token"
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(32))
        # Nothing of another cluster.
        plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        self.environment = {
            **plain,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
            "OMP_NUM_THREADS": "1",
            "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        }
        port, web = _free_port(), _free_port()
        self.address, self.dashboard = f"127.0.0.1:{port}", f"http://127.0.0.1:{web}"
        self._started: list[subprocess.Popen[bytes]] = []
        where = ["--dashboard-host=127.0.0.1", f"--dashboard-port={web}", f"--temp-dir={folder}", "--num-gpus=0"]
        self._start(["--head", f"--port={port}", f"--num-cpus={cpus}", *where], variables)
        self._until(lambda: self._answers() and self._alive() == 1, 120)

    def join(self, cpus: int = 1) -> int:
        """Starts a node and returns the process id of its raylet, once the cluster has it."""
        before = self._alive()
        started = self._start([f"--address={self.address}", f"--num-cpus={cpus}", "--num-gpus=0"], {})
        self._until(lambda: self._alive() == before + 1, 120)
        return self._raylet(started)

    def processor_seconds(self) -> float:
        """What all processes of the cluster that are there now have used; those of workers are among them."""
        used = 0.0
        for member in [member for started in self._started for member in _tree(started.pid)]:
            try:
                times = member.cpu_times()
            except psutil.NoSuchProcess:
                continue
            used += times.user + times.system
        return used

    def _start(self, options: list[str], variables: dict[str, str]) -> subprocess.Popen[bytes]:
        # The agent takes jobs, and has one port for the whole machine unless told otherwise.
        agent = f"--dashboard-agent-listen-port={_free_port()}"
        command = [*RAY, "start", "--block", f"--object-store-memory={_LEAST}", agent, *options]
        with (self.folder / "start.log").open("ab") as log:
            started = subprocess.Popen(
                command, env={**self.environment, **variables}, stdout=log, stderr=log, cwd=self.folder
            )
        self._started.append(started)
        return started

    def _get(self, path: str) -> bytes:
        token = self.environment["RAY_AUTH_TOKEN_PATH"]
        request = urllib.request.Request(self.dashboard + path)
        request.add_header("Authorization", f"Bearer {Path(token).read_text()}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())

    def _answers(self) -> bool:
        try:
            return bool(self._get("/api/version"))
        except OSError:
            return False

    def _alive(self) -> int:
        return self._get("/nodes?view=summary").count(b'"state": "ALIVE"')

    def _until(self, condition: object, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():  # type: ignore[operator]
            if time.monotonic() > deadline or any(started.poll() is not None for started in self._started[-1:]):
                raise RuntimeError((self.folder / "start.log").read_text())
            time.sleep(0.2)

    def _raylet(self, started: subprocess.Popen[bytes]) -> int:
        children = psutil.Process(started.pid).children()
        (found,) = [child.pid for child in children if "raylet" in Path(child.exe()).name]
        return found

    def close(self) -> None:
        """Ends every node by its process id, the head last; nothing of them is left."""
        members = [member for started in self._started for member in _tree(started.pid)]
        for started in reversed(self._started):
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(40)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
        _, left = psutil.wait_procs(members, timeout=10)
        for member in left:
            member.kill()


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@contextmanager
def ray_nodes(cpus: int = 0, **variables: str) -> Iterator[Nodes]:
    """A cluster, ended at the end."""
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    nodes = None
    try:
        nodes = Nodes(folder, cpus, **variables)
        yield nodes
    finally:
        if nodes is not None:
            nodes.close()
        shutil.rmtree(folder, ignore_errors=True)
