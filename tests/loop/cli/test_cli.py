"""The command line as a person or a program calls it: real processes' output, exit codes, documents."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from loop.campaign import Campaign
from loop.cli import main as cli
from loop.config.reading import load_config
from tests.loop.loop_helpers import DEFAULT, ROOT, call, write_config
from tests.support.ideal import IDEAL_TDB, melting
from tests.support.processes import python


@pytest.fixture(scope="module")
def campaigns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    with pytest.raises(SystemExit) as stop:
        cli.main(["run", str(write_config(folder))])
    assert stop.value.code == 0
    return folder / "campaigns"


def test_run_prints_tables_and_nothing_on_standard_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = call(capsys, "run", str(write_config(tmp_path)), "--iterations", "0")
    assert (code, out) == (0, "")
    for text in ("Best feasible alloys", "hypervolume", "dataset digest", "iteration 0/0 closed"):
        assert text in err


def test_status_document(capsys: pytest.CaptureFixture[str], campaigns: Path) -> None:
    code, out, _ = call(capsys, "status", "small", "--json", "--directory", str(campaigns))
    document = json.loads(out)
    assert code == 0
    assert set(document) == {
        *("name", "state", "iterations", "queue", "observations", "dataset_digest", "acts", "measure")
    }
    assert (document["name"], document["state"], document["observations"]) == ("small", "finished", 8)
    assert document["queue"]["done"] == 8
    assert [set(row) for row in document["iterations"]] == [
        {"index", "selected", "validated", "feasible", "failed", "hypervolume", "seconds"}
    ] * 2
    code, out, _ = call(capsys, "status", "small", "--directory", str(campaigns))
    assert code == 0
    assert document["dataset_digest"] in out


def test_best_document(capsys: pytest.CaptureFixture[str], campaigns: Path) -> None:
    code, out, _ = call(capsys, "best", "small", "--top", "3", "--json", "--directory", str(campaigns))
    rows = json.loads(out)
    assert code == 0
    assert len(rows) == 3
    for row in rows:
        assert set(row) == {"formula", "feasible", "properties", "iteration", "generator"}
        assert set(row["properties"]["solidus"]) == {"value", "unit", "measurements", "predicted", "predicted_std"}
        assert row["properties"]["solidus"]["unit"] == "K"
    assert [row["feasible"] for row in rows] == sorted((row["feasible"] for row in rows), reverse=True)
    assert call(capsys, "best", "small", "--directory", str(campaigns))[0] == 0


def test_properties_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "properties", "NbMoTaW", "HfNbTaTiZr", "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["formula"] for row in rows] == ["NbMoTaW", "HfNbTaTiZr"]
    assert set(rows[0]) == {"formula", "status", "properties", "message", "seconds"}
    assert rows[0]["properties"]["density"] == {"value": pytest.approx(13.64, abs=0.01), "unit": "g/cm3"}


def test_validate_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "validate", "NbMoTaW", "--with", "calphad", "--json")
    (row,) = json.loads(out)
    assert code == 0
    assert row["status"] == "measured"
    assert row["properties"]["solidus"]["value"] == pytest.approx(3023, abs=40)
    assert row["properties"]["bcc_fraction_1200c"] == {"value": 1.0, "unit": "mole fraction"}


def test_validate_takes_a_database_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tdb = tmp_path / "own.tdb"
    tdb.write_text(IDEAL_TDB, encoding="utf-8")
    code, out, _ = call(capsys, "validate", "Nb50W50", "--tdb", str(tdb), "--json")
    assert code == 0
    found = json.loads(out)[0]["properties"]
    expected = melting({"Nb": 0.5, "W": 0.5})
    assert (found["solidus"]["value"], found["liquidus"]["value"]) == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("properties", "NbXx"), "unknown element 'Xx'"),
        (("validate", "NbAl"), "NbAl: the thermodynamic database lacks Al"),
        (("validate", "NbTa", "--with", "oracle"), "unknown validator 'oracle'"),
        (("validate", "NbTa", "--tdb", "missing.tdb"), "cannot be used"),
        (("status", "nowhere"), "there is no campaign 'nowhere'"),
        (("status", "../etc"), "a campaign's name has small letters"),
        (("run", "missing.yaml"), "cannot read missing.yaml"),
        (("run", str(DEFAULT), "--set", "seed"), "key=value"),
        (("run", str(DEFAULT), "--set", "batch=none"), "batch"),
        (("best", "x", "--top", "0"), "--top"),
        (("fly",), "No such command"),
        (("ui", "--folder", "nowhere"), "no MLflow store"),
    ],
)
def test_bad_input_is_one_message_and_status_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in re.sub(r"\s+", " ", err)
    assert "Traceback" not in err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    code, told, _ = call(capsys, "--version")
    assert (code, told) == (0, f"alloyloop {version('alloyloop')}\n")


def test_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert call(capsys, "check", str(DEFAULT))[0] == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text(DEFAULT.read_text(encoding="utf-8").replace("batch: 8", "batch: -1\nwrong: 1"), encoding="utf-8")
    code, _, err = call(capsys, "check", str(bad))
    assert code == 2
    assert "line 6: batch" in err
    assert "wrong: unknown key" in err


def test_check_says_which_numbers_an_element_lacks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = "name: nitride\nphysics: generic\nspace: {elements: [Cr, Fe, N]}\nvalidator: {name: human}\nobjectives:\n"
    path = tmp_path / "nitride.yaml"
    path.write_text(f"{text}- maximize bulk_modulus\n- maximize vec\n", encoding="utf-8")
    code, _, err = call(capsys, "check", str(path))
    assert code == 0
    assert "nothing is described by molar volume: there is no number for N" in err
    path.write_text(f"{text}- maximize bulk_modulus\n- minimize density\n", encoding="utf-8")
    code, _, err = call(capsys, "check", str(path))
    assert code == 2
    assert "line 7: objectives: minimize density: no reference mass_density for N" in err


def test_check_tells_a_start_of_more_alloys_than_there_are_and_auto_takes_those_there_are(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    space = "space: {elements: [Cr, Fe, Ni], step: 0.25, lower: 0.25, count: [2, 3]}"
    path = tmp_path / "few.yaml"
    text = f"name: few\n{space}\nphysics: generic\nvalidator: {{name: human}}\nobjectives: [maximize bulk_modulus]\n"
    path.write_text(f"{text}start: {{validate: 7}}\ndirectory: {tmp_path}\n", encoding="utf-8")
    code, _, err = call(capsys, "check", str(path))
    assert code == 2
    assert "only 6 of 7 starting compositions satisfy the rules of the space" in err
    assert call(capsys, "check", str(path), "--set", "start.validate=auto")[0] == 0
    with Campaign.open(load_config(path, ["start.validate=auto"])) as campaign:
        assert len(campaign.suggest(24)) == 6


def test_a_finished_campaign_is_shown_again_and_not_repeated(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    before = _status(capsys, campaigns)
    code, _, err = call(capsys, "run", str(campaigns.parent / "small.yaml"))
    assert code == 0
    assert "Best feasible alloys" in err
    assert _status(capsys, campaigns) == before


def _status(capsys: pytest.CaptureFixture[str], campaigns: Path) -> dict[str, Any]:
    _, out, _ = call(capsys, "status", "small", "--json", "--directory", str(campaigns))
    document: dict[str, Any] = json.loads(out)
    return document


def _loaded_by(words: list[str], modules: str) -> list[str]:
    """Which of some modules a command line has loaded at its end."""
    code = (
        "import json, sys; from loop.cli import main as cli\n"
        f"try: cli.main({words!r})\n"
        f"finally: print('\\n' + json.dumps([m for m in {modules.split()!r} if m in sys.modules]))"
    )
    done = python(ROOT, "-c", code)
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout.splitlines()[-1])
    return loaded


def test_help_needs_nothing_heavy() -> None:
    heavy = "torch ray mlflow pycalphad botorch numpy pandas sqlalchemy pydantic optimade rdflib"
    assert _loaded_by(["--help"], heavy) == []


@pytest.mark.parametrize("words", [["check", "configs/refractory.yaml"], ["properties", "NbMoTaW"]], ids="/".join)
def test_what_asks_no_campaign_loads_no_database_libraries(words: list[str]) -> None:
    assert _loaded_by(words, "sqlalchemy alembic torch ray mlflow") == []


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_of_all_says_what_each_says_of_itself(name: str) -> None:
    assert cli.load(name).help.split("\n\n")[0].strip() == cli.COMMANDS[name][1]


def test_reading_a_status_needs_neither_ray_nor_mlflow(campaigns: Path) -> None:
    assert _loaded_by(["status", "small", "--directory", str(campaigns)], "ray mlflow pycalphad") == []


def test_columns_of_a_list_that_only_name_rows_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "check", "configs/shelf.yaml")
    assert code == 0
    assert "shelf.yaml: bar: words that only name rows; no model looks at them" in " ".join(err.split())
