"""Approval before validation, and pauses of a validator that keeps failing: the driver stops and says what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import PeopleNeededError
from alloys.records import Failed, FailureKind, Measured, Verdict, quantities
from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.execute.tasks import Done, ValidationTask, ValidatorSpec
from loop.review.explain import moment_of
from loop.store import CampaignStore, JobState, check_store
from loop.store.queue.breaker import PAUSE_AFTER
from loop.summaries import campaign_state
from loop.view import view_of
from tests.loop.drive.test_campaign import ANSWERS
from tests.loop.loop_helpers import call, small_config

MEASURED = Measured(quantities(ANSWERS), 0.01)


class _Same(LocalExecutor):
    """Answers by itself, each the same."""

    def __init__(self, campaign: Campaign, verdict: Verdict = MEASURED) -> None:
        super().__init__()
        self.asked: list[str] = []
        self._given: list[ValidationTask] = []
        self._verdict = verdict

    @property
    def pending(self) -> int:
        return len(self._given)

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        self._given.append(task)

    def collect(self, timeout: float) -> list[Done]:
        given, self._given = self._given, []
        self.asked += [task.canonical for task in given]
        return [Done(task.key, self._verdict) for task in given]


def _held(folder: Path, **changes: Any) -> CampaignConfig:
    return small_config(folder, validation={"hold": True}, **changes)


def _drive(config: CampaignConfig, verdict: Verdict = MEASURED) -> tuple[list[str], str]:
    """Which alloys were validated, and what people were asked for."""
    with Campaign.open(config) as campaign:
        executor = _Same(campaign, verdict)
        try:
            Driver(campaign, executor).run(1)
        except PeopleNeededError as error:
            return executor.asked, str(error)
        finally:
            assert check_store(campaign.store) == []
        return executor.asked, ""


def _store(config: CampaignConfig) -> CampaignStore:
    return CampaignStore.open(Path(config.directory) / config.name / "campaign.db")


def _refuse_waiting(store: CampaignStore, rejected: set[Design]) -> None:
    """Holds what is waited for, and what an explanation says was, against what was rejected."""
    view = view_of(store)
    assert rejected == set(view.dropped)
    assert rejected.isdisjoint(view.pending)
    picked = store.proposals(1)[0]
    moment = moment_of(view, store.proposals(), picked, picked.selection.candidate.design)
    assert moment.words == "before iteration 1"
    assert rejected.isdisjoint({*moment.waiting, *moment.view.pending})


def test_nothing_is_validated_before_it_is_approved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _held(tmp_path)
    asked, text = _drive(config)
    assert asked == []
    assert re.search(r"6 held: look with `alloyloop queue list small --state held --directory \S+`", text)
    with _store(config) as store:
        held = store.jobs(JobState.HELD)
        assert campaign_state(store) == "waiting"

    def queue(*arguments: str) -> Any:
        code, out, err = call(capsys, "queue", *arguments, "--json", "--directory", config.directory)
        return json.loads(out) if code == 0 else (code, " ".join(err.split()))

    reject = queue("reject", "small", held[0].key, "--reason", "too much hafnium", "--by", "Ada")
    assert [(job["state"], job["error_class"]) for job in reject] == [("cancelled", "rejected")]
    outside = queue("approve", "small", held[1].key, "--as", "Nb99W1")
    assert outside[0] == 2
    assert "is not in the space: 2 elements, allowed are 3 to 6" in outside[1]
    again = queue("approve", "small", held[1].key, "--as", str(held[2].request.design))
    assert again[0] == 2
    assert "an alloy is asked for once in a campaign" in again[1]
    edited = queue("approve", "small", held[1].key, "--as", "Nb40Ta30Ti30", "--by", "Ada")
    assert [(job["formula"], job["state"]) for job in edited] == [
        (str(held[1].request.design), "cancelled"),
        ("Nb40Ta30Ti30", "queued"),
    ]
    assert [job["state"] for job in queue("approve", "small", "--all", "--by", "Ada")] == ["queued"] * 4

    asked, text = _drive(config)
    assert len(asked) == 5
    assert Composition.parse("Nb40Ta30Ti30").canonical() in asked
    assert "2 held" in text
    with _store(config) as store:
        rejected = {held[0].request.design, held[1].request.design}
        assert rejected.isdisjoint(p.selection.candidate.design for p in store.proposals(1))
        _refuse_waiting(store, rejected)
        assert {job.message for job in store.jobs(JobState.CANCELLED)} == {
            "too much hafnium",
            "edited to Nb40Ta30Ti30",
        }
        (own,) = [p for p in store.proposals(0) if p.selection.candidate.origin == "by hand"]
        assert own.selection.why == f"edited by Ada from {held[1].request.design}"
        assert "approved by Ada" in [event.note for event in store.events(held[2].key)]

    released = small_config(tmp_path)
    queue("approve", "small", "--all")
    asked, text = _drive(released)
    assert (len(asked), text) == (2, "")


def test_an_edit_in_a_later_iteration_needs_no_prediction(tmp_path: Path) -> None:
    config = _held(tmp_path)
    _drive(config)
    with _store(config) as store:
        store.approve(*[job.key for job in store.jobs(JobState.HELD)], by="Ada")
    _drive(config)
    with _store(config) as store:
        first, second = store.jobs(JobState.HELD)
        request = type(first.request)(
            Composition.parse("Nb40Ta30Ti30"), first.request.validator, first.request.fingerprint
        )
        store.edit(first.key, request, by="Ada")
        store.approve(second.key, by="Ada")
    asked, text = _drive(config)
    assert (len(asked), text) == (2, "")
    with _store(config) as store:
        assert campaign_state(store) == "finished"


def test_a_batch_that_is_rejected_whole_ends_its_iteration(tmp_path: Path) -> None:
    config = _held(tmp_path)
    _drive(config)
    with _store(config) as store:
        keys = [job.key for job in store.jobs(JobState.HELD)]
        store.approve(*keys, by="Ada")
    _drive(config)
    with _store(config) as store:
        store.reject(*[job.key for job in store.jobs(JobState.HELD)], reason="no", by="Ada")
    assert _drive(config) == ([], "")


def test_a_held_alloy_can_be_answered_by_a_person_at_once(tmp_path: Path) -> None:
    import pandas as pd

    with Campaign.open(_held(tmp_path, validator={"name": "external"})) as campaign:
        formula = campaign.suggest(6)["formula"][0]
        campaign.observe(pd.DataFrame({"formula": [formula], **{name: [v] for name, v in ANSWERS.items()}}))
        assert campaign.store.counts()[JobState.DONE] == 1
        assert check_store(campaign.store) == []


def test_a_validator_that_keeps_failing_is_paused_and_a_person_asked(tmp_path: Path) -> None:
    now, waits = [1_000_000.0], []
    with Campaign.open(small_config(tmp_path), lambda: now[0]) as campaign:
        store = campaign.store

        def sleep(seconds: float) -> None:
            """Until the next job is due, which is longer than the driver sleeps at once."""
            due = store.next_due()
            assert due is not None, "the driver waits though nothing will come"
            waits.append(due - now[0])
            now[0] = due

        broken = _Same(campaign, Failed(FailureKind.INFRASTRUCTURE, "no licence server"))
        driver = Driver(campaign, broken, clock=lambda: now[0], sleep=sleep)
        with pytest.raises(PeopleNeededError, match=r"paused until a person says .* last with: no licence server"):
            driver.run(0)
        assert len(broken.asked) == PAUSE_AFTER + 2
        assert [round(seconds) for seconds in waits] == [300, 1200]
        assert store.counts()[JobState.NEEDS_REVIEW] == 0
        store.resume_validator("calphad")
        now[0] += 2000
        Driver(campaign, _Same(campaign), clock=lambda: now[0]).run(0)
        assert store.counts()[JobState.DONE] == 6
        assert check_store(store) == []
