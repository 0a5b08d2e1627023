"""A campaign whose objective is a quantity of an equilibrium at a temperature that each design chooses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from alloys.design import Design
from loop.store import CampaignStore
from loop.view import view_of
from tests.loop.loop_helpers import call, small_document
from tests.support.compound import COMPOUND_TDB, lack, solvus

QUANTITIES = {
    "compound": {"fraction": "NI3AL", "at": "annealing_temperature"},
    "al_in_matrix": {"composition": "Al", "in": "FCC_A1", "at": "annealing_temperature"},
    "dissolves": {"solvus": "NI3AL"},
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quantities")
    (folder / "compound.tdb").write_text(COMPOUND_TDB)
    anneal = {"low": 1000, "high": 1600, "step": 50, "unit": "degC"}
    document = small_document(
        folder,
        space={
            "elements": ["Al", "Ni"],
            "step": 0.01,
            "count": [2, 2],
            "bounds": {"Al": [0.02, 0.2], "Ni": [0.8, 0.98]},
            "variables": {"annealing_temperature": anneal},
        },
        physics="generic",
        objectives=["maximize compound", "maximize annealing_temperature"],
        constraints=["dissolves >= 1500"],
        reference_point={},
        validator={
            "name": "calphad",
            "settings": {"tdb": str(folder / "compound.tdb"), "quantities": QUANTITIES},
        },
        start={"validate": 6, "from_table": 0.0},
    )
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def expected(design: Design) -> tuple[float, float, float]:
    """Share of the compound, aluminium in the solution, and solvus."""
    aluminium = design.composition.fractions()["Al"]
    kelvin = float(design.values["annealing_temperature"]) + 273.15
    if lack(aluminium, kelvin) >= 0.0:
        return 0.0, aluminium, solvus(aluminium)
    low, high = 1e-6, aluminium
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if lack(middle, kelvin) > 0.0 else (low, middle)
    return (aluminium - low) / (0.25 - low), low, solvus(aluminium)


def test_every_answer_is_that_of_the_lever_rule(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "run", str(file))
    assert code == 0, err
    with CampaignStore.open(file.parent / "campaigns" / "small" / "campaign.db") as store:
        rows = view_of(store).rows
        assert store.properties["compound"].unit == "mole fraction"
    assert len(rows) == 6 + 2
    for row in rows:
        share, aluminium, kelvin = expected(row.design)
        assert row.values["compound"] == pytest.approx(share, abs=2e-3), row.design
        assert row.values["al_in_matrix"] == pytest.approx(aluminium, abs=1e-3), row.design
        assert row.values["dissolves"] == pytest.approx(kelvin, abs=1.0), row.design


def test_readers_know_the_quantities(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = ["small", "--directory", str(file.parent / "campaigns")]
    code, out, err = call(capsys, "best", *campaign, "--json")
    assert code == 0, err
    assert "compound" in out
    alloy = ["Al10Ni90", "--variable", "annealing_temperature=1200"]
    code, out, err = call(capsys, "predict", campaign[0], *alloy, *campaign[1:], "--json")
    assert code == 0, err
    assert set(QUANTITIES) & set(json.dumps(json.loads(out)).replace('"', " ").split())


def test_validation_outside_a_campaign_takes_the_variable(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alloy = ["validate", "Al10Ni90", "--config", str(file)]
    code, out, err = call(capsys, *alloy, "--variable", "annealing_temperature=1200", "--json", "--details")
    assert code == 0, err
    (document,) = json.loads(out)
    share, _, _ = expected(Design.parse("Al10Ni90", {"annealing_temperature": 1200}))
    assert document["properties"]["compound"]["value"] == pytest.approx(share, abs=2e-3)
    assert list(document["details"]["phases"]) == ["1200 C"]
    code, _, err = call(capsys, *alloy)
    assert code == 2
    assert "annealing_temperature" in err

    table, lines = tmp_path / "alloys.csv", tmp_path / "answers.jsonl"
    table.write_text("formula,annealing_temperature\nAl10Ni90,1200\nAl5Ni95,1000\nNi,1000\n")
    code, _, err = call(
        capsys, "validate", "--formulas", str(table), "--out", str(lines), "--config", str(file), "--jobs", "2"
    )
    assert code == 0, err
    answered = [json.loads(line) for line in lines.read_text().splitlines()]
    assert {each["formula"]: each["properties"]["dissolves"]["value"] for each in answered}["Ni"] == 298.15
