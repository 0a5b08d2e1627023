"""A small campaign that is real in every part and takes seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from loop.campaign import Campaign
from loop.cli import main as cli
from loop.config.schema import CampaignConfig
from loop.execute.local import LocalExecutor
from loop.execute.tasks import Done, ValidationTask, ValidatorSpec

ROOT = Path(__file__).resolve().parents[2]
SHELF = ("CoCrFeMnNi", "CoCrNi", "CoFeNi", "Cr25Fe25Mn25Ni25", "Co33.333Mn33.333Ni33.334")
DEFAULT = ROOT / "configs" / "refractory.yaml"


def small_document(folder: Path, **changes: Any) -> dict[str, Any]:
    """The default campaign, made small: 6 + 2 alloys an iteration, in this process."""
    document = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    document |= {"name": "small", "iterations": 1, "batch": 2, "directory": str(folder / "campaigns")}
    document["start"] = {"validate": 6, "from_table": 0.5}
    document["generator"] = {"family": "cvae", "proposals": 200, "settings": {"epochs": 20}}
    document["screening"] = {"random": 100, "neighbours": True}
    document["cluster"] = {"executor": "local"}
    document["tracking"] = {"enabled": False, "folder": str(folder / "mlruns")}
    return {**document, **changes}


def small_config(folder: Path, **changes: Any) -> CampaignConfig:
    """The same as a configuration."""
    return CampaignConfig.model_validate(small_document(folder, **changes))


def shelf_config(folder: Path, **changes: Any) -> CampaignConfig:
    """A campaign on a list of treated alloys that people measure: there is nothing to train or to compute."""
    rows = [f"{formula},{grain},rolled and annealed at {grain}0 degC" for formula in SHELF for grain in (5, 20)]
    shelf = folder / "shelf.csv"
    shelf.write_text("\n".join(["formula,grain_size [um],treatment", *rows, ""]), "utf-8")
    document = {
        "name": "shelf",
        "space": {"kind": "table", "file": str(shelf)},
        "physics": "generic",
        "properties": {"strength": {"unit": "MPa", "range": [0, 2000]}},
        "objectives": ["maximize strength"],
        "start": {"validate": 4, "from_table": 0},
        "batch": 2,
        "validator": {"name": "human"},
        "directory": str(folder / "campaigns"),
        "cluster": {"executor": "local"},
        "tracking": {"enabled": False},
    }
    return CampaignConfig.model_validate({**document, **changes})


def write_config(folder: Path, **changes: Any) -> Path:
    """The same as a file."""
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(small_document(folder, **changes)), encoding="utf-8")
    return path


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command line."""
    with pytest.raises(SystemExit) as stop:
        cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    code = stop.value.code
    return (code if isinstance(code, int) else 0), captured.out, captured.err


class StoppedError(Exception):
    """What `Interrupting` stops with."""


class Interrupting(LocalExecutor):
    """Stops the process's work, as a kill would, at a given call."""

    def __init__(self, campaign: Campaign, stop_at: int) -> None:
        super().__init__()
        self._left = stop_at

    def count(self) -> None:
        """One more call."""
        self._left -= 1
        if not self._left:
            raise StoppedError

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        self.count()
        super().submit(spec, task)

    def collect(self, timeout: float) -> list[Done]:
        self.count()
        done = super().collect(timeout)
        self.count()
        return done
