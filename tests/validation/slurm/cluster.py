"""A stand-in for a cluster, and the validator that submits to it; see `standin.py`."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from alloys.design import Design
from alloys.records import Measured, Verdict
from tests.validation.slurm import standin
from validation.commands.slurm import SlurmValidator
from validation.commands.slurm_client import Slurm, SlurmError

STANDIN = Path(standin.__file__)
COMMAND = STANDIN.parents[1] / "commands" / "command.py"
ALLOY = Design.parse("HfNbTa")
NAMES = ("sbatch", "squeue", "sacct", "scancel")


class Cluster:
    """The stand-in's folder, and the validator that submits to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cluster"
        self.folder.mkdir(exist_ok=True)
        self.scratch = folder / "scratch"

    def plan(self, **plan: Any) -> None:
        """What goes wrong."""
        (self.folder / "plan.json").write_text(json.dumps(plan))

    def settings(self, mode: str = "good", *paths: str, **run: Any) -> dict[str, Any]:
        """Settings of the validator, quick ones."""
        quick = {"poll_seconds": 0.01, "poll_longest": 0.02, "grace_seconds": 0.1, "time_limit": 60.0}
        return {
            "command": [sys.executable, str(COMMAND), mode, *paths],
            "properties": ["solidus"],
            "run": {
                "scratch": str(self.scratch),
                "environment": ["STANDIN_SLURM"],
                "least_free_mb": 1,
                **quick,
                **run,
            },
        }

    def ask(self, mode: str = "good", *paths: str, **run: Any) -> Verdict:
        """The verdict of a new validator, as a new process would have it."""
        return SlurmValidator(self.settings(mode, *paths, **run)).validate(ALLOY)

    @property
    def log(self) -> list[str]:
        """What the stand-ins were asked and did."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def count(self, word: str) -> int:
        """How many lines of the log begin so."""
        return sum(line.startswith(word) for line in self.log)

    def state(self) -> dict[str, Any]:
        """The stand-in's jobs by number."""
        jobs: dict[str, Any] = json.loads((self.folder / "state.json").read_text())["jobs"]
        return jobs

    @property
    def job_folder(self) -> Path:
        """The one folder of a request."""
        (found,) = self.scratch.iterdir()
        return found


def in_process(self: Slurm, command: Sequence[str]) -> str:
    """A call of the stand-in without a process of its own."""
    status, out, err = standin.call(command[0], list(command[1:]))
    if status != 0:
        raise SlurmError(f"{command[0]} ended with status {status}: {err}")
    return out


def stay_in_process(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the validator call the stand-ins as functions: the same answers, sooner."""
    monkeypatch.setenv("STANDIN_SLURM", str(cluster.folder))
    monkeypatch.setattr(Slurm, "call", in_process)
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: name if name in NAMES else which(name))


def assert_measured(verdict: Verdict) -> None:
    """The command's answer, whole."""
    assert isinstance(verdict, Measured), verdict
    assert verdict.properties["solidus"].value == pytest.approx(4000.0)


RUNS = ["PENDING", "RUNNING", "RUNS"]
