"""The queue, one test per rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alloys.records import UNADJUSTED, Adjustment, Failed, FailureKind, Measured, Quantity, canonical_json
from loop.store import IllegalMove, Outcome, StaleLease, StoreError, UnknownJob, check_store
from loop.store.classes import RULES, back_off
from loop.store.transitions import MOVES, JobState, check_move
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
    lease_one,
    make,
    measured,
    request,
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    with make(tmp_path / "campaign.db", clock) as made:
        yield made
        assert check_store(made) == []


def test_claims_are_in_order_and_disjoint(store):
    keys = begin(store, [3, 1, 2])
    first = store.claim("a", 2, lease_seconds=10)
    second = store.claim("b", 5)
    assert [lease.key for lease in first + second] == keys
    assert len({lease.token for lease in first + second}) == 3
    assert first[0].request == request(3)
    assert (first[0].owner, first[0].attempt, first[0].until) == ("a", 1, 1_000_010.0)
    assert store.claim("c", 5) == []
    assert store.counts()["leased"] == 3
    assert set(store.counts()) == set(JobState)


@pytest.mark.parametrize(("owner", "n", "seconds"), [("", 1, 60), ("a", -1, 60), ("a", 1, 0)])
def test_a_claim_without_sense_is_refused(store, owner, n, seconds):
    with pytest.raises(StoreError, match="a claim needs"):
        store.claim(owner, n, lease_seconds=seconds)


def test_a_measured_verdict_ends_the_job_with_its_observation(store, clock):
    (key,) = begin(store, [1])
    lease = lease_one(store)
    clock.now += 3
    assert store.finish(key, lease.token, measured()) is Outcome.DONE
    job = store.job(key)
    assert (job.state, job.verdict, job.updated, job.lease_until) == ("done", measured(), clock.now, None)
    (seen,) = store.observations()
    assert (seen.observation.design, seen.observation.values, seen.observation.source) == (
        alloy(1),
        {"solidus": 2500.0},
        "calphad",
    )
    assert (seen.iteration, seen.rank, seen.key, seen.replicate) == (0, 0, key, False)
    assert [(e.from_state, e.to_state, e.token) for e in store.events(key)] == [
        (None, "queued", None),
        ("queued", "leased", lease.token),
        ("leased", "done", lease.token),
    ]


def test_the_same_verdict_twice_is_a_no_op(store):
    (key,) = begin(store, [1])
    lease = lease_one(store)
    store.finish(key, lease.token, measured())
    before = (store.jobs(), store.events(), store.observations(True))
    assert store.finish(key, lease.token, measured()) is Outcome.DUPLICATE
    assert (store.jobs(), store.events(), store.observations(True)) == before


def test_a_late_result_is_a_replicate_once_and_overwrites_nothing(store, clock):
    (key,) = begin(store, [1])
    slow = lease_one(store, "slow")
    clock.now += 61
    fast = lease_one(store, "fast")
    store.finish(key, fast.token, measured(2500.0))
    digest = store.dataset_digest()
    assert store.finish(key, slow.token, measured(2480.0)) is Outcome.REPLICATE
    assert store.finish(key, slow.token, measured(2480.0)) is Outcome.DUPLICATE
    assert store.finish(key, fast.token, measured(2490.0)) is Outcome.REPLICATE
    assert store.dataset_digest() == digest
    assert store.job(key).verdict == measured(2500.0)
    assert [o.observation.values["solidus"] for o in store.observations(include_replicates=True)] == [2500, 2480, 2490]


def test_a_result_whose_lease_was_lost_is_kept_while_the_job_goes_on(store, clock):
    (key,) = begin(store, [1])
    slow = lease_one(store)
    store.release(key, slow.token)
    assert store.finish(key, slow.token, measured()) is Outcome.REPLICATE
    assert store.job(key).state == "queued"
    assert store.observations() == []


@pytest.mark.parametrize("verdict", [INFRASTRUCTURE, SUSPECT])
def test_a_stale_lease_without_a_result_is_refused(store, verdict):
    (key,) = begin(store, [1])
    lease = lease_one(store)
    store.release(key, lease.token)
    with pytest.raises(StaleLease, match="drop the work"):
        store.finish(key, lease.token, verdict)


def test_a_token_that_was_never_given_out_is_refused(store):
    keys = begin(store, [1, 2])
    other = lease_one(store)
    for token in ("made-up", other.token):
        with pytest.raises(StaleLease):
            store.finish(keys[1], token, measured())
    with pytest.raises(UnknownJob):
        store.finish("nothing", other.token, measured())


def test_a_failure_of_physics_is_a_kept_observation(store):
    (key,) = begin(store, [1])
    assert store.finish(key, lease_one(store).token, PHYSICS) is Outcome.FAILED
    (seen,) = store.observations()
    assert (seen.observation.values, seen.observation.failure) == ({}, PHYSICS.message)
    assert (store.job(key).error_class, store.job(key).message) == ("physics", PHYSICS.message)
    assert store.close_iteration(0).state == "closed"


def test_a_failure_of_the_machinery_backs_off_then_asks(store, clock):
    (key,) = begin(store, [1])
    for number, wait in enumerate((30, 300, 1200), start=1):
        assert store.finish(key, lease_one(store).token, INFRASTRUCTURE) is Outcome.RETRY
        assert wait <= back_off("infrastructure", key, number) < 1.1 * wait
        assert store.next_due() == pytest.approx(clock.now + back_off("infrastructure", key, number))
        clock.now += wait - 1
        assert store.claim("me") == []
        clock.now += 1 + 0.1 * wait
    assert store.finish(key, lease_one(store).token, INFRASTRUCTURE) is Outcome.REVIEW
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
        assert store.finish(key, lease_one(store).token, CAPACITY) is Outcome.RETRY
        wait = (60, 300, 900)[min(number, 3) - 1]
        assert store.next_due() == pytest.approx(clock.now + back_off("capacity", key, number))
        clock.now += wait - 1
        assert store.claim("me") == []
        clock.now += 1 + 0.1 * wait
    assert store.pauses() == []
    assert (store.job(key).waits, store.job(key).retries) == (8, 0)
    assert store.finish(key, lease_one(store).token, measured()) is Outcome.DONE


def test_a_limit_is_raised_at_once_and_stays_raised(store):
    (key,) = begin(store, [1])
    assert lease_one(store).adjustment == UNADJUSTED
    for number, mb in enumerate((2000.0, 4000.0), start=1):
        asked = Failed(FailureKind.RESOURCE, "memory used up", ask={"memory_mb": mb})
        assert store.finish(key, store.job(key).token, asked) is Outcome.RETRY
        assert lease_one(store).adjustment == Adjustment({"memory_mb": mb})
        assert store.job(key).raises == number
    assert store.finish(key, store.job(key).token, NO_MORE) is Outcome.REVIEW
    assert (store.job(key).error_class, store.job(key).raises) == ("resource", 3)
    store.retry(key, by="me")
    assert (lease_one(store).adjustment, store.job(key).raises) == (UNADJUSTED, 0)


def test_five_corrections_are_given_each_with_those_before_it(store):
    (key,) = begin(store, [1])
    for number in range(1, 6):
        asked = Failed(FailureKind.CORRECTABLE, "it did not converge", ask={"mixing": 1 / number})
        assert store.finish(key, lease_one(store).token, asked) is Outcome.RETRY
    assert [dict(c) for c in lease_one(store).adjustment.corrections] == [{"mixing": 1 / n} for n in range(1, 6)]
    assert store.finish(key, store.job(key).token, CORRECTABLE) is Outcome.REVIEW
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
    text = (Path(__file__).parents[3] / "docs/howto/queue.md").read_text(encoding="utf-8")
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
    assert store.finish(key, lease_one(store).token, SUSPECT) is Outcome.REVIEW
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
    assert store.finish(key, lease_one(store).token, verdict) is Outcome.REVIEW
    assert store.job(key).error_class == FailureKind.SUSPECT


def test_three_worker_deaths_are_poison(store, clock):
    (key,) = begin(store, [1])
    assert store.worker_died(key, lease_one(store).token) == "queued"
    lease_one(store)
    clock.now += 60
    assert store.worker_died(key, lease_one(store).token, note="killed for memory") == "needs_review"
    job = store.job(key)
    assert (job.error_class, job.deaths, job.attempts) == ("poison", 3, 3)
    assert "killed for memory" in str(job.message)
    assert [e.note for e in store.events(key)].count("lease expired") == 1


def test_the_third_expiry_is_poison_too(store, clock):
    (key,) = begin(store, [1])
    for _ in range(3):
        lease_one(store)
        clock.now += 60
    assert store.claim("me") == []
    assert store.job(key).error_class == "poison"


def test_renewing_moves_the_end_of_the_lease(store, clock):
    (key,) = begin(store, [1])
    lease = lease_one(store)
    clock.now += 59
    assert store.renew(key, lease.token) == clock.now + 60
    clock.now += 59
    assert store.claim("other") == []
    clock.now += 1
    taken = lease_one(store, "other")
    with pytest.raises(StaleLease):
        store.renew(key, lease.token)
    assert store.finish(key, taken.token, measured()) is Outcome.DONE
    with pytest.raises(StaleLease):
        store.renew(key, taken.token)


def test_an_expired_lease_that_nobody_swept_still_counts(store, clock):
    (key,) = begin(store, [1])
    lease = lease_one(store)
    clock.now += 1000
    assert store.finish(key, lease.token, measured()) is Outcome.DONE


def test_a_driver_that_takes_over_puts_dead_leases_back(store):
    begin(store, [1, 2, 3])
    store.claim("dead", 2)
    mine = lease_one(store, "me")
    assert store.release_leases(not_owner="me") == 2
    assert store.job(mine.key).state == "leased"
    assert {job.deaths for job in store.jobs()} == {0}
    store.claim("dead", 2)
    assert store.release_leases(not_owner="me", count_death=True) == 2
    assert sorted(job.deaths for job in store.jobs()) == [0, 1, 1]


def test_cancelling_ends_what_is_open_and_nothing_else(store):
    keys = begin(store, [1, 2, 3])
    leases = store.claim("me", 2)
    store.finish(keys[0], leases[0].token, measured())
    store.cancel(keys[1], note="wrong database")
    store.cancel(keys[2])
    with pytest.raises(IllegalMove, match="done cannot become cancelled"):
        store.cancel(keys[0])
    with pytest.raises(IllegalMove):
        store.cancel(keys[1])
    assert store.finish(keys[1], leases[1].token, measured()) is Outcome.REPLICATE
    assert store.close_iteration(0).state == "closed"


def test_a_review_starts_again_or_decides(store):
    keys = begin(store, [1, 2, 3])
    for lease in store.claim("me", 3):
        store.finish(lease.key, lease.token, SUSPECT)
    assert store.review(keys[0]) == "queued"
    assert store.review(keys[1], measured()) == "done"
    assert store.review(keys[2], PHYSICS, note="really") == "failed"
    assert len(store.observations()) == 2
    job = store.job(keys[0])
    assert (job.error_class, job.retries, job.deaths, job.attempts) == (None, 0, 0, 1)
    with pytest.raises(IllegalMove, match="only one that needs review"):
        store.review(keys[0])
    with pytest.raises(StoreError, match="ends in values"):
        store.review(keys[1], SUSPECT)


def test_next_due(store, clock):
    assert store.next_due() is None
    begin(store, [1, 2])
    assert store.next_due() == clock.now
    lease_one(store)
    clock.now += 10
    lease_one(store)
    assert store.next_due() == clock.now + 50
    clock.now += 100
    assert store.next_due() == clock.now


def test_listing_by_state_and_iteration(store):
    begin(store, [1, 2])
    begin(store, [3], index=1)
    lease_one(store)
    assert [job.iteration for job in store.jobs("queued")] == [0, 1]
    assert len(store.open_jobs()) == 3
    assert [job.request for job in store.open_jobs(1)] == [request(3)]
    assert store.request(store.jobs("leased")[0].key) == request(1)
    with pytest.raises(StoreError, match="available are held, queued"):
        store.jobs("lost")


def test_the_table_of_moves_is_whole():
    assert set(MOVES) == {None, *JobState}
    reachable = set().union(*MOVES.values())
    assert reachable == set(JobState)
    with pytest.raises(IllegalMove, match="can become nothing else"):
        check_move(JobState.DONE, JobState.QUEUED)
    with pytest.raises(IllegalMove, match="a job that is held cannot become leased; it can become awaiting_human, "):
        check_move(JobState.HELD, JobState.LEASED)
