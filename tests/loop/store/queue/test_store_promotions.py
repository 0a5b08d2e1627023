"""Rounds of promotions: stored once with their jobs, an alloy once per validator."""

from __future__ import annotations

import pytest

from alloys.records import ValidationRequest
from loop.store import BatchExists, IterationError, JobState, StoreError, check_store
from loop.store.notes import Promotions
from tests.loop.store.store_helpers import alloy, begin, make, measured, selection, take_one


@pytest.fixture
def store(tmp_path, backend):
    with make(tmp_path / "campaign.db") as made:
        yield made
        assert check_store(made) == []


def dear(number: int) -> ValidationRequest:
    return ValidationRequest(alloy(number), "dft", "settings-2")


def answer_all(store):
    while taken := store.take("me"):
        store.finish(taken[0].key, measured())


def promote(store, number, alloys, index=0, tier=1, **more):
    chosen = [selection(a, rank) for rank, a in enumerate(alloys)]
    tiers = [tier] * len(alloys)
    return store.store_promotions(
        index, number, chosen, [dear(a) for a in alloys], tiers, note=Promotions(asked=number + 1), **more
    )


def test_a_round_is_stored_with_its_jobs_and_its_note(store):
    begin(store, [1, 2, 3])
    answer_all(store)
    stored = promote(store, 0, [3, 1])
    assert [(p.key, p.tier, p.selection.rank) for p in stored] == [(dear(3).key, 1, 3), (dear(1).key, 1, 4)]
    assert stored == store.promotions(0) == store.promotions()
    assert [p.tier for p in store.proposals(0)] == [0, 0, 0]
    assert [job.request for job in store.open_jobs(0)] == [dear(3), dear(1)]
    assert store.iteration(0).notes.promotions == (Promotions(asked=1),)
    with pytest.raises(IterationError, match="2 of its jobs are still open"):
        store.close_iteration(0)
    answer_all(store)
    assert [(o.tier, o.observation.source) for o in store.observations()] == [(0, "calphad")] * 3 + [(1, "dft")] * 2
    assert promote(store, 1, []) == []
    store.close_iteration(0)


def test_the_stored_round_wins(store):
    begin(store, [1, 2])
    promote(store, 0, [1])
    with pytest.raises(BatchExists, match="1 rounds already, and the stored ones win"):
        promote(store, 0, [2])
    assert len(store.jobs()) == 3
    assert [p.key for p in promote(store, 1, [2], hold=True)] == [dear(2).key]
    assert store.job(dear(2).key).state is JobState.HELD


def test_an_alloy_goes_to_a_validator_once_and_a_refused_round_leaves_nothing(store):
    begin(store, [1, 2])
    promote(store, 0, [1])
    answer_all(store)
    promote(store, 1, [])
    store.close_iteration(0)
    begin(store, [4], index=1)
    for tier in (1, 2):
        with pytest.raises(StoreError, match="once in a campaign"):
            promote(store, 0, [2, 1], index=1, tier=tier)
    assert [p.key for p in store.promotions()] == [dear(1).key]
    assert store.iteration(1).notes.promotions == ()


def test_a_round_may_ask_programs_and_people(store):
    begin(store, [1, 2])
    answer_all(store)
    chosen = [selection(a, rank) for rank, a in enumerate([1, 2])]
    stored = store.store_promotions(0, 0, chosen, [dear(1), dear(2)], [1, 2], note={}, by_hand=[2])
    assert [(p.tier, store.job(p.key).state) for p in stored] == [(1, JobState.QUEUED), (2, JobState.AWAITING_HUMAN)]
    assert [mine.key for mine in store.take("me", 9)] == [stored[0].key]
    begin(store, [3], index=1)
    answer_all(store)
    (held,) = store.store_promotions(1, 0, [selection(3, 0)], [dear(3)], [2], note={}, by_hand=[2], hold=True)
    assert store.approve(held.key, by="Ada") == [JobState.AWAITING_HUMAN]


def test_what_a_round_needs(store):
    store.begin_iteration(0)
    with pytest.raises(IterationError, match="is proposing, not validating"):
        promote(store, 0, [1])
    with pytest.raises(StoreError, match="one tier from 1 on per selection"):
        promote(store, 0, [1], tier=0)
    store.store_batch(0, [], [])
    with pytest.raises(StoreError, match="of the same design"):
        store.store_promotions(0, 0, [selection(1, 0)], [dear(2)], [1], note={})


def test_a_promoted_alloy_cannot_be_edited(store):
    begin(store, [1])
    store.finish(take_one(store).key, measured())
    promote(store, 0, [1], hold=True)
    with pytest.raises(StoreError, match="passed the cheaper validators cannot be edited"):
        store.edit(dear(1).key, dear(9), by="me")
    store.reject(dear(1).key, reason="too dear", by="me")
    assert store.job(dear(1).key).state is JobState.CANCELLED
