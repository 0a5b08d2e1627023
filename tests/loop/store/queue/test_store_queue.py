"""The queue, one test per rule."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from alloys.records import UNADJUSTED, Adjustment, Failed, FailureKind, Measured, Quantity, canonical_json
from loop.store import IllegalMove, NotRunning, Outcome, StoreError, UnknownJob, check_store
from loop.store.queue.error_classes import RULES, back_off
from loop.store.states import MOVES, JobState, check_move
from tests.loop.store.store_helpers import (
    CAPACITY,
    CORRECTABLE,
    INFRASTRUCTURE,
    NO_MORE,
    PHYSICS,
    SUSPECT,
    Clock,
    alloy,
    begin,
    make,
    measured,
    request,
    take_one,
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    with make(tmp_path / "campaign.db", clock) as made:
        yield made
        assert check_store(made) == []


def test_jobs_are_taken_in_order_and_once(store):
    keys = begin(store, [3, 1, 2])
    first = store.take("a", 2)
    second = store.take("a", 5)
    assert [job.key for job in first + second] == keys
    assert first[0].request == request(3)
    assert (first[0].state, first[0].attempts, first[0].iteration) == ("running", 1, 0)
    assert store.take("a", 5) == []
    assert store.counts()["running"] == 3
    assert set(store.counts()) == set(JobState)


@pytest.mark.parametrize(("owner", "n"), [("", 1), ("a", -1)])
def test_what_makes_no_sense_is_not_taken(store, owner, n):
    with pytest.raises(StoreError, match="jobs are taken by an owner"):
        store.take(owner, n)


def test_a_measured_verdict_ends_the_job_with_its_observation(store, clock):
    (key,) = begin(store, [1])
    take_one(store)
    clock.now += 3
    assert store.finish(key, measured()) is Outcome.DONE
    job = store.job(key)
    assert (job.state, job.verdict, job.updated) == ("done", measured(), clock.now)
    (seen,) = store.observations()
    assert (seen.observation.design, seen.observation.values, seen.observation.source) == (
        alloy(1),
        {"solidus": 2500.0},
        "calphad",
    )
    assert (seen.iteration, seen.rank, seen.key, seen.replicate) == (0, 0, key, False)
    assert [(e.from_state, e.to_state, e.owner) for e in store.events(key)] == [
        (None, "queued", None),
        ("queued", "running", "me"),
        ("running", "done", None),
    ]


def test_the_same_verdict_twice_is_a_no_op(store):
    (key,) = begin(store, [1])
    store.finish(take_one(store).key, measured())
    before = (store.jobs(), store.events(), store.observations(True))
    assert store.finish(key, measured()) is Outcome.DUPLICATE
    assert (store.jobs(), store.events(), store.observations(True)) == before


def test_a_late_result_is_a_replicate_once_and_overwrites_nothing(store):
    (key,) = begin(store, [1])
    store.finish(take_one(store).key, measured(2500.0))
    digest = store.dataset_digest()
    assert store.finish(key, measured(2480.0)) is Outcome.REPLICATE
    assert store.finish(key, measured(2480.0)) is Outcome.DUPLICATE
    assert store.finish(key, measured(2490.0)) is Outcome.REPLICATE
    assert store.finish(key, PHYSICS) is Outcome.REPLICATE
    assert store.dataset_digest() == digest
    assert store.job(key).verdict == measured(2500.0)
    late = store.observations(include_replicates=True)[1:]
    assert [o.observation.values.get("solidus") for o in late] == [2480, 2490, None]


def test_a_result_for_a_job_that_is_queued_again_is_kept_while_the_job_goes_on(store):
    (key,) = begin(store, [1])
    store.requeue(take_one(store).key, note="its node was lost")
    assert store.finish(key, measured(2480.0)) is Outcome.REPLICATE
    assert store.job(key).state == "queued"
    assert store.observations() == []
    assert store.finish(take_one(store).key, measured(2480.0)) is Outcome.DONE
    assert store.finish(key, measured(2480.0)) is Outcome.DUPLICATE


@pytest.mark.parametrize("verdict", [INFRASTRUCTURE, SUSPECT])
def test_no_result_for_a_job_that_is_not_running_is_refused(store, verdict):
    (key,) = begin(store, [1])
    store.requeue(take_one(store).key, note="its node was lost")
    with pytest.raises(NotRunning, match="is not running, it is queued; drop the work"):
        store.finish(key, verdict)
    for settle in (store.worker_died, partial(store.requeue, note="lost")):
        with pytest.raises(NotRunning):
            settle(key)


def test_a_job_that_is_not_there_has_no_verdict(store):
    with pytest.raises(UnknownJob):
        store.finish("nothing", measured())


def test_a_failure_of_physics_is_a_kept_observation(store):
    (key,) = begin(store, [1])
    assert store.finish(take_one(store).key, PHYSICS) is Outcome.FAILED
    (seen,) = store.observations()
    assert (seen.observation.values, seen.observation.failure) == ({}, PHYSICS.message)
    assert (store.job(key).error_class, store.job(key).message) == ("physics", PHYSICS.message)
    assert store.close_iteration(0).state == "closed"


def test_a_failure_of_the_machinery_backs_off_then_asks(store, clock):
    (key,) = begin(store, [1])
    for number, wait in enumerate((30, 300, 1200), start=1):
        assert store.finish(take_one(store).key, INFRASTRUCTURE) is Outcome.RETRY
        assert wait <= back_off("infrastructure", key, number) < 1.1 * wait
        assert store.next_due() == pytest.approx(clock.now + back_off("infrastructure", key, number))
        clock.now += wait - 1
        assert store.take("me") == []
        clock.now += 1 + 0.1 * wait
    assert store.finish(take_one(store).key, INFRASTRUCTURE) is Outcome.REVIEW
    job = store.job(key)
    assert (job.state, job.error_class, job.retries, job.message) == (
        "needs_review",
        "infrastructure",
        4,
        INFRASTRUCTURE.message,
    )
    assert store.observations(include_replicates=True) == []
    assert store.next_due() is None


def test_no_room_is_waited_for_without_end(store, clock):
    (key,) = begin(store, [1])
    for number in range(1, 9):
        assert store.finish(take_one(store).key, CAPACITY) is Outcome.RETRY
        wait = (60, 300, 900)[min(number, 3) - 1]
        assert store.next_due() == pytest.approx(clock.now + back_off("capacity", key, number))
        clock.now += wait - 1
        assert store.take("me") == []
        clock.now += 1 + 0.1 * wait
    assert store.pauses() == []
    assert (store.job(key).waits, store.job(key).retries) == (8, 0)
    assert store.finish(take_one(store).key, measured()) is Outcome.DONE


def test_a_limit_is_raised_at_once_and_stays_raised(store):
    (key,) = begin(store, [1])
    assert take_one(store).adjustment == UNADJUSTED
    for number, mb in enumerate((2000.0, 4000.0), start=1):
        asked = Failed(FailureKind.RESOURCE, "memory used up", ask={"memory_mb": mb})
        assert store.finish(key, asked) is Outcome.RETRY
        assert take_one(store).adjustment == Adjustment({"memory_mb": mb})
        assert store.job(key).raises == number
    assert store.finish(key, NO_MORE) is Outcome.REVIEW
    assert (store.job(key).error_class, store.job(key).raises) == ("resource", 3)
    store.retry(key, by="me")
    assert (take_one(store).adjustment, store.job(key).raises) == (UNADJUSTED, 0)


def test_five_corrections_are_given_each_with_those_before_it(store):
    (key,) = begin(store, [1])
    for number in range(1, 6):
        asked = Failed(FailureKind.CORRECTABLE, "it did not converge", ask={"mixing": 1 / number})
        assert store.finish(take_one(store).key, asked) is Outcome.RETRY
    assert [dict(c) for c in take_one(store).adjustment.corrections] == [{"mixing": 1 / n} for n in range(1, 6)]
    assert store.finish(key, CORRECTABLE) is Outcome.REVIEW
    assert (store.job(key).state, store.job(key).error_class) == ("needs_review", "correctable")
    notes = [event.note for event in store.events(key) if event.error_class == "correctable"]
    assert [note.partition("tried again with ")[2] for note in notes] == [
        *(canonical_json({"mixing": 1 / n}) for n in range(1, 6)),
        "",
    ]
    assert store.observations(include_replicates=True) == []


def test_every_class_of_a_verdict_has_its_rule():
    assert set(FailureKind) < set(RULES)
    assert all(rule.waits or rule.again is JobState.QUEUED for rule in RULES.values() if rule.counter)


def test_the_manual_has_the_table_of_classes():
    text = (Path(__file__).parents[4] / "docs/howto/queue.md").read_text(encoding="utf-8")
    table = text.partition("## What happens to failures")[2].partition("\n\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    assert [(row[0].strip("`"), row[1]) for row in rows] == [(name, rule.meaning) for name, rule in RULES.items()]
    for row in rows:
        rule = RULES[row[0].strip("`")]
        assert [float(text) for text in re.findall(r"\d+", row[2])] == [wait for wait in rule.waits if wait]
        assert row[3] == ("without end" if rule.most is None else str(rule.most))
        assert row[4] == f"`{rule.end}`"


def test_a_suspect_answer_needs_review(store):
    (key,) = begin(store, [1])
    assert store.finish(take_one(store).key, SUSPECT) is Outcome.REVIEW
    assert (store.job(key).error_class, store.job(key).message) == ("suspect", SUSPECT.message)
    assert store.open_jobs() == []


@pytest.mark.parametrize(
    "verdict",
    [
        Measured({"solidus": Quantity(float("nan"), "K")}),
        Measured({"solidus": Quantity(-3.0, "K")}),
        Measured({"solidus": Quantity(2500.0, "GPa")}),
        Measured({"colour": Quantity(1.0, "1")}),
        Measured({"solidus": Quantity(2500.0, "K")}, details={"object": object()}),
        Measured({}),
    ],
)
def test_an_answer_that_cannot_be_true_needs_review(store, verdict):
    (key,) = begin(store, [1])
    assert store.finish(take_one(store).key, verdict) is Outcome.REVIEW
    assert store.job(key).error_class == FailureKind.SUSPECT


def test_three_worker_deaths_are_poison(store):
    (key,) = begin(store, [1])
    for _ in range(2):
        assert store.worker_died(take_one(store).key) == "queued"
    assert store.worker_died(take_one(store).key, note="killed for memory") == "needs_review"
    job = store.job(key)
    assert (job.error_class, job.deaths, job.attempts) == ("poison", 3, 3)
    assert "killed for memory" in str(job.message)


def test_what_was_running_when_a_driver_ended_is_queued_again(store):
    keys = begin(store, [1, 2, 3])
    store.take("dead", 2)
    assert store.requeue_running(note="taken over by me") == 2
    assert store.requeue_running(note="taken over by me") == 0
    assert {(job.state, job.deaths) for job in store.jobs()} == {("queued", 0)}
    assert [job.key for job in store.take("me", 3)] == keys
    assert [(event.to_state, event.owner, event.note) for event in store.events(keys[0])] == [
        ("queued", None, ""),
        ("running", "dead", ""),
        ("queued", None, "taken over by me"),
        ("running", "me", ""),
    ]


def test_cancelling_ends_what_is_open_and_nothing_else(store):
    keys = begin(store, [1, 2, 3])
    store.take("me", 2)
    store.finish(keys[0], measured())
    store.cancel(keys[1], note="wrong database")
    store.cancel(keys[2])
    with pytest.raises(IllegalMove, match="done cannot become cancelled"):
        store.cancel(keys[0])
    with pytest.raises(IllegalMove):
        store.cancel(keys[1])
    assert store.finish(keys[1], measured()) is Outcome.REPLICATE
    assert store.close_iteration(0).state == "closed"


def test_a_review_starts_again_or_ends_in_an_answer(store):
    keys = begin(store, [1, 2, 3])
    for job in store.take("me", 3):
        store.finish(job.key, SUSPECT)
    assert store.retry(keys[0], by="Ada") == ["queued"]
    assert store.answer(keys[1], measured(), source="Ada") == "done"
    assert store.answer(keys[2], PHYSICS, source="Ada") == "failed"
    assert len(store.observations()) == 2
    job = store.job(keys[0])
    assert (job.error_class, job.retries, job.deaths, job.attempts) == (None, 0, 0, 1)


def test_next_due(store, clock):
    assert store.next_due() is None
    begin(store, [1])
    assert store.next_due() == clock.now
    take_one(store)
    assert store.next_due() is None


def test_listing_by_state_and_iteration(store):
    begin(store, [1, 2])
    begin(store, [3], index=1)
    take_one(store)
    assert [job.iteration for job in store.jobs("queued")] == [0, 1]
    assert len(store.open_jobs()) == 3
    assert [job.request for job in store.open_jobs(1)] == [request(3)]
    assert [job.request for job in store.jobs("running")] == [request(1)]
    with pytest.raises(StoreError, match="available are held, queued"):
        store.jobs("lost")


def test_the_table_of_moves_is_whole():
    assert set(MOVES) == {None, *JobState}
    reachable = set().union(*MOVES.values())
    assert reachable == set(JobState)
    with pytest.raises(IllegalMove, match="can become nothing else"):
        check_move(JobState.DONE, JobState.QUEUED)
    with pytest.raises(IllegalMove, match="a job that is held cannot become running; it can become awaiting_human, "):
        check_move(JobState.HELD, JobState.RUNNING)
