"""MLflow as a view: a real store, written, lost, and written again."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from alloys.errors import InputError, WorkError
from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.execute.tasks import ValidationTask, ValidatorSpec
from loop.review.tracking import EXPERIMENT, MlflowStore, Tracker, tracking_uri
from tests.loop.loop_helpers import small_config
from tests.support.database import insert_past_the_store

# MLflow and what it imports warn on their own behalf.
pytestmark = pytest.mark.filterwarnings("ignore")


def _runs(folder: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
    client = mlflow.MlflowClient(tracking_uri=tracking_uri(folder))
    experiment = client.get_experiment_by_name(EXPERIMENT)
    runs = client.search_runs([experiment.experiment_id])
    return {run.data.tags["alloyloop.iteration"]: run for run in runs}


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    folder = tmp_path_factory.mktemp("tracked")
    campaign = Campaign.open(small_config(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tracker = Tracker(campaign.store, campaign.config)
        Driver(campaign, LocalExecutor(), [tracker]).run(1)
        tracker.ended = True
        tracker.finish()
    return campaign


def _tracker(campaign: Campaign, folder: Path) -> Tracker:
    """A tracker of the campaign elsewhere."""
    elsewhere = campaign.config.tracking.model_copy(update={"folder": str(folder)})
    return Tracker(campaign.store, campaign.config.model_copy(update={"tracking": elsewhere}))


def _folder(campaign: Campaign) -> Path:
    return Path(campaign.config.tracking.folder)


def test_parent_and_children(tracked: Campaign) -> None:
    runs = _runs(_folder(tracked))
    assert set(runs) == {"campaign", "0", "1"}
    assert runs["campaign"].info.status == "FINISHED"
    assert runs["1"].info.status == "FINISHED"
    assert runs["1"].data.tags["mlflow.parentRunId"] == runs["campaign"].info.run_id
    assert runs["campaign"].data.params["batch"] == "2"
    for name in ("hypervolume", "feasible_share", "batch.coverage.solidus", "batch.nll.solidus", "loss.cvae.train"):
        assert name in runs["1"].data.metrics
    for kind in ("batch", "batches", "loo"):
        for key in ("count", "coverage", "nll", "sharpness", "rmse", "miscalibrated"):
            assert f"{kind}.{key}.solidus" in runs["1"].data.metrics
    assert runs["1"].data.metrics["loo.inflation.solidus"] >= 1
    for name in ("unique_share", "valid_share", "pairwise_cosine", "coverage"):
        assert 0 <= runs["1"].data.metrics[f"generator.cvae.{name}"] <= 1
    for name in ("queue.done", "seconds.validate"):
        assert name in runs["0"].data.metrics
    assert "hypervolume" in runs["campaign"].data.metrics


class _Seen(LocalExecutor):
    """Notes, as a validation is handed out, whether a file is there."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self.seen = path, list[bool]()

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        self.seen.append(self._path.exists())
        super().submit(spec, task)


def test_mlflow_is_opened_once_the_first_validation_is_handed_out(tmp_path: Path) -> None:
    with Campaign.open(small_config(tmp_path)) as campaign:
        database, tracker = _folder(campaign) / "mlflow.db", Tracker(campaign.store, campaign.config)
        tracker.finish()
        assert not database.exists()
        executor = _Seen(database)
        Driver(campaign, executor, [tracker]).run(0)
    assert executor.seen[0] is False
    assert executor.seen[-1] is True
    assert set(_runs(database.parent)) == {"campaign", "0"}


def test_artifacts(tracked: Campaign) -> None:
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=tracking_uri(_folder(tracked)))
    found = {item.path for item in client.list_artifacts(_runs(_folder(tracked))["1"].info.run_id)}
    pictures = {"pareto.png", "compositions.png", "timeline.png"}
    assert found == {"generator.cvae.safetensors", "batch.csv", "dataset.json"} | pictures
    assert (_folder(tracked) / "artifacts").is_dir()


def test_replaying_adds_nothing(tracked: Campaign) -> None:
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=tracking_uri(_folder(tracked)))
    run = _runs(_folder(tracked))["1"].info.run_id
    before = {name: client.get_metric_history(run, name) for name in ("hypervolume", "loss.cvae.train")}
    for tag in ("alloyloop.metrics_done", "alloyloop.losses"):
        client.delete_tag(run, tag)
    Tracker(tracked.store, tracked.config).sync()
    after = {name: client.get_metric_history(run, name) for name in before}
    assert {name: len(points) for name, points in after.items()} == {n: len(p) for n, p in before.items()}
    assert len(_runs(_folder(tracked))) == 3


def test_a_lost_store_is_rebuilt_from_the_campaign(tracked: Campaign, tmp_path: Path) -> None:
    _tracker(tracked, tmp_path / "new").sync()
    old, new = _runs(_folder(tracked)), _runs(tmp_path / "new")
    assert set(new) == set(old)
    for key in ("0", "1"):
        assert new[key].data.metrics == old[key].data.metrics


LOG = """
import sys, mlflow
client = mlflow.MlflowClient(tracking_uri=sys.argv[1])
client.log_artifact(sys.argv[2], sys.argv[3])
print(sorted(item.path for item in client.list_artifacts(sys.argv[2])))
"""


def test_a_store_that_was_copied_writes_to_its_own_folder(tracked: Campaign, tmp_path: Path) -> None:
    old, new, note = _folder(tracked), tmp_path / "it's 50 % off" / "mlruns", tmp_path / "note.txt"
    shutil.copytree(old, new)
    files = sorted(old.rglob("*"))
    note.write_text("written after the move")
    _tracker(tracked, new).sync()
    run = _runs(new)["1"].info.run_id
    # In a process of its own: MLflow remembers within one where the artifacts of a run lie.
    command = [sys.executable, "-W", "ignore", "-c", LOG, tracking_uri(new), run, str(note)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "note.txt" in said
    assert "batch.csv" in said
    assert [path.is_relative_to(new / "artifacts") for path in new.rglob("note.txt")] == [True]
    assert sorted(old.rglob("*")) == files


@pytest.mark.parametrize("when", ["before it is there", "when another was first"])
def test_a_store_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    def killed(*_: object) -> None:
        assert not (tmp_path / "mlflow.db").exists()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("loop.review.tracking.os.link", killed)
        with pytest.raises(KeyboardInterrupt):
            MlflowStore(tmp_path, "first")
    assert [path.name for path in tmp_path.iterdir()] == ["artifacts"]

    if when == "when another was first":
        link = os.link

        def second(made: Path, target: Path) -> None:
            link(made, target)
            link(made, target)

        monkeypatch.setattr("loop.review.tracking.os.link", second)
    store = MlflowStore(tmp_path, "first")
    assert store.experiment == MlflowStore(tmp_path, "first").experiment
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artifacts", "mlflow.db"]


def test_a_store_that_does_not_fit_on_its_disk_is_told(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(WorkError, match=r"MLflow's store in .* cannot be written: .*; make room on its disk"):
            MlflowStore(tmp_path, EXPERIMENT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.glob("*.db*"))
    MlflowStore(tmp_path, EXPERIMENT)


def test_a_file_outside_the_campaign_is_not_uploaded(tracked: Campaign, tmp_path: Path) -> None:
    outside = tracked.folder.parent / "secret.txt"
    outside.write_text("secret", encoding="utf-8")
    row = {"iteration": 0, "name": "notes.txt", "sha256": "0" * 64, "path": "../secret.txt", "at": 1.0}
    insert_past_the_store(tracked.folder / "campaign.db", "artifacts", row)
    with pytest.raises(InputError, match="leads out of"):
        _tracker(tracked, tmp_path / "new").sync()
    assert not list(tmp_path.rglob("notes.txt"))
