"""A campaign that Ray runs as a job, killed half-way and submitted again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alloys.errors import InputError
from loop.config.home import HOME
from loop.config.lookup import campaign_database
from loop.store import CampaignStore, check_store
from loop.summaries import campaign_state
from tests.loop.loop_helpers import ROOT
from tests.support.ray_nodes import RAY, Nodes, ray_nodes

SMALL = [
    *("--name", "small", "--iterations", "2", "--set", "batch=2", "--set", "start={validate: 6, from_table: 0.5}"),
    *("--set", "generator={family: cvae, proposals: 200, settings: {epochs: 200}}"),
    *("--set", "screening={random: 100, neighbours: true}", "--set", "tracking.enabled=false"),
]


def _working_directory(folder: Path) -> Path:
    """A clone with things planted in it, and its `alloyloop` beside it."""
    left = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "campaigns", "mlruns", "tests", "shared")
    clone = folder / "clone"
    shutil.copytree(ROOT, clone, ignore=left)
    for name in (".env", "left-out.db", "left-out.safetensors"):
        (clone / name).write_text("planted")
    program = folder / "bin" / "alloyloop"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m loop.cli "$@"\n')
    program.chmod(0o755)
    return clone


def _driver(campaigns: Path) -> int:
    """The process that drives the campaign, as it wrote down itself."""
    words = (campaigns / "small" / "driver.lock").read_text().split()
    return int(words[words.index("pid") + 1])


def _wait_for_iteration(campaigns: Path, index: int) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        try:
            with CampaignStore.open(campaign_database(campaigns, "small")) as store:
                if len(store.iterations()) > index:
                    return
        except InputError:
            pass
        time.sleep(0.1)
    pytest.fail(f"iteration {index} did not begin")


def _run(command: list[str], nodes: Nodes, clone: Path) -> str:
    """What a command says; a head that has just started may not take jobs yet, and is asked again."""
    environment, deadline = {**nodes.environment, "PYTHONPATH": str(ROOT)}, time.monotonic() + 120
    while True:
        done = subprocess.run(command, env=environment, cwd=clone, capture_output=True, text=True, timeout=540)
        if "No available agent to submit job" not in done.stderr or time.monotonic() > deadline:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _digest(campaigns: Path) -> str:
    with CampaignStore.open(campaign_database(campaigns, "small")) as store:
        assert check_store(store) == []
        assert campaign_state(store) == "finished"
        return store.dataset_digest()


@pytest.mark.slow
def test_a_job_that_is_killed_and_submitted_again_ends_as_an_undisturbed_campaign(tmp_path: Path) -> None:
    clone, home = _working_directory(tmp_path), tmp_path / "home"
    programs = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run = ["alloyloop", "run", "configs/refractory.yaml", *SMALL]
    with ray_nodes(cpus=3, PATH=programs, **{HOME: str(home)}) as nodes:
        send = [*RAY, "job", "submit", "--address", nodes.dashboard, "--working-dir", "."]
        identifier = ["--submission-id", "first"]
        _run([*send, *identifier, "--no-wait", "--", *run], nodes, clone)
        _wait_for_iteration(home / "campaigns", 1)
        ours = [sys.executable, "-m", "loop.cli", "submit", *run[2:], "--address", nodes.dashboard]
        os.kill(_driver(home / "campaigns"), signal.SIGKILL)
        told = _run([*RAY, "job", "logs", "--follow", "first", "--address", nodes.dashboard], nodes, clone)
        assert "iteration 0/2 closed" in told
        told = _run([*ours, "--home", str(home), "--python", sys.executable, "--wait"], nodes, clone)
        assert "iteration 2/2 closed" in told
        assert "iteration 0/2: validating" not in told
        uploaded = [path for path in nodes.folder.rglob("*") if "left-out" in path.name or path.name == ".env"]
        assert uploaded == []
        assert list(nodes.folder.rglob("working_dir_files/*/loop/cli/main.py"))
        # As written in the README, the finished campaign ends at once and well.
        assert _digest(home / "campaigns") in _run([*send, "--", *run], nodes, clone)
    alone = [sys.executable, "-m", "loop.cli", *run[1:], "--set", "cluster.executor=local"]
    subprocess.run(
        [*alone, "--set", f"directory={tmp_path / 'alone'}"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        cwd=clone,
        check=True,
        capture_output=True,
        timeout=300,
    )
    assert _digest(home / "campaigns") == _digest(tmp_path / "alone")
