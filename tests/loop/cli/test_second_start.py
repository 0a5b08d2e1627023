"""What a run loads until its first job is handed out: seconds the first time, nothing that takes seconds after it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.loop.loop_helpers import small_document
from tests.support.ideal import IDEAL_TDB
from tests.support.processes import environment

SLOW = ("mlflow", "pint", "pycalphad", "ray", "sklearn", "torch")
_FIRST_JOB = f"""
import os, sys
from loop.cli.main import main
from loop.execute.local import LocalExecutor

def submit(self, spec, task):
    print(task.canonical, *sorted(set({SLOW}) & set(sys.modules)), sep=";", flush=True)
    os._exit(0)

LocalExecutor.submit = submit
main(sys.argv[1:])
"""


def first_job(folder: Path, config: Path, cache: Path) -> list[str]:
    """The first design that a campaign hands out, and the slow libraries that are loaded by then."""
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FIRST_JOB, "run", str(config), "--set", f"directory={folder}"],
        env={**environment(), "ALLOYLOOP_CACHE": str(cache)}, cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip().split(";")


def written(folder: Path) -> Path:
    """A campaign on a database of one's own, with MLflow."""
    quantities = {"mush": {"melting": "range"}, "melt": {"fraction": "LIQUID", "at": "2800 degC"}}
    plain: dict[str, Any] = {
        "space": {"elements": ["Nb", "W"], "step": 0.025, "upper": 0.95, "count": [2, 2]},
        "physics": "generic",
        "objectives": ["minimize mush"],
        "constraints": ["melt >= 0.1"],
        "reference_point": {},
        "validator": {"name": "calphad", "settings": {"tdb_text": IDEAL_TDB, "quantities": quantities}},
        "tracking": {"enabled": True, "folder": str(folder / "mlruns")},
    }
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(small_document(folder, **plain), sort_keys=False), encoding="utf-8")
    return path


def test_a_second_start_hands_out_its_first_job_without_the_libraries_that_load_for_seconds(tmp_path: Path) -> None:
    config, cache = written(tmp_path), tmp_path / "cache"
    design, *loaded = first_job(tmp_path / "first", config, cache)
    assert "pycalphad" in loaded
    assert "mlflow" not in loaded
    assert first_job(tmp_path / "second", config, cache) == [design]
