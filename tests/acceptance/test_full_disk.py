"""A disk that is full, or read-only, from the n-th write on; then there is room again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.full_disk import compile_shim
from tests.support.processes import ROOT, environment

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the fault is compiled with cc, which is not there")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_shim(tmp_path_factory.mktemp("shim"))


def _strike(shim: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.full_disk", *arguments]
    variables = {**environment(), "LD_PRELOAD": str(shim)}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("error", ["ENOSPC", "EROFS"])
def test_database_and_files_survive_a_disk_that_takes_no_more(shim: Path, error: str) -> None:
    """Every eightieth write; the benchmark tries them all."""
    said = _strike(shim, "--store", "--every", "80", "--first", "7", "--error", error)
    assert "database" in said
    assert ": 0 went wrong" in said


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "more",
    [
        ["--every", "1", "--store"],
        ["--every", "40"],
        ["--every", "60", "--error", "EROFS"],
        ["--every", "120", "--first", "40", "--mlflow"],
    ],
)
def test_a_campaign_survives_a_disk_that_takes_no_more(shim: Path, more: list[str]) -> None:
    assert ": 0 went wrong" in _strike(shim, *more)
