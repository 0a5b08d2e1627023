"""A campaign on the stand-in for Slurm whose driver is killed: one job for each alloy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loop.config.lookup import campaign_database
from loop.store import CampaignStore, JobState, check_store
from tests.loop.loop_helpers import ROOT, write_config

STANDIN = ROOT / "tests" / "validation" / "slurm" / "standin.py"
MELTING = ROOT / "configs" / "examples" / "melting.py"


@pytest.mark.slow
def test_a_killed_driver_leaves_one_job_for_each_alloy(tmp_path: Path) -> None:
    cluster, programs = tmp_path / "cluster", tmp_path / "bin"
    cluster.mkdir()
    programs.mkdir()
    for name in ("sbatch", "squeue", "sacct", "scancel"):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{STANDIN}" {name} "$@"\n')
        (programs / name).chmod(0o755)
    paths = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **paths, "STANDIN_SLURM": str(cluster)}
    run = {"environment": ["STANDIN_SLURM"], "poll_seconds": 0.05, "poll_longest": 0.1, "least_free_mb": 1}
    told = {"command": [sys.executable, str(MELTING)], "properties": ["liquidus"], "run": run}
    config = write_config(
        tmp_path,
        objectives=["maximize liquidus"],
        constraints=["density <= 12"],
        reference_point={"liquidus": 2000.0},
        iterations=0,
        validator={"name": "slurm", "settings": told},
    )
    command = [sys.executable, "-m", "loop.cli", "run", str(config)]
    log = cluster / "log"

    def lines(word: str) -> list[str]:
        return [line for line in log.read_text().splitlines() if line.startswith(word)] if log.exists() else []

    for submitted in (1, 3):
        driver = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 120
            while len(lines("sbatch")) < submitted:
                assert driver.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            driver.send_signal(signal.SIGKILL)
        finally:
            driver.kill()
            driver.wait()
    subprocess.run(command, env=environment, cwd=tmp_path, check=True, stderr=subprocess.DEVNULL, timeout=300)
    with CampaignStore.open(campaign_database(tmp_path / "campaigns", "small")) as store:
        jobs = store.jobs()
        assert check_store(store) == []
    assert {job.state for job in jobs} == {JobState.DONE}
    assert len(lines("sbatch")) == len(lines("ran")) == len(jobs) == 6
    assert max(job.attempts for job in jobs) > 1
