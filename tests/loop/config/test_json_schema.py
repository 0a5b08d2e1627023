"""The schema for editors: kept up to date, and true of the configurations that come with the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from loop.config.json_schema import json_schema
from tests.loop.loop_helpers import ROOT, call, small_document

KEPT = ROOT / "configs" / "campaign.schema.json"
CONFIGS = [
    p for p in sorted((ROOT / "configs").rglob("*.yaml")) if "objectives" in yaml.safe_load(p.read_text("utf-8"))
]


def test_the_kept_schema_is_that_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "check", "--schema")
    assert status == 0
    told = "configurations have other keys now: alloyloop check --schema > configs/campaign.schema.json"
    assert KEPT.read_text("utf-8") == out, told
    jsonschema.Draft202012Validator.check_schema(json.loads(out))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_an_editor_finds_no_mistake_in_a_configuration(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), json_schema())
    first = path.read_text("utf-8").partition("\n")[0]
    if "$schema=" in first:
        assert (path.parent / first.partition("$schema=")[2]).resolve() == KEPT


@pytest.mark.parametrize(
    "change",
    [
        {"batches": 3},
        {"batch": 0},
        {"space": {"kind": "heap", "elements": ["Al", "Ni"]}},
        {"data": [{"file": "a.csv", "formula": "Alloy", "values": {}}]},
        {"properties": {"hardness": {"range": [0, 2500]}}},
        {"validator": {"settings": {"quantities": {"tcp": {"fraction": "SIGMA"}}}}},
        {"validator": {"name": "calphad", "settings": {"quantities": {"tcp": {"share": "SIGMA", "at": "900 K"}}}}},
    ],
    ids=str,
)
def test_an_editor_marks_a_mistake(tmp_path: Path, change: dict[str, Any]) -> None:
    jsonschema.validate(small_document(tmp_path), json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(small_document(tmp_path, **change), json_schema())


def test_nothing_to_check_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = call(capsys, "check")
    assert status == 2
    assert "name a configuration to check, or give --schema" in err
