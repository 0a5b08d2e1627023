"""Campaigns whose validator is a command: from the configuration to what is stored."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.properties import PROPERTIES
from loop.campaign import Campaign
from loop.config.reading import check_config
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.store import IterationState, JobState, check_store
from tests.loop.loop_helpers import ROOT, call, small_config, small_document, write_config
from tests.validation.strength.made_up_strengths import made_up_rows
from validation.registry import make_validator, validator_names

EXAMPLE = ROOT / "configs" / "examples" / "script.yaml"
MELTING = ROOT / "configs" / "examples" / "melting.py"
GOAL = {
    "objectives": ["maximize liquidus"],
    "constraints": ["density <= 12"],
    "reference_point": {"liquidus": 2000.0},
}


def changes(command: Path = MELTING, **settings: Any) -> dict[str, Any]:
    """What makes the small campaign ask a command."""
    told = {"command": [sys.executable, str(command)], "properties": ["liquidus"], "run": {"least_free_mb": 1}}
    return {**GOAL, "iterations": 0, "validator": {"name": "script", "settings": {**told, **settings}}}


def test_a_campaign_is_validated_by_a_command(tmp_path: Path) -> None:
    config = small_config(tmp_path, **changes())
    with Campaign.open(config) as campaign:
        Driver(campaign, LocalExecutor()).run(0)
        rows = campaign.view().rows
        assert [it.state for it in campaign.store.iterations()] == [IterationState.CLOSED]
        assert {job.state for job in campaign.store.jobs()} == {JobState.DONE}
    assert len(rows) == 6
    melting = {"Cr": 2180, "Hf": 2506, "Mo": 2896, "Nb": 2750, "Ta": 3290, "Ti": 1941, "V": 2183, "W": 3695, "Zr": 2128}
    for row in rows:
        expected = sum(melting[symbol] * fraction for symbol, fraction in row.design.composition.fractions().items())
        assert row.values["liquidus"] == pytest.approx(expected)
    # Files of answered requests are gone.
    assert list((campaign.folder / "scratch").rglob("*.json")) == []


_DEMANDING = """
import json, sys
request = json.load(sys.stdin)
verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
if request.get("resources", {}).get("memory_mb", 0) < 4000:
    raise MemoryError
if "W" in request["composition"] and len(request.get("corrections", ())) < 2:
    verdict["failure"] = {"class": "correctable", "message": "not converged", "correction": {"mixing": 0.02}}
else:
    verdict["properties"] = {"liquidus": {"value": 2300.0, "unit": "K"}}
json.dump(verdict, sys.stdout)
"""


def test_what_a_command_lacks_it_is_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = tmp_path / "demanding.py"
    command.write_text(_DEMANDING)
    run = {"least_free_mb": 1, "memory_mb": 1000, "most": {"memory_mb": 4000}}
    config = small_config(tmp_path, **changes(command, run=run))
    with Campaign.open(config) as campaign:
        Driver(campaign, LocalExecutor()).run(0)
        jobs = campaign.store.jobs()
        assert check_store(campaign.store) == []
    assert {job.state for job in jobs} == {JobState.DONE}
    for job in jobs:
        corrections = 2 if "W" in job.request.design.composition.elements else 0
        assert (job.raises, job.corrections, job.attempts) == (2, corrections, 3 + corrections)
        assert job.adjustment.resources == {"memory_mb": 4000}
    code, out, _ = call(capsys, "queue", "show", config.name, jobs[0].key, "--json", "--directory", config.directory)
    document = json.loads(out)
    assert code == 0
    assert document["adjustment"]["resources"] == {"memory_mb": 4000}
    assert "tries_left" not in document  # it is answered
    assert [event["error_class"] for event in document["events"]].count("resource") == 2


_PICKY = """
import json, sys
request = json.load(sys.stdin)
verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
if "W" in request["composition"]:
    verdict["failure"] = {"class": "physics", "message": "no crucible holds it"}
else:
    unit = "K" if "Zr" in request["composition"] else "C"
    verdict["properties"] = {"liquidus": {"value": 2300.0, "unit": unit}}
json.dump(verdict, sys.stdout)
"""


def test_failures_end_where_they_belong(tmp_path: Path) -> None:
    command = tmp_path / "picky.py"
    command.write_text(_PICKY)
    config = small_config(tmp_path, **changes(command), start={"validate": 12, "from_table": 0.5})
    with Campaign.open(config) as campaign:
        Driver(campaign, LocalExecutor()).run(0)
        jobs = campaign.store.jobs()
        assert campaign.store.iterations()[0].state is IterationState.CLOSED
    assert len(jobs) == 12
    for job in jobs:
        elements = job.request.design.composition.elements
        if "W" in elements:
            assert (job.state, job.message) == (JobState.FAILED, "no crucible holds it")
        elif "Zr" in elements:
            assert job.state is JobState.DONE
        else:
            assert job.state is JobState.NEEDS_REVIEW
            assert "liquidus must be in 'K', got 'C'" in str(job.message)
    assert len({job.state for job in jobs}) == 3


def test_how_a_command_is_run_may_change_and_what_it_says_may_not(tmp_path: Path) -> None:
    command = tmp_path / "melting.py"
    command.write_text(MELTING.read_text())
    Campaign.open(small_config(tmp_path, **changes(command))).close()
    Campaign.open(small_config(tmp_path, **changes(command, run={"time_limit": 7.0}))).close()
    with pytest.raises(InputError, match=r"validator.settings.version: was not set, now '2'"):
        Campaign.open(small_config(tmp_path, **changes(command, version="2")))
    command.write_text(MELTING.read_text() + "# another method\n")
    with pytest.raises(InputError, match="its version or its database changed"):
        Campaign.open(small_config(tmp_path, **changes(command)))


def test_scratch_lies_in_the_campaign_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    with Campaign.open(small_config(tmp_path, **changes())) as campaign:
        assert json.loads(campaign.tiers[0].settings)["run"]["scratch"] == str(campaign.folder / "scratch")
    elsewhere = changes(run={"scratch": "/elsewhere"})
    with Campaign.open(small_config(tmp_path, **{**elsewhere, "name": "other"})) as campaign:
        assert json.loads(campaign.tiers[0].settings)["run"]["scratch"] == "/elsewhere"


def test_the_example_has_no_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert check_config(EXAMPLE)[1] == []


def test_mistakes_in_the_settings_are_named_with_their_line(tmp_path: Path) -> None:
    path = write_config(tmp_path, **changes(command=tmp_path / "none.py", properties=["liquidus", "beauty"]))
    _, mistakes = check_config(path)
    (line,) = [i for i, text in enumerate(path.read_text().splitlines(), 1) if text == "validator:"]
    assert any(mistake.startswith(f"line {line}: validator: ") and "'beauty'" in mistake for mistake in mistakes)


def test_ray_must_wait_as_long_as_the_validator(tmp_path: Path) -> None:
    document = small_document(tmp_path, **changes(run={"time_limit": 5000.0}))
    path = tmp_path / "long.yaml"
    for cluster, wrong in (({"executor": "local"}, False), ({}, True), ({"timeout_seconds": 6000.0}, False)):
        path.write_text(yaml.safe_dump({**document, "cluster": cluster}))
        mistakes = "\n".join(check_config(path)[1])
        assert ("cluster: timeout_seconds = 1800 is less than 5005" in mistakes) is wrong


def test_a_command_can_be_tried_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_config(tmp_path, **changes())
    monkeypatch.chdir(tmp_path)
    code, out, _ = call(capsys, "validate", "NbMoTaW", "--config", str(path), "--json")
    assert code == 0
    (document,) = json.loads(out)
    assert document["properties"] == {"liquidus": {"value": 3157.75, "unit": "K", "std": 150.0}}
    code, _, err = call(capsys, "validate", "NbMoTaW", "--config", str(path), "--tdb", "x.tdb")
    assert (code, "give one of them" in err) == (2, True)


@pytest.mark.parametrize("name", validator_names())
def test_every_validator_describes_itself(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("sbatch", "squeue", "sacct", "scancel"):
        (tmp_path / command).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / command).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    external = name in ("script", "slurm")
    told = {"command": [sys.executable, str(MELTING)], "properties": ["liquidus"], "expected_seconds": 0.1}
    settings: dict[str, Any] = told if external else {}
    if name == "dft":
        pytest.importorskip("ase", reason="ASE is not installed; `make setup-dft` brings it")
        settings = {"calculator": {"name": "emt"}}
    if name == "strength":
        settings = {"measurements": made_up_rows(), "temperatures": [1000]}
    validator = make_validator(name, settings)
    description = validator.description
    assert description.name == name == validator.name
    assert dict(description.units) == {p: PROPERTIES[p].unit for p in validator.properties}
    assert description.fidelity
    assert description.version
    assert description.expected_seconds > 0
    assert all(len(digest) == 64 for digest in description.data)
    assert description.data
    validator.check(Composition.parse("NbTi").elements)
