"""What is done to the processes of a Ray cluster while a campaign runs on it; real processes, real signals."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from loop.store import CampaignStore, Job, JobState, NoCampaign, StoreError
from tests.support.forked import End, log_tail, warm_up, write_tiny
from tests.support.processes import command, environment
from tests.support.ray_workers import family, left_alive, workers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.filterwarnings("ignore")]

# Synchronous: otherwise an answer that is late is done without, which is another campaign.
CHANGES: dict[str, object] = {
    "start": {"validate": 12, "from_table": 0.5},
    "schedule": {"mode": "synchronous"},
}
SHORT = 60.0
"""Seconds in which no process that works is late, and one that is stopped soon is."""


@pytest.fixture(scope="module")
def wanted() -> End:
    return warm_up(**CHANGES)


class _Running:
    """A campaign on a cluster of its own, in a process as a person starts it."""

    def __init__(self, folder: Path, timeout: float) -> None:
        self.folder = folder
        self._started: list[psutil.Process] = []
        self.again(timeout)

    def again(self, timeout: float = 300.0) -> None:
        cluster = {"executor": "ray", "workers": 2, "timeout_seconds": timeout}
        config = write_tiny(self.folder, cluster=cluster, **CHANGES)
        with (self.folder / "run.log").open("ab") as log:
            self.process = subprocess.Popen(command(config), cwd=self.folder, env=environment(), stdout=log, stderr=log)

    def jobs(self) -> list[Job]:
        try:
            with CampaignStore.open(self.folder / "campaigns" / "tiny" / "campaign.db") as store:
                return store.jobs()
        except (NoCampaign, StoreError):
            return []

    def results(self) -> int:
        return sum(job.state is JobState.DONE for job in self.jobs())

    def until(self, holds: Callable[[], bool]) -> None:
        limit = time.monotonic() + 600
        while not holds():
            assert self.process.poll() is None, log_tail(self.folder, 20)
            assert time.monotonic() < limit, log_tail(self.folder, 20)
            time.sleep(0.05)
        self._started += family(self.process.pid)

    def working(self, kind: str) -> bool:
        return bool(workers(self.process.pid)[kind])

    def stop(self, kind: str) -> psutil.Process:
        """SIGSTOP for a worker in the middle of its work."""
        found: list[psutil.Process] = []

        def stopped() -> bool:
            for process in workers(self.process.pid)[kind]:
                process.suspend()
                if process in workers(self.process.pid)[kind]:
                    found.append(process)
                    return True
                process.resume()
            return False

        self.until(stopped)
        return found[0]

    def end(self, kind: str) -> None:
        """SIGTERM for one."""
        process = self.stop(kind)
        process.terminate()
        process.resume()

    def exits(self, status: int) -> None:
        """It ends with a status, and takes every process with it."""
        assert self.process.wait(900) == status, log_tail(self.folder, 20)
        assert left_alive(self._started) == []

    def ends(self, wanted: End) -> None:
        """It comes to the undisturbed end."""
        self.exits(0)
        assert End.of(self.folder).against(wanted) == []

    def clear(self) -> None:
        for process in [*self._started, *family(self.process.pid)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., _Running]]:
    made: list[_Running] = []

    def start(timeout: float = 300.0) -> _Running:
        made.append(_Running(tmp_path, timeout))
        return made[-1]

    yield start
    for running in made:
        running.clear()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_ended_raylet_ends_the_run_and_loses_nothing(
    begin: Callable[..., _Running], wanted: End, number: signal.Signals
) -> None:
    running = begin()
    running.until(lambda: running.results() > 1 and running.working("validator"))
    (raylet,) = [p for p in family(running.process.pid) if p.name() == "raylet"]
    raylet.send_signal(number)
    running.exits(1)
    assert {job.deaths for job in running.jobs()} == {0}
    running.again()
    running.ends(wanted)


def test_sigterm_under_ray_queues_again_what_was_under_way(begin: Callable[..., _Running], wanted: End) -> None:
    running = begin()
    running.until(lambda: running.results() > 1 and running.working("validator"))
    running.process.send_signal(signal.SIGTERM)
    running.exits(143)
    assert "were given back" in log_tail(running.folder, 3)
    assert {(job.state is JobState.RUNNING, job.deaths) for job in running.jobs()} == {(False, 0)}
    running.again()
    running.ends(wanted)


def test_a_validator_and_a_trainer_that_get_sigterm_are_replaced(begin: Callable[..., _Running], wanted: End) -> None:
    running = begin()
    running.until(lambda: running.results() > 1)
    running.end("validator")
    running.until(lambda: sum(job.deaths for job in running.jobs()) == 1)
    running.end("trainer")
    running.ends(wanted)
    assert sum(job.deaths for job in running.jobs()) == 1


def test_a_stopped_validator_holds_up_nobody_and_is_ended(begin: Callable[..., _Running], wanted: End) -> None:
    running = begin(SHORT)
    running.until(lambda: running.results() > 1)
    stopped, before = running.stop("validator"), running.results()
    running.until(lambda: running.results() > before + 1)
    assert stopped.status() == psutil.STATUS_STOPPED
    running.until(lambda: any(job.retries for job in running.jobs()))
    (given_up,) = [job for job in running.jobs() if job.retries]
    assert given_up.state is JobState.RETRY_WAIT
    assert f"no answer within cluster.timeout_seconds = {SHORT:g}" in str(given_up.message)
    assert left_alive([stopped]) == []
    assert running.process.poll() is None
    running.ends(wanted)
    assert {(job.deaths, job.retries) for job in running.jobs()} == {(0, 0), (0, 1)}


def test_a_stopped_trainer_ends_the_run_when_its_time_is_over(begin: Callable[..., _Running], wanted: End) -> None:
    running = begin(SHORT)
    running.stop("trainer")
    running.exits(1)
    assert f"training cvae took longer than cluster.timeout_seconds = {SHORT:g}" in log_tail(running.folder, 3)
    running.again()
    running.ends(wanted)
