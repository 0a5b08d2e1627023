"""What the driver makes of clocks that jump, validators that lie, locked databases, losses that are no numbers."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from alloys.errors import WorkError
from alloys.records import Measured, Quantity, Verdict
from generators.families.cvae import ConditionalVAE
from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.drive.validations import LOST_TRIES
from loop.execute.local import LocalExecutor
from loop.execute.tasks import Done, ValidationTask, ValidatorSpec
from loop.store import JobState, StoreBusy, check_store
from tests.loop.drive.test_faults_signals import TINY
from tests.loop.loop_helpers import call, small_config, write_config

HOURS = 3 * 3600.0


class _Executor(LocalExecutor):
    """Calls back before each validation, and may answer in its own way."""

    def __init__(self, campaign: Campaign, before: Callable[[int], Verdict | None]) -> None:
        super().__init__()
        self._before, self.asked = before, 0

    def collect(self, timeout: float) -> list[Done]:
        self.asked += self.pending
        answer = self._before(self.asked)
        done = super().collect(timeout)
        return done if answer is None else [Done(each.key, answer) for each in done]


class _Clock:
    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        self.now += 0.01
        return self.now


@pytest.mark.parametrize("step", [-HOURS, HOURS])
def test_a_clock_that_is_set_under_way_costs_no_validation(tmp_path: Path, step: float) -> None:
    clock = _Clock()

    def jump(asked: int) -> None:
        clock.now += step if asked % 2 else 0.0

    with Campaign.open(small_config(tmp_path, **TINY), clock) as campaign:
        executor = _Executor(campaign, jump)
        Driver(campaign, executor, clock=clock).run(0)
        assert executor.asked == 5
        assert {(job.attempts, job.deaths) for job in campaign.store.jobs()} == {(1, 0)}
        assert check_store(campaign.store) == []


class _Slow(LocalExecutor):
    """Two slots, of which one answers a turn, and the machine is suspended for hours before the first answer."""

    slots = 2

    def __init__(self, clock: _Clock) -> None:
        super().__init__()
        self._clock, self._slept = clock, False
        self._kept: list[tuple[ValidatorSpec, ValidationTask]] = []

    @property
    def pending(self) -> int:
        return super().pending + len(self._kept)

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        self._kept.append((spec, task))

    def collect(self, timeout: float) -> list[Done]:
        if not self._slept:
            self._slept = True
            self._clock.now += HOURS
        super().submit(*self._kept.pop(0))
        return super().collect(timeout)


def test_a_driver_that_slept_goes_on_with_what_it_had_under_way(tmp_path: Path) -> None:
    clock = _Clock()
    with Campaign.open(small_config(tmp_path, **TINY), clock) as campaign:
        Driver(campaign, _Slow(clock), clock=clock).run(0)
        assert {(job.attempts, job.deaths) for job in campaign.store.jobs()} == {(1, 0)}
        assert len(campaign.store.observations(include_replicates=True)) == 5


def _lie(value: float) -> Measured:
    """A verdict as a faulty program makes it, past the checks of its records."""
    verdict = Measured.__new__(Measured)
    object.__setattr__(verdict, "properties", {"solidus": _quantity(value)})
    object.__setattr__(verdict, "seconds", 0.1)
    object.__setattr__(verdict, "details", {})
    return verdict


def _quantity(value: float) -> Quantity:
    quantity = Quantity.__new__(Quantity)
    for name, field in {"value": value, "unit": "K", "std": None}.items():
        object.__setattr__(quantity, name, field)
    return quantity


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -5.0, 1e9])
def test_what_cannot_be_true_is_set_aside_and_never_taught(tmp_path: Path, value: float) -> None:
    with Campaign.open(small_config(tmp_path, **{**TINY, "iterations": 1})) as campaign:
        executor = _Executor(campaign, lambda asked: _lie(value) if asked == 2 else None)
        Driver(campaign, executor).run(0)
        counts = campaign.store.counts()
        assert (counts[JobState.DONE], counts[JobState.NEEDS_REVIEW]) == (4, 1)
        (liar,) = campaign.store.jobs(JobState.NEEDS_REVIEW)
        assert liar.error_class == "suspect"
        assert "cannot be true" in str(liar.message)
        assert len(campaign.view().rows) == 4
        assert liar.request.design not in campaign.view().observed().designs
        assert check_store(campaign.store) == []


def test_a_database_that_another_program_holds_is_waited_for_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, **TINY)
    path = tmp_path / "campaigns" / "small" / "campaign.db"
    monkeypatch.setattr("loop.store.database.engine.BUSY_MILLISECONDS", 200)
    with Campaign.open(small_config(tmp_path, **TINY)) as campaign:
        other = sqlite3.connect(path, isolation_level=None)

        def hold(asked: int) -> None:
            if asked == 3:
                other.execute("BEGIN EXCLUSIVE")

        with closing(other), pytest.raises(StoreBusy, match="another process held") as busy:
            Driver(campaign, _Executor(campaign, hold)).run(0)
        assert isinstance(busy.value, WorkError)
        assert campaign.store.counts()["done"] == 2
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, _, err = call(capsys, "run", str(config))
    assert code == 1
    assert "another process" in err
    assert "the same command goes on from here" in err
    assert call(capsys, "run", str(config))[0] == 0
    with Campaign.open(small_config(tmp_path, **TINY)) as campaign:
        assert len(campaign.store.observations(include_replicates=True)) == 5
        assert check_store(campaign.store) == []


GENERATING = {
    **TINY,
    "iterations": 1,
    "generator": {"family": "cvae", "proposals": 40, "guided": False, "settings": {"epochs": 3}},
    "screening": {"random": 40, "neighbours": False},
}


def _trained(folder: Path) -> dict[str, Any]:
    """What is recorded of the training in a campaign that comes to its end all the same."""
    with Campaign.open(small_config(folder, **GENERATING)) as campaign:
        Driver(campaign, LocalExecutor()).run(1)
        assert len(campaign.view().rows) == 7
        assert check_store(campaign.store) == []
        return dict(campaign.store.iteration(1).notes.training["cvae"])


def test_losses_that_are_no_numbers_fall_back_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ConditionalVAE.loss
    calls = itertools.count(1)

    def loss(self: ConditionalVAE, *given: Any) -> torch.Tensor:
        value = plain(self, *given)
        return value * torch.nan if next(calls) > 3 else value

    monkeypatch.setattr(ConditionalVAE, "loss", loss)
    report = _trained(tmp_path)
    assert report["diverged"]
    assert "fell back to" in report["note"]


def test_a_generator_that_collapses_is_trained_again_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = ConditionalVAE.draw

    def same(self: ConditionalVAE, *given: Any) -> tuple[torch.Tensor, torch.Tensor]:
        presence, amounts = draw(self, *given)
        one = torch.zeros_like(presence)
        one[:, 2:6] = 1
        return one, torch.zeros_like(amounts)

    monkeypatch.setattr(ConditionalVAE, "draw", same)
    report = _trained(tmp_path)
    assert report["collapsed"]
    assert "trained 2 times" in report["note"]
    assert "collapsed" in report["note"]


class _Nodes(LocalExecutor):
    """Every validation of the first alloy that it is given loses its node."""

    first: str | None = None

    def collect(self, timeout: float) -> list[Done]:
        done = super().collect(timeout)
        self.first = self.first or done[0].key
        return [Done(each.key, None, lost=True) if each.key == self.first else each for each in done]


def test_lost_nodes_are_not_blamed_on_a_job_until_there_are_many(tmp_path: Path) -> None:
    with Campaign.open(small_config(tmp_path, **TINY)) as campaign:
        executor = _Nodes()
        Driver(campaign, executor).run(0)
        job = campaign.store.job(str(executor.first))
        notes = [event.note for event in campaign.store.events(job.key) if event.from_state == "running"]
        assert check_store(campaign.store) == []
        assert sorted(campaign.store.jobs(), key=lambda each: each.attempts)[-2].attempts == 1
    assert job.state == "needs_review"
    assert notes == ["its node was lost"] * LOST_TRIES + ["worker died"] * 3
    assert (job.deaths, job.retries) == (3, 0)
