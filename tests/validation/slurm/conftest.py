"""Stand-ins for Slurm's commands, called as functions or installed as programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.validation.slurm.cluster import NAMES, STANDIN, Cluster, stay_in_process


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster whose commands are called in this process."""
    made = Cluster(tmp_path)
    stay_in_process(made, monkeypatch)
    return made


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster whose commands are programs on the PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in NAMES:
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{STANDIN}" {name} "$@"\n')
        program.chmod(0o755)
    made = Cluster(tmp_path)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STANDIN_SLURM", str(made.folder))
    return made
