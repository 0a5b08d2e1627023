"""What people decide, and pauses of a validator: all or none, by the table of moves."""

from __future__ import annotations

import pytest

from loop.store import IllegalMove, JobState, StoreError, UnknownJob, check_store
from loop.store.queue.breaker import PAUSE_AFTER, PAUSES
from tests.loop.store.store_helpers import INFRASTRUCTURE, PHYSICS, SUSPECT, Clock, begin, make, measured, take_one
from tests.loop.store.store_helpers import request as asked


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    with make(tmp_path / "campaign.db", clock) as made:
        yield made
        assert check_store(made) == []


def test_held_jobs_are_given_to_nobody_and_keep_their_iteration_open(store):
    keys = begin(store, [1, 2], hold=True)
    assert store.take("me", 5) == []
    assert store.next_due() is None
    assert len(store.open_jobs(0)) == 2
    assert store.approve(*keys, by="Ada") == ["queued", "queued"]
    assert [mine.key for mine in store.take("me", 5)] == keys


def test_approved_jobs_for_people_await_them(store):
    (key,) = begin(store, [1], hold=True, by_hand=True)
    assert store.approve(key, by="Ada") == ["awaiting_human"]


def test_a_decision_on_several_jobs_holds_for_all_or_none(store):
    keys = begin(store, [1, 2, 3], hold=True)
    store.reject(keys[2], reason="too dear", by="Ada")
    before = (store.jobs(), store.events())
    for decide in (
        lambda: store.approve(*keys, by="Ada"),
        lambda: store.reject(*keys, reason="no", by="Ada"),
        lambda: store.cancel(*keys),
    ):
        with pytest.raises(IllegalMove):
            decide()
    with pytest.raises(UnknownJob):
        store.approve(keys[0], "nothing", by="Ada")
    with pytest.raises(StoreError, match="needs its reason"):
        store.reject(keys[0], reason=" ", by="Ada")
    assert (store.jobs(), store.events()) == before


def test_an_edited_job_takes_the_place_of_the_held_one(store):
    keys = begin(store, [1, 2], hold=True)
    with pytest.raises(StoreError, match="asked for once in a campaign"):
        store.edit(keys[0], asked(2), by="Ada")
    with pytest.raises(StoreError, match="validated like the first"):
        store.edit(keys[0], type(asked(3))(asked(3).design, "reference", "settings-1"), by="Ada")
    new = store.edit(keys[0], asked(3), by="Ada")
    assert [(job.key, job.state) for job in store.jobs()] == [
        (keys[0], "cancelled"),
        (keys[1], "held"),
        (new, "queued"),
    ]
    proposal = store.proposals(0)[-1]
    assert (proposal.key, proposal.selection.rank, proposal.selection.candidate.origin) == (new, 2, "by hand")
    assert store.job(keys[0]).message == f"edited to {asked(3).design}"
    store.finish(take_one(store).key, measured())
    with pytest.raises(IllegalMove, match="only a held job"):
        store.edit(new, asked(4), by="Ada")


def test_a_retry_asks_anew_and_makes_older_answers_stale(store, clock):
    keys = begin(store, [1, 2, 3])
    store.take("me", 3)
    store.finish(keys[0], SUSPECT)
    store.finish(keys[1], INFRASTRUCTURE)
    nonces = [store.job(key).nonce for key in keys]
    assert store.retry(keys[0], keys[1], by="Ada") == ["queued", "queued"]
    assert [store.job(key).nonce == nonce for key, nonce in zip(keys, nonces, strict=True)] == [False, True, True]
    assert store.job(keys[1]).retries == 1
    with pytest.raises(
        IllegalMove, match=r"is running: only a job that needs review .* it can become cancelled, done,"
    ):
        store.retry(keys[2], by="Ada")


def test_keys_are_found_by_their_beginning(store):
    keys = begin(store, [1, 2, 3])
    assert store.find_key(keys[0][:12]) == keys[0]
    for start in ("", "%", "_", "zz"):
        with pytest.raises(UnknownJob):
            store.find_key(start)


def _fail(store, clock, times):
    for _ in range(times):
        mine = take_one(store)
        store.finish(mine.key, INFRASTRUCTURE)


def test_failures_in_a_row_pause_the_validator_and_spare_the_jobs(store, clock):
    begin(store, range(12))
    _fail(store, clock, PAUSE_AFTER)
    (pause,) = store.pauses()
    assert (pause.validator, pause.failures, pause.message) == ("calphad", PAUSE_AFTER, INFRASTRUCTURE.message)
    assert pause.until == clock.now + PAUSES[0] == store.next_due()
    assert store.take("me", 5) == []
    clock.now += PAUSES[0]
    assert store.pauses() == []
    _fail(store, clock, 1)
    assert store.next_due() == clock.now + PAUSES[1]
    clock.now += PAUSES[1]
    _fail(store, clock, 1)
    assert [pause.until for pause in store.pauses()] == [None]
    assert store.next_due() is None
    clock.now += 1e6
    assert store.take("me", 5) == []
    assert store.counts()[JobState.NEEDS_REVIEW] == 0
    store.resume_validator("calphad")
    assert len(store.take("me", 5)) == 5
    with pytest.raises(StoreError, match="no job asks the validator 'oracle'; those asked are calphad"):
        store.resume_validator("oracle")


@pytest.mark.parametrize("verdict", [measured(), PHYSICS, SUSPECT])
def test_any_answer_of_the_validator_ends_the_row(store, clock, verdict):
    begin(store, range(12))
    _fail(store, clock, PAUSE_AFTER - 1)
    mine = take_one(store)
    store.finish(mine.key, verdict)
    _fail(store, clock, PAUSE_AFTER - 1)
    assert store.pauses() == []


def test_work_under_way_when_a_pause_begins_counts_once(store, clock):
    begin(store, range(12))
    taken = store.take("me", 2 * PAUSE_AFTER)
    for mine in taken[:-1]:
        store.finish(mine.key, INFRASTRUCTURE)
    assert [pause.until for pause in store.pauses()] == [clock.now + PAUSES[0]]
    store.finish(taken[-1].key, measured())
    assert store.pauses() == []


def test_a_person_who_answers_says_nothing_of_the_machinery(store, clock):
    begin(store, range(12))
    _fail(store, clock, PAUSE_AFTER)
    store.answer(store.jobs(JobState.QUEUED)[0].key, measured(), source="furnace 2")
    assert len(store.pauses()) == 1
