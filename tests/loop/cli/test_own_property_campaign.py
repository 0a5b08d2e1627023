"""A campaign on a property of its own, from the file to the report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from loop.cli.main import main

COMMAND = """
import json, sys
asked = json.load(sys.stdin)
amounts = asked["composition"]
value = 150 + 600 * amounts.get("Al", 0) + 900 * amounts.get("Cr", 0) * amounts.get("Al", 0)
answer = {"hardness": {"value": value, "unit": asked["properties"]["hardness"]}}
print(json.dumps({"protocol": 1, "key": asked["key"], "nonce": asked["nonce"], "properties": answer}))
"""
CONFIG = """
name: hard
iterations: 1
batch: 3
space: {{elements: [Al, Co, Cr, Fe, Ni], step: 0.05, lower: 0.05, upper: 0.5, count: [3, 5]}}
physics: generic
properties:
  hardness: {{unit: HV, range: [0, 2500], scatter: 15}}
  specific_hardness: {{unit: HV·cm3/g, expression: hardness / density}}
  raw_cost: {{unit: USD/kg, mixture: {{by: mass, of: {{Al: 2.4, Co: 33, Cr: 9, Fe: 0.5, Ni: 16}}}}}}
objectives: [maximize specific_hardness]
constraints: [raw_cost <= 20, hardness >= 100]
start: {{validate: 6}}
generator: {{proposals: 60, settings: {{epochs: 5}}}}
screening: {{random: 100}}
validator: {{name: script, settings: {{command: ["{python}", "{command}"], properties: [hardness]}}}}
cluster: {{executor: local}}
tracking: {{enabled: false}}
directory: "{directory}"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    command = tmp_path / "hardness.py"
    command.write_text(COMMAND)
    text = CONFIG.format(python=sys.executable, command=command, directory=tmp_path / "campaigns")
    path = tmp_path / "hard.yaml"
    path.write_text(text)
    return path


def told(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(command))
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_a_property_of_ones_own_is_wanted_validated_and_shown(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--directory", str(config.parent / "campaigns")]
    assert told(capsys, "run", str(config))[0] == 0
    _, out, _ = told(capsys, "best", "hard", "--json", *where)
    best = json.loads(out)[0]
    shown = best["properties"]
    assert shown["specific_hardness"]["unit"] == "HV·cm3/g"
    assert shown["specific_hardness"]["value"] == pytest.approx(
        shown["hardness"]["value"] / shown["density"]["value"], rel=1e-9
    )
    assert shown["raw_cost"]["value"] <= 20
    _, out, _ = told(capsys, "predict", "hard", "Al30Co30Ni40", "--json", *where)
    assert json.loads(out)[0]["properties"]["specific_hardness"]["source"] == "model"
    _, out, _ = told(capsys, "predict", "hard", best["formula"], "--json", *where)
    known = json.loads(out)[0]["properties"]["specific_hardness"]
    assert (known["source"], known["mean"]) == ("measured", shown["specific_hardness"]["value"])
    code, out, _ = told(capsys, "explain", "hard", best["formula"], *where)
    assert code == 0
    assert "hardness" in out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("unit: HV, range", "unit: Vickerses, range", "line 8: properties: hardness: unknown unit 'Vickerses'"),
        ("hardness / density", "hardness / densty", "line 9: properties: specific_hardness: unknown property 'densty'"),
        ("hardness / density", "hardness / (x_Fe - x_Fe)", "line 9: properties: specific_hardness:"),
        ("Fe: 0.5, ", "", "line 10: properties: raw_cost: the mixture raw_cost has no number for Fe"),
        ("properties: [hardness]", "properties: [hardnes]", "unknown property 'hardnes'; did you mean hardness"),
        ("maximize specific_hardness", "maximize toughness", "line 11: objectives: unknown property 'toughness'"),
        ("range: [0, 2500], ", "", "a measured property needs its range"),
    ],
)
def test_a_wrong_property_is_told_with_its_line(
    config: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    config.write_text(config.read_text().replace(old, new))
    code, _, err = told(capsys, "run", str(config))
    assert code == 2
    assert message in " ".join(err.split())
    assert not (config.parent / "campaigns").exists()
