"""The notebooks, executed one after the other in one folder: each cell ends without an error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loop.loop_helpers import ROOT

FOLDER = ROOT / "docs" / "notebooks"
ORDER = ("suggest-and-observe", "look-at-a-campaign")


def test_notebooks_are_kept_without_outputs() -> None:
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.ipynb")}
    assert set(found) == set(ORDER)
    for notebook in found.values():
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


PROGRAM = """
import sys
import nbclient, nbformat
for name in sys.argv[2:]:
    notebook = nbformat.read(f"{sys.argv[1]}/{name}.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
    nbformat.write(notebook, f"{name}.ipynb")
"""
"""In a process of its own: the client leaves sockets open, which is an error in these tests."""


@pytest.mark.slow
def test_notebooks_run(tmp_path: Path) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    command = [sys.executable, "-c", PROGRAM, str(FOLDER), *ORDER]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    made, looked = (json.loads((tmp_path / f"{name}.ipynb").read_text("utf-8"))["cells"] for name in ORDER)
    assert "predicted_hardness_std" in json.dumps(made)
    shown = json.dumps([cell.get("outputs") for cell in looked])
    assert shown.count("image/png") == 3
    assert "within two standard deviations" in shown
