"""Nodes that join a cluster and are killed while a campaign runs on it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loop.config.lookup import campaign_database
from loop.store import CampaignStore, Job, JobState, check_store
from loop.store.queue.breaker import PAUSE_AFTER
from tests.loop.loop_helpers import ROOT, write_config
from tests.support.ray_nodes import Nodes, ray_nodes

pytestmark = pytest.mark.slow

MEETING = Path(__file__).with_name("meeting.py")


@pytest.fixture
def nodes() -> Iterator[Nodes]:
    # One CPU is the trainer's and the scorer's.
    with ray_nodes(cpus=2) as started:
        yield started


def _begin(folder: Path, nodes: Nodes, mode: str, alloys: int = 6, workers: int = 2) -> subprocess.Popen[bytes]:
    """A campaign of so many alloys, of which ``workers`` may be validated at once."""
    command = [sys.executable, "-I", "-S", str(MEETING), str(folder), mode]
    config = write_config(
        folder,
        objectives=["maximize liquidus"],
        constraints=["density <= 12"],
        reference_point={"liquidus": 2000.0},
        iterations=0,
        start={"validate": alloys, "from_table": 0.5},
        cluster={"executor": "ray", "workers": workers, "timeout_seconds": 2000.0},
        validator={"name": "script", "settings": {"command": command, "properties": ["liquidus"]}},
    )
    environment = {**nodes.environment, "RAY_ADDRESS": nodes.address, "PYTHONPATH": str(ROOT)}
    with (folder / "run.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "loop.cli", "run", str(config)], env=environment, cwd=folder, stdout=log, stderr=log
        )


def _until(condition: Callable[[], bool], driver: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        if driver.poll() is not None or time.monotonic() > deadline:
            pytest.fail((folder / "run.log").read_text())
        time.sleep(0.05)


def _ran(folder: Path) -> list[list[int]]:
    """For each validation that began, the processes that it ran under."""
    log = folder / "log"
    return [[int(word) for word in line.split()] for line in log.read_text().splitlines()] if log.exists() else []


def _ended(folder: Path, driver: subprocess.Popen[bytes], alloys: int = 6) -> list[Job]:
    assert driver.wait(240) == 0, (folder / "run.log").read_text()
    with CampaignStore.open(campaign_database(folder / "campaigns", "small")) as store:
        assert check_store(store) == []
        assert len(store.observations(include_replicates=True)) == alloys
        jobs = store.jobs()
    assert [job.state for job in jobs] == [JobState.DONE] * alloys
    return jobs


def test_a_node_that_joins_is_used(nodes: Nodes, tmp_path: Path) -> None:
    driver = _begin(tmp_path, nodes, "together")
    try:
        # The head has room for one, and nothing is answered until there is another.
        _until(lambda: len(_ran(tmp_path)) == 1, driver, tmp_path)
        joined = nodes.join()
        jobs = _ended(tmp_path, driver)
    finally:
        driver.kill()
        driver.wait()
    assert [job.attempts for job in jobs] == [1] * 6
    there = [joined in above for above in _ran(tmp_path)]
    assert len(there) == 6
    assert any(there)
    assert not all(there)


def test_a_node_that_is_killed_costs_no_block_of_a_screening() -> None:
    command = [sys.executable, "-m", "benchmarks.spread", "--parts", "lost", "--nodes", "1", "--seconds", "0.3"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    assert "one killed half-way" in done.stdout
    assert "all answered" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_node_that_is_lost_costs_no_result_and_is_nobodys_fault(
    nodes: Nodes, tmp_path: Path, number: signal.Signals
) -> None:
    # The head has room for two, so as many are lost at once as pause a validator whose machinery fails.
    victim = nodes.join(cpus=9)
    (tmp_path / "victim").write_text(str(victim))
    driver = _begin(tmp_path, nodes, "hang", alloys=8, workers=8)
    try:
        _until(lambda: sum(victim in above for above in _ran(tmp_path)) >= PAUSE_AFTER, driver, tmp_path)
        killed = time.time()
        os.kill(victim, number)
        jobs = _ended(tmp_path, driver, 8)
    finally:
        driver.kill()
        driver.wait()
    lost = [job for job in jobs if job.attempts > 1]
    assert len(lost) >= PAUSE_AFTER
    assert max(job.updated for job in lost) - killed < 90
    assert {(job.deaths, job.retries) for job in jobs} == {(0, 0)}
    said = (tmp_path / "run.log").read_text()
    assert said.count("was lost: queued again") >= PAUSE_AFTER
    assert "a worker died" not in said
