"""A clock that is set forwards or back by hours neither loses a job nor makes it wait for hours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from alloys.records import Measured
from loop.store import CampaignStore, Job, JobState, check_store
from loop.store.queue.error_classes import LONGEST_WAIT
from tests.loop.store.store_helpers import INFRASTRUCTURE, Clock, begin, make, measured, take_one

HOURS = 3 * 3600.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[CampaignStore]:
    with make(tmp_path / "campaign.db", clock) as made:
        yield made


def _fail(store: CampaignStore, times: int = 1) -> Job:
    for _ in range(times):
        mine = take_one(store)
        store.finish(mine.key, INFRASTRUCTURE)
    return mine


@pytest.mark.parametrize("step", [-HOURS, HOURS])
def test_a_retry_is_due_after_the_clock_was_set(store: CampaignStore, clock: Clock, step: float) -> None:
    begin(store, [1])
    _fail(store)
    assert store.take("me") == []
    clock.now += step
    assert store.next_due() == clock.now
    mine = take_one(store)
    assert mine.attempts == 2
    store.finish(mine.key, measured())
    assert check_store(store) == []


def test_a_small_step_back_keeps_the_wait(store: CampaignStore, clock: Clock) -> None:
    begin(store, [1])
    _fail(store)
    clock.now -= 20
    assert store.take("me") == []
    due = store.next_due()
    assert due is not None
    assert 0 < due - clock.now < LONGEST_WAIT
    assert check_store(store) == []


@pytest.mark.parametrize("step", [-HOURS, HOURS])
def test_a_pause_is_over_after_the_clock_was_set(store: CampaignStore, clock: Clock, step: float) -> None:
    begin(store, range(6))
    _fail(store, 5)
    assert [pause.failures for pause in store.pauses()] == [5]
    assert store.take("me") == []
    clock.now += step
    assert store.pauses() == []
    assert len(store.take("me", 6)) == 6
    assert check_store(store) == []


def test_a_pause_lasts_while_the_clock_is_left_alone(store: CampaignStore, clock: Clock) -> None:
    begin(store, range(6))
    _fail(store, 5)
    clock.now += 299
    assert store.take("me") == []
    clock.now += 2
    assert store.take("me", 6)


@pytest.mark.parametrize("step", [-HOURS, HOURS])
def test_what_is_running_outlives_a_step(store: CampaignStore, clock: Clock, step: float) -> None:
    begin(store, [1, 2])
    mine = take_one(store)
    clock.now += step
    assert len(store.take("me", 2)) == 1
    store.finish(mine.key, measured())
    job = store.job(mine.key)
    assert (job.state, job.deaths, job.attempts) == (JobState.DONE, 0, 1)
    assert isinstance(job.verdict, Measured)
    assert check_store(store) == []


def test_a_wait_cut_short_without_a_step_is_still_found(store: CampaignStore, clock: Clock) -> None:
    begin(store, [1])
    _fail(store)
    later = clock.now + 5
    with store._write() as connection:
        connection.execute(sa.text("UPDATE jobs SET not_before = :later"), {"later": later})
    clock.now = later
    take_one(store)
    assert any("too early" in problem for problem in check_store(store))
