"""MLflow as a view of the campaign database: delete everything of a campaign, and it is written again.

Numbers are replayed from the database's outbox with the times recorded there, so a replay adds nothing twice. An
evaluation of generators writes to the same store (`loop.review.evaluation`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from alloys.errors import InputError, WorkError, first_line
from loop.config.schema import CampaignConfig
from loop.store import Artifact, CampaignStore, IterationState, Metric
from loop.store.database.engine import unwritable
from loop.store.files import DISK_ERRORS, inside
from loop.view import View

log = logging.getLogger(__name__)

EXPERIMENT = "alloyloop"
_TAG = "alloyloop.campaign"
_ITERATION = "alloyloop.iteration"
_METRICS_DONE = "alloyloop.metrics_done"
_ARTIFACTS_DONE = "alloyloop.artifacts_done"


def tracking_uri(folder: Path) -> str:
    """The URI of the store in a folder."""
    return f"sqlite:///{(folder / 'mlflow.db').resolve()}"


def prepare(folder: Path, advice: str = "set tracking.folder") -> None:
    """Makes the folders of a store.

    Raises:
        InputError: if they cannot be made; it ends with ``advice``.
    """
    try:
        (folder / "artifacts").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"MLflow's store cannot lie in {folder}: {error}; {advice}") from error


def _make_whole(folder: Path, client: Callable[..., Any]) -> None:
    """Makes the store's database where there is none, so that it is there whole or not at all.

    MLflow makes its tables in several transactions; one that was killed between them could never be opened again.
    """
    target = folder / "mlflow.db"
    if target.exists():
        return
    new = folder / f".mlflow.db.{os.getpid()}"
    try:
        with tempfile.TemporaryDirectory() as scratch:
            client(tracking_uri=tracking_uri(Path(scratch))).search_experiments(max_results=1)
            with closing(sqlite3.connect(Path(scratch) / "mlflow.db")) as made, closing(sqlite3.connect(new)) as copy:
                made.backup(copy)
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(new, target)
    finally:
        new.unlink(missing_ok=True)


def artifacts_uri(folder: Path) -> str:
    """Where the artifacts of a store in a folder lie."""
    return (folder / "artifacts").resolve().as_uri()


def bring_along(folder: Path) -> None:
    """Makes a store that was copied or moved write to the folder where it is now.

    MLflow keeps absolute addresses of artifacts, so that a copy would go on in the place that it was copied from.

    Raises:
        sqlite3.Error: if the store cannot be read or written.
    """
    here = artifacts_uri(folder)
    if not (folder / "artifacts").is_dir():
        return
    query = "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE 'file://%/artifacts'"
    with closing(sqlite3.connect(folder / "mlflow.db")) as store, store:
        for (there,) in [row for row in store.execute(query) if row[0] != here]:
            store.execute("UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?", (here, there))
            store.execute(
                "UPDATE runs SET artifact_uri = ? || substr(artifact_uri, ?) WHERE substr(artifact_uri, 1, ?) = ?",
                (here, len(there) + 1, len(there) + 1, f"{there}/"),
            )


class MlflowStore:
    """MLflow's local store in a folder, opened for one experiment.

    Args:
        folder: where the store lies.
        experiment: its name; made where there is none.
        advice: what to do where the store cannot be used, for the message.

    Raises:
        InputError: if the store cannot be opened.
    """

    def __init__(self, folder: Path, experiment: str, advice: str = "set tracking.folder") -> None:
        os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        logging.getLogger("alembic").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow  # late: MLflow imports for seconds
            from mlflow.entities import Metric as MlflowMetric
            from mlflow.entities import Param  # late: MLflow imports for seconds
            from mlflow.exceptions import MlflowException
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        # It logs, with a traceback, what it raises next; here that becomes one line.
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

        self.metric = MlflowMetric
        self.param = Param
        self.errors = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError)
        self._folder, self._advice = folder, advice
        prepare(folder, advice)
        with self.usable():
            _make_whole(folder, mlflow.MlflowClient)
            bring_along(folder)
            self.client = mlflow.MlflowClient(tracking_uri=tracking_uri(folder))
            self.experiment = self._experiment_id(experiment, artifacts_uri(folder))

    @contextmanager
    def usable(self) -> Iterator[None]:
        """Says what to do where the store cannot be used.

        Raises:
            InputError: if it cannot.
            WorkError: if its disk is full or read-only.
        """
        try:
            yield
        except self.errors as error:
            if _without_room(error):
                raise WorkError(
                    f"MLflow's store in {self._folder} cannot be written: {first_line(error)}; make room on its disk, "
                    f"or {self._advice}"
                ) from error
            raise InputError(
                f"MLflow's store in {self._folder} cannot be used: {first_line(error)}; move it away, or {self._advice}"
            ) from error

    def _experiment_id(self, name: str, location: str) -> str:
        found = self.client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(self.client.create_experiment(name, artifact_location=location))

    def parameters(self, run: Any, document: Any) -> None:
        """Logs a document as parameters with dotted names, one for each plain value."""
        params = [self.param(name, text[:500]) for name, text in _flat(document).items() if name]
        for begin in range(0, len(params), 100):  # the most that MLflow takes at once
            self.client.log_batch(run.info.run_id, params=params[begin : begin + 100])


class Tracker:
    """Shows one campaign in MLflow: a parent run, and a child run for each iteration.

    Args:
        store: the campaign's database.
        config: its configuration, which says where MLflow's store lies.
    """

    def __init__(self, store: CampaignStore, config: CampaignConfig) -> None:
        self.ended = False
        """Whether the campaign came to its end."""
        self._store, self._config = store, config

    @cached_property
    def _mlflow(self) -> MlflowStore:
        return MlflowStore(Path(self._config.tracking.folder), EXPERIMENT)

    @cached_property
    def _client(self) -> Any:
        return self._mlflow.client

    @cached_property
    def _parent(self) -> Any:
        with self._mlflow.usable():
            return self._parent_run()

    def _find(self, text: str) -> Any:
        runs = self._client.search_runs([self._mlflow.experiment], filter_string=text, max_results=1)
        return runs[0] if runs else None

    def _key(self) -> str:
        info = self._store.campaign()
        return f"{info.name}-{info.created:.6f}"

    def _parent_run(self) -> Any:
        key = self._key()
        run = self._find(f"tags.`{_TAG}` = '{key}' and tags.`{_ITERATION}` = 'campaign'")
        if run is not None:
            self._client.update_run(run.info.run_id, status="RUNNING")
            self._parameters(run)  # again, in case a first attempt ended before they were written
            return run
        config = self._config
        tags = {_TAG: key, _ITERATION: "campaign", "config_digest": config.digest, "code": self._version()}
        begun = int(self._store.campaign().created * 1000)
        run = self._client.create_run(self._mlflow.experiment, start_time=begun, run_name=config.name, tags=tags)
        self._parameters(run)
        return run

    def _parameters(self, run: Any) -> None:
        self._mlflow.parameters(run, self._config.science())

    def _version(self) -> str:
        return str(self._store.campaign().code_version)

    def _child_run(self, index: int, started: float) -> Any:
        key = self._key()
        run = self._find(f"tags.`{_TAG}` = '{key}' and tags.`{_ITERATION}` = '{index}'")
        if run is not None:
            return run
        parent = self._parent.info.run_id
        tags = {_TAG: key, _ITERATION: str(index), "mlflow.parentRunId": parent}
        name = f"{self._config.name} {index:03d}"
        return self._client.create_run(
            self._mlflow.experiment, start_time=int(started * 1000), run_name=name, tags=tags
        )

    # Watching -----------------------------------------------------------------------------------------------

    def stage(self, iteration: int, text: str) -> None:
        """Stages are not logged."""

    def step(self, text: str) -> None:
        """Steps are not tracked."""

    def progress(self, iteration: int, done: int, total: int) -> None:
        """Opens the store while the first validations are under way: MLflow imports for seconds.

        Raises:
            InputError: if the store cannot be opened.
        """
        _ = self._parent

    def closed(self, iteration: int, view: View) -> None:
        """Brings MLflow up to date."""
        self.sync()

    def sync(self) -> None:
        """Writes what MLflow does not have yet; an error of an open store does not end a campaign.

        Raises:
            InputError: if the store cannot be opened.
        """
        _ = self._parent
        try:
            self._sync()
        except self._mlflow.errors as error:
            log.warning("MLflow is behind, the campaign goes on; the next run catches up: %s", first_line(error))

    def _sync(self) -> None:
        store = self._store
        metrics, artifacts = store.metrics(), store.artifacts()
        for iteration in store.iterations():
            if iteration.state is not IterationState.CLOSED:
                continue
            child = self._child_run(iteration.index, iteration.started)
            self._replay(child, [m for m in metrics if m.iteration == iteration.index])
            self._losses(child, iteration.notes.training, iteration.started)
            self._upload(child, [a for a in artifacts if a.iteration == iteration.index])
            if child.info.status == "RUNNING":
                self._client.set_terminated(child.info.run_id, end_time=int((iteration.finished or 0) * 1000))
        shown = [m for m in metrics if m.iteration is not None and m.name in ("hypervolume", "feasible_share")]
        self._replay(self._parent, shown)

    def _replay(self, run: Any, metrics: list[Metric]) -> None:
        done = int(run.data.tags.get(_METRICS_DONE, 0))
        fresh = [m for m in metrics if m.id > done]
        if not fresh:
            return
        points = [self._mlflow.metric(_key_of(m.name), m.value, int(m.at * 1000), _step(m)) for m in fresh]
        self._client.log_batch(run.info.run_id, metrics=points)
        run.data.tags[_METRICS_DONE] = str(fresh[-1].id)
        self._client.set_tag(run.info.run_id, _METRICS_DONE, str(fresh[-1].id))

    def _losses(self, run: Any, training: Mapping[str, Mapping[str, Any]], started: float) -> None:
        if run.data.tags.get("alloyloop.losses") or not training:
            return
        at = int(started * 1000)
        points = [
            self._mlflow.metric(f"loss.{family}.{kind}", value, at, step)
            for family, report in training.items()
            for kind in ("train", "validation")
            for step, value in enumerate(report.get(f"{kind}_losses", []))
        ]
        for begin in range(0, len(points), 1000):
            self._client.log_batch(run.info.run_id, metrics=points[begin : begin + 1000])
        run.data.tags["alloyloop.losses"] = "done"
        self._client.set_tag(run.info.run_id, "alloyloop.losses", "done")

    def _upload(self, run: Any, artifacts: list[Artifact]) -> None:
        done: dict[str, str] = json.loads(run.data.tags.get(_ARTIFACTS_DONE, "{}"))
        fresh = [a for a in artifacts if done.get(a.name) != a.sha256[:16]]
        for artifact in fresh:
            source = inside(self._config.folder, artifact.path)
            name = artifact.name.removesuffix(source.suffix) + source.suffix
            with tempfile.TemporaryDirectory() as folder:
                link = inside(Path(folder), name)
                link.symlink_to(source)
                self._client.log_artifact(run.info.run_id, str(link))
            done[artifact.name] = artifact.sha256[:16]
        if fresh:
            run.data.tags[_ARTIFACTS_DONE] = json.dumps(done)
            self._client.set_tag(run.info.run_id, _ARTIFACTS_DONE, json.dumps(done))

    def finish(self) -> None:
        """Brings MLflow up to date, and marks the parent run as finished, or as stopped before its end.

        Nothing is written of a run that ended before anything was handed out.
        """
        if not self.ended and "_parent" not in vars(self):
            return
        self.sync()
        try:
            self._client.set_terminated(self._parent.info.run_id, status="FINISHED" if self.ended else "KILLED")
        except self._mlflow.errors as error:
            log.warning("MLflow could not be told that the run ended: %s", first_line(error))

    @property
    def where(self) -> str:
        """Where a person finds the campaign in the MLflow UI."""
        return f"experiment {EXPERIMENT!r}, run {self._config.name!r} ({self._parent.info.run_id})"


def _without_room(error: BaseException | None) -> bool:
    """Whether a disk that is full or read-only is behind an error."""
    while error is not None:
        full = isinstance(error, OSError) and error.errno in DISK_ERRORS
        if full or unwritable(error) or unwritable(getattr(error, "orig", None)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _step(metric: Metric) -> int:
    return metric.step if metric.step else int(metric.iteration or 0)


def _key_of(name: str) -> str:
    return name.replace("%", "percent")


def _flat(document: Any, path: str = "") -> dict[str, str]:
    if isinstance(document, dict) and document:
        items: dict[str, str] = {}
        for key, value in document.items():
            items |= _flat(value, f"{path}.{key}" if path else str(key))
        return items
    return {path: json.dumps(document)}
