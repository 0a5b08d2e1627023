"""The asynchronous driver: what a proposal is shown, that it repeats, stragglers, and who was idle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from alloys.composition import Composition
from alloys.records import Measured, Verdict, quantities
from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.drive.driver import Driver
from loop.drive.schedule import CHOOSING_SECONDS, ahead_of, shown_to
from loop.execute.spans import DRIVER, SCORER, Recorder, Span, covered, shares_of, summary, timeline
from loop.execute.tasks import ValidatorSpec, validate
from loop.review.explain import explain_document
from loop.store import CampaignStore, IterationState, ProposalInputs, check_store
from loop.view import View
from tests.loop.drive.test_tiers import document as tiers_document
from tests.loop.loop_helpers import StoppedError, call, small_config
from tests.loop.schedule_helpers import QUICK, Turns, proposed, run, scheduled_config
from validation.tier import Tier


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Campaign, Turns]]:
    campaign, executor = run(scheduled_config(tmp_path_factory.mktemp("finished")))
    yield campaign, executor
    campaign.close()


# What is shown ---------------------------------------------------------------------------------------------------


def test_the_last_validations_are_open_while_the_next_batch_is_chosen(finished: tuple[Campaign, Turns]) -> None:
    store = finished[0].store
    assert [it.state for it in store.iterations()] == [IterationState.CLOSED] * 3
    assert [len(store.proposals(i)) for i in range(3)] == [6, 4, 4]
    assert store.iteration(0).notes.inputs is None
    for index in (1, 2):
        shown = store.iteration(index).notes.inputs
        assert shown is not None
        assert shown.ahead == 2
        assert list(shown.hidden) == [p.key for p in store.proposals(index - 1)][-2:]
        assert shown.late == ()
    assert check_store(store) == []


def test_results_are_recorded_while_a_generator_trains(finished: tuple[Campaign, Turns]) -> None:
    seen = finished[1].seen
    assert [name for name, _, _ in seen] == ["training cvae"] * 2
    assert any(after > before for _, before, after in seen)
    # The batch before had answers to come when the training began.
    assert seen[0][1] < 6
    assert seen[1][1] < 10


def test_what_came_early_counts_as_pending(finished: tuple[Campaign, Turns]) -> None:
    campaign = finished[0]
    last = [p for p in campaign.store.proposals(0)][-2:]
    alloys = {p.selection.candidate.design for p in last}
    now, then = campaign.view(), campaign.view([p.key for p in last])
    assert alloys <= {row.design for row in now.rows}
    assert {row.design for row in now.rows} - {row.design for row in then.rows} == alloys
    assert set(then.pending) == alloys
    assert now.pending == now.dropped == then.dropped == ()


def test_the_order_of_answers_changes_nothing(finished: tuple[Campaign, Turns], tmp_path: Path) -> None:
    campaign, executor = run(scheduled_config(tmp_path), seed=1)
    with campaign:
        assert executor.order != finished[1].order
        assert proposed(campaign.store) == proposed(finished[0].store)
        assert campaign.store.dataset_digest() == finished[0].store.dataset_digest()


@pytest.mark.parametrize("stop_at", [14, 19, 24, 32])
def test_interrupted_anywhere_it_ends_the_same(finished: tuple[Campaign, Turns], tmp_path: Path, stop_at: int) -> None:
    config = scheduled_config(tmp_path)
    campaign = Campaign.open(config)
    with pytest.raises(StoppedError):
        Driver(campaign, Turns(campaign, seed=stop_at, stop_at=stop_at)).run(2)
    campaign.close()
    again, _ = run(config, seed=stop_at + 1)
    with again:
        # Also those of the run before the kill.
        assert sum(span.name == "train" for span in timeline(again.store)) == 2
        assert proposed(again.store) == proposed(finished[0].store)
        assert again.store.dataset_digest() == finished[0].store.dataset_digest()
        assert check_store(again.store) == []


def test_a_schedule_that_waits_for_all_is_another_campaign(finished: tuple[Campaign, Turns], tmp_path: Path) -> None:
    campaign, executor = run(scheduled_config(tmp_path, ahead="auto", schedule={"mode": "synchronous"}, iterations=1))
    with campaign:
        (entry,) = executor.seen
        assert entry[1:] == (6, 6)
        assert campaign.store.iteration(1).notes.inputs == ProposalInputs()
        assert proposed(campaign.store)[:6] == proposed(finished[0].store)[:6]
        assert proposed(campaign.store)[6:] != proposed(finished[0].store)[6:10]


def test_a_pick_is_explained_by_what_its_proposal_was_shown(finished: tuple[Campaign, Turns]) -> None:
    campaign = finished[0]
    store, proposals = campaign.store, campaign.store.proposals()
    picked = store.proposals(1)[0].selection.candidate.design
    then = campaign.view(*shown_to(store, picked))
    assert explain_document(campaign.view(), proposals, picked, then)["picked"]["same_model"]
    assert not explain_document(campaign.view(), proposals, picked)["picked"]["same_model"]
    assert shown_to(store, store.proposals(0)[0].selection.candidate.design) == ((), None)


# Several validators ----------------------------------------------------------------------------------------------


class _Tiers(Turns):
    """Answers for the three validators of `tests.loop.drive.test_tiers`, whose commands are not run."""

    def _answer(self, canonical: str, spec: ValidatorSpec) -> Verdict:
        if spec.name == "reference":
            return validate(spec, canonical)
        amounts = Composition.from_canonical(canonical).fractions()
        mean = 2200 + 1000 * sum(amounts.get(symbol, 0.0) for symbol in ("Mo", "Nb", "Ta", "W"))
        dear = {"liquidus": mean - 100.0, "solidus": mean - 300.0}
        return Measured(quantities(dear if '"dear"' in spec.settings else {"liquidus": mean}), 1.0)


def _asked(store: CampaignStore) -> list[tuple[Any, int]]:
    return [(p.selection.candidate, p.tier) for p in [*store.proposals(), *store.promotions()]]


def test_dearer_validators_are_asked_the_same_whatever_finishes_first(tmp_path: Path) -> None:
    generator = {"family": "cvae", "proposals": 20, "settings": QUICK, "guided": False}
    plain = {"generator": generator, "schedule": {"ahead": 1}, "batch": 4}
    config = CampaignConfig.model_validate(tiers_document(tmp_path, **plain))
    elsewhere = CampaignConfig.model_validate({**config.model_dump(by_alias=True), "directory": str(tmp_path / "two")})
    asked, digests = [], []
    for number, told in enumerate((config, elsewhere)):
        campaign = Campaign.open(told)
        if number:
            with pytest.raises(StoppedError):
                Driver(campaign, _Tiers(campaign, seed=9, stop_at=45)).run(1)
            campaign.close()
            campaign = Campaign.open(told)
        with campaign:
            Driver(campaign, _Tiers(campaign, seed=number)).run(1)
            shown = campaign.store.iteration(1).notes.inputs
            dear = [p.key for p in campaign.store.promotions(0) if p.tier == 2]
            assert shown is not None
            assert len(dear) == 2
            assert shown.hidden == (dear[-1],)
            assert [it.state for it in campaign.store.iterations()] == [IterationState.CLOSED] * 2
            assert check_store(campaign.store) == []
            asked.append(_asked(campaign.store))
            digests.append(campaign.store.dataset_digest())
    assert asked[0] == asked[1]
    assert digests[0] == digests[1]


# How far ahead ---------------------------------------------------------------------------------------------------


def _takes(seconds: float) -> tuple[Tier, ...]:
    """One validator that says how long an answer takes."""
    return (Tier("one", "one", "1", ("solidus",), seconds=seconds),)


@pytest.mark.parametrize(
    ("seconds", "workers", "batch", "ahead"),
    [
        (0.2, 2, 8, 0),
        (CHOOSING_SECONDS / 4, 2, 8, 0),
        (CHOOSING_SECONDS / 3, 2, 8, 4),
        (CHOOSING_SECONDS, 2, 8, 2),
        (3600.0, 2, 8, 2),
        (0.0, 2, 8, 2),
        (3600.0, 16, 8, 4),
        (3600.0, 1, 1, 1),
    ],
)
def test_how_far_ahead_follows_from_what_a_validation_takes(
    tmp_path: Path, seconds: float, workers: int, batch: int, ahead: int
) -> None:
    config = small_config(tmp_path, batch=batch, cluster={"executor": "ray", "workers": workers})
    assert ahead_of(config, _takes(seconds)) == ahead


def test_how_far_ahead_where_nothing_is_gained(tmp_path: Path) -> None:
    slow, people = _takes(3600.0), (Tier("human", "human", "external", ("solidus",), by_hand=True),)
    assert ahead_of(small_config(tmp_path), slow) == 0  # one process does one thing at a time
    ray = {"cluster": {"executor": "ray"}}
    assert ahead_of(small_config(tmp_path, **ray), people) == 0
    assert ahead_of(small_config(tmp_path, schedule={"mode": "synchronous"}, **ray), slow) == 0
    assert ahead_of(small_config(tmp_path, schedule={"ahead": 7}), slow) == 7


def test_a_synchronous_schedule_cannot_be_ahead(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="a synchronous schedule waits for every answer"):
        small_config(tmp_path, schedule={"mode": "synchronous", "ahead": 2})


def test_the_schedule_may_change_and_is_no_part_of_the_science(tmp_path: Path) -> None:
    one, other = (small_config(tmp_path, schedule={"ahead": ahead}) for ahead in (0, 3))
    assert one.digest == other.digest
    Campaign.open(one).close()
    Campaign.open(other).close()


# Who was idle ----------------------------------------------------------------------------------------------------


def test_spans_are_recorded(finished: tuple[Campaign, Turns]) -> None:
    store = finished[0].store
    spans = timeline(store)
    found = {(span.lane, span.name) for span in spans}
    assert {("slot 1", "validate"), ("slot 2", "validate"), ("trainer cvae", "train")} <= found
    assert {(SCORER, "fit"), (SCORER, "propose"), (SCORER, "screen"), (DRIVER, "close")} <= found
    assert sum(span.name == "validate" for span in spans) == 14
    assert all(span.begin <= span.end for span in spans)
    whole = summary(store)
    assert whole is not None
    assert whole.slots == 2
    assert 0 < whole.idle < 1
    assert 0 < whole.driver <= 1
    first, last = (store.iteration(i).notes.schedule for i in (0, 2))
    assert first.end <= last.begin
    assert whole.seconds == pytest.approx(sum(store.iteration(i).notes.schedule.seconds for i in range(3)))
    numbers = {metric.name: metric.value for metric in store.metrics() if metric.iteration == 1}
    assert numbers["schedule.ahead"] == 2
    assert numbers["schedule.validators_idle_share"] == store.iteration(1).notes.schedule.idle
    assert {"driver.share", "schedule.unvalidated_share", "seconds.train", "seconds.fit", "seconds.screen"} <= set(
        numbers
    )


def test_a_picture_and_a_document_of_who_was_idle(
    finished: tuple[Campaign, Turns], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = finished[0]
    (artifact,) = [a for a in campaign.store.artifacts(1) if a.name == "timeline.png"]
    assert (campaign.folder / artifact.path).read_bytes().startswith(b"\x89PNG")
    place = ("--directory", campaign.config.directory)
    code, out, _ = call(capsys, "timeline", "small", "--json", "--out", str(tmp_path / "who.png"), *place)
    assert code == 0
    document = json.loads(out)
    assert len(document["spans"]) == len(timeline(campaign.store))
    assert 0 < document["shares"]["idle"] < 1
    assert (tmp_path / "who.png").read_bytes().startswith(b"\x89PNG")
    code, out, _ = call(capsys, "timeline", "small", *place)
    assert code == 0
    assert "trainer cvae" in out
    assert "slots idle" in out


def test_nothing_recorded_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = scheduled_config(tmp_path)
    Campaign.open(config).close()
    code, _, err = call(capsys, "timeline", "small", "--directory", config.directory)
    assert code == 2
    assert "nothing is recorded" in err


def test_shares_of_a_stretch_of_time() -> None:
    spans = [
        Span("slot 1", "validate", 0.0, 60.0),
        Span("slot 2", "validate", 10.0, 40.0),
        Span("slot 1", "validate", 90.0, 120.0),
        Span("trainer cvae", "train", 0.0, 100.0),
    ]
    assert covered(spans[:3], 0.0, 100.0) == 70.0
    assert covered(reversed(spans[:3]), 20.0, 50.0) == 30.0
    found = shares_of(spans, 2, 0.0, 100.0, waited=95.0)
    assert (found.idle, found.unvalidated) == (pytest.approx(0.5), pytest.approx(0.3))
    assert found.driver == pytest.approx(0.05)


def test_the_recorder_joins_what_is_together_and_counts_what_is_short() -> None:
    times = iter([0.0, 1.0, 2.0, 2.01, 3.0, 3.0, 3.02, 4.0, 5.0])
    recorder = Recorder(lambda: next(times))
    for name in ("wait", "wait", "record"):
        with recorder.driver(0, name):
            pass
    assert recorder.of(0) == [["driver", "wait", 1.0, 3.0]]
    window = recorder.window(1, [])
    assert (window["begin"], window["end"]) == (0.0, 4.0)
    assert window["waited"] == pytest.approx(1.99)
    assert window["driver"] == pytest.approx(1 - 1.99 / 4)


def test_a_view_with_hidden_jobs_is_still_a_view(finished: tuple[Campaign, Turns]) -> None:
    view = finished[0].view([p.key for p in finished[0].store.proposals()])
    assert isinstance(view, View)
    assert view.rows == ()
    assert len(view.pending) == 14
