"""Answers that do not come: when the next batch is chosen without them, and that this is repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.drive.driver import Driver
from loop.drive.schedule import stored
from loop.execute.tasks import ModelTask
from loop.store import IterationState, check_store
from tests.loop.loop_helpers import StoppedError
from tests.loop.schedule_helpers import Turns, proposed, run, scheduled_config


class _Clock:
    """A second passes at every look."""

    now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def _driver(campaign: Campaign, executor: Turns) -> Driver:
    clock = _Clock()
    campaign.store._clock = clock
    return Driver(campaign, executor, clock=clock)


def _first(campaign: Campaign) -> str:
    return campaign.store.proposals(0)[0].key


def test_a_straggler_is_done_without_after_a_while_and_joins_later(tmp_path: Path) -> None:
    config = scheduled_config(tmp_path, ahead=0)
    with Campaign.open(config) as campaign:
        store, opened = campaign.store, []

        def stuck(key: str) -> bool:
            opened.append(sum(it.state is IterationState.VALIDATING for it in store.iterations()))
            return key == _first(campaign) and len(store.iterations()) < 3

        _driver(campaign, Turns(campaign, stuck=stuck)).run(2)
        late = (_first(campaign),)
        one, two = (stored(store.iteration(i).info) for i in (1, 2))
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


def test_what_was_done_without_is_done_without_again_after_a_kill(tmp_path: Path) -> None:
    def stopped(config: CampaignConfig, kill: bool) -> list[tuple[Any, float]]:
        with Campaign.open(config) as campaign:
            executor = Turns(campaign, stuck=lambda key: key == _first(campaign))
            plain = executor.begin

            def begin(task: ModelTask) -> None:
                if kill:
                    raise StoppedError
                plain(task)

            executor.begin = begin  # type: ignore[method-assign]
            driver = _driver(campaign, executor)
            if not kill:
                _stop_with_a_batch(driver, 1)
            with pytest.raises(StoppedError):
                driver.run(1)
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


def _stop_with_a_batch(driver: Driver, last: int) -> None:
    """Stops the driver as soon as an iteration has its batch."""
    plain = driver._stored

    def stored_then_stopped(index: int) -> None:
        plain(index)
        if index == last:
            raise StoppedError

    driver._stored = stored_then_stopped  # type: ignore[method-assign]


def test_too_few_answers_are_not_enough_to_go_on(tmp_path: Path) -> None:
    with Campaign.open(scheduled_config(tmp_path, ahead=0)) as campaign:
        store = campaign.store
        left = [200]

        def stuck(key: str) -> bool:
            left[0] -= 1
            if not left[0]:
                raise StoppedError
            return key not in [p.key for p in store.proposals(0)[:2]]

        with pytest.raises(StoppedError):
            _driver(campaign, Turns(campaign, stuck=stuck)).run(2)
        assert len(store.iterations()) == 1


def test_a_synchronous_schedule_has_all_the_patience(tmp_path: Path) -> None:
    config = scheduled_config(tmp_path, ahead="auto", schedule={"mode": "synchronous"})
    with Campaign.open(config) as campaign:
        left = [200]

        def stuck(key: str) -> bool:
            left[0] -= 1
            if not left[0]:
                raise StoppedError
            return key == _first(campaign)

        with pytest.raises(StoppedError):
            _driver(campaign, Turns(campaign, stuck=stuck)).run(2)
        assert len(campaign.store.iterations()) == 1
        assert len(campaign.store.observations()) == 5
