"""What a campaign's iterations came to, from the notes on closed ones or from the results themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from loop import summaries
from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.execute.tasks import ValidationTask
from loop.store.notes import Summary
from loop.summaries import iteration_summaries, summary_of
from loop.view import view_of
from tests.loop.drive.test_campaign import ANSWERS
from tests.loop.loop_helpers import small_config


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    with Campaign.open(small_config(tmp_path)) as opened:
        Driver(opened, LocalExecutor()).run(0)
        yield opened


def _read(campaign: Campaign) -> list[Summary]:
    """The same from the results."""
    view = view_of(campaign.store)
    return [summary_of(view, index) for index in range(len(campaign.store.iterations()))]


def test_notes_say_what_the_results_say(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = [iteration.notes.summary for iteration in campaign.store.iterations()]
    assert noted == _read(campaign)
    assert [summary.observations for summary in noted if summary] == [6]

    def refused(*_: object) -> None:
        raise AssertionError("the whole campaign was read")

    monkeypatch.setattr(summaries, "view_of", refused)
    told = iteration_summaries(campaign.store)
    assert [(row["selected"], row["validated"]) for row in told] == [(6, 6)]
    for row, summary in zip(told, noted, strict=True):
        assert {name: row[name] for name in ("feasible", "failed", "hypervolume")}.items() <= asdict(summary).items()


def test_a_result_brought_later_counts_from_then_on_and_not_in_the_past(campaign: Campaign) -> None:
    before = iteration_summaries(campaign.store)
    good = {"solidus": 2400.0, "freezing_range": 100.0, "bcc_fraction_1200c": 1.0, "bcc_fraction_1300c": 1.0}
    good |= {"yield_strength_1300c": 500.0, "specific_yield_strength_1300c": 60.0}
    campaign.observe(pd.DataFrame([{"formula": "Mo15Nb32Ta14Ti15V24", **good}]))
    assert iteration_summaries(campaign.store) == before
    assert [row["hypervolume"] for row in before] == [summary.hypervolume for summary in _read(campaign)]
    view = campaign.view()
    assert view.hypervolume(view.rows) > before[0]["hypervolume"]


def test_an_open_iteration_is_told_as_it_stands(campaign: Campaign) -> None:
    campaign.suggest(2)
    (mine,) = campaign.store.take("me")
    executor = LocalExecutor()
    task = ValidationTask(mine.key, mine.request.design.canonical())
    executor.submit(campaign.spec_for(mine.request), task)
    (done,) = executor.collect(1.0)
    assert done.verdict is not None
    campaign.store.finish(mine.key, done.verdict)
    row = iteration_summaries(campaign.store)[1]
    wanted = _read(campaign)[1]
    assert (row["selected"], row["validated"], row["hypervolume"], row["seconds"]) == (2, 1, None, None)
    assert (row["feasible"], row["failed"]) == (wanted.feasible, wanted.failed)


def test_later_results_do_not_move_the_point_that_hypervolumes_are_measured_from(tmp_path: Path) -> None:
    config = small_config(tmp_path, validator={"name": "external"}, reference_point={})
    with Campaign.open(config) as campaign:
        table = campaign.suggest(6)[["formula"]].assign(**ANSWERS)
        table["specific_yield_strength_1300c"] = [20.0, 22.0, 24.0, 26.0, 28.0, 30.0]
        campaign.observe(table)
        (before,) = [row["hypervolume"] for row in iteration_summaries(campaign.store)]
        assert before > 0
        point = campaign.view().reference_point()
        poor = {**ANSWERS, "solidus": 1500.0, "specific_yield_strength_1300c": 0.1}
        campaign.observe(pd.DataFrame([{"formula": "Cr20Hf20Mo20Nb20Ta20", **poor}]))
        assert len(campaign.view().rows) == 7
        assert [row["hypervolume"] for row in iteration_summaries(campaign.store)] == [before]
        assert (campaign.view().reference_point() == point).all()
        frozen = campaign.store.facts().reference_point
        assert frozen is not None
        campaign.store.freeze_reference_point(dict.fromkeys(frozen, 0.0))
        assert campaign.store.facts().reference_point == frozen
