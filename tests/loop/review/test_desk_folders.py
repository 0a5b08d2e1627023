"""Folders of odd names: MLflow's store is whole in them, with nothing beside it, and commands for copying find them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from loop.review.desk.store import MlflowStore
from tests.loop.loop_helpers import call, write_config


@pytest.mark.parametrize("name", ["Nb%20W", "which? b#c", "Stähle+1"])
def test_a_folder_of_any_name_holds_its_store_whole(tmp_path: Path, name: str) -> None:
    folder, note = tmp_path / name, tmp_path / "note.txt"
    folder.mkdir()
    note.write_text("found", encoding="utf-8")
    store = MlflowStore(folder, "first")
    store.client.log_artifact(store.client.create_run(store.experiment).info.run_id, str(note))
    assert sorted(path.name for path in folder.iterdir()) == ["artifacts", "mlflow.db"]
    assert len(list(folder.rglob("note.txt"))) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "note.txt"])


def test_the_working_folder_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "10:30 \"W' $x"
    here.mkdir()
    monkeypatch.chdir(here)
    MlflowStore(Path("mlruns"), "first")
    assert sorted(path.name for path in (here / "mlruns").iterdir()) == ["artifacts", "mlflow.db"]
    assert [path.name for path in tmp_path.iterdir()] == [here.name]
    assert [path.name for path in here.iterdir()] == ["mlruns"]


def test_commands_for_copying_are_written_for_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # one of them writes a file there
    folder = tmp_path / "Nb W & 'Ta'"
    folder.mkdir()
    table, config = folder / "t.csv", folder / "c d.yaml"
    table.write_text("formula,hardness\nNbTa,200\nNbW,300\nTaW,400\nNbTaW,350\n", encoding="utf-8")
    code, _, err = call(capsys, "init", str(table), "--maximize", "hardness", "--out", str(config))
    assert code == 0
    assert shlex.split(err.strip().rpartition("then: ")[2]) == ["alloyloop", "run", str(config)]
    head = [line for line in config.read_text(encoding="utf-8").splitlines() if line.startswith("#   alloyloop")]
    assert [shlex.split(line[1:])[2] for line in head] == [str(config)] * 2
    asked = write_config(folder, validator={"name": "human"}, start={"validate": 2}, tracking={"enabled": False})
    _, _, err = call(capsys, "run", str(asked), "--log", "plain")
    export = next(words for words in err.split("`") if "queue export" in words)
    assert call(capsys, *shlex.split(export)[1:-2], "--directory", shlex.split(export)[-1])[0] == 0
    assert shlex.split(export)[-2] == "--directory"
