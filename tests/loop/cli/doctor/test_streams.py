"""Streams that are closed, full, or read by nobody: what is told there ends no work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT, environment

CHECK = f"{sys.executable} -m loop.cli check {ROOT}/configs/refractory.yaml"


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment(), capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("end", ["2>/dev/full", "2> >(true)"])
def test_standard_error_that_takes_nothing_changes_no_status(end: str, tmp_path: Path) -> None:
    assert shell(f"{CHECK} {end}", tmp_path).returncode == 0


def test_a_question_without_standard_input_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("formula,hardness [HV]\nNbTa,300\nMoW,400\nTaW,350\nNbW,380\n", "utf-8")
    done = shell(f"{sys.executable} -m loop.cli init table.csv --maximize hardness <&-", tmp_path)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_names_that_are_no_text_are_told_in_one_line(tmp_path: Path) -> None:
    folder, table = tmp_path / "caf\udce9", "caf\udce9/p\udce9.csv"
    folder.mkdir()
    (tmp_path / table).write_text("formula,hardness\nNbW,300\nNbTa,200\nTaW,250\n", encoding="utf-8")
    for command, said in (
        (f"cd caf*; {CHECK}", "caf? is no text in utf-8"),
        (f"{sys.executable} -m loop.cli materials add caf*/*", "the name caf?/p?.csv is no text in utf-8"),
    ):
        done = shell(command, tmp_path)
        assert (done.returncode, said in done.stderr, done.stderr.count("\n")) == (2, True, 1), done.stderr
