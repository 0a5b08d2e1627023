"""Answers by people: to jobs that await one, and to jobs that nobody works on."""

from __future__ import annotations

import pytest

from alloys.records import Failed, FailureKind
from loop.store import IllegalMove, JobState, Outcome, StoreError, check_store
from tests.loop.store.store_helpers import begin, make, measured, request, selection, take_one


def _awaiting(store):
    store.begin_iteration(0)
    store.store_batch(0, [selection(0, 0)], [request(0)], by_hand=True)
    return request(0).key


def test_a_batch_for_people_is_given_to_no_worker(tmp_path):
    with make(tmp_path / "campaign.db") as store:
        key = _awaiting(store)
        assert store.job(key).state is JobState.AWAITING_HUMAN
        assert store.take("worker", 5) == []
        assert store.answer(key, measured(), source="furnace 2") is Outcome.DONE
        (seen,) = store.observations()
        assert (seen.observation.source, seen.key, seen.iteration) == ("furnace 2", key, 0)
        assert check_store(store) == []


def test_a_person_can_answer_a_queued_job_but_not_one_at_work(tmp_path):
    with make(tmp_path / "campaign.db") as store:
        begin(store, [0, 1])
        mine = take_one(store)
        with pytest.raises(IllegalMove):
            store.answer(mine.key, measured(), source="furnace 2")
        (queued,) = store.jobs(JobState.QUEUED)
        failed = Failed(FailureKind.PHYSICS, "the ingot cracked")
        assert store.answer(queued.key, failed, source="furnace 2") is Outcome.FAILED
        assert store.observations()[-1].observation.failure == "the ingot cracked"
        assert check_store(store) == []


def test_an_answer_comes_once_and_is_a_result(tmp_path):
    with make(tmp_path / "campaign.db") as store:
        key = _awaiting(store)
        with pytest.raises(StoreError, match="values or a failure for physics"):
            store.answer(key, Failed(FailureKind.INFRASTRUCTURE, "no power"), source="furnace 2")
        store.answer(key, measured(), source="furnace 2")
        with pytest.raises(IllegalMove):
            store.answer(key, measured(), source="furnace 2")
