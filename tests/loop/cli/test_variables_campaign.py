"""A campaign of alloys and what is done to them, from its file to alloys for targets, with generators."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
import yaml

from alloys.design import Design
from loop.store import CampaignStore
from loop.view import view_of
from tests.loop.loop_helpers import call, small_document

_TRUTH = """
import json, sys
request = json.load(sys.stdin)
verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
amounts, chosen = request["composition"], request["variables"]
hard = 300 + 600 * amounts.get("Cr", 0) + 100 * amounts.get("Fe", 0)
hard -= 80 + 0.3 * (chosen["anneal_temperature"] - 800) if chosen["route"] == "annealed" else 0
verdict["properties"] = {"hardness": {"value": hard, "unit": "HV"}}
json.dump(verdict, sys.stdout)
"""
VARIABLES = {
    "route": ["cast", "annealed"],
    "anneal_temperature": {"low": 800, "high": 1200, "step": 50, "unit": "degC", "when": {"route": "annealed"}},
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("variables")
    script = folder / "truth.py"
    script.write_text(_TRUTH)
    settings = {"command": [sys.executable, str(script)], "properties": ["hardness"], "run": {"least_free_mb": 1}}
    document = small_document(
        folder,
        iterations=2,
        batch=3,
        space={"elements": ["Co", "Cr", "Fe", "Ni"], "count": [2, 4], "variables": VARIABLES},
        physics="generic",
        properties={"hardness": {"unit": "HV", "range": [50, 1000]}},
        objectives=["maximize hardness"],
        constraints=["vec >= 7"],
        reference_point={},
        validator={"name": "script", "settings": settings},
        start={"validate": 16, "from_table": 0.0},
        generator={"family": "cvae", "proposals": 300, "settings": {"epochs": 60}},
    )
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def test_generators_take_part(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "run", str(file))
    assert code == 0, err
    with CampaignStore.open(file.parent / "campaigns" / "small" / "campaign.db") as store:
        iterations, view = store.iterations(), view_of(store)
    for iteration in iterations[1:]:
        note = iteration.notes.generators["cvae"]
        assert note.proposals > 200
        assert note.guided
    assert len(view.rows) == 16 + 2 * 3
    for row in view.rows:
        assert ("anneal_temperature" in row.design.values) == (row.design.values["route"] == "annealed")
    first, later = (
        [row.values["hardness"] for row in view.rows if bool(row.iteration) is after] for after in (False, True)
    )
    assert max(later) > max(first)


def test_alloys_for_targets_are_made_as_asked(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = ["generate", "--campaign", "small", "--directory", str(file.parent / "campaigns"), "-n", "12"]
    asked = [*campaign, "--target", "hardness=400", "--target", "anneal_temperature=900"]
    code, out, err = call(capsys, *asked, "--target", "route=annealed", "--json")
    rows = json.loads(out)
    assert code == 0, err
    assert "hardness=400, anneal_temperature=900, route=annealed" in err
    assert len({(row["formula"], str(row["variables"])) for row in rows}) == len(rows) == 12
    with CampaignStore.open(file.parent / "campaigns" / "small" / "campaign.db") as store:
        space = view_of(store).space
    for row in rows:
        assert list(row) == ["formula", "composition", "variables", "targets", "generator", "resembles"]
        assert row["variables"] == {"route": "annealed", "anneal_temperature": 900}
        assert row["targets"] == {"hardness": 400, "anneal_temperature": 900, "route": "annealed"}
        space.point_of(Design.parse(row["formula"], row["variables"]))
    hard = [300 + 600 * r["composition"].get("Cr", 0) + 100 * r["composition"].get("Fe", 0) - 110 for r in rows]
    assert sum(abs(value - 400) < 30 for value in hard) >= 8  # the surrogate of 22 alloys says so

    table = file.parent / "alloys.csv"
    code, _, _ = call(capsys, *asked, "--out", str(table))
    (first, *_) = written = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert code == 0
    assert len(written) == 12
    assert (first["anneal_temperature"], first["target_anneal_temperature"]) == ("900", "900")
    code, out, _ = call(capsys, *campaign, "--target", "route=cast")
    assert code == 0
    assert out.count("cast") == 12


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (["route=forged"], "route is cast or annealed, not forged"),
        (["anneal_temperature=905"], "anneal_temperature is one of 9 values"),
        (["anneal_temperature=900", "route=cast"], "anneal_temperature is chosen only where route is annealed"),
        (["hardness=soft"], "hardness=soft needs a number"),
        (["quench=oil"], "the variables are route, anneal_temperature"),
    ],
)
def test_what_cannot_be_asked_of_variables_is_said(
    file: Path, capsys: pytest.CaptureFixture[str], targets: list[str], message: str
) -> None:
    campaign = ["generate", "--campaign", "small", "--directory", str(file.parent / "campaigns")]
    code, _, err = call(capsys, *campaign, *(part for target in targets for part in ("--target", target)))
    assert code == 2
    assert message in " ".join(err.split())
