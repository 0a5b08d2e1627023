"""Data beside the queue: repeats, withdrawals and corrections, in a file and on a server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from alloys.records import Observation, dataset_digest
from loop.store import Added, CampaignStore, DataEventKind, StoreError, check_store
from tests.loop.store.store_helpers import alloy, begin, make, measured

LAB = [
    Observation(alloy(1), {"solidus": 2500.0, "liquidus": 2600.0}, "lab", None, {"solidus": 12.0}),
    Observation(alloy(1), {"solidus": 2480.0}, "lab"),
    Observation(alloy(2), {"solidus": 4210.0}, "lab"),
]


@pytest.fixture
def store(tmp_path):
    with make(tmp_path / "campaign.db") as made:
        yield made
        assert check_store(made) == []


def _add(store, rows=LAB, kind=DataEventKind.ADD, **detail):
    return store.add_data(rows, kind, who="Ada", detail={"file": "a.csv", **detail})


def _values(store, name="solidus"):
    return [o.observation.values[name] for o in store.observations() if name in o.observation.values]


def test_a_repeat_counts_with_its_standard_deviation(store):
    assert _add(store) == Added(2, 1, 0)
    assert [o.observation for o in store.observations()] == LAB
    assert store.dataset_digest() == dataset_digest(LAB)
    (event,) = store.data_events()
    assert (event.kind, event.who, event.detail) == ("add", "Ada", {"file": "a.csv"})


def test_a_slip_is_withdrawn_and_stays_in_the_log(store):
    _add(store)
    slip = store.observations()[2]
    store.withdraw([slip.id], who="Ada", why="a decimal point was lost")
    assert _values(store) == [2500.0, 2480.0]
    assert store.dataset_digest() == dataset_digest(LAB[:2])
    kept = [o for o in store.observations(include_replicates=True) if o.id == slip.id]
    assert [(o.observation.values, o.withdrawn) for o in kept] == [({"solidus": 4210.0}, {"solidus"})]
    assert [(e.kind, e.why) for e in store.data_events()][1:] == [("withdraw", "a decimal point was lost")]
    assert _add(store) == Added(0, 0, 3)  # the same file does not bring it back


def test_one_property_of_a_measurement_is_withdrawn_and_the_rest_stays(store):
    _add(store)
    first = store.observations()[0]
    store.withdraw([first.id], names=["solidus"], who="Ada", why="the thermocouple was broken")
    assert _values(store) == [2480.0, 4210.0]
    assert _values(store, "liquidus") == [2600.0]
    left = Observation(alloy(1), {"liquidus": 2600.0}, "lab")
    assert store.dataset_digest() == dataset_digest([left, *LAB[1:]])


def test_a_correction_takes_the_place_of_a_slip(store):
    _add(store)
    slip = store.observations()[2]
    number = store.correct(slip.id, "solidus", 2421.0, who="Ada", why="a digit too many")
    assert _values(store) == [2500.0, 2480.0, 2421.0]
    (new,) = [o for o in store.observations() if o.id == number]
    assert new.observation.source == "lab, corrected by Ada"
    with pytest.raises(StoreError, match="does not count: it was withdrawn"):
        store.correct(slip.id, "solidus", 2422.0, who="Ada", why="again")


def test_an_answer_to_a_job_is_withdrawn_and_the_job_stays_answered(store):
    (key,) = begin(store, [3])
    store.take("me", 1)
    store.finish(key, measured(4250.0))
    (seen,) = store.observations()
    store.withdraw([seen.id], who="Ada", why="a slip")
    assert store.observations() == []
    assert store.job(key).state == "done"
    assert store.withdrawn_answers() == {alloy(3)}


@pytest.mark.parametrize(
    ("ids", "names", "why", "message"),
    [
        ([1], [], " ", "needs its reason"),
        ([99], [], "x", "there is no observation 99"),
        ([1, 2], ["liquidus"], "x", "observation 2 .* has no liquidus that counts; it has solidus"),
    ],
)
def test_a_withdrawal_that_cannot_be_changes_nothing(store, ids, names, why, message):
    _add(store)
    with pytest.raises(StoreError, match=message):
        store.withdraw(ids, names=names, who="Ada", why=why)
    assert _values(store) == [2500.0, 2480.0, 4210.0]
    assert len(store.data_events()) == 1


def test_what_a_campaign_begins_with_is_taken_once(store):
    assert _add(store, kind=DataEventKind.START, sha256="1") == Added(2, 1, 0)
    more = [*LAB, Observation(alloy(4), {"solidus": 2300.0}, "lab")]
    assert _add(store, more, DataEventKind.START, sha256="1") == Added(0, 0, 4)
    assert len(store.data_events()) == 1


def test_of_two_withdrawals_at_once_one_is_told_of_the_other(store):
    _add(store)
    told: list[str] = []

    def withdraw(who):
        try:
            store.withdraw([1], who=who, why="a slip")
        except StoreError as error:
            told.append(str(error))

    both = [threading.Thread(target=withdraw, args=[who]) for who in ("Ada", "Bob")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(told) == 1
    assert "it was withdrawn" in told[0]
    assert len(store.data_events()) == 2
    assert _values(store) == [2480.0, 4210.0]


KILLED = """
import os, signal, sys
import sqlalchemy as sa
from alloys.records import Observation
from loop.store import CampaignStore, DataEventKind
from tests.loop.store.test_store_data import LAB

with CampaignStore.open(sys.argv[1]) as store:
    sa.event.listen(sa.Engine, "commit", lambda connection: os.kill(os.getpid(), signal.SIGKILL))
    store.add_data(LAB, DataEventKind.ADD, who="Ada", detail={})
"""


def test_data_whose_adding_is_killed_leaves_nothing(tmp_path):
    path = tmp_path / "killed.db"
    make(path).close()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    with CampaignStore.open(path) as store:
        assert store.observations(include_replicates=True) == []
        assert store.data_events() == []
        assert _add(store) == Added(2, 1, 0)
