"""Names and paths that try to leave their folder."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alloys.errors import InputError
from alloys.space.variables import Variables
from generators.training.weights import write_file
from loop.choose.warm import warm_start
from loop.config.lookup import campaign_database
from loop.config.reading import load_config
from loop.config.schema import valid_name
from loop.review.artifacts import batch_table
from loop.review.generate import from_campaign
from loop.store import CampaignStore, StoreError
from loop.store.files import inside
from tests.loop.loop_helpers import DEFAULT, call
from tests.loop.store.store_helpers import begin, make
from tests.support.database import insert_past_the_store

NAMES = [
    "../x",
    "/etc",
    "a/b",
    "..",
    ".",
    "",
    "A",
    "a b",
    "é",
    "a" * 65,
    "a\n",
    "-a",
    "a\0",
    "~root",
    "$(id)",
    "a%2f..",
    "con:",
]


@pytest.mark.parametrize("name", NAMES)
def test_campaign_names_are_small_letters_digits_and_two_signs(name: str, tmp_path: Path) -> None:
    for refuse in (lambda: valid_name(name), lambda: campaign_database(tmp_path, name)):
        with pytest.raises(InputError, match="a campaign's name has"):
            refuse()
    if name:
        with pytest.raises(InputError, match="name"):
            load_config(DEFAULT, name=name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["status"], ["best"], ["queue", "list"], ["predict"], ["generate", "--campaign"]])
def test_commands_refuse_such_names(command: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = [*command, "../x", *(["NbTa"] if command == ["predict"] else [])]
    code, out, err = call(capsys, *words, "--directory", str(tmp_path))
    assert (code, out) == (2, "")
    assert "a campaign's name has" in err


def test_a_path_inside_stays_and_any_other_is_refused(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside.txt"
    (root / "models").mkdir(parents=True)
    outside.write_text("secret", encoding="utf-8")
    (root / "link").symlink_to(outside)
    (root / "folder").symlink_to(tmp_path)
    (root / "own").symlink_to(root / "models")
    assert inside(root, "models/x") == root / "models" / "x"
    assert inside(root, "own/x") == root / "models" / "x"
    for path in ("../outside.txt", str(outside), "link", "folder/outside.txt", "models/../../outside.txt", "a\0b"):
        with pytest.raises(InputError, match="leads out of"):
            inside(root, path)


@pytest.mark.parametrize("path", ["../../weights.safetensors", "link.safetensors", "ABSOLUTE"])
def test_weights_that_a_database_names_outside_its_campaign_are_not_read(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "campaigns" / "mine"
    outside = write_file(tmp_path, b"anything")
    outside.rename(tmp_path / "weights.safetensors")
    with make(folder / "campaign.db") as store:
        begin(store, [1])
        (folder / "link.safetensors").symlink_to(tmp_path / "weights.safetensors")
        named = str(tmp_path / "weights.safetensors") if path == "ABSOLUTE" else path
        row = {"iteration": 0, "name": "generator.cvae", "sha256": "0" * 64, "path": named, "at": 1.0}
        insert_past_the_store(folder / "campaign.db", "artifacts", row)
        if path != "link.safetensors":
            with pytest.raises(StoreError, match="inside it"):
                store.record_artifact("other", "0" * 64, named)
        start = warm_start(store, folder, "cvae", "last", 1)
        assert start.content is None
        assert "leads out of" in start.note
    with pytest.raises(InputError, match="leads out of"):
        from_campaign(folder / "campaign.db")


def test_the_batch_of_an_iteration_runs_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    message = '=HYPERLINK("http://x","y")'
    with make(tmp_path / "campaign.db") as store:
        begin(store, [1, 2])
        rows = [
            SimpleNamespace(design=p.selection.candidate.design, values={}, feasible=False, failure=message)
            for p in store.proposals(0)
        ]
        space = SimpleNamespace(variables=Variables())
        view: Any = SimpleNamespace(rows=rows, goal=SimpleNamespace(names=["solidus"]), space=space)
        table = batch_table(store, 0, view).decode()
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    assert "'" + message in cells
    assert not any(cell.startswith(("=", "@")) for cell in cells)


def test_a_campaign_file_that_is_something_else_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "campaign.db"
    path.symlink_to("/etc/passwd")
    with pytest.raises(StoreError, match="not a campaign database"):
        CampaignStore.open(path)
