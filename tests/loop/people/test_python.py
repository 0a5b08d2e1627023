"""A campaign from Python, as a notebook drives it: what it suggests, what it takes back, and what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.space.variables import Variable, Variables
from loop.campaign import Campaign
from loop.people.frames import designs_in
from tests.loop.loop_helpers import small_config

HARDNESS = {"Al": 900.0, "Co": 200.0, "Cr": 500.0, "Fe": 150.0, "Ni": 180.0}
"""A truth for the tests, in HV: a rule of mixtures."""
QUICK: dict[str, Any] = {
    "space": {"elements": list(HARDNESS), "step": 0.05, "lower": 0.05, "upper": 0.5, "count": [3, 5]},
    "physics": "generic",
    "properties": {"hardness": {"unit": "HV", "range": [0, 2500], "scatter": 15.0}},
    "objectives": ["maximize hardness"],
    "constraints": [],
    "reference_point": {},
    "start": {"validate": 6, "from_table": 0.0},
    "generator": {"proposals": 40, "settings": {"epochs": 2}},
    "screening": {"random": 40, "neighbours": False},
    "validator": {"name": "human"},
}


def truth(table: pd.DataFrame) -> list[float]:
    return [
        float(sum(row.get(symbol, 0.0) * value for symbol, value in HARDNESS.items())) for _, row in table.iterrows()
    ]


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    """A campaign of which nothing is known."""
    with Campaign.open(small_config(tmp_path, **QUICK)) as made:
        yield made


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """A campaign with a model, whose suggestions are open. Nothing may be written to it."""
    with Campaign.open(small_config(tmp_path_factory.mktemp("measured"), **QUICK)) as made:
        start = made.suggest(6)
        made.observe(start.assign(hardness=truth(start), hardness_std=12.0))
        made.suggest(3)
        yield made


def test_predictions_have_columns_of_their_own(measured: Campaign) -> None:
    suggested = measured.pending()
    assert {"predicted_hardness", "predicted_hardness_std", "probability_feasible", "why"} <= set(suggested)
    assert not {"hardness", "hardness_std"} & set(suggested)


def test_a_suggested_frame_without_a_measurement_is_refused(measured: Campaign) -> None:
    suggested, before = measured.pending(), len(measured.results())
    for empty in (suggested, suggested.assign(hardness=np.nan), suggested.assign(hardness=pd.NA, failure="")):
        with pytest.raises(InputError) as refused:
            measured.observe(empty)
        message = str(refused.value)
        assert "no property value is given, and predicted_* columns are what the model expects" in message
        assert "fill in a column hardness (in HV)" in message
        assert "\n" not in message
    assert len(measured.results()) == before


def test_a_suggested_frame_with_a_column_filled_in_is_an_answer(campaign: Campaign) -> None:
    start = campaign.suggest(6)
    start["hardness"] = truth(start)
    assert campaign.observe(start, source="laboratory").new == 6
    assert campaign.pending().empty
    second = campaign.suggest(2)
    second["hardness [GPa]"] = np.array(truth(second)) * 9.80665e-3
    second["hardness_std"] = [10.0, pd.NA]
    assert campaign.observe(second).new == 2
    results = campaign.results()
    assert results["hardness"].tolist() == pytest.approx(truth(start) + truth(second))
    assert results["hardness_std"].tolist()[6:] == pytest.approx([10.0, np.nan], nan_ok=True)
    assert results["source"].tolist() == ["laboratory"] * 6 + ["observed"] * 2
    assert campaign.observe(results).known == 8
    assert len(campaign.results()) == 8


@pytest.mark.parametrize("unknown", [pd.NA, pd.NaT, None, np.nan, "", "n/a", "<NA>", "NaT"])
def test_what_is_unknown_stays_open(campaign: Campaign, unknown: Any) -> None:
    start = campaign.suggest(6)
    values = pd.Series([300.0, unknown], dtype="object")
    assert campaign.observe(pd.DataFrame({"formula": start["formula"][:2], "hardness": values})).new == 1
    assert len(campaign.pending()) == 5
    failure = pd.DataFrame({"formula": start["formula"][2:3], "failure": [unknown]})
    with pytest.raises(InputError, match="no property value is given"):
        campaign.observe(failure)
    assert len(campaign.pending()) == 5
    beside = {"hardness_std": [unknown], "failure": [unknown], "source": [unknown], "Al": [unknown]}
    known = pd.DataFrame({"formula": start["formula"][2:3], "hardness": [310.0], **beside})
    assert campaign.observe(known, source=unknown).new == 1
    assert list(campaign.results()["source"]) == ["observed"] * 2
    with pytest.raises(InputError, match="row 0: the cell of formula is empty"):
        campaign.observe(pd.DataFrame({"formula": [unknown], "hardness": [310.0]}))


@pytest.mark.parametrize("nothing", [False, "no", "False", 0])
def test_no_failure_is_no_failure(campaign: Campaign, nothing: Any) -> None:
    start = campaign.suggest(6)
    told = pd.DataFrame({"formula": start["formula"][:2], "hardness": [300.0, pd.NA], "failure": [nothing] * 2})
    assert campaign.observe(told).new == 1
    assert len(campaign.pending()) == 5


def test_nullable_columns_are_read(campaign: Campaign) -> None:
    formulas = list(campaign.suggest(6)["formula"])
    numbers = pd.array([300.0, pd.NA, pd.NA], dtype="Float64")
    words = pd.array([pd.NA, "it cracked", pd.NA], dtype="string")
    assert campaign.observe(pd.DataFrame({"formula": formulas[:3], "hardness": numbers, "failure": words})).new == 2
    assert list(campaign.results()["failure"].dropna()) == ["it cracked"]


def test_alloys_may_be_objects_or_the_index(campaign: Campaign) -> None:
    alloys = [Composition.parse("Al20Co30Ni50"), Design.parse("Al30Co30Ni40")]
    assert campaign.observe(pd.DataFrame({"formula": alloys, "hardness": [310, 380]})).new == 2
    by_index = pd.DataFrame({"formula": ["Al10Co40Ni50"], "hardness": [260]}).set_index("formula")
    assert campaign.observe(by_index).new == 1
    assert list(campaign.results()["formula"]) == ["Al20Co30Ni50", "Al30Co30Ni40", "Al10Co40Ni50"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Al": 0.9}, "row 0: .* of Al, and the column Al says 0.9"),
        ({"hardnes": 300.0}, "unknown columns hardnes"),
        ({"hardness [m]": 300.0}, "hardness cannot be given in 'm'"),
        ({"hardness": 9000.0}, "row 0: hardness must lie in"),
        ({"hardness": 300.0, "hardness [GPa]": 3.0}, "hardness has two columns"),
        ({"hardness_std": 3.0}, "a standard deviation without its value: hardness"),
        ({"hardness": 300.0, "failure": "it cracked"}, "values and a failure are given"),
    ],
)
def test_a_wrong_frame_changes_nothing(campaign: Campaign, change: dict[str, Any], message: str) -> None:
    start = campaign.suggest(6).assign(**({"hardness": 300.0} if "Al" in change else {}), **change)
    with pytest.raises(InputError, match=message):
        campaign.observe(start)
    assert campaign.results().empty


def test_a_slip_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Campaign.open(small_config(tmp_path, **QUICK)) as made:
        start = made.suggest(6)
        made.observe(start.assign(hardness=truth(start)))
        batch = made.suggest(1)
        assert caplog.records == []
        made.observe(batch.assign(hardness=2499.0))
    assert "standard deviations from" in caplog.text
    assert "if it is a slip: alloyloop data correct small" in caplog.text


def test_results_and_the_best_are_frames(measured: Campaign) -> None:
    results = measured.results()
    assert list(results.columns) == ["formula", "iteration", "hardness", "hardness_std", "source"]
    assert (results["hardness_std"] == 12.0).all()
    best = measured.best(3)
    assert list(best["hardness"]) == sorted(results["hardness"], reverse=True)[:3]
    assert best["feasible"].all()


def test_predictions_are_a_frame_that_is_not_taken_for_measurements(measured: Campaign) -> None:
    known = measured.results()["formula"].iloc[0]
    frame = measured.predict([known, Composition.parse("Al30Cr30Ni40")])
    assert list(frame["predicted_hardness_from"]) == ["measured", "model"]
    assert frame["predicted_hardness_low"][1] < frame["predicted_hardness"][1] < frame["predicted_hardness_high"][1]
    assert measured.predict("Al30Cr30Ni40").equals(measured.predict(pd.DataFrame({"formula": ["Al30Cr30Ni40"]})))
    with pytest.raises(InputError, match="predicted_"):
        measured.observe(frame)
    for nothing in ([], pd.DataFrame({"alloy": ["AlNi"]})):
        with pytest.raises(InputError, match="formula"):
            measured.predict(nothing)


@pytest.mark.parametrize("unknown", [pd.NA, pd.NaT, None, np.nan, "", "<NA>"])
def test_an_unknown_formula_is_not_predicted(measured: Campaign, unknown: Any) -> None:
    several = ["Al30Cr30Ni40", unknown]
    for asked in (unknown, several, pd.Series(several), pd.DataFrame({"formula": several})):
        with pytest.raises(InputError, match="no formula is given"):
            measured.predict(asked)
    with pytest.raises(InputError, match="no formula is given"):
        measured.explain(unknown)
    with pytest.raises(InputError, match=r"a whole number of at least 1"):
        measured.best(unknown)


def test_frames_with_two_columns_of_one_name_are_refused(measured: Campaign) -> None:
    twice = pd.DataFrame([["Al30Cr30Ni40", "Al30Co30Ni40"]], columns=["formula", "formula "])
    for take in (measured.predict, measured.observe):
        with pytest.raises(InputError, match="columns 1 and 2 are both named 'formula'"):
            take(twice)


def test_an_explanation_is_a_frame(measured: Campaign) -> None:
    frame = measured.explain(measured.pending()["formula"][0])
    by_element = frame[frame["about"] == "hardness by elements"].set_index("name")["value"]
    prediction = frame[(frame["about"] == "hardness") & (frame["name"] == "prediction")]["value"].item()
    assert by_element.sum() == pytest.approx(prediction, rel=1e-6)
    assert any("picked in iteration 1" in text for text in frame[frame["about"] == "words"]["name"])
    assert "expected" in set(frame[frame["about"] == "gain"]["name"])


def test_a_notebook_shows_the_campaign(measured: Campaign) -> None:
    assert repr(measured) == "Campaign('small': maximize hardness; 6 results, 3 alloys waited for)"
    assert measured.best(1)["formula"].item() in measured._repr_html_()
    assert "<table" in measured._repr_html_()


def test_a_value_called_none_is_a_value_and_na_is_unknown() -> None:
    coating = Variables((Variable("coating", ("none", "TiN"), "category"),))
    asked = pd.DataFrame({"formula": ["AlNi"] * 3, "coating": ["none", "NA", "TiN"]})
    told = [design.values for design in designs_in(asked, coating, ())]
    assert told == [{"coating": "none"}, {}, {"coating": "TiN"}]
    assert [design.values for design in designs_in(asked, coating.names, ())] == [{}, {}, {"coating": "TiN"}]
