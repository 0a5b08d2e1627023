"""Answers by the file, in the store: one transaction, every measurement counts, failures of the known are marked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from alloys.records import Measured, Observation, Quantity, ValidationRequest
from loop.store import CampaignStore, JobState, Result, StoreError, check_store
from tests.loop.store.store_helpers import PHYSICS, SUSPECT, alloy, begin, make, measured, selection
from validation.tier import Tier

WANTED = ("solidus", "liquidus")


@pytest.fixture
def store(tmp_path):
    with make(tmp_path / "campaign.db") as made:
        yield made
        assert check_store(made) == []


def _row(store, key, line=2, stds=None, failure=None, **values):
    return Result(line, key, store.job(key).nonce, values, stds or {}, failure)


def _whole(store, key, solidus=2400.0, **more):
    return _row(store, key, solidus=solidus, liquidus=2600.0, **more)


def _bring(store, *rows, source="lab"):
    counts = store.import_results(rows, source=source, wanted=WANTED)
    return {name: getattr(counts, name) for name in counts.__dataclass_fields__ if getattr(counts, name)}


def test_answers_come_in_from_every_state_that_nobody_works_on(store):
    keys = begin(store, [1, 2])
    keys += begin(store, [3], index=1, hold=True)
    keys += begin(store, [4], index=2, by_hand=True)
    mine = store.take("me", 1)[0]
    store.finish(mine.key, SUSPECT)
    assert _bring(store, *[_whole(store, key, stds={"solidus": 9.0}) for key in keys]) == {"answered": 4}
    assert {job.state for job in store.jobs()} == {JobState.DONE}
    assert store.job(keys[0]).error_class is None
    stored = store.observations()
    assert [(o.observation.source, o.key, o.observation.stds) for o in stored] == [
        ("lab", key, {"solidus": 9.0}) for key in keys
    ]
    wanted = {"solidus": Quantity(2400.0, "K", 9.0), "liquidus": Quantity(2600.0, "K")}
    assert store.job(keys[3]).verdict == Measured(wanted)
    assert [event.note for event in store.events(keys[2])][-2:] == ["answered by lab"] * 2


def test_a_job_at_work_or_asked_again_refuses_the_whole_file(store):
    keys = begin(store, [1, 2])
    (mine,) = store.take("me", 1)
    rows = [replace(_whole(store, keys[1]), line=2), replace(_whole(store, mine.key), line=3)]
    rows.append(replace(rows[0], key="f" * 64, line=4))
    rows.append(replace(rows[0], key="0" * 64, nonce="", line=5))
    before = (store.jobs(), store.events(), store.observations(include_replicates=True))
    with pytest.raises(StoreError) as refused:
        _bring(store, *rows)
    text = str(refused.value)
    assert "line 3: the job is running: a worker has it" in text
    assert "line 4: no job has the key 'ffff" in text
    assert (store.jobs(), store.events(), store.observations(include_replicates=True)) == before


def test_one_line_that_is_wrong_takes_all_others_back(store):
    keys = begin(store, range(5), by_hand=True)
    rows = [_whole(store, key) for key in keys]
    with pytest.raises(StoreError, match="line 9"):
        _bring(store, *rows[:4], replace(rows[4], nonce="old", line=9))
    assert store.counts()["done"] == 0
    assert _bring(store, *rows) == {"answered": 5}


def test_more_rows_than_are_looked_up_together(store):
    keys = begin(store, range(2100), by_hand=True)
    part = [_row(store, keys[number], solidus=2300.0) for number in (1, 2099)]
    assert _bring(store, _whole(store, keys[0]), *part) == {"answered": 1, "kept": 2}
    values = {"solidus": 2300.0, "liquidus": 2600.0}
    rows = [Result(line, job.key, job.nonce, values, {}) for line, job in enumerate(store.jobs(), start=2)]
    assert _bring(store, *rows) == {"answered": 2099, "repeats": 1}


def test_the_same_rows_again_change_nothing(store):
    keys = begin(store, [1, 2, 3], by_hand=True)
    rows = [_whole(store, keys[0]), _row(store, keys[1], failure="cracked"), _row(store, keys[2], solidus=2300.0)]
    assert _bring(store, *rows) == {"answered": 2, "kept": 1}
    before = (store.jobs(), store.events(), store.observations(include_replicates=True))
    assert _bring(store, *rows) == {"known": 3}
    assert _bring(store, *rows, source="another lab") == {"known": 3}
    assert (store.jobs(), store.events(), store.observations(include_replicates=True)) == before


def test_a_second_measurement_of_the_same_job_counts_beside_the_first(store):
    (key,) = begin(store, [1], by_hand=True)
    rows = [_whole(store, key), _whole(store, key, 2410.0), _whole(store, key)]
    assert _bring(store, *rows) == {"answered": 1, "repeats": 1, "known": 1}
    assert [o.observation.values["solidus"] for o in store.observations()] == [2410.0, 2400.0]


def test_a_failure_of_what_was_measured_is_looked_at(store):
    (key,) = begin(store, [1], by_hand=True)
    assert _bring(store, _whole(store, key), _row(store, key, failure="cracked")) == {"answered": 1, "conflicts": 1}
    assert len(store.observations()) == 1
    assert store.job(key).conflicts == 1
    assert store.approve(key, by="Ada") == ["done"]
    assert store.job(key).conflicts == 0
    assert store.events(key)[-1].note == "conflicts looked at by Ada"


def test_what_differs_from_the_accepted_answer_is_said(store):
    keys = begin(store, [1, 2, 3], by_hand=True)
    _bring(store, _whole(store, keys[0]), _row(store, keys[1], failure="cracked"), _whole(store, keys[2]))
    assert _bring(
        store,
        _row(store, keys[0], failure="melted away"),
        _whole(store, keys[1]),
        _whole(store, keys[2], stds={"solidus": 5.0}),
    ) == {"conflicts": 1, "kept": 1, "repeats": 1}
    told = {o.key: o.conflict for o in store.observations(include_replicates=True) if o.replicate}
    assert told == {keys[0]: "melted away; accepted: measured"}


def test_what_is_new_of_an_answered_or_cancelled_alloy_joins_the_dataset(store):
    keys = begin(store, [1, 2])
    mine = store.take("me", 1)[0]
    store.finish(mine.key, measured(2400.0))
    store.cancel(keys[1])
    assert _bring(store, _row(store, keys[0], liquidus=2600.0), _whole(store, keys[1])) == {"kept": 2}
    assert len(store.observations()) == 3
    assert store.job(keys[1]).state is JobState.CANCELLED
    assert _bring(store, _whole(store, keys[1], 2410.0)) == {"repeats": 1}


def test_an_answer_of_a_worker_is_measured_again_by_people(store):
    keys = begin(store, [1, 2])
    for mine, verdict in zip(store.take("me", 2), [measured(2400.0), PHYSICS], strict=True):
        store.finish(mine.key, verdict)
    assert _bring(store, *[_whole(store, key, 2500.0) for key in keys]) == {"repeats": 1, "kept": 1}


def test_results_need_their_source(store):
    with pytest.raises(StoreError, match="need their source"):
        store.import_results([], source="", wanted=WANTED)


TIERS = (
    Tier("draft", "script", "d", ("solidus",), by_hand=False),
    Tier("lab", "human", "l", WANTED, by_hand=True),
    Tier("furnace", "human", "f", ("solidus", "liquidus", "density"), by_hand=True),
)


def _promote(store, number, tier):
    """Asks one of the two laboratories about alloys."""
    asked = ValidationRequest(alloy(number), "human", TIERS[tier].label)
    rounds = len(store.iteration(0).notes.promotions)
    (made,) = store.store_promotions(0, rounds, [selection(number, 0)], [asked], [tier], note={}, by_hand=[1, 2])
    return made.key


def _drafted(store, *numbers):
    """Alloys that the program has answered."""
    begin(store, numbers)
    for mine in store.take("me", len(numbers)):
        store.finish(mine.key, measured(2500.0))


def _bring_tiers(store, *rows):
    counts = store.import_results(rows, source="lab", wanted=("nothing",), tiers=TIERS)
    return {name: getattr(counts, name) for name in counts.__dataclass_fields__ if getattr(counts, name)}


def test_jobs_of_people_among_several_validators_are_never_handed_out(store):
    _drafted(store, 1, 2)
    keys = [_promote(store, 1, 1), _promote(store, 2, 2)]
    assert store.take("me", 9) == []
    assert [(job.state, job.by_hand, job.tier) for job in map(store.job, keys)] == [
        (JobState.AWAITING_HUMAN, True, 1),
        (JobState.AWAITING_HUMAN, True, 2),
    ]
    rows = [_whole(store, keys[0], stds={"solidus": 4.0}), _row(store, keys[1], failure="cracked")]
    assert _bring_tiers(store, *rows) == {"answered": 2}
    told = [(o.tier, o.iteration, o.observation.failure, o.observation.stds) for o in store.observations()]
    assert told == [(0, 0, None, {})] * 2 + [(1, 0, None, {"solidus": 4.0}), (2, 0, "cracked", {})]


def test_what_another_validator_said_neither_completes_nor_contradicts_an_answer(store):
    _drafted(store, 1)
    key = _promote(store, 1, 1)
    # The program's solidus is not the laboratory's.
    assert _bring_tiers(store, _row(store, key, liquidus=2600.0)) == {"kept": 1}
    assert store.job(key).state is JobState.AWAITING_HUMAN
    (part,) = [o for o in store.observations() if o.key is None]
    assert (part.tier, part.iteration, part.replicate) == (1, 0, False)
    assert _bring_tiers(store, _row(store, key, liquidus=2600.0)) == {"known": 1}
    assert _bring_tiers(store, _row(store, key, liquidus=2610.0)) == {"repeats": 1}
    assert _bring_tiers(store, _row(store, key, solidus=2400.0)) == {"answered": 1}
    assert store.job(key).state is JobState.DONE
    other = _promote(store, 1, 2)
    assert _bring_tiers(store, _row(store, other, solidus=2300.0, liquidus=2500.0)) == {"kept": 1}
    assert _bring_tiers(store, _row(store, other, density=9.0)) == {"answered": 1}
    assert not any(o.replicate for o in store.observations(include_replicates=True))
    # What people bring by hand is beside every validator.
    assert store.add_observations([Observation(alloy(1), {"liquidus": 2600.0}, "by hand")]).repeats == 1


def test_what_is_measured_of_a_cancelled_job_stays_its_validators(store):
    _drafted(store, 1)
    key = _promote(store, 1, 1)
    store.cancel(key)
    assert _bring_tiers(store, _whole(store, key)) == {"kept": 1}
    assert [(o.tier, o.iteration) for o in store.observations() if o.key is None] == [(1, 0)]
    assert _bring_tiers(store, _whole(store, key, 2410.0)) == {"repeats": 1}


def test_a_file_answers_neither_a_programs_job_nor_what_nobody_asked(store):
    _drafted(store, 1)
    (drafted,) = [job.key for job in store.jobs()]
    key = _promote(store, 1, 1)
    before = (store.jobs(), store.events(), store.observations(include_replicates=True))
    rows = [replace(_whole(store, drafted), line=2), replace(_row(store, key, density=9.0), line=3)]
    with pytest.raises(StoreError) as refused:
        _bring_tiers(store, *rows, replace(_whole(store, key), line=4))
    text = str(refused.value)
    assert "line 2: the program 'draft' answers this job, not people" in text
    assert "line 3: 'lab' is asked for solidus, liquidus, not for density" in text
    assert "line 4" not in text
    assert (store.jobs(), store.events(), store.observations(include_replicates=True)) == before


KILLED = """
import os, signal, sys
import sqlalchemy as sa
from loop.store import CampaignStore, Result

with CampaignStore.open(sys.argv[1]) as store:
    values = {"solidus": 2400.0, "liquidus": 2600.0}
    rows = [Result(line, job.key, job.nonce, values, {}) for line, job in enumerate(store.jobs(), start=2)]
    # All is written, and not committed.
    sa.event.listen(sa.Engine, "commit", lambda connection: os.kill(os.getpid(), signal.SIGKILL))
    store.import_results(rows, source="lab", wanted=("solidus", "liquidus"))
"""


def test_an_import_that_is_killed_leaves_nothing(tmp_path):
    path = tmp_path / "killed.db"
    with make(path) as store:
        keys = begin(store, range(8), by_hand=True)
        before = (store.jobs(), store.events())
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    with CampaignStore.open(path) as store:
        assert (store.jobs(), store.events()) == before
        assert store.observations(include_replicates=True) == []
        assert _bring(store, *[_whole(store, key) for key in keys]) == {"answered": 8}
        assert check_store(store) == []
