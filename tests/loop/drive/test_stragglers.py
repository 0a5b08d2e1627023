"""Answers that do not come: when the next batch is chosen without them, and that this is repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.drive.driver import Driver
from loop.execute.tasks import ModelTask
from loop.store import IterationState, check_store
from loop.view import View
from tests.loop.loop_helpers import StoppedError
from tests.loop.schedule_helpers import Turns, proposed, run, scheduled_config


class Clock:
    """A second passes at every look."""

    now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def _first(campaign: Campaign) -> str:
    return campaign.store.proposals(0)[0].key


def test_a_straggler_is_done_without_after_a_while_and_joins_later(tmp_path: Path) -> None:
    config = scheduled_config(tmp_path, ahead=0)
    clock = Clock()
    with Campaign.open(config, clock) as campaign:
        store, opened = campaign.store, []

        def stuck(key: str) -> bool:
            opened.append(sum(it.state is IterationState.VALIDATING for it in store.iterations()))
            return key == _first(campaign) and len(store.iterations()) < 3

        Driver(campaign, Turns(campaign, stuck=stuck), clock=clock).run(2)
        late = (_first(campaign),)
        one, two = (store.iteration(i).notes.inputs for i in (1, 2))
        assert one is not None
        assert two is not None
        assert (one.hidden, one.late) == (late, late)
        # What was done without once is not waited for again.
        assert (two.hidden, two.late) == (late, ())
        assert max(opened) == 2
        assert [it.state for it in store.iterations()] == [IterationState.CLOSED] * 3
        assert len(store.observations()) == 14
        finished = [it.finished or 0.0 for it in store.iterations()]
        assert finished == sorted(finished)
        assert check_store(store) == []


class _Killed(Turns):
    """Stops as it is given something to train."""

    def begin(self, task: ModelTask) -> None:
        raise StoppedError


class _StopsWithABatch:
    """Stops the driver as soon as iteration 1 has its batch."""

    def stage(self, iteration: int, text: str) -> None:
        if (iteration, text) == (1, "validating"):
            raise StoppedError

    def step(self, text: str) -> None: ...

    def progress(self, iteration: int, done: int, total: int) -> None: ...

    def closed(self, iteration: int, view: View) -> None: ...


def test_what_was_done_without_is_done_without_again_after_a_kill(tmp_path: Path) -> None:
    def stopped(config: CampaignConfig, kill: bool) -> list[tuple[Any, float]]:
        clock = Clock()
        with Campaign.open(config, clock) as campaign:
            executor = (_Killed if kill else Turns)(campaign, stuck=lambda key: key == _first(campaign))
            with pytest.raises(StoppedError):
                Driver(campaign, executor, [_StopsWithABatch()], clock).run(1)
            return proposed(campaign.store)

    whole = stopped(scheduled_config(tmp_path / "whole", ahead=0, iterations=1), kill=False)
    assert len(whole) == 10
    config = scheduled_config(tmp_path / "killed", ahead=0, iterations=1)
    assert len(stopped(config, kill=True)) == 6
    # The straggler answers at once now, but its answer is not shown.
    campaign, _ = run(config)
    with campaign:
        assert proposed(campaign.store) == whole
        assert len(campaign.store.observations()) == 10


def test_too_few_answers_are_not_enough_to_go_on(tmp_path: Path) -> None:
    clock = Clock()
    with Campaign.open(scheduled_config(tmp_path, ahead=0), clock) as campaign:
        store = campaign.store
        left = [200]

        def stuck(key: str) -> bool:
            left[0] -= 1
            if not left[0]:
                raise StoppedError
            return key not in [p.key for p in store.proposals(0)[:2]]

        with pytest.raises(StoppedError):
            Driver(campaign, Turns(campaign, stuck=stuck), clock=clock).run(2)
        assert len(store.iterations()) == 1


def test_a_synchronous_schedule_has_all_the_patience(tmp_path: Path) -> None:
    config = scheduled_config(tmp_path, ahead="auto", schedule={"mode": "synchronous"})
    clock = Clock()
    with Campaign.open(config, clock) as campaign:
        left = [200]

        def stuck(key: str) -> bool:
            left[0] -= 1
            if not left[0]:
                raise StoppedError
            return key == _first(campaign)

        with pytest.raises(StoppedError):
            Driver(campaign, Turns(campaign, stuck=stuck), clock=clock).run(2)
        assert len(campaign.store.iterations()) == 1
        assert len(campaign.store.observations()) == 5
