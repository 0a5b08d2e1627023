"""One driver and one list: a single validator is a list of one, and by hand the same steps are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from alloys.errors import PeopleNeededError
from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.execute.spans import timeline
from loop.store import CampaignStore, IterationState, JobState, ProposalInputs, check_store
from loop.view import several_tiers, tiers_of
from tests.loop.drive.test_campaign import answers
from tests.loop.loop_helpers import small_config
from tests.loop.schedule_helpers import proposed, run, scheduled_config


def test_a_single_validator_and_a_list_of_one_are_the_same_campaign(tmp_path: Path) -> None:
    single = scheduled_config(tmp_path / "single", iterations=1)
    document = single.model_dump(by_alias=True, exclude={"validator", "validators", "directory"})
    changes = {"validators": [{"name": "calphad"}], "directory": str(tmp_path / "listed")}
    listed = CampaignConfig.model_validate({**document, **changes})
    (one, _), (other, _) = run(single), run(listed)
    with one, other:
        assert one.tiers == other.tiers
        assert proposed(one.store) == proposed(other.store)
        assert one.store.dataset_digest() == other.store.dataset_digest()
        assert [row.feasible for row in one.view().rows] == [row.feasible for row in other.view().rows]
        # Each keeps the form that it was given in, so that campaigns made before go on.
        assert one.store.campaign().config["validator"] == one.tiers[0].fingerprint
        assert other.store.campaign().config["validator"] == [one.tiers[0].fingerprint]
        assert several_tiers(one.store) == ()
        assert [tier.label for tier in several_tiers(other.store)] == ["calphad"]
        assert [tier.label for tier in tiers_of(one.store, single)] == ["calphad"]


def _by_people(folder: Path) -> CampaignConfig:
    return small_config(folder, validator={"name": "human"})


def test_people_alone_are_a_validator_of_a_run(tmp_path: Path) -> None:
    config = _by_people(tmp_path)
    with Campaign.open(config) as campaign:
        (people,) = campaign.tiers
        assert (people.by_hand, people.fingerprint, people.label) == (True, "external", "human")
        assert people.properties == campaign.problem.validated
        with pytest.raises(PeopleNeededError, match="6 to be measured"):
            Driver(campaign, LocalExecutor()).run(0)
        assert {job.state for job in campaign.store.jobs()} == {JobState.AWAITING_HUMAN}
        # What a run asked for, a person may answer from Python, and the run goes on.
        campaign.observe(answers(campaign.pending()))
        Driver(campaign, LocalExecutor()).run(0)
        assert [it.state for it in campaign.store.iterations()] == [IterationState.CLOSED]
        assert check_store(campaign.store) == []


def test_by_hand_nobody_waits_for_an_alloy_that_is_never_measured(tmp_path: Path) -> None:
    with Campaign.open(_by_people(tmp_path).model_copy(update={"reference_point": {}})) as campaign:
        campaign.observe(answers(campaign.suggest(6).head(5)))
        second = campaign.suggest(2)
        campaign.observe(answers(second))
        store = campaign.store
        (missing,) = store.open_jobs()
        assert [it.state for it in store.iterations()] == [IterationState.VALIDATING, IterationState.CLOSED]
        inputs = store.iteration(1).notes.inputs
        assert inputs is not None
        assert inputs.hidden == (missing.key,)
        assert missing.request.design in campaign.view().pending
        assert {"pareto.png", "batch.csv"} <= {artifact.name for artifact in store.artifacts(1)}
        assert {span.lane for span in timeline(store)} >= {"trainer cvae", "scorer"}
        assert store.iteration(1).notes.schedule is None
        assert store.facts().reference_point is None  # iteration 0 is open


def test_a_suggestion_that_was_interrupted_is_made_again_the_same(tmp_path: Path) -> None:
    config = _by_people(tmp_path)
    with Campaign.open(config) as campaign:
        campaign.observe(answers(campaign.suggest(6).head(5)))
        wanted = [str(p.selection.candidate.design) for p in _proposed_elsewhere(tmp_path / "whole")]
        campaign.store.begin_iteration(1)
        campaign.store.note_iteration(1, inputs=ProposalInputs(hidden=(campaign.store.open_jobs()[0].key,)))
        # An answer that came after the interruption is not shown to the proposal that it interrupted.
        campaign.observe(answers(campaign.pending()))
        assert list(campaign.suggest(2)["formula"]) == wanted


def _proposed_elsewhere(folder: Path) -> list:  # type: ignore[type-arg]
    with Campaign.open(_by_people(folder)) as campaign:
        campaign.observe(answers(campaign.suggest(6).head(5)))
        campaign.suggest(2)
    with CampaignStore.open(folder / "campaigns" / "small" / "campaign.db") as store:
        return store.proposals(1)
