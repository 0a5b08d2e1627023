"""A campaign with heat treatment beside the composition, from the file to the report, and what is wrong with files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from loop.campaign import Campaign
from loop.cli import main as cli
from tests.loop.loop_helpers import call

COMMAND = """
import json, sys
asked = json.load(sys.stdin)
amounts, chosen = asked["composition"], asked["variables"]
value = 150 + 600 * amounts.get("Al", 0) - 80 * (chosen["route"] == "annealed")
value += 0.05 * chosen.get("anneal_temperature", 0)
answer = {"hardness": {"value": value, "unit": asked["properties"]["hardness"]}}
print(json.dumps({"protocol": 1, "key": asked["key"], "nonce": asked["nonce"], "properties": answer}))
"""
CONFIG = """
name: treated
iterations: 1
batch: 3
space:
  elements: [Al, Co, Cr, Fe, Ni]
  step: 0.05
  count: [3, 5]
  variables:
    route: [cast, annealed]
    anneal_temperature: {low: 600, high: 1200, step: 50, unit: degC, when: {route: annealed}}
    cost: [1, 2, 5]
physics: generic
properties:
  hardness: {unit: HV, range: [0, 2500], scatter: 15}
  worth: {unit: HV, expression: hardness / cost}
objectives: [maximize worth]
constraints: [hardness >= 100, cost <= 2]
start: {validate: 8}
generator: {proposals: 60, settings: {epochs: 5}}
screening: {random: 100}
validator: {name: script, settings: {command: [PYTHON, COMMAND], properties: [hardness]}}
cluster: {executor: local}
tracking: {enabled: false}
"""


def _file(folder: Path, text: str = CONFIG, **more: str) -> Path:
    command = folder / "hardness.py"
    command.write_text(COMMAND)
    path = folder / "treated.yaml"
    text = text.replace("PYTHON", json.dumps(sys.executable)).replace("COMMAND", json.dumps(str(command)))
    path.write_text(f"{text}directory: {json.dumps(str(folder / 'campaigns'))}\n" + more.get("end", ""), "utf-8")
    return path


@pytest.fixture(scope="module")
def campaigns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("treated")
    with pytest.raises(SystemExit) as stop:
        cli.main(["run", str(_file(folder))])
    assert stop.value.code == 0
    return folder / "campaigns"


def _told(capsys: pytest.CaptureFixture[str], campaigns: Path, command: str, *rest: str) -> str:
    code, out, err = call(capsys, *command.split(), *rest, "--directory", str(campaigns))
    assert (code, err) == (0, ""), err
    return out


def _refused(capsys: pytest.CaptureFixture[str], campaigns: Path, command: str, *rest: str) -> str:
    code, out, err = call(capsys, *command.split(), *rest, "--directory", str(campaigns))
    assert (code, out) == (2, "")
    return " ".join(err.split())


def _document(capsys: pytest.CaptureFixture[str], campaigns: Path, command: str, *rest: str) -> Any:
    return json.loads(_told(capsys, campaigns, command, *rest, "--json"))


def test_tables_and_documents_name_the_variables(capsys: pytest.CaptureFixture[str], campaigns: Path) -> None:
    best = _document(capsys, campaigns, "best treated --top 20")
    assert len(best) == 11
    for entry in best:
        variables = entry["variables"]
        assert set(variables) == {"route", "cost"} | (
            {"anneal_temperature"} if variables["route"] == "annealed" else set()
        )
        hard = entry["properties"]["hardness"]["value"]
        assert entry["properties"]["worth"]["value"] == pytest.approx(hard / variables["cost"])
        assert entry["feasible"] == (variables["cost"] <= 2 and hard >= 100)
    assert "route " in _told(capsys, campaigns, "best treated")
    for command in ("queue list treated", "data list treated"):
        told = _told(capsys, campaigns, command)
        assert "(anneal_temperature" in told or "route cast" in told


def test_a_design_is_predicted_and_explained_by_its_variables(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    treated = ("--variable", "route=annealed", "--variable", "anneal_temperature=900", "--variable", "cost=1")
    (found,) = _document(capsys, campaigns, "predict treated Al20Co40Ni40", *treated)
    assert found["variables"] == {"anneal_temperature": 900, "cost": 1, "route": "annealed"}
    assert found["in_space"]
    assert found["properties"]["cost"] == {
        **dict.fromkeys(("mean", "low", "high"), 1.0), "std": 0.0, "unit": "1", "source": "closed form"
    }  # fmt: skip
    table = _told(capsys, campaigns, "predict treated Al20Co40Ni40", *treated)
    assert "Al20Co40Ni40 (anneal_temperature 900, cost 1, route annealed)" in " ".join(table.split())
    explained = _document(capsys, campaigns, "explain treated Al20Co40Ni40", *treated)
    shares = explained["properties"]["hardness"]["descriptors"]["shares"]
    assert {"route", "anneal_temperature", "cost"} & set(shares)
    assert sum(shares.values()) == pytest.approx(
        explained["properties"]["hardness"]["prediction"]
        - explained["properties"]["hardness"]["descriptors"]["baseline"]
    )
    assert "route" in _told(capsys, campaigns, "explain treated Al20Co40Ni40", *treated)


def test_a_known_design_needs_no_more_than_tells_it_from_others(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    best = _document(capsys, campaigns, "best treated --top 20")
    formula = best[0]["formula"]
    assert [entry["formula"] for entry in best].count(formula) == 1
    (found,) = _document(capsys, campaigns, "predict treated", formula)
    assert (found["variables"], found["status"]) == (best[0]["variables"], "measured")
    assert _document(capsys, campaigns, "explain treated", formula)["variables"] == best[0]["variables"]
    with Campaign.open(campaigns.parent / "treated.yaml") as campaign:
        assert campaign.predict(formula)["status"].tolist() == ["measured"]


@pytest.mark.parametrize("command", ["predict", "explain"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "route is lacking; it is cast or annealed"),
        (["route=cast"], "cost is lacking; it is one of 1, 2, 5"),
        (["route=forged", "cost=1"], "route is cast or annealed, not forged"),
        (["route=annealed", "cost=1"], "anneal_temperature is lacking; it is one of 13 values from 600 to 1200 degC"),
        (["route=cast", "cost=1", "anneal_temperature=900"], "is chosen only where route is annealed; leave it out"),
        (
            ["route=cast", "cost=1", "speed=3"],
            "speed is no variable of the space; there are cost, route, anneal_temperature",
        ),
        (["route=cast", "cost=cheap"], "cost is one of 1, 2, 5, not cheap"),
        (["route"], "--variable takes NAME=VALUE, such as route=cast; got 'route'"),
        (["route=cast", "route=annealed"], "--variable route is given twice"),
    ],
)
def test_a_design_that_no_model_sees_is_refused(
    capsys: pytest.CaptureFixture[str], campaigns: Path, command: str, given: list[str], message: str
) -> None:
    options = [part for text in given for part in ("--variable", text)]
    assert message in _refused(capsys, campaigns, f"{command} treated Al50Co50", *options)


def test_a_temperature_between_the_grids_steps_is_predicted_outside_the_space(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    options = ("--variable", "route=annealed", "--variable", "anneal_temperature=1234", "--variable", "cost=1")
    (found,) = _document(capsys, campaigns, "predict treated Al20Co40Ni40", *options)
    assert not found["in_space"]
    assert "anneal_temperature is one of 13 values" in found["outside"]
