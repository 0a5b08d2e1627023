"""The main job as a person runs it: real processes, real Ray, real MLflow, and real kills."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from loop.store import CampaignStore, check_store
from tests.loop.loop_helpers import small_document
from tests.support.processes import CONFIG, command, environment, run, status


def _small(folder: Path, executor: str) -> Path:
    document = small_document(folder, cluster={"executor": executor, "workers": 2}, directory="campaigns")
    document["tracking"] = {"enabled": executor == "ray", "folder": "mlruns"}
    path = folder / f"{executor}.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def _wait_for(process: subprocess.Popen[bytes], path: Path, seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, "the campaign ended before it was looked for"
        assert time.monotonic() < limit, f"{path} did not appear within {seconds:g} s"
        time.sleep(0.05)


def _problems(folder: Path) -> list[str]:
    """What the history checker finds in the small campaign there."""
    with CampaignStore.open(folder / "campaigns" / "small" / "campaign.db") as store:
        return check_store(store)


def test_killed_under_ray_it_ends_as_it_does_in_one_process(tmp_path: Path) -> None:
    """The same campaign: left alone in one process, and on Ray with a SIGKILL and a second driver."""
    alone, shaken = tmp_path / "alone", tmp_path / "shaken"
    alone.mkdir()
    shaken.mkdir()
    assert run(alone, _small(alone, "local")).status == 0
    config = _small(shaken, "ray")
    with (shaken / "run.log").open("ab") as log:
        first = subprocess.Popen(command(config), cwd=shaken, env=environment(), stdout=log, stderr=log)
        _wait_for(first, shaken / "campaigns" / "small" / "campaign.db", 60)
        second = subprocess.run(command(config), cwd=shaken, env=environment(), capture_output=True, text=True)
        assert second.returncode == 2
        assert f"pid {first.pid}" in second.stderr
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert run(shaken, config).status == 0, (shaken / "run.log").read_text()
    assert status(shaken, "small")["dataset_digest"] == status(alone, "small")["dataset_digest"]
    assert (shaken / "mlruns" / "mlflow.db").is_file()
    assert _problems(shaken) == []


def test_ctrl_c_says_what_happens_and_the_next_run_goes_on(tmp_path: Path) -> None:
    config = _small(tmp_path, "local")
    process = subprocess.Popen(
        command(config), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    _wait_for(process, tmp_path / "campaigns" / "small" / "campaign.db", 60)  # type: ignore[arg-type]
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    # Python ends by the signal where the interrupt fell into an `exec`, as in imports; shells say 130 to both.
    assert process.returncode in (130, -signal.SIGINT)
    assert "the same command goes on from here" in err
    assert run(tmp_path, config).status == 0
    assert _problems(tmp_path) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_default_campaign_is_quick_small_and_mostly_feasible(tmp_path: Path) -> None:
    finished = run(tmp_path, CONFIG)
    assert finished.status == 0, (tmp_path / "run.log").read_text()
    assert finished.peak < 6 * 2**30
    iterations: list[dict[str, float]] = status(tmp_path, "refractory")["iterations"]  # type: ignore[assignment]
    assert [row["selected"] for row in iterations] == [24, 8, 8, 8, 8, 8]
    assert sum(row["feasible"] for row in iterations[-2:]) >= 8
    volumes = [row["hypervolume"] for row in iterations]
    assert volumes == sorted(volumes)
