"""MLflow's store, opened for one experiment: the only door to MLflow's library."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from alloys.errors import InputError, WorkError, first_line
from loop.review.desk.address import Address, bring_along, make_whole
from loop.store.database.engine import unwritable
from loop.store.files import DISK_ERRORS

if TYPE_CHECKING:
    import pandas as pd

_KIND = "mlflow.experimentKind"
_CLASSIC = "custom_model_development"
"""What MLflow's pages read to show runs and their charts first, and no traces of language models."""

_TABLES = "mlflow.loggedArtifacts"
"""Tag that tells MLflow's pages which artifacts are tables."""

_DIGEST = 36
"""The longest digest of a dataset that MLflow takes."""

_PAGE = 1000
_AT_ONCE = 100
"""The most parameters that MLflow takes at once; of metrics it takes ten times as many."""

_SETTINGS = {
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # A server that is down would otherwise hold up every close of an iteration for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
}
"""Of MLflow's environment variables, those that hold unless a person has set them."""


def load_mlflow() -> ModuleType:
    """The library, which imports for seconds."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow  # late: MLflow imports for seconds
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    # It logs, with a traceback, what it raises next; here that becomes one line.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    library: ModuleType = mlflow
    return library


class MlflowStore:
    """MLflow's store, opened for one experiment.

    Args:
        folder: where it lies, unless ``MLFLOW_TRACKING_URI`` names a server.
        experiment: its name; made where there is none.
        advice: what to do where the store cannot be used, for the message.

    Raises:
        InputError: if the store cannot be opened.
    """

    def __init__(self, folder: Path, experiment: str, advice: str = "set tracking.folder") -> None:
        mlflow = load_mlflow()
        from mlflow.exceptions import MlflowException
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        self.entities = mlflow.entities
        self.metric, self.param = mlflow.entities.Metric, mlflow.entities.Param
        self.errors = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError)
        self.address = Address.of(folder, advice)
        self._name = experiment
        self.address.prepare()
        with self.usable():
            if self.address.folder is not None:
                make_whole(self.address.folder, SqlAlchemyStore)
                bring_along(self.address.folder)
            self.address.knock()
            self.client = mlflow.MlflowClient(tracking_uri=self.address.uri, registry_uri=self.address.uri)
            self.open_experiment()

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
            place, said = self.address.shown, first_line(error)
            if _without_room(error):
                raise WorkError(
                    f"{place} cannot be written: {said}; make room on its disk, or {self.address.advice}"
                ) from error
            other = "move it away" if self.address.folder else "start it"
            raise InputError(f"{place} cannot be used: {said}; {other}, or {self.address.advice}") from error
        finally:
            self.address.tidy()

    def open_experiment(self) -> None:
        """Finds the experiment or makes it.

        A deleted experiment keeps its name until MLflow's garbage is collected, and to restore it would bring back
        every run in it, also those of other campaigns that somebody wanted gone. So the next free name is taken:
        ``alloyloop-2``.
        """
        number = 1
        while True:
            name = self._name if number == 1 else f"{self._name}-{number}"
            found = self.client.get_experiment_by_name(name)
            if found is None:
                made = self.client.create_experiment(name, self.address.artifacts, tags={_KIND: _CLASSIC})
                self.experiment, self.experiment_name = str(made), name
                return
            if found.lifecycle_stage == "active":
                if found.tags.get(_KIND) != _CLASSIC:
                    self.client.set_experiment_tag(found.experiment_id, _KIND, _CLASSIC)
                self.experiment, self.experiment_name = str(found.experiment_id), name
                return
            number += 1

    def active(self, run_id: str) -> Any:
        """A run as it is now; None if somebody has deleted it."""
        try:
            run = self.client.get_run(run_id)
        except self.errors as error:
            if getattr(error, "error_code", "") != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        return run if run.info.lifecycle_stage == "active" else None

    def runs(self, condition: str, tag: str) -> dict[str, Any]:
        """The runs of the experiment that meet a condition, by their value of a tag; of several the newest."""
        found: dict[str, Any] = {}
        token = None
        while True:
            page = self.client.search_runs([self.experiment], condition, max_results=_PAGE, page_token=token)
            for run in page:
                found.setdefault(run.data.tags[tag], run)
            token = page.token
            if not token:
                return found

    def parameters(self, run: Any, document: Any) -> None:
        """Logs a document as parameters with dotted names, one for each plain value.

        MLflow lets no parameter change, so that those that the run has already stay as they are.
        """
        known = run.data.params
        params = [self.param(name, text[:500]) for name, text in _flat(document).items() if name and name not in known]
        for begin in range(0, len(params), _AT_ONCE):
            self.client.log_batch(run.info.run_id, params=params[begin : begin + _AT_ONCE])

    def points(self, run: Any, points: list[Any]) -> None:
        """Logs points of metrics, however many."""
        for begin in range(0, len(points), 10 * _AT_ONCE):
            self.client.log_batch(run.info.run_id, metrics=points[begin : begin + 10 * _AT_ONCE])

    def tags(self, run: Any, tags: dict[str, str]) -> None:
        """Sets those tags that are not as they should be; the run remembers them."""
        new = {name: text for name, text in tags.items() if run.data.tags.get(name) != text}
        if new:
            tag = self.entities.RunTag
            self.client.log_batch(run.info.run_id, tags=[tag(name, text) for name, text in new.items()])
            run.data.tags.update(new)

    def table(self, run: Any, name: str, frame: pd.DataFrame) -> None:
        """Writes a table as MLflow's own ``log_table`` does, except that it takes the place of an earlier one.

        Args:
            run: whose it is.
            name: of the artifact, ending in ``.json``.
            frame: with columns that have names of their own.
        """
        self.client.log_text(run.info.run_id, frame.to_json(orient="split", index=False), name)
        listed = json.loads(run.data.tags.get(_TABLES, "[]"))
        entry = {"path": name, "type": "table"}
        self.tags(run, {_TABLES: json.dumps(listed if entry in listed else [*listed, entry])})

    def file(self, run: Any, name: str, content: bytes, folder: str | None = None) -> None:
        """Writes a file into a folder of the run's artifacts, or beside them; it takes the place of an earlier one."""
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / name
            path.write_bytes(content)
            self.client.log_artifact(run.info.run_id, str(path), folder)

    def dataset(self, run: Any, digest: str, count: int) -> None:
        """Logs the results that a run has used or left, by their digest; a digest that it has is not logged again."""
        short = digest[:_DIGEST]
        if any(given.dataset.digest == short for given in run.inputs.dataset_inputs):
            return
        about = {"source": json.dumps({"digest": digest}), "profile": json.dumps({"results": count})}
        found = self.entities.Dataset(name="results", digest=short, source_type="alloyloop", **about)
        self.client.log_inputs(run.info.run_id, [self.entities.DatasetInput(found)])
        run.inputs.dataset_inputs.append(self.entities.DatasetInput(found))


def _without_room(error: BaseException | None) -> bool:
    """Whether a disk that is full or read-only is behind an error."""
    while error is not None:
        full = isinstance(error, OSError) and error.errno in DISK_ERRORS
        if full or unwritable(error) or unwritable(getattr(error, "orig", None)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _flat(document: Any, path: str = "") -> dict[str, str]:
    if isinstance(document, dict) and document:
        items: dict[str, str] = {}
        for key, value in document.items():
            items |= _flat(value, f"{path}.{key}" if path else str(key))
        return items
    return {path: json.dumps(document)}
