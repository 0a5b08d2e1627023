"""Looking at many jobs and observations: pages, counts, and a digest that parses nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alloys.records import Observation, dataset_digest
from loop.store import StoreError, check_store
from tests.loop.store.store_helpers import PHYSICS, SUSPECT, alloy, begin, make, measured, take_one


@pytest.fixture
def store(tmp_path):
    """Two iterations of five; of the first, two are answered, one has failed and one waits for a person."""
    with make(tmp_path / "campaign.db") as made:
        begin(made, [4, 2, 5, 1, 3])
        for verdict in (measured(), measured(2600.5), PHYSICS, SUSPECT):
            mine = take_one(made)
            made.finish(mine.key, verdict)
        begin(made, [10, 9, 8, 7, 6], index=1)
        yield made
        assert check_store(made) == []


@pytest.mark.parametrize("state", [None, "queued", "done", "failed", "held"])
def test_some_jobs_are_the_first_of_all(store, state):
    jobs = store.jobs(state)
    assert store.count_jobs(state) == len(jobs)
    for limit in (1, 2, 3, 1000):
        assert store.jobs(state, limit=limit) == jobs[:limit]
    for index in (0, 1, 2):
        own = [job for job in jobs if job.iteration == index]
        assert store.jobs(state, iteration=index) == own
        assert store.count_jobs(state, iteration=index) == len(own)


def test_what_a_person_must_look_at(store):
    wanted = [job for job in store.jobs() if job.state == "needs_review" or job.conflicts]
    assert len(wanted) == 1
    assert store.jobs(review=True) == wanted
    assert store.count_jobs(review=True) == 1
    assert store.count_jobs("queued", review=True) == 0
    assert store.jobs("queued", review=True) == []


def test_an_unknown_state_is_refused_when_counting(store):
    with pytest.raises(StoreError, match="unknown job state 'gone'"):
        store.count_jobs("gone")


def test_open_jobs_of_one_iteration_are_part_of_all(store):
    assert [job.iteration for job in store.open_jobs()] == [0] * len(store.open_jobs(0)) + [1] * 5
    assert [job.request.design for job in store.open_jobs(1)] == [alloy(n) for n in (10, 9, 8, 7, 6)]
    assert store.open_jobs(2) == []


def test_the_digest_is_that_of_the_observations(store):
    store.add_observations([Observation(alloy(50), {"solidus": 2500, "liquidus": 2.6e3}, 'Å "laboratory"\\\n')])
    store.add_observations([Observation(alloy(51), {}, "laboratory", "it “cracked”\t")])
    seen = [stored.observation for stored in store.observations()]
    assert store.dataset_digest() == dataset_digest(seen)
    repeat = Observation(alloy(50), {"solidus": 2400.0}, "another", None, {"solidus": 12.0})
    assert store.add_observations([repeat]).repeats == 1
    assert store.dataset_digest() == dataset_digest([*seen, repeat])


def test_observations_are_counted_by_who_asked(store):
    store.add_observations([Observation(alloy(2), {"shear_modulus": 60.0}, "laboratory")])
    told = [stored.iteration for stored in store.observations()]
    assert store.observation_counts() == {0: told.count(0), None: 1}
    ours = {alloy(n) for n in (4, 2, 5, 1, 3)}
    assert store.observations_of(0) == [s for s in store.observations() if s.observation.design in ours]
    assert store.observations_of(1) == []


def test_batches_are_counted_without_promotions(store):
    assert store.batch_sizes() == {0: 5, 1: 5}


def test_open_jobs_are_counted_by_iteration(store):
    told = [job.iteration for job in store.open_jobs()]
    assert store.open_counts() == {0: told.count(0), 1: 5}
    while store.take("me", 20):
        for job in store.jobs("running"):
            store.finish(job.key, PHYSICS)
    assert store.open_counts() == {}


def test_the_next_jobs_are_found_in_order_whatever_is_queued(store):
    asked = []
    sa.event.listen(store._database.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    assert len(store.take("me", 2)) == 2
    (claim,) = [query for query in asked if "NOT IN" in query[0] and "LIMIT" in query[0]]
    with store._read() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {claim[0]}", claim[1])]
    assert any("ix_jobs_state (state=?)" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step or step.startswith("SCAN jobs") for step in plan), plan
