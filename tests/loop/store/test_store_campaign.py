"""The campaign row, iterations, batches, results brought by hand, and the tracker's outbox."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import sqlalchemy as sa

from alloys.errors import InputError
from alloys.records import Observation, Quantity, dataset_digest, digest_of
from loop.store import (
    Added,
    BatchExists,
    CampaignExists,
    CampaignStore,
    IterationError,
    IterationNotes,
    NoCampaign,
    ProposalInputs,
    StoreError,
    check_store,
)
from tests.loop.store.store_helpers import Clock, alloy, begin, make, measured, request, selection, take_one


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    with make(tmp_path / "campaign.db", clock) as made:
        yield made


def test_the_campaign_row_comes_back(store, clock):
    info = store.campaign()
    assert (info.name, info.config, info.seed, info.code_version, info.created) == (
        "test",
        {"b": [1], "a": 2.5},
        7,
        "0.1.0",
        clock.now,
    )
    assert info.config_digest == digest_of({"a": 2.5, "b": [1]})


def test_creating_twice_is_refused_and_changes_nothing(tmp_path, store):
    with pytest.raises(CampaignExists, match="already"):
        make(tmp_path / "campaign.db", name="other")
    assert store.campaign().name == "test"


@pytest.mark.files_only
def test_opening_nothing_makes_no_file(tmp_path):
    with pytest.raises(NoCampaign, match="no campaign database"):
        CampaignStore.open(tmp_path / "missing.db")
    assert not (tmp_path / "missing.db").exists()


@pytest.mark.files_only
def test_an_empty_file_is_no_campaign_but_create_takes_it_over(tmp_path):
    path = tmp_path / "campaign.db"
    path.touch()
    with pytest.raises(NoCampaign):
        CampaignStore.open(path)
    make(path).close()
    with CampaignStore.open(path) as store:
        assert store.campaign().name == "test"


@pytest.mark.files_only
def test_a_text_file_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be read as one " * 40)
    before = path.read_bytes()
    with pytest.raises(NoCampaign, match="not a campaign database"):
        CampaignStore.open(path)
    with pytest.raises(StoreError, match="not a database"):
        make(path)
    assert path.read_bytes() == before


@pytest.mark.files_only
def test_a_configuration_without_json_form_is_refused_before_a_file_is_made(tmp_path):
    with pytest.raises(InputError, match="JSON"):
        make(tmp_path / "campaign.db", config={"x": math.nan})
    assert not (tmp_path / "campaign.db").exists()


def test_iterations_go_from_proposing_to_closed(store, clock):
    assert store.begin_iteration(0).state == "proposing"
    clock.now += 5
    assert store.begin_iteration(0).started == clock.now - 5
    begin(store, [1])
    assert store.iteration(0).state == "validating"
    with pytest.raises(IterationError, match="1 of its jobs"):
        store.close_iteration(0)
    store.finish(take_one(store).key, measured())
    closed = store.close_iteration(0)
    assert (closed.state, closed.finished) == ("closed", clock.now)
    clock.now += 5
    assert store.close_iteration(0) == closed
    assert [i.index for i in store.iterations()] == [0]


def test_iterations_come_in_order(store):
    with pytest.raises(IterationError, match="next iteration is 0, got 1"):
        store.begin_iteration(1)
    with pytest.raises(IterationError, match="no iteration 3"):
        store.iteration(3)
    store.begin_iteration(0)
    with pytest.raises(IterationError, match="no batch"):
        store.close_iteration(0)


def test_notes_are_merged(store):
    store.begin_iteration(0)
    store.note_iteration(0, training={"cvae": {"losses": [3.0, 2.0]}}, inputs=ProposalInputs(1, ("a",)))
    notes = store.note_iteration(0, inputs={"ahead": 2}).notes
    assert (notes.inputs, notes.training) == (ProposalInputs(2), {"cvae": {"losses": [3.0, 2.0]}})
    with pytest.raises(InputError, match="JSON"):
        store.note_iteration(0, calibration={"solidus": {"rmse": math.inf}})
    for wrong in ({"losses": [1.0]}, {"summary": {"feasible": "many"}}):
        with pytest.raises(StoreError, match="notes"):
            store.note_iteration(0, **wrong)
    assert store.iteration(0).notes == notes
    assert IterationNotes.from_json(notes.to_json()) == notes


def test_a_batch_comes_back_as_it_was_given(store):
    begin(store, [1, 2])
    stored = store.proposals(0)
    assert [p.selection for p in stored] == [selection(1, 0), selection(2, 1)]
    assert [p.key for p in stored] == [request(1).key, request(2).key]
    assert store.proposals(5) == []
    assert [(j.request, j.state, j.iteration, j.rank) for j in store.jobs()] == [
        (request(1), "queued", 0, 0),
        (request(2), "queued", 0, 1),
    ]


def test_the_stored_batch_wins(store):
    begin(store, [1])
    with pytest.raises(BatchExists, match="stored one wins"):
        store.store_batch(0, [selection(2, 0)], [request(2)])
    assert len(store.proposals()) == len(store.jobs()) == 1


def test_an_alloy_is_asked_for_once_and_a_refused_batch_leaves_nothing(store):
    begin(store, [1])
    store.begin_iteration(1)
    with pytest.raises(StoreError, match=r"asked for once.*iteration 0"):
        store.store_batch(1, [selection(2, 0), selection(1, 1)], [request(2), request(1)])
    assert store.iteration(1).state == "proposing"
    assert len(store.jobs()) == 1


@pytest.mark.parametrize(
    ("numbers", "asked", "ranks", "message"),
    [
        ([1, 2], [1, 3], [0, 1], "one request per selection"),
        ([1, 2], [1], [0, 1], "one request per selection"),
        ([1, 1], [1, 1], [0, 1], "twice"),
        ([1, 2], [1, 2], [0, 0], "ranks"),
    ],
)
def test_a_batch_that_does_not_match_is_refused(store, numbers, asked, ranks, message):
    store.begin_iteration(0)
    selections = [selection(n, r) for n, r in zip(numbers, ranks, strict=True)]
    with pytest.raises(StoreError, match=message):
        store.store_batch(0, selections, [request(n) for n in asked])
    assert store.jobs() == []


def test_an_empty_batch_can_be_closed(store):
    begin(store, [])
    assert store.close_iteration(0).state == "closed"


def test_results_by_hand_are_added_once(store):
    rows = [Observation(alloy(1), {"solidus": 2500.0}, "lab"), Observation(alloy(2), {}, "lab", "cracked")]
    assert store.add_observations(rows) == Added(2, 0, 0)
    assert store.add_observations([*rows, rows[0]]) == Added(0, 0, 3)
    assert [o.observation for o in store.observations()] == rows
    assert store.dataset_digest() == dataset_digest(rows)


def test_a_second_value_by_hand_is_a_repeat_and_a_failure_of_what_is_known_does_not_count(store):
    first = Observation(alloy(1), {"solidus": 2500.0}, "lab")
    store.add_observations([first])
    again = Observation(alloy(1), {"solidus": 2490.0, "density": 9.0}, "lab")
    other = Observation(alloy(1), {"liquidus": 2600.0}, "lab")
    failed = Observation(alloy(1), {}, "lab", "cracked")
    assert store.add_observations([again, other, failed]) == Added(1, 2, 0)
    assert [o.observation for o in store.observations()] == [first, again, other]
    assert [o.replicate for o in store.observations(include_replicates=True)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (Observation(alloy(1), {}, "lab"), "either values or the reason"),
        (Observation(alloy(1), {"solidus": 2500.0}, "lab", "cracked"), "either values or the reason"),
        (Observation(alloy(1), {"solidus": math.nan}, "lab"), "finite"),
        (Observation(alloy(1), {"colour": 1.0}, "lab"), "unknown property"),
        (Observation(alloy(1), {"solidus": 2500.0}, ""), "source"),
    ],
)
def test_bad_rows_by_hand_are_named_and_nothing_is_added(store, row, message):
    with pytest.raises(StoreError, match=message) as caught:
        store.add_observations([Observation(alloy(9), {"solidus": 2500.0}, "lab"), row])
    assert "row 2" in str(caught.value)
    assert store.observations() == []


def test_observations_are_in_an_order_that_does_not_depend_on_who_finished_first(tmp_path):
    digests, orders = set(), set()
    for name, order in (("a", [0, 1, 2]), ("b", [2, 0, 1])):
        with make(tmp_path / f"{name}.db") as store:
            begin(store, [3, 1, 2])
            taken = store.take("me", 3)
            for place in order:
                store.finish(taken[place].key, measured(2400.0 + place))
            store.add_observations([Observation(alloy(8), {"solidus": 2500.0}, "lab")])
            digests.add(store.dataset_digest())
            orders.add(tuple(o.key for o in store.observations()))
            assert [(o.iteration, o.rank) for o in store.observations()] == [(None, None), (0, 0), (0, 1), (0, 2)]
    assert len(digests) == len(orders) == 1


def test_the_outbox_replays_with_the_first_timestamps(store, clock):
    store.begin_iteration(0)
    assert store.log_metrics({"loss": 1.0, "nll": math.nan}, iteration=0, step=3) == 2
    first = store.metrics()
    clock.now += 100
    assert store.log_metrics({"loss": 2.0, "new": math.inf}, iteration=0, step=3) == 1
    assert store.log_metrics({"loss": 5.0}, step=3) == 1
    found = store.metrics()
    assert [(m.iteration, m.name, m.step) for m in found] == [
        (0, "loss", 3),
        (0, "nll", 3),
        (0, "new", 3),
        (None, "loss", 3),
    ]
    assert found[0] == first[0]
    assert math.isnan(found[1].value)
    assert found[2].value == math.inf
    assert [m.name for m in store.metrics(after=found[2].id)] == ["loss"]


def test_an_artifact_named_again_is_the_newer_file(store, clock):
    store.begin_iteration(0)
    store.record_artifact("weights", "a" * 64, "weights/a.safetensors", iteration=0)
    clock.now += 1
    store.record_artifact("weights", "a" * 64, "weights/a.safetensors", iteration=0)
    assert store.artifacts()[0].at == clock.now - 1
    store.record_artifact("weights", "b" * 64, "weights/b.safetensors", iteration=0)
    store.record_artifact("report", "c" * 64, "report.html")
    assert [(a.name, a.sha256[0], a.iteration) for a in store.artifacts()] == [
        ("weights", "b", 0),
        ("report", "c", None),
    ]
    assert [a.name for a in store.artifacts(0)] == ["weights"]


@pytest.mark.parametrize(
    ("sha", "path", "iteration"),
    [("A" * 64, "x", None), ("a" * 64, "/x", None), ("a" * 64, "../x", None), ("a" * 64, "", None), ("a" * 64, "x", 4)],
)
def test_an_artifact_out_of_place_is_refused(store, sha, path, iteration):
    with pytest.raises(StoreError):
        store.record_artifact("x", sha, path, iteration=iteration)
    assert store.artifacts() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE job_events SET note = 'x'",
        "DELETE FROM job_events",
        "UPDATE observations SET source = 'x'",
        "DELETE FROM observations",
        "UPDATE proposals SET score = 0",
        "DELETE FROM proposals",
        "DELETE FROM jobs",
        "UPDATE campaign SET seed = 8",
        "INSERT INTO facts SELECT 2, last_iteration, reference_point, code_versions FROM facts",
        "INSERT INTO campaign SELECT 2, name, config, config_digest, seed, code_version, created FROM campaign",
        "UPDATE jobs SET state = 'queued'",
        "UPDATE jobs SET verdict = NULL",
        "UPDATE jobs SET state = 'lost'",
        'INSERT INTO observations SELECT 99, job_key, iteration, design, "values", source, failure, '
        "stds, replicate, conflict, at, tier FROM observations",
        'INSERT INTO observations SELECT 99, NULL, iteration, design, "values", source, failure, '
        "stds, replicate, 'differs', at, tier FROM observations",
        'INSERT INTO observations SELECT 99, job_key, iteration, design, "values", source, failure, '
        "stds, TRUE, conflict, at, 1 FROM observations",
        "UPDATE jobs SET conflicts = -1",
        "UPDATE validators SET until = 3",
        "UPDATE iterations SET state = 'closed'",
    ],
)
def test_the_database_itself_holds_the_invariants(store, statement):
    begin(store, [1])
    store.finish(take_one(store).key, measured())
    with pytest.raises(sa.exc.IntegrityError), store._write() as connection:
        connection.exec_driver_sql(statement)
    assert check_store(store) == []


def test_standard_deviations_stay_in_the_job(store):
    (key,) = begin(store, [1])
    verdict = measured()
    verdict = type(verdict)({"solidus": Quantity(2500.0, "K", 12.0)}, 1.0, {})
    store.finish(take_one(store).key, verdict)
    assert store.job(key).verdict == verdict


@pytest.mark.files_only
def test_the_path_may_hold_odd_characters(tmp_path):
    path = Path(tmp_path, "50% of ü?#", "c d.db")
    make(path).close()
    with CampaignStore.open(path) as store:
        assert store.campaign().seed == 7
