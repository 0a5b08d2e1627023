"""Acts on a campaign: in their order, checked against those before, never changed; in a file and on a server."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from loop.store import ActKind, ActsChanged, CampaignStore, check_store
from loop.store.states import JobState
from tests.loop.store.store_helpers import alloy, begin, make, measured


@pytest.fixture
def store(tmp_path):
    with make(tmp_path / "campaign.db") as made:
        yield made
        assert check_store(made) == []


def test_an_act_is_recorded_once_in_its_order_and_read_up_to_another(store):
    assert (store.acts(), store.last_act()) == ([], 0)
    first, _ = store.record_act(ActKind.PAUSE, {}, who="Ada", why="lunch", after=0)
    second, _ = store.record_act(ActKind.RESUME, {}, who="Bob", after=first)
    assert [(act.kind, act.who, act.why) for act in store.acts()] == [("pause", "Ada", "lunch"), ("resume", "Bob", "")]
    assert [act.id for act in store.acts(first)] == [first]
    assert store.acts(0) == []
    assert store.last_act() == second > first


def test_an_act_that_was_checked_before_another_came_is_refused_and_leaves_nothing(store):
    keys = begin(store, [1, 2])
    number, _ = store.record_act(ActKind.PAUSE, {}, who="Ada", after=0)
    with pytest.raises(ActsChanged, match="look, and say it again"):
        store.record_act(ActKind.EXCLUDE, {"element": "Nb"}, who="Bob", after=0, refuses=lambda design: "no")
    assert store.last_act() == number
    assert {store.job(key).state for key in keys} == {JobState.QUEUED}


def test_an_act_withdraws_the_jobs_that_nobody_works_on(store):
    keys = begin(store, [1, 2, 3])
    (running,) = store.take("me", 1)
    _, ended = store.record_act(
        ActKind.EXCLUDE,
        {"element": "Nb"},
        who="Ada",
        after=0,
        refuses=lambda design: "" if design == alloy(3) else "excluded",
    )
    assert [running.key, *ended] == keys[:2]
    job = store.job(ended[0])
    assert (job.state, job.error_class, job.message) == (JobState.CANCELLED, "rejected", "excluded")
    assert store.finish(running.key, measured()) == "done"
    assert store.asked_counts() == {0: 2}  # the one that ran and the one that waits
    assert store.take("me", 5, refuses=lambda design: "excluded") == []
    assert store.job(keys[2]).state is JobState.CANCELLED


def test_acts_that_decide_what_is_validated_are_part_of_the_digest_without_who_and_when(store, tmp_path):
    empty = store.dataset_digest()
    last, _ = store.record_act(ActKind.PAUSE, {}, who="Ada", after=0)
    assert store.dataset_digest() == empty
    store.record_act(ActKind.CHANGE, {"batch": 3, "was": "batch 2"}, who="Ada", after=last)
    with make(tmp_path / "other.db") as other:
        other.record_act(ActKind.CHANGE, {"batch": 3, "was": "batch 2"}, who="Bob", why="more", after=0)
        assert other.dataset_digest() == store.dataset_digest() != empty


def test_acts_are_never_changed(store: CampaignStore):
    store.record_act(ActKind.PAUSE, {}, who="Ada", after=0)
    for verb in ("UPDATE acts SET who = 'Bob'", "DELETE FROM acts"):
        with pytest.raises(sa.exc.IntegrityError, match="never changed"), store._write() as connection:
            connection.execute(sa.text(verb))
