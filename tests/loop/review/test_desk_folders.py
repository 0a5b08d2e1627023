"""MLflow's store in folders of odd names: all of it is there, and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loop.review.desk.store import MlflowStore


@pytest.mark.parametrize("name", ["Nb%20W", "which?", "a b#c", "Stähle+1"])
def test_a_folder_of_any_name_holds_its_store_whole(tmp_path: Path, name: str) -> None:
    folder, note = tmp_path / name, tmp_path / "note.txt"
    folder.mkdir()
    note.write_text("found", encoding="utf-8")
    store = MlflowStore(folder, "first")
    store.client.log_artifact(store.client.create_run(store.experiment).info.run_id, str(note))
    assert sorted(path.name for path in folder.iterdir()) == ["artifacts", "mlflow.db"]
    assert len(list(folder.rglob("note.txt"))) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "note.txt"])
