"""The history checker finds every planted violation and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alloys.records import UNADJUSTED
from loop.store import JobState, check_history, check_store
from loop.store.queue.error_classes import DUE
from tests.loop.store.store_helpers import CORRECTABLE, INFRASTRUCTURE, PHYSICS, Clock, begin, make, measured


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Rows of a small campaign: a done job with a replicate, a failed one, one that was corrected, a running one."""
    clock = Clock()
    with make(tmp_path_factory.mktemp("history") / "campaign.db", clock) as store:
        begin(store, [1, 2])
        store.take("slow")
        store.requeue_running(note="taken over")
        first, second = store.take("me", 2)
        store.finish(first.key, measured())
        store.finish(first.key, measured(2400.0))
        store.finish(second.key, PHYSICS)
        store.close_iteration(0)
        begin(store, [3], index=1)
        for verdict in (INFRASTRUCTURE, CORRECTABLE):
            (third,) = store.take("me")
            store.finish(third.key, verdict)
            clock.now += 40
        store.take("me")
        assert check_store(store) == []
        return store.events(), store.jobs(), store.observations(include_replicates=True), store.iterations()


def test_a_good_history_has_no_problems(good):
    assert check_history(*good) == []
    assert check_history([], [], []) == []


def _lose_an_event(events, jobs, seen, turns):
    del events[next(i for i, e in enumerate(events) if e.to_state is JobState.RUNNING)]


def _lose_all_events(events, jobs, seen, turns):
    events[:] = [e for e in events if e.key != jobs[2].key]


def _forbidden_move(events, jobs, seen, turns):
    done = next(e for e in events if e.to_state is JobState.DONE)
    events.append(replace(done, id=99, from_state=JobState.DONE, to_state=JobState.QUEUED))
    jobs[0] = replace(jobs[0], state=JobState.QUEUED)


def _wrong_final_state(events, jobs, seen, turns):
    jobs[2] = replace(jobs[2], state=JobState.RETRY_WAIT)


def _run_without_owner(events, jobs, seen, turns):
    place = max(i for i, e in enumerate(events) if e.to_state is JobState.RUNNING)
    events[place] = replace(events[place], owner=None)


def _attempts_miscounted(events, jobs, seen, turns):
    jobs[0] = replace(jobs[0], attempts=7)


def _two_accepted_results(events, jobs, seen, turns):
    seen[:] = [replace(o, replicate=False) for o in seen]


def _lost_result(events, jobs, seen, turns):
    seen[:] = [o for o in seen if o.key != jobs[1].key]


def _result_of_an_open_job(events, jobs, seen, turns):
    seen.append(replace(seen[0], id=99, key=jobs[2].key))


def _conflict_without_result(events, jobs, seen, turns):
    jobs[0] = replace(jobs[0], conflicts=1)


def _accepted_conflict(events, jobs, seen, turns):
    seen[:] = [o if o.replicate else replace(o, conflict="solidus differs") for o in seen]


def _worker_on_a_job_for_people(events, jobs, seen, turns):
    jobs[0] = replace(jobs[0], by_hand=True)


def _result_of_no_job(events, jobs, seen, turns):
    seen.append(replace(seen[0], id=99, key="nothing"))


def _event_of_no_job(events, jobs, seen, turns):
    events.append(replace(events[0], id=99, key="nothing"))


def _closed_over_an_open_job(events, jobs, seen, turns):
    turns[1] = replace(turns[1], state=turns[0].state)


def _place(events, state, note=""):
    return max(i for i, e in enumerate(events) if e.to_state is state and note in e.note)


def _unknown_class(events, jobs, seen, turns):
    place = _place(events, JobState.FAILED)
    events[place] = replace(events[place], error_class="bad luck")


def _wait_without_class(events, jobs, seen, turns):
    place = _place(events, JobState.RETRY_WAIT)
    events[place] = replace(events[place], error_class=None)


def _suspect_and_tried_again(events, jobs, seen, turns):
    place = _place(events, JobState.RETRY_WAIT)
    events[place] = replace(events[place], error_class="suspect")


def _tried_too_often(events, jobs, seen, turns):
    place = _place(events, JobState.RETRY_WAIT)
    wait = events[place]
    back = replace(wait, from_state=wait.to_state, to_state=wait.from_state, error_class=None)
    events[place : place + 1] = [wait, back] * 6


def _wait_cut_short(events, jobs, seen, turns):
    place = min(i for i, e in enumerate(events) if e.note == DUE)
    events[place] = replace(events[place], at=events[place].at - 20)


def _failures_miscounted(events, jobs, seen, turns):
    jobs[2] = replace(jobs[2], retries=2)


def _correction_lost(events, jobs, seen, turns):
    jobs[2] = replace(jobs[2], adjustment=UNADJUSTED)


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        (_lose_an_event, "starts from running, but the job was queued"),
        (_lose_all_events, "has no events"),
        (_forbidden_move, "not allowed: done to queued"),
        (_wrong_final_state, "is retry_wait, but its last event made it running"),
        (_run_without_owner, "is of no run"),
        (_attempts_miscounted, "counts 7 attempts"),
        (_two_accepted_results, "with 2 accepted results, not 1"),
        (_lost_result, "with 0 accepted results, not 1"),
        (_result_of_an_open_job, "with 1 accepted results, not 0"),
        (_conflict_without_result, "has 1 conflicts to look at, but 0"),
        (_accepted_conflict, "is accepted, but conflicts"),
        (_worker_on_a_job_for_people, "is for people, but a worker had it"),
        (_result_of_no_job, "a result belongs to no job"),
        (_event_of_no_job, "event 99 belongs to no job"),
        (_unknown_class, "unknown class of error: bad luck"),
        (_wait_without_class, "wait for another try without a class of error"),
        (_suspect_and_tried_again, "is suspect number 1, but led to retry_wait"),
        (_tried_too_often, "is correctable number 6, but led to retry_wait"),
        (_wait_cut_short, "ends a wait 10 s too early"),
        (_failures_miscounted, "counts 2 infrastructure failures, but its log has 1"),
        (_correction_lost, "has 0 corrections, but its log has 1"),
        (_closed_over_an_open_job, "iteration 1 is closed, but its job"),
    ],
)
def test_a_planted_violation_is_found(good, plant, message):
    rows = tuple(list(part) for part in good)
    plant(*rows)
    problems = check_history(*rows)
    assert any(message in problem for problem in problems), problems
