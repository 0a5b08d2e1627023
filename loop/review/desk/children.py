"""The run of one iteration: its batch, its files, the data it left behind, and how its generators learned."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loop.review.desk.batch import batch_description
from loop.review.desk.description import LONGEST, NOTE, CampaignStanding
from loop.review.desk.store import MlflowStore
from loop.store import Artifact, Iteration
from loop.store.files import inside

_ARTIFACTS_DONE = "alloyloop.artifacts_done"
_LOSSES_DONE = "alloyloop.losses"
DATASET = "dataset.json"


def show_iteration(mlflow: MlflowStore, run: Any, iteration: Iteration, told: CampaignStanding) -> None:
    """Writes what the run of a closed iteration does not have yet.

    Args:
        mlflow: the store.
        run: the iteration's.
        iteration: closed.
        told: the campaign as it stands.
    """
    artifacts, folder = told.store.artifacts(iteration.index), told.config.folder
    mlflow.tags(run, {NOTE: batch_description(told.view, told.store, iteration)[:LONGEST]})
    _losses(mlflow, run, iteration.notes.training, iteration.started)
    _upload(mlflow, run, artifacts, folder)
    _dataset(mlflow, run, artifacts, folder)
    if run.info.status == "RUNNING":
        mlflow.client.set_terminated(run.info.run_id, end_time=int((iteration.finished or 0) * 1000))


def _losses(mlflow: MlflowStore, run: Any, training: Mapping[str, Mapping[str, Any]], started: float) -> None:
    """Curves of the trainings, by epoch."""
    if run.data.tags.get(_LOSSES_DONE) or not training:
        return
    points = [
        mlflow.metric(f"loss/{family}.{kind}", value, int(started * 1000), step)
        for family, report in training.items()
        for kind in ("train", "validation")
        for step, value in enumerate(report.get(f"{kind}_losses", []))
    ]
    mlflow.points(run, points)
    mlflow.tags(run, {_LOSSES_DONE: "done"})


def _upload(mlflow: MlflowStore, run: Any, artifacts: Sequence[Artifact], folder: Path) -> None:
    """Files of the iteration that are new; one that is lost is left out."""
    done: dict[str, str] = json.loads(run.data.tags.get(_ARTIFACTS_DONE, "{}"))
    for artifact in artifacts:
        source = inside(folder, artifact.path)
        if done.get(artifact.name) == artifact.sha256[:16] or not source.exists():
            continue
        name = artifact.name.removesuffix(source.suffix) + source.suffix
        with tempfile.TemporaryDirectory() as scratch:
            link = inside(Path(scratch), name)
            link.symlink_to(source.resolve())
            mlflow.client.log_artifact(run.info.run_id, str(link))
        done[artifact.name] = artifact.sha256[:16]
    mlflow.tags(run, {_ARTIFACTS_DONE: json.dumps(done)} if done else {})


def _dataset(mlflow: MlflowStore, run: Any, artifacts: Sequence[Artifact], folder: Path) -> None:
    """The dataset as it stood when the iteration was closed, by its digest."""
    found = [inside(folder, artifact.path) for artifact in artifacts if artifact.name == DATASET]
    if run.inputs.dataset_inputs or not found or not found[0].exists():
        return
    told = json.loads(found[0].read_text(encoding="utf-8"))
    mlflow.dataset(run, told["digest"], len(told["observations"]))
