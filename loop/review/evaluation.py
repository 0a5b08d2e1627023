"""The settings of an evaluation of generators, from a file, and its results in MLflow."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alloys.errors import InputError
from loop.config.reading import read_document

EXPERIMENT = "alloyloop-generators"
ENTRANT = "alloyloop.entrant"
"""Tag of a run of one entrant."""


def read_settings(path: Path) -> dict[str, dict[str, Any]]:
    """Settings by entrant from a YAML file, as `generators.evaluation.entrants.entrants` takes them.

    Raises:
        InputError: if the file cannot be read or is no mapping, or naming every mistake in it with its line.
    """
    from generators.evaluation.entrants import check_settings  # late: with torch

    document = read_document(path)
    mistakes = list(document.mistakes)
    mistakes += [(document.line_of(where), f"{where[0]}: {what}") for where, what in check_settings(document.data)]
    if mistakes:
        raise InputError("\n".join(f"{path}: line {line}: {message}" for line, message in sorted(mistakes)))
    return {name: values or {} for name, values in document.data.items()}


class EvaluationTracker:
    """Shows evaluations in MLflow: a run for each, with a run inside it for each entrant.

    Args:
        folder: where MLflow's store lies.

    Raises:
        InputError: if the store cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        from loop.review.desk.store import MlflowStore  # late: imports MLflow and what a campaign needs

        self._store = MlflowStore(folder, EXPERIMENT, "name another with --mlflow-folder")
        self._started = time.time()

    def log(self, document: Mapping[str, Any], how: Mapping[str, Any], figures: Sequence[Path]) -> str:
        """Writes one evaluation and returns the id of its run.

        Args:
            document: as `generators.evaluation.run.document` gives it.
            how: further parameters: seeds, plan.
            figures: PNG files named ``ENTRANT_KIND.png``.

        Raises:
            InputError: if the store cannot be written.
        """
        from loop.config.identity import code_version  # late: with the database's libraries

        with self._store.usable():
            client = self._store.client
            run = self._run(Path(document["data"]).name, {"code": code_version()})
            shared = {name: document[name] for name in ("data", "rows", "oracle")}
            self._store.parameters(run, {**shared, **how, "entrants": list(document["families"])})
            client.log_text(run.info.run_id, json.dumps(document, indent=2), "evaluation.json")
            for entrant in document["families"]:
                self._entrant(run, entrant, document, [path for path in figures if _owner(path) == entrant])
            client.set_terminated(run.info.run_id)
        return str(run.info.run_id)

    def _run(self, name: str, tags: dict[str, str]) -> Any:
        begun = int(self._started * 1000)
        return self._store.client.create_run(self._store.experiment, start_time=begun, run_name=name, tags=tags)

    def _entrant(self, parent: Any, name: str, document: Mapping[str, Any], figures: Sequence[Path]) -> None:
        metrics = dict(document["families"][name])
        league = metrics.pop("league")
        tags = {ENTRANT: name, "league": league, "mlflow.parentRunId": parent.info.run_id}
        run = self._run(name, tags)
        self._store.parameters(run, document["settings"][name])
        for key, (least, most) in document["spread"][name].items():
            metrics |= {f"{key}.least": least, f"{key}.most": most}
        now = int(time.time() * 1000)
        points = [self._store.metric(key, value, now, 0) for key, value in metrics.items() if _known(value)]
        self._store.client.log_batch(run.info.run_id, metrics=points)
        for path in figures:
            self._store.client.log_artifact(run.info.run_id, str(path), "figures")
        self._store.client.set_terminated(run.info.run_id)


def _owner(figure: Path) -> str:
    return figure.stem.rpartition("_")[0]


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
