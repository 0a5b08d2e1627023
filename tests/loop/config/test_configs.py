"""The configurations that come with the project: each is without mistakes, and runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loop.cli.main import main
from loop.config.reading import check_config

ROOT = Path(__file__).resolve().parents[3]
CONFIGS = sorted(
    path.stem for path in (ROOT / "configs").glob("*.yaml") if path.stem not in ("generators_mpea", "formulas")
)
SHORT = ["iterations=1", "batch=2", "screening.random=40", "generator.proposals=40", "generator.settings={epochs: 3}"]
SHORTER = {
    "quickstart": ["start.validate=4"],
    "cantor": ["start.validate=4"],
    "hardness": [],
    "papers": ["start.validate=3"],
    "refractory": ["start.validate=3"],
    "shelf": ["start.validate=4"],
    "steel": ["start.validate=6"],
    "tiers": ["start.validate=6", "batch=4"],
}


def test_there_are_eight_of_them() -> None:
    assert set(CONFIGS) == set(SHORTER)


@pytest.mark.parametrize("name", CONFIGS)
def test_each_is_without_mistakes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert check_config(Path("configs") / f"{name}.yaml")[1] == []


@pytest.mark.parametrize("name", CONFIGS)
def test_each_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    given = [*SHORT, *SHORTER[name], f"directory={tmp_path}", "cluster.executor=local", "tracking.enabled=false"]
    command = ["run", f"configs/{name}.yaml", *(word for text in given for word in ("--set", text))]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert (ended.value.code or 0) == (3 if name == "hardness" else 0)  # people answer later
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["status", name if name != "tiers" else "refractory-tiers", "--json", "--directory", str(tmp_path)])
    told = json.loads(capsys.readouterr().out)
    asked = told["iterations"][1]["selected"]
    assert asked >= 1
    assert told["state"] == ("waiting" if name == "hardness" else "finished")
