"""``alloyloop doctor``: what a machine has and lacks, and what to do about it."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loop.cli.doctor import engines
from tests.loop.loop_helpers import call, write_config


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def _checks(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> dict[str, dict[str, Any]]:
    code, out, _ = call(capsys, "doctor", *arguments, "--json")
    document = json.loads(out)
    assert (code, document["healthy"]) == (status, status == 0)
    return {each["check"]: each for each in document["checks"]}


def test_a_machine_that_runs_these_tests_is_healthy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    checks = _checks(capsys)
    wanted = {"Python", "packages", "Ray", "GPU", "DFT", "disk", "SQLite", "clock", "PostgreSQL", "MLflow", "locale"}
    assert wanted <= set(checks)
    assert all(set(each) == {"check", "health", "found", "advice", "needed"} for each in checks.values())
    assert all(each["advice"] for each in checks.values() if each["health"] != "ok")
    assert sys.executable in checks["Python"]["found"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_table_fits(width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, _ = call(capsys, "doctor")
    assert code == 0
    assert max(map(len, out.splitlines())) <= width
    assert "SQLite" in out
    assert "…" not in out


def test_a_store_of_mlflow_that_cannot_be_read_stands_in_the_way(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "mlflow.db").write_bytes(b"no database" * 100)
    assert _checks(capsys, status=1)["MLflow"]["health"] == "fault"
    code, _, err = call(capsys, "doctor")
    assert code == 1
    assert "MLflow: move " in err


def test_servers_that_do_not_answer_are_told_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    config = write_config(tmp_path, state=f"postgresql+psycopg://me@127.0.0.1:{port}/alloys")
    checks = _checks(capsys, str(config), status=1)
    assert checks["MLflow"]["health"] == "fault"
    assert checks["PostgreSQL"]["health"] in ("fault", "missing")
    assert str(port) in checks["MLflow"]["found"]


def test_a_port_that_is_taken_does_not_stand_in_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", 5000))
        except OSError:
            pytest.skip("port 5000 is taken by somebody else")
        taken.listen()
        assert _checks(capsys)["port 5000"]["health"] == "fault"


def test_a_terminal_without_utf_8_gets_letters_that_it_has() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "loop.cli", "doctor"], capture_output=True, env=environment, check=True, timeout=120
    )
    told = done.stdout.decode("ascii")
    assert "export LANG=C.UTF-8 (or PYTHONUTF8=1): tables have - and " in " ".join(told.replace("|", " ").split())


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "2>&-"])
def test_a_closed_output_is_no_traceback(closed: str) -> None:
    command = f'"{sys.executable}" -m loop.cli properties NbTaTi {closed}'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_package_asks_for_beside_itself_is_looked_for_too(capsys: pytest.CaptureFixture[str]) -> None:
    there = importlib.util.find_spec("numpyro") is not None
    assert ("numpyro is not installed" in _checks(capsys)["packages, bayesian"]["found"]) != there


def test_doctor_says_that_a_cluster_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "")
    assert "cluster.address: local" in engines.ray("127.0.0.1:1", needed=True).advice
    monkeypatch.setenv("RAY_ADDRESS", "ray://me:hunter2@127.0.0.1:1")
    found = engines.ray(needed=True)
    assert found.stands_in_the_way
    assert "unset RAY_ADDRESS" in found.advice
    assert "hunter2" not in f"{found}"
