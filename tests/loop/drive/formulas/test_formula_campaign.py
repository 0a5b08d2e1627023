"""Campaigns on formulas: proposed neutral, written as chemists write them, from a table of formulas that is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alloys.composition import Composition
from loop.campaign import Campaign
from loop.config.assembly import build_problem
from loop.config.data import read_data
from loop.config.reading import check_config
from loop.review.desk.models.knowledge import knowledge, view_from
from loop.review.report import best_document
from tests.loop.loop_helpers import call, small_config

PAULING = {"Ca": 1.00, "Cl": 3.16, "K": 0.82, "Li": 0.98, "Mg": 1.31, "Na": 0.93, "O": 3.44, "S": 2.58, "Ti": 1.54}
SPACE = {"kind": "formula", "elements": list(PAULING), "most_atoms": 4, "elements_count": [2, 3]}
ENTHALPY = {"formation_enthalpy": {"unit": "eV", "range": [-10, 10], "usual": [-3, 0]}}
KNOWN = ["NaCl", "TiO2", "Li2O", "CaTiO3"]
COLUMNS = {"formation_enthalpy": {"column": "enthalpy", "unit": "eV"}}
WITHOUT = {"file": "none.csv", "formula": "formula", "properties": COLUMNS}


def _answer(formula: str) -> float:
    """A truth for the test: the more unlike the electronegativities, the more stable."""
    shares = Composition.parse(formula).fractions()
    mean = sum(PAULING[symbol] * share for symbol, share in shares.items())
    return -sum(share * (PAULING[symbol] - mean) ** 2 for symbol, share in shares.items())


def _document(folder: Path) -> dict[str, Any]:
    rows = "".join(f"{text},{_answer(text)}\n" for text in KNOWN)
    (folder / "known.csv").write_text(f"formula,enthalpy\n{rows}", encoding="utf-8")
    return {
        "space": SPACE,
        "physics": "generic",
        "properties": ENTHALPY,
        "objectives": ["minimize formation_enthalpy"],
        "constraints": [],
        "reference_point": {},
        "data": [{"file": str(folder / "known.csv"), "formula": "formula", "basis": "parts", "properties": COLUMNS}],
        "start": {"validate": 4, "from_table": 0},
        "screening": {"random": 100},
        "validator": {"name": "human"},
    }


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """Two batches of four, answered."""
    folder = tmp_path_factory.mktemp("formulas")
    with Campaign.open(small_config(folder, **_document(folder))) as campaign:
        for _ in range(2):
            table = campaign.suggest(4)
            answers = [_answer(formula) for formula in table["formula"]]
            campaign.observe(pd.DataFrame({"formula": table["formula"], "formation_enthalpy": answers}))
        yield campaign


def test_every_proposal_is_a_new_neutral_formula_of_the_space(campaign: Campaign) -> None:
    view = campaign.view()
    asked = [row.design for row in view.rows if row.iteration is not None]
    assert len(asked) == len(set(asked)) == 8
    assert view.space.contains(np.array([view.space.point_of(design) for design in asked])).all()
    assert {row.origin.removeprefix("polish of ") for row in view.rows if row.iteration == 0} == {"design"}


def test_generators_learn_and_propose_formulas(campaign: Campaign) -> None:
    told = campaign.store.iteration(1).notes.training
    assert told
    assert all(report["rows"] == 8 and not report["diverged"] for report in told.values())


def test_designs_are_written_in_whole_atoms_wherever_they_come_from(campaign: Campaign) -> None:
    written = {row.design.formula for row in campaign.view().rows}
    assert set(KNOWN) <= written
    assert not any("50" in text or "." in text for text in written)
    assert {stored.observation.design.formula for stored in campaign.store.observations()} == written
    assert {job.request.design.formula for job in campaign.store.jobs()} <= written
    assert {entry["formula"] for entry in best_document(campaign.view(), 3)} <= written
    registered = view_from(knowledge(campaign.view(), campaign.store.acts()))
    assert {row.design.formula for row in registered.rows} == written


def test_formulas_that_a_person_adds_are_shown_as_they_were_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Campaign.open(small_config(tmp_path, **_document(tmp_path))):
        pass
    where = ("small", "--directory", str(tmp_path / "campaigns"))
    code, _, err = call(capsys, "add", where[0], "Li2S", "--by", "Ada", *where[1:])
    assert (code, "Li2S joins the validations" in err) == (0, True)
    assert "Ada: adds Li2S" in call(capsys, "status", *where)[1]
    assert call(capsys, "report", *where, "--quick", "--out", str(tmp_path / "small.html"))[0] == 0
    assert re.search(r"add by .*Ada.*Li<sub>2</sub>S", (tmp_path / "small.html").read_text("utf-8"))


def test_what_is_known_is_learned_from(campaign: Campaign) -> None:
    best = min(campaign.view().rows, key=lambda row: row.values["formation_enthalpy"])
    assert best.iteration is not None
    assert best.values["formation_enthalpy"] < min(map(_answer, KNOWN))


def test_rows_that_break_the_rules_teach_and_are_told(tmp_path: Path) -> None:
    document = _document(tmp_path)
    with (tmp_path / "known.csv").open("a", encoding="utf-8") as stream:
        stream.write("Ti3O,-1.0\n")  # neutral by no states
    config = small_config(tmp_path, **document)
    problem = build_problem(config)
    (file,) = read_data(config.data, problem.physics.properties, problem.space)
    assert any("1 of 5 rows break the rules of the space" in line for line in file.told), file.told


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": {**SPACE, "elements": ["Na", "K", "Li"]}}, "space: no formula of 2 to 3 of K, Li, Na"),
        ({"space": {**SPACE, "elements": ["Na", "Ar", "Cl"]}}, "no oxidation states are known of Ar"),
        ({"objectives": ["minimize band_gap"]}, "band_gap"),
        ({"validator": {"name": "reference"}}, "nobody measures 'formation_enthalpy'"),
        ({"data": [WITHOUT]}, "none.csv"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(str({"name": "bad", **_document(tmp_path), **changes}).replace("'", '"'), encoding="utf-8")
    _, mistakes = check_config(path)
    assert any(said in str(mistake) for mistake in mistakes), mistakes
