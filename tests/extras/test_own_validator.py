"""A validator of another package: from its installation to a whole campaign."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.records import Measured
from loop.execute.tasks import ValidatorSpec
from tests.loop.loop_helpers import ROOT, call
from validation.registry import make_validator, validator_names

# Nb50Ta50 from 170.2 and 200.0 GPa.
MEANS = {"voigt": 185.1, "reuss": 2 / (1 / 170.2 + 1 / 200.0)}


def test_it_is_found_only_where_it_is_installed(extras: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "bulk_mixture" in validator_names()
    monkeypatch.undo()
    assert "bulk_mixture" not in validator_names()


@pytest.mark.parametrize("mixing", MEANS)
@pytest.mark.usefixtures("extras")
def test_it_answers_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path, mixing: str) -> None:
    path = tmp_path / "mixing.yaml"
    path.write_text((ROOT / "docs/examples/alloyloop-extras/stiff.yaml").read_text().replace("hill", mixing))
    code, out, _ = call(capsys, "validate", "NbTa", "--config", str(path), "--json")
    assert code == 0
    assert json.loads(out)[0]["properties"]["bulk_modulus"] == pytest.approx({"value": MEANS[mixing], "unit": "GPa"})


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("mixing: hill", "mixing: geometric", "mixing: voigt, reuss, hill; got {'mixing': 'geometric'}"),
        ("[Cr, Mo", "[Re, Mo", "bulk_mixture has no bulk modulus of Re"),
    ],
)
def test_its_mistakes_are_those_of_the_configuration(
    extras: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, before: str, after: str, message: str
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text((extras / "stiff.yaml").read_text().replace(before, after))
    code, out, err = call(capsys, "check", str(path))
    assert code == 2
    assert message in out + err


def test_a_campaign_runs_on_it(extras: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    own = [f"directory={tmp_path}/campaigns", "tracking.enabled=false"]
    settings = [word for text in own for word in ("--set", text)]
    code, _, err = call(capsys, "run", str(extras / "stiff.yaml"), *settings)
    assert code == 0, err
    code, out, _ = call(capsys, "best", "stiff", "--json", "--directory", f"{tmp_path}/campaigns")
    assert code == 0
    best = json.loads(out)
    assert best
    for row in best:
        design = Design(Composition.parse(row["formula"]))
        expected = make_validator("bulk_mixture", {}).validate(design)
        assert isinstance(expected, Measured)
        found = row["properties"]["bulk_modulus"]
        assert (found["value"], found["unit"]) == (pytest.approx(expected.properties["bulk_modulus"].value), "GPa")


def test_a_worker_makes_the_same_one(installed: Path, extras: Path) -> None:
    here = make_validator("bulk_mixture", {"mixing": "reuss"})
    spec = ValidatorSpec.of(here)
    code = (
        "import json, sys; from validation.registry import make_validator\n"
        "print(make_validator(sys.argv[1], json.loads(sys.argv[2])).fingerprint)"
    )
    environment = {"PYTHONPATH": f"{installed}:{ROOT}"}
    words = [sys.executable, "-c", code, spec.name, spec.settings]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here.fingerprint
