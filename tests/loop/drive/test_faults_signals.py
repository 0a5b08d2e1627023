"""SIGTERM and Ctrl-C: what was done is kept, leases are given back, and the same command goes on to the same end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loop.campaign import Campaign
from loop.drive import run
from loop.drive.driver import Driver
from loop.drive.stopping import Stop, StopAsked
from loop.execute.local import LocalExecutor
from loop.execute.tasks import Done, ModelTask
from loop.store import CampaignStore, check_store
from loop.summaries import campaign_state
from tests.loop.loop_helpers import ROOT, call, small_config, write_config

TINY = {
    "iterations": 0,
    "start": {"validate": 5, "from_table": 0.5},
    "objectives": ["maximize solidus"],
    "constraints": ["vec <= 5.0"],
    "reference_point": {},
}


LEARNING: dict[str, Any] = {
    **TINY,
    "batch": 2,
    "generator": {"family": "cvae", "proposals": 20, "settings": {"epochs": 2}},
}


class _Signalled(LocalExecutor):
    """Sends this process a signal in the middle of its third validation."""

    number = signal.SIGTERM
    asked = 0

    def collect(self, timeout: float) -> list[Done]:
        self.asked += 1
        if self.asked == 3:
            os.kill(os.getpid(), self.number)
        return super().collect(timeout)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    with Campaign.open(small_config(tmp_path_factory.mktemp("undisturbed"), **TINY)) as campaign:
        Driver(campaign, LocalExecutor()).run(0)
        return campaign.store.dataset_digest()


@pytest.mark.parametrize(
    ("number", "status", "kept", "given_back"),
    [(signal.SIGTERM, 143, 3, 0), (signal.SIGINT, 130, 2, 1)],
)
def test_a_signal_ends_a_run_that_goes_on_later(
    number: signal.Signals,
    status: int,
    kept: int,
    given_back: int,
    undisturbed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config, before = str(write_config(tmp_path, **TINY)), signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(_Signalled, "number", number)
    with monkeypatch.context() as patch:
        patch.setattr(run, "make_executor", lambda campaign: _Signalled())
        code, _, err = call(capsys, "run", config)
    assert code == status
    assert f"stopped; {given_back} validations under way were given back; the same command goes on from here" in err
    assert signal.getsignal(signal.SIGTERM) is before
    with CampaignStore.open(tmp_path / "campaigns" / "small" / "campaign.db") as store:
        counts = store.counts()
        assert (counts["done"], counts["queued"], counts["running"]) == (kept, 5 - kept, 0)
        assert store.next_due() is not None
        assert campaign_state(store) == "stopped"
    assert call(capsys, "run", config)[0] == 0
    with CampaignStore.open(tmp_path / "campaigns" / "small" / "campaign.db") as store:
        assert store.dataset_digest() == undisturbed
        assert len(store.observations(include_replicates=True)) == 5
        assert sum(job.attempts for job in store.jobs()) == 5 + given_back
        assert {job.deaths for job in store.jobs()} == {0}
        assert check_store(store) == []


def test_a_stage_is_finished_before_the_end(tmp_path: Path) -> None:
    stages: list[str] = []
    stop = Stop()

    class Watcher:
        def stage(self, iteration: int, text: str) -> None:
            stages.append(text)
            stop.asked = text == "validating"

        def step(self, text: str) -> None: ...

        def progress(self, iteration: int, done: int, total: int) -> None: ...

        def closed(self, iteration: int, view: object) -> None: ...

    with Campaign.open(small_config(tmp_path, **TINY)) as campaign:
        driver = Driver(campaign, LocalExecutor(), [Watcher()], safe_point=stop.safe_point)
        with pytest.raises(StopAsked):
            driver.run(0)
        assert stages == ["choosing the start", "validating"]
        assert len(campaign.store.proposals(0)) == 5
        assert campaign.store.counts()["queued"] == 5


class _Asking:
    """Asks for the end at a stage, as SIGTERM does while it is under way."""

    def __init__(self, stop: Stop, last: str) -> None:
        self.stop, self.last = stop, last

    def stage(self, iteration: int, text: str) -> None:
        self.stop.asked = text.startswith(self.last)

    def step(self, text: str) -> None: ...

    def progress(self, iteration: int, done: int, total: int) -> None: ...

    def closed(self, iteration: int, view: object) -> None: ...


class _Noting(LocalExecutor):
    """Notes which tasks it does."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[str] = []

    def begin(self, task: ModelTask) -> None:
        self.begun.append(task.name)
        super().begin(task)


@pytest.mark.parametrize(
    ("last", "proposed", "left"), [("training", 0, ["choosing"]), ("choosing the batch", LEARNING["batch"], [])]
)
def test_what_was_finished_when_sigterm_came_is_not_done_again(
    tmp_path: Path, last: str, proposed: int, left: list[str]
) -> None:
    def until(folder: Path, watchers: list[_Asking], stop: Stop) -> tuple[list[str], int, str]:
        executor = _Noting()
        with Campaign.open(small_config(folder, **LEARNING)) as campaign:
            with contextlib.suppress(StopAsked):
                Driver(campaign, executor, watchers, safe_point=stop.safe_point).run(1)
            known = campaign.store.iterations()
            return (
                executor.begun,
                len(campaign.store.proposals(1)) if len(known) > 1 else 0,
                str(campaign.store.dataset_digest()),
            )

    stop = Stop()
    assert until(tmp_path / "stopped", [_Asking(stop, last)], stop)[1] == proposed
    begun, _, digest = until(tmp_path / "stopped", [], Stop())
    assert begun == left
    assert digest == until(tmp_path / "undisturbed", [], Stop())[2]


ASKED = """
import os, signal, sys, time
from loop.drive.stopping import Stop, StopAsked
with Stop() as stop:
    print("listens", flush=True)
    while True:
        if sys.argv[1] == "safe":
            try:
                stop.safe_point()
            except StopAsked as end:
                sys.exit(end.status)
        signal.pause()
"""


def _asked(kind: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", ASKED, kind], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "listens\n"
    return process


def test_the_first_sigterm_waits_for_a_safe_point() -> None:
    process = _asked("safe")
    process.terminate()
    assert "this stage is finished first" in process.communicate(timeout=60)[1]
    assert process.returncode == 143


def test_the_second_sigterm_ends_at_once() -> None:
    with _asked("never") as process:
        process.terminate()
        assert process.stderr is not None
        process.stderr.readline()
        assert "once more" in process.stderr.readline()
        assert process.poll() is None
        process.terminate()
        assert process.wait(60) == -signal.SIGTERM


def test_the_signal_is_given_back_and_taken_again() -> None:
    def other(number: int, frame: object) -> None: ...

    before = signal.signal(signal.SIGTERM, other)
    try:
        with Stop() as stop:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as a library does that starts meanwhile
            stop.listen()
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.asked
        assert signal.getsignal(signal.SIGTERM) is other
    finally:
        signal.signal(signal.SIGTERM, before)
