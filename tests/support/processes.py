"""Campaigns as processes: run one, measure its memory, kill it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs" / "refractory.yaml"


def command(config: Path, *arguments: str) -> list[str]:
    """The command line of the main job."""
    return [sys.executable, "-m", "loop.cli", "run", str(config), *arguments]


def environment() -> dict[str, str]:
    """Where the rooms are found from any working directory."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def python(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Another Python that runs in a folder, with these variables of the environment beside the usual ones."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env={**environment(), **variables}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def tree(process: psutil.Process) -> list[psutil.Process]:
    """A process and everything below it."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def memory(process: psutil.Process) -> int:
    """Bytes that a process and everything below it hold, shared pages counted once each (PSS)."""
    total = 0
    for member in tree(process):
        try:
            total += member.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


@dataclass(frozen=True)
class Finished:
    """How a campaign ended: exit status, seconds, and the largest memory seen in bytes."""

    status: int
    seconds: float
    peak: int


def run(folder: Path, config: Path, *arguments: str, log: Path | None = None) -> Finished:
    """Runs a campaign in a folder until it ends, looking at its memory twice a second."""
    with (log or folder / "run.log").open("ab") as stream:
        begin = time.monotonic()
        process = subprocess.Popen(
            command(config, *arguments), cwd=folder, env=environment(), stdout=stream, stderr=stream
        )
        watched, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            peak = max(peak, memory(watched))
            time.sleep(0.5)
    return Finished(process.returncode, time.monotonic() - begin, peak)


def kill_after(folder: Path, config: Path, seconds: float, *arguments: str) -> bool:
    """Runs a campaign and ends it by SIGKILL after so many seconds; False where it ended before that by itself."""
    with (folder / "run.log").open("ab") as stream:
        process = subprocess.Popen(
            command(config, *arguments), cwd=folder, env=environment(), stdout=stream, stderr=stream
        )
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            return True
    if process.returncode != 0:
        raise RuntimeError(f"the campaign failed with status {process.returncode}; see {folder / 'run.log'}")
    return False


def status(folder: Path, name: str) -> dict[str, object]:
    """What ``alloyloop status --json`` says."""
    call = [sys.executable, "-m", "loop.cli", "status", name, "--json"]
    done = subprocess.run(call, cwd=folder, env=environment(), capture_output=True, text=True, check=True)
    document: dict[str, object] = json.loads(done.stdout)
    return document
