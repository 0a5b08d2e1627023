"""The goal and the batch of a campaign are changed as it goes on: obeyed from then on, and the past computed anew."""

from __future__ import annotations

import signal
from pathlib import Path

import pandas as pd
import pytest

from loop.campaign import Campaign
from loop.store import CampaignStore
from loop.summaries import iteration_summaries
from loop.view import view_of
from tests.loop.loop_helpers import call, small_config
from tests.loop.steering.running import killed, melting_document

GOAL = {"objectives": ["maximize liquidus", "minimize price"], "reference_point": {"liquidus": 2000.0, "price": 500.0}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign with two objectives, whose start is measured and whose first batch is open."""
    folder = tmp_path_factory.mktemp("changing")
    with Campaign.open(small_config(folder, **melting_document(folder, **GOAL))) as campaign:
        formulas = list(campaign.suggest(4)["formula"])
        campaign.observe(pd.DataFrame({"formula": formulas, "liquidus": [2300.0, 2400.0, 2500.0, 2600.0]}))
    return folder


def test_a_change_that_contradicts_the_campaign_is_refused_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--directory", str(folder / "campaigns"))
    for words, said in [
        ("melting >= 3", "melting"),
        ("solidus >= 2200", "nobody measures solidus in this campaign; what is measured is liquidus"),
        ("liquidus >= 1e9", "is outside what liquidus can be"),
        (
            "minimize density",
            "density is no objective of the campaign; its objectives are: maximize liquidus",
        ),
        ("maximize liquidus", "maximize liquidus is wanted already"),
        ("density <= 14", "density <= 14 is wanted already"),
        ("batch 2", "batch 2 is wanted already"),
        ("batch 0", "a batch has 1 to 256 alloys"),
        ("density >= 15", "contradictory constraints"),
        ("density <= 3", "none of 4000 designs keeps the constraints"),
        ("x_Hf + x_W <= 0.2", "is a rule on amounts"),
        ("faster", "a constraint is"),
    ]:
        code, _, err = call(capsys, "change", "small", words, *where)
        assert (code, said in err) == (2, True), (words, err)
    assert killed(["change", "small", "batch 5", *where]) == -signal.SIGKILL
    with CampaignStore.open(folder / "campaigns" / "small" / "campaign.db") as store:
        assert store.acts() == []


def test_another_direction_and_limit_are_obeyed_by_the_next_proposal_and_hypervolumes_computed_anew(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--directory", str(folder / "campaigns"))
    with CampaignStore.open(folder / "campaigns" / "small" / "campaign.db") as store:
        (before,), digest = iteration_summaries(store), store.dataset_digest()
    code, _, err = call(capsys, "change", "small", "minimize liquidus", "--by", "Ada", "--why", "a solder", *where)
    assert (code, err) == (0, "from the next proposal on: minimize liquidus, was maximize liquidus\n")
    assert call(capsys, "change", "small", "liquidus <= 2450", *where)[0] == 0
    assert call(capsys, "change", "small", "match price 100..200", *where)[0] == 0
    with CampaignStore.open(folder / "campaigns" / "small" / "campaign.db") as store:
        view, first = view_of(store), view_of(store, upto=0)
        assert list(map(str, view.goal.objectives)) == ["minimize liquidus", "match price 100..200"]
        assert view.config.constraints == ["density <= 14", "liquidus <= 2450"]
        # Of the start's 2300 to 2600 K, the worst and a tenth of the range beyond.
        assert view.config.reference_point["liquidus"] == pytest.approx(2630.0)
        assert first.config.reference_point == GOAL["reference_point"]
        assert sorted(row.values["liquidus"] for row in view.rows if row.feasible) == [2300.0, 2400.0]
        (after,) = iteration_summaries(store)
        assert after["hypervolume_then"] == before["hypervolume"] == first.hypervolume(first.rows)
        assert after["hypervolume"] == view.hypervolume(view.rows) != before["hypervolume"]
        assert (before["feasible"], after["feasible"]) == (4, 2)
        assert store.dataset_digest() != digest
    with Campaign.open(small_config(folder, **melting_document(folder, **GOAL))) as campaign:
        campaign.suggest(3)
        assert campaign.store.iteration(1).notes.inputs.acts == 3
        best = [p.selection.prediction for p in campaign.store.proposals(1)]
        assert min(each.means["liquidus"] for each in best if each) < 2450.0
    assert (
        "Ada: wants minimize liquidus, was maximize liquidus (a solder)" in call(capsys, "status", "small", *where)[1]
    )
