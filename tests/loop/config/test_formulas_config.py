"""configs/formulas.yaml: a table of formation enthalpies that answers, and what is said where it is not there."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from loop.config.reading import check_config
from tests.loop.loop_helpers import ROOT, call

CONFIG = ROOT / "configs" / "formulas.yaml"
ENTHALPIES = {"Na1Cl1": -2.1, "Ti1O2": -3.3, "Li2O1": -2.0, "Mg1O1": -3.0, "Fe1Ni3": 0.1, "Cu3Au1": -0.1, "Si1C1": -0.3}
"""eV per atom, roughly those of the compounds."""


def _set(table: Path) -> list[str]:
    command = json.dumps(["python3", "configs/examples/look_up.py", str(table), "target", "formation_enthalpy", "eV"])
    small = {"start.validate": "4", "batch": "3", "iterations": "1", "choice.share": "0.3", "tracking.enabled": "false"}
    small |= {"space.file": str(table), "validator.settings.command": command}
    return [f"{key}={value}" for key, value in small.items()]


def test_it_finds_the_most_stable_compounds_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    table = tmp_path / "oqmd.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("formula", "target"), *ENTHALPIES.items()])
    settings = [part for each in [*_set(table), f"directory={tmp_path / 'campaigns'}"] for part in ("--set", each)]
    assert call(capsys, "run", str(CONFIG), *settings)[0] == 0
    status, out, _ = call(capsys, "best", "formulas", "--directory", str(tmp_path / "campaigns"), "--json")
    assert status == 0
    best = json.loads(out)
    assert best[0]["formula"] == "TiO2"
    assert best[0]["properties"]["formation_enthalpy"]["value"] == pytest.approx(-3.3)


def test_without_the_table_it_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    _, mistakes = check_config(CONFIG, _set(tmp_path / "oqmd.csv"))
    assert any("space" in str(mistake) and "oqmd.csv" in str(mistake) for mistake in mistakes), mistakes
