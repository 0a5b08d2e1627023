"""What is done to the processes of a Ray cluster while a campaign runs on it; real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.forked import End, log_tail, warm_up, write_tiny
from benchmarks.kill_ray import family, left_alive, workers
from benchmarks.processes import command, environment
from loop.store import CampaignStore, NoCampaign, StoreError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.filterwarnings("ignore")]

CHANGES: dict[str, object] = {"start": {"validate": 12, "from_table": 0.5}}


@pytest.fixture(scope="module")
def wanted() -> End:
    return warm_up(**CHANGES)


class _Running:
    """A campaign on a cluster of its own, in a process as a person starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[psutil.Process] = []
        self.again()

    def again(self, timeout: float = 300.0) -> None:
        cluster = {"executor": "ray", "workers": 2, "timeout_seconds": timeout}
        config = write_tiny(self.folder, cluster=cluster, **CHANGES)
        with (self.folder / "run.log").open("ab") as log:
            self.process = subprocess.Popen(command(config), cwd=self.folder, env=environment(), stdout=log, stderr=log)

    def results(self) -> int:
        try:
            with CampaignStore.open(self.folder / "campaigns" / "tiny" / "campaign.db") as store:
                return len(store.observations())
        except (NoCampaign, StoreError):
            return 0

    def until(self, holds: Callable[[], bool]) -> None:
        limit = time.monotonic() + 600
        while not holds():
            assert self.process.poll() is None, log_tail(self.folder, 20)
            assert time.monotonic() < limit, log_tail(self.folder, 20)
            time.sleep(0.05)
        self._started += family(self.process.pid)

    def working(self, kind: str) -> bool:
        return bool(workers(self.process.pid)[kind])

    def ends(self, wanted: End) -> None:
        """The same command again comes to the undisturbed end, and nothing of any run is left."""
        self.again()
        assert self.process.wait(900) == 0, log_tail(self.folder, 20)
        assert End.of(self.folder).against(wanted) == []
        assert left_alive(self._started) == []

    def clear(self) -> None:
        for process in [*self._started, *family(self.process.pid)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[_Running]:
    made = _Running(tmp_path)
    yield made
    made.clear()


def test_a_killed_raylet_ends_the_run_and_loses_nothing(running: _Running, wanted: End) -> None:
    running.until(lambda: running.results() > 1 and running.working("validator"))
    (raylet,) = [p for p in family(running.process.pid) if p.name() == "raylet"]
    raylet.kill()
    assert running.process.wait(600) == 1, log_tail(running.folder, 20)
    running.ends(wanted)


def test_sigterm_under_ray_gives_leases_back(running: _Running, wanted: End) -> None:
    running.until(lambda: running.results() > 1 and running.working("validator"))
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(300) == 143, log_tail(running.folder, 20)
    assert "were given back" in log_tail(running.folder, 3)
    with CampaignStore.open(running.folder / "campaigns" / "tiny" / "campaign.db") as store:
        assert store.counts()["leased"] == 0
        assert {job.deaths for job in store.jobs()} == {0}
    running.ends(wanted)


def test_a_stopped_trainer_ends_the_run_when_its_time_is_over(tmp_path: Path, wanted: End) -> None:
    running = _Running(tmp_path)
    try:
        running.process.kill()
        running.process.wait()
        running.again(timeout=45.0)
        running.until(lambda: running.working("trainer"))
        for trainer in workers(running.process.pid)["trainer"]:
            os.kill(trainer.pid, signal.SIGSTOP)
        assert running.process.wait(600) == 1
        assert "training took longer than cluster.timeout_seconds" in log_tail(running.folder, 3)
        running.ends(wanted)
    finally:
        running.clear()
