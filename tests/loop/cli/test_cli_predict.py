"""``alloyloop predict`` and ``alloyloop explain``, on a small campaign that ran."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alloys.design import Design
from loop.campaign import Campaign
from loop.choose.fitting import fit_surrogate
from loop.cli import main as cli
from loop.store import CampaignStore
from loop.view import View, view_of
from surrogates.model.gp import GP
from tests.loop.loop_helpers import call, small_config, write_config

NAMES = [
    "specific_yield_strength_1300c",
    "ductility_index",
    "density",
    "vec",
    "solidus",
    "freezing_range",
    "bcc_fraction_1200c",
    "bcc_fraction_1300c",
]


@pytest.fixture(scope="module")
def campaigns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("predict")
    with pytest.raises(SystemExit) as stop:
        cli.main(["run", str(write_config(folder))])
    assert stop.value.code == 0
    return folder / "campaigns"


def _view(campaigns: Path) -> View:
    with CampaignStore.open(campaigns / "small" / "campaign.db") as store:
        return view_of(store)


def _document(capsys: pytest.CaptureFixture[str], command: str, campaigns: Path, *arguments: str) -> Any:
    code, out, err = call(capsys, command, "small", *arguments, "--json", "--directory", str(campaigns))
    assert (code, err) == (0, "")
    return json.loads(out)


def test_an_unknown_alloy_is_predicted(capsys: pytest.CaptureFixture[str], campaigns: Path) -> None:
    (found,) = _document(capsys, "predict", campaigns, "Nb40Ti30Mo20V10")
    assert set(found) == {
        *("formula", "status", "in_space", "outside", "properties", "probability_feasible", "probability_success"),
        *("constraints", "nearest", "remoteness", "resembles"),
    }
    assert (found["formula"], found["status"], found["in_space"]) == ("Mo20Nb40Ti30V10", "unknown", True)
    assert list(found["properties"]) == NAMES
    for name, entry in found["properties"].items():
        assert set(entry) == {"mean", "std", "low", "high", "unit", "source"}
        exact = name in ("ductility_index", "density", "vec")
        assert entry["source"] == ("closed form" if exact else "model")
        assert (entry["std"] == 0) == exact
        assert entry["low"] <= entry["high"]
    assert found["properties"]["vec"]["mean"] == pytest.approx(0.4 * 5 + 0.3 * 4 + 0.2 * 6 + 0.1 * 5)
    assert 0 <= found["probability_feasible"] <= 1
    assert found["probability_success"] == 1  # nothing failed
    distances = [near["distance"] for near in found["nearest"]]
    assert len(distances) == 3
    assert distances == sorted(distances)
    assert 0 < distances[0] < 1


def test_a_prediction_says_which_split_it_resembles(capsys: pytest.CaptureFixture[str], campaigns: Path) -> None:
    seen = {frozenset(row.design.composition.elements) for row in _view(campaigns).rows}
    (found,) = _document(capsys, "predict", campaigns, "Nb40Ti30Mo20V10")
    assert set(found["resembles"]) == {"split", "because", "errors", "within_90"}
    assert (found["resembles"]["split"] in ("element", "system")) == ({"Mo", "Nb", "Ti", "V"} not in seen)
    (known,) = _document(capsys, "predict", campaigns, str(_view(campaigns).rows[0].design))
    assert known["resembles"] is None
    out = call(capsys, "predict", "small", "Nb40Ti30Mo20V10", "--directory", str(campaigns))[1]
    assert f"{found['resembles']['because']}: like " in out


def test_the_surrogate_of_a_campaign_learns_from_its_observations_alone(campaigns: Path) -> None:
    """Docs: the loop uses no made-up data, as no way to make them up has won (docs/evaluation/augmentation.md)."""
    view = _view(campaigns)
    observed = view.observed().values
    for name, output in fit_surrogate(view).outputs.items():
        assert isinstance(output.gp, GP)
        assert len(output.gp.targets) == np.isfinite(observed[name]).sum()


def test_a_known_alloy_is_answered_by_its_measurement(capsys: pytest.CaptureFixture[str], campaigns: Path) -> None:
    row = next(row for row in _view(campaigns).rows if row.failure is None)
    (found,) = _document(capsys, "predict", campaigns, str(row.design))
    assert found["status"] == "measured"
    for name in NAMES:
        assert found["properties"][name]["mean"] == pytest.approx(row.values[name])
    assert found["properties"]["solidus"]["source"] == "measured"
    assert found["probability_feasible"] == float(row.feasible)
    assert str(row.design) not in {near["formula"] for near in found["nearest"]}


def test_an_alloy_outside_the_space_is_predicted_and_told(capsys: pytest.CaptureFixture[str], campaigns: Path) -> None:
    formulas = ("W", "Nb33.3Ta66.7")
    for formula, found in zip(formulas, _document(capsys, "predict", campaigns, *formulas), strict=True):
        assert not found["in_space"], formula
        assert found["outside"]
        assert found["probability_feasible"] == 0.0  # the density alone says so
    code, out, _ = call(capsys, "predict", "small", "W", "--directory", str(campaigns))
    assert code == 0
    assert out.splitlines()[:2] == ["W100: not measured", "infeasible: density <= 9, vec <= 5 do not hold"]
    for text in ("outside the space", "far from the data: 100%", "specific_yield_strength_1300c", "at.% away"):
        assert text in out


@pytest.mark.parametrize("command", ["predict", "explain"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("small", "NbAl"), "Al50Nb50 has Al: campaign 'small' knows alloys of Cr-Hf"),
        (("small", "Nb(Ta"), "cannot read the formula"),
        (("other", "NbTa"), "there is no campaign 'other'"),
        (("small",), "name an alloy by its formula"),
    ],
)
def test_bad_input(
    capsys: pytest.CaptureFixture[str], campaigns: Path, command: str, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = call(capsys, command, *arguments, "--directory", str(campaigns))
    assert (code, out) == (2, "")
    assert message in err


def test_an_alloy_that_the_model_picked_is_explained_by_the_same_model(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    row = next(row for row in _view(campaigns).rows if row.iteration == 1)
    found = _document(capsys, "explain", campaigns, str(row.design))
    assert found["as_of"] == "before iteration 1"
    assert found["picked"]["same_model"]
    assert (found["picked"]["origin"], found["picked"]["why"]) == (row.origin, row.why)
    assert row.prediction is not None
    assert found["probability_feasible"] == pytest.approx(row.prediction.probability_feasible)
    for name, mean in row.prediction.means.items():
        assert found["properties"][name]["prediction"] == pytest.approx(mean)
    gain = found["gain"]
    assert gain["alone"] == pytest.approx(gain["at_mean"] + gain["from_uncertainty"])
    assert gain["alone"] == pytest.approx(gain["expected"] + gain["taken_by_waiting"])
    shares = sum(entry["share_of_gain"] for entry in found["objectives"].values())
    assert shares == pytest.approx(gain["alone"] - gain["objectives_at_background"], abs=1e-9)
    for entry in found["properties"].values():
        for kind in ("descriptors", "elements"):
            total = sum(entry[kind]["shares"].values())
            assert total == pytest.approx(entry["prediction"] - entry[kind]["baseline"], abs=1e-9)
    assert found["constraints"]["density <= 9"]["source"] == "closed form"
    assert 0 <= found["better_than"] <= 1


def test_what_was_picked_before_counts_as_waited_for(capsys: pytest.CaptureFixture[str], campaigns: Path) -> None:
    with CampaignStore.open(campaigns / "small" / "campaign.db") as store:
        first, second = (p.selection.candidate.design for p in store.proposals(1))
    assert _document(capsys, "explain", campaigns, str(first))["waiting"] == []
    (entry,) = _document(capsys, "explain", campaigns, str(second))["waiting"]
    assert entry["formula"] == str(first)
    assert entry["exchanged"] > 0


def test_an_alloy_of_the_start_is_explained_without_its_own_result(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    row = next(row for row in _view(campaigns).rows if row.iteration == 0)
    found = _document(capsys, "explain", campaigns, str(row.design))
    assert found["as_of"] == "now, its own result left out"
    assert not found["picked"]["same_model"]
    assert found["properties"]["solidus"]["prediction"] != row.values["solidus"]


def test_an_alloy_that_nobody_picked_is_explained_as_of_now(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    found = _document(capsys, "explain", campaigns, "Nb40Ti30Mo20V10")
    assert (found["picked"], found["as_of"]) == (None, "now")
    code, out, _ = call(capsys, "explain", "small", "Nb40Ti30Mo20V10", "--directory", str(campaigns))
    assert code == 0
    for text in ("never picked", "Expected hypervolume gain", "from uncertainty", "gain without it", "relevance"):
        assert text in out


def test_the_fit_is_kept_with_the_campaign_and_the_answer_stays_the_same(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    kept = campaigns / "small" / "models" / "hyperparameters.json"
    kept.unlink(missing_ok=True)
    learned = [_document(capsys, command, campaigns, "Nb40Ti30Mo20V10") for command in ("predict", "explain")]
    content = kept.read_bytes()
    assert [_document(capsys, command, campaigns, "Nb40Ti30Mo20V10") for command in ("predict", "explain")] == learned
    assert kept.read_bytes() == content


def test_reading_changes_nothing_while_a_campaign_is_open(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Nothing is measured yet and the start is under way: physics speaks, and the writer is not disturbed."""
    with Campaign.open(small_config(tmp_path, validator={"name": "human"})) as campaign:
        (formula, *_) = campaign.suggest(6)["formula"]
        before = campaign.store.dataset_digest(), campaign.store.counts()
        (found,) = _document(capsys, "predict", tmp_path / "campaigns", formula)
        assert found["status"] == "pending"
        assert (found["nearest"], found["remoteness"]) == ([], None)
        assert found["properties"]["solidus"]["std"] == pytest.approx(150.0)
        told = _document(capsys, "explain", tmp_path / "campaigns", "Nb40Ti30Mo20V10")
        assert told["mode"] == "feasibility"
        assert (told["properties"], told["nearest"]) == ({}, [])
        assert len(told["waiting"]) == 6
        assert (campaign.store.dataset_digest(), campaign.store.counts()) == before
        assert Design.parse(formula) in campaign.view().pending


def test_without_a_reference_point_or_a_result_there_is_no_gain_to_speak_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = small_config(
        tmp_path, validator={"name": "human"}, reference_point={}, objectives=["maximize ductility_index"]
    )
    with Campaign.open(config) as campaign:
        campaign.suggest(6)
        found = _document(capsys, "explain", tmp_path / "campaigns", "Nb40Ti30Mo20V10")
        assert (found["gain"], found["better_than"], found["waiting"]) == (None, None, [])
        code, out, _ = call(capsys, "explain", "small", "Nb40Ti30Mo20V10", "--directory", str(tmp_path / "campaigns"))
        assert code == 0
        assert "no observation; the prior stands" in out


def test_what_people_measured_counts_even_where_there_is_a_closed_form(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with Campaign.open(small_config(tmp_path, validator={"name": "human"})) as campaign:
        measured = {"density": 8.5, "solidus": 2400.0}
        campaign.observe(pd.DataFrame([{"formula": "Nb40Ti30Mo20V10", **measured}]))
        (found,) = _document(capsys, "predict", tmp_path / "campaigns", "Nb40Ti30Mo20V10")
    for name, value in measured.items():
        assert found["properties"][name]["mean"] == value
        assert found["properties"][name]["source"] == "measured"
    assert found["properties"]["vec"]["source"] == "closed form"
    assert found["properties"]["freezing_range"]["source"] == "model"
