"""A campaign that begins from a frame of results."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.space.formula import FormulaSpace
from loop.campaign import Campaign
from tests.loop.loop_helpers import ROOT

AMOUNTS = [
    *((5, 25, 20, 25, 25), (10, 20, 20, 25, 25), (15, 25, 15, 20, 25), (20, 20, 20, 20, 20), (25, 15, 20, 20, 20)),
    *((30, 20, 15, 15, 20), (10, 30, 10, 20, 30), (15, 15, 30, 20, 20), (20, 10, 25, 25, 20), (5, 20, 30, 25, 20)),
    *((25, 25, 10, 20, 20), (10, 15, 25, 30, 20)),
]
ELEMENTS = ("Al", "Co", "Cr", "Fe", "Ni")
QUICK: dict[str, Any] = {
    "name": "hard",
    "generator": {"proposals": 40, "settings": {"epochs": 2}},
    "screening": {"random": 40, "neighbours": False},
}


def frame(**columns: Any) -> pd.DataFrame:
    """Twelve alloys and their hardness."""
    formulas = ["".join(f"{s}{n}" for s, n in zip(ELEMENTS, row, strict=True)) for row in AMOUNTS]
    values = [150.0 + 12 * row[0] + 4 * row[2] for row in AMOUNTS]
    return pd.DataFrame({"alloy": formulas, "hardness": values, **columns})


def test_a_frame_of_results_is_a_campaign_that_proposes_at_once(tmp_path: Path) -> None:
    where = {**QUICK, "directory": tmp_path}
    with Campaign.from_frame(frame(hardness_std=8.0), maximize="hardness", **where) as campaign:
        assert len(campaign.results()) == 12
        assert set(campaign.results()["hardness_std"]) == {8.0}
        table = campaign.suggest(2)
        assert [entry.index for entry in campaign.store.iterations()][-1] == 1
        assert (table["predicted_hardness"] > 300).all()
        table["hardness"] = [520.0, pd.NA]
        assert campaign.observe(table).new == 1
    with Campaign.from_frame(frame(hardness_std=8.0), maximize="hardness", **where) as again:
        assert len(again.results()) == 13
        assert list(again.pending()["formula"]) == list(table["formula"][1:])
    with Campaign.open(tmp_path / "hard" / "campaign.yaml") as opened:
        assert opened.best(1)["hardness"].item() == 570.0


def test_what_pandas_does_not_know_is_no_source_and_no_category(tmp_path: Path) -> None:
    words = pd.Series([pd.NA, pd.NaT, None, "<NA>", "NA", "n/a", *["cast", "forged"] * 3], dtype="object")
    told = frame(source=words, route=words.astype("string"))
    with Campaign.from_frame(told, maximize="hardness", minimize=None, directory=tmp_path) as campaign:
        assert set(campaign.results()["source"]) == {"table.csv", "cast", "forged"}
        assert campaign.problem.space.variables["route"].values == ("cast", "forged")


def test_a_frame_of_compounds_is_a_campaign_over_formulas(tmp_path: Path) -> None:
    compounds = ["NaCl", "MgO", "CaF2", "Al2O3", "KCl", "BaO", "TiO2", "SrTiO3", "LiF", "Na2O", "K2S", "CaTiO3"]
    told = pd.DataFrame({"formula": compounds, "enthalpy": [-2.0 - 0.1 * i for i in range(12)]})
    with Campaign.from_frame(told, minimize="enthalpy", directory=tmp_path, name="compounds") as campaign:
        space = campaign.view().space
        assert isinstance(space, FormulaSpace)
        assert (space.most_atoms, space.fewest, space.most, space.charges) == (8, 2, 3, "balanced")
        assert set(campaign.results()["formula"]) == set(compounds)


def test_columns_of_amounts_a_unit_and_objects_are_understood(tmp_path: Path) -> None:
    amounts = pd.DataFrame(AMOUNTS, columns=[f"{symbol} (at.%)" for symbol in ELEMENTS])
    amounts["hardness [GPa]"] = frame()["hardness"] * 9.80665e-3
    with Campaign.from_frame(amounts, maximize="hardness", directory=tmp_path, **QUICK) as campaign:
        assert campaign.problem.properties["hardness"].unit == "GPa"
        assert Composition.parse(frame()["alloy"][0]) == Composition.parse(campaign.results()["formula"].iloc[0])
    objects = frame(alloy=[Composition.parse(text) for text in frame()["alloy"]])
    with Campaign.from_frame(objects, minimize=["hardness"], directory=tmp_path, **{**QUICK, "name": "soft"}) as soft:
        assert "minimize hardness" in repr(soft)
        assert len(soft.results()) == 12


def test_equal_amounts_are_amounts_of_each_element(tmp_path: Path) -> None:
    equimolar = pd.DataFrame([[2 * i, *[25 - i / 2] * 4, 140 + 9 * i] for i in range(12)], columns=[*ELEMENTS, "HV"])
    with Campaign.from_frame(equimolar, maximize="HV", directory=tmp_path, **QUICK) as campaign:
        assert campaign.problem.space.elements == ELEMENTS
        assert campaign.results()["formula"].iloc[0] == "Co25Cr25Fe25Ni25"


def test_processing_is_chosen_too(tmp_path: Path) -> None:
    routes = ["cast", "annealed", "annealed"] * 4
    hot = [None if route == "cast" else 800 + 50 * (i % 5) for i, route in enumerate(routes)]
    treated = frame(**{"route": routes, "anneal temperature (°C)": hot})
    with Campaign.from_frame(treated, maximize="hardness", directory=tmp_path, **QUICK) as campaign:
        assert campaign.problem.space.variables.names == ("route", "anneal_temperature")
        assert campaign.results()["anneal_temperature"].notna().sum() == 8
        table = campaign.suggest(3)
        assert set(table["route"]) <= {"cast", "annealed"}
        assert campaign.predict(table)["in_space"].all()


def test_few_results_are_a_start_without_predictions(tmp_path: Path) -> None:
    with Campaign.from_frame(frame().head(4), maximize="hardness", directory=tmp_path, **QUICK) as campaign:
        table = campaign.suggest(3)
        assert "predicted_hardness" not in table
        assert not set(table["formula"]) & set(campaign.results()["formula"])


def test_rows_that_are_left_out_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = frame()
    table.loc[3, "alloy"] = "as cast"
    table["hardness"] = table["hardness"].astype("Float64").where(table.index != 5)
    with (
        caplog.at_level(logging.WARNING),
        Campaign.from_frame(table, maximize="hardness", directory=tmp_path, **QUICK) as campaign,
    ):
        assert len(campaign.results()) == 10
    told = [record.getMessage() for record in caplog.records if record.getMessage().startswith("left out")]
    assert [("line 5" in text, "line 7" in text) for text in told] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        (frame().drop(columns="alloy"), {}, "no column of formulas"),
        (frame().drop(columns="hardness"), {}, "no column of numbers is 'hardness'; there are none"),
        (frame(), {"maximize": "toughness"}, "no column of numbers is 'toughness'; there are hardness"),
        (frame(), {"maximize": ()}, "name a goal"),
        (frame().head(0), {}, "the frame has no rows"),
        ({"alloy": []}, {}, "takes a pandas DataFrame, got dict"),
        (frame(), {"name": "Hard one"}, "a campaign's name has small letters"),
        (frame(), {"batches": 3}, "batches: unknown key"),
        (frame(), {"seed": object()}, "settings must be plain values"),
        (frame(), {"start": {"validate": 0, "from_table": 2}}, "from_table"),
    ],
)
def test_what_cannot_be_understood_leaves_nothing_behind(
    tmp_path: Path, table: Any, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Campaign.from_frame(table, **{"maximize": "hardness", "directory": tmp_path / "made", **QUICK, **change})
    assert not list(tmp_path.rglob("*.*"))


def test_another_frame_needs_another_name(tmp_path: Path) -> None:
    Campaign.from_frame(frame(), maximize="hardness", directory=tmp_path, **QUICK).close()
    with pytest.raises(InputError, match="began with another table or other settings; give another name"):
        Campaign.from_frame(frame().head(11), maximize="hardness", directory=tmp_path, **QUICK)
    Campaign.from_frame(frame(), maximize="hardness", directory=tmp_path, **QUICK).close()


def test_the_example_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    page = (ROOT / "docs" / "howto" / "python.md").read_text("utf-8")
    example = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert example is not None
    quick = example[1].replace('{"proposals": 200}', '{"proposals": 40, "settings": {"epochs": 2}}')
    assert quick != example[1]
    monkeypatch.chdir(tmp_path)
    exec(quick, {})
    assert "Added(new=2, repeats=0, known=0)" in capsys.readouterr().out
