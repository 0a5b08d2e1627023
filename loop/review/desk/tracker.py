"""A campaign in MLflow: a parent run that tells where it stands, and a child run for each iteration.

Numbers are replayed from the database's outbox with the times recorded there, so that a replay adds nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alloys.errors import first_line, without_secrets
from loop.config.schema import CampaignConfig
from loop.review.desk.charts import charts
from loop.review.desk.store import MlflowStore
from loop.store import CampaignStore, Iteration, IterationState
from loop.summaries import campaign_state
from loop.view import View, view_of

if TYPE_CHECKING:
    from loop.review.desk.description import CampaignStanding

log = logging.getLogger(__name__)

EXPERIMENT = "alloyloop"
TAG = "alloyloop.campaign"
"""Tag of every run of a campaign: its name and when it was made."""
ITERATION = "alloyloop.iteration"
"""Tag that says which iteration a run shows; `PARENT` for the campaign."""
PARENT = "campaign"
_PARENT_ID = "mlflow.parentRunId"
_METRICS_DONE = "alloyloop.metrics_done"


class Tracker:
    """Shows one campaign in MLflow, and catches up with whatever it lacks.

    As a watcher of a driver it never raises what MLflow does: it warns, and the campaign goes on.

    Args:
        store: the campaign's database.
        config: its configuration, which says where MLflow's store lies.
    """

    def __init__(self, store: CampaignStore, config: CampaignConfig) -> None:
        self.ended = False
        """Whether the campaign came to its end."""
        self._store, self._config = store, config
        self._parent: Any = None
        self._runs: dict[str, Any] = {}
        self._shown: set[int] = set()
        self._tried = self._ending = False

    @cached_property
    def _mlflow(self) -> MlflowStore:
        return MlflowStore(Path(self._config.tracking.folder), EXPERIMENT)

    @property
    def _client(self) -> Any:
        return self._mlflow.client

    # Watching -----------------------------------------------------------------------------------------------

    def stage(self, iteration: int, text: str) -> None:
        """Stages are not logged."""

    def step(self, text: str) -> None:
        """Steps are not tracked."""

    def progress(self, iteration: int, done: int, total: int) -> None:
        """Opens the store while the first validations are under way: MLflow imports for seconds."""
        if not self._tried:
            self._tried = True
            self._try(self._open)

    def closed(self, iteration: int, view: View) -> None:
        """Brings MLflow up to date."""
        self._try(self._catch_up, view)

    def show(self) -> None:
        """Brings MLflow up to date; what goes wrong is a warning, and the next time catches up."""
        self._try(self._catch_up)

    def _try(self, work: Callable[..., None], *given: Any) -> bool:
        """Whether MLflow took it: no error of MLflow, of its server or of its disk ends a campaign."""
        try:
            work(*given)
        except Exception as error:  # whatever MLflow and the libraries below it raise
            advice = f"`alloyloop mlflow sync {self._config.name}` writes it at any time"
            log.warning("MLflow is behind, the campaign goes on (%s): %s", advice, without_secrets(first_line(error)))
            return False
        return True

    def sync(self) -> None:
        """Writes all that MLflow lacks of the campaign, and how it stands.

        Raises:
            InputError: if the store cannot be used, or a file leads out of the campaign's folder.
            WorkError: if its disk is full or read-only.
        """
        with self._mlflow.usable():
            self._catch_up()
            self._conclude()
            self._tell_state()

    def finish(self) -> None:
        """Brings MLflow up to date, and marks the parent run as finished, or as stopped before its end.

        Nothing is written of a run that ended before anything was handed out.
        """
        if self.ended or self._parent is not None:
            self._try(self._finish)

    def _finish(self) -> None:
        self._ending = True
        self._catch_up()
        if self.ended:
            self._conclude()
        self._tell_state()

    @property
    def where(self) -> str:
        """Where a person finds the campaign in MLflow; empty where MLflow could not be reached."""
        if self._parent is None:
            return ""
        return f"experiment {self._mlflow.experiment_name!r}, run {self._config.name!r} ({self._parent.info.run_id})"

    # Writing ------------------------------------------------------------------------------------------------

    def _catch_up(self, view: View | None = None) -> None:
        from loop.review.desk.campaign_run import show_campaign  # late: with pictures and models
        from loop.review.desk.children import show_iteration

        parent, told = self._open(), self._told(view)
        for iteration in self._store.iterations():
            if iteration.state is IterationState.CLOSED and iteration.index not in self._shown:
                show_iteration(self._mlflow, self._child(iteration), iteration, told)
                self._shown.add(iteration.index)
        self._replay(parent)
        show_campaign(self._mlflow, parent, told)

    def _told(self, view: View | None = None) -> CampaignStanding:
        """The campaign as it stands; once the run has ended nobody drives it any more."""
        from loop.review.desk.description import CampaignStanding

        state = campaign_state(self._store)
        if self.ended:
            state = "finished"
        elif self._ending and state == "running":
            state = "stopped"
        return CampaignStanding(view or view_of(self._store, self._config), self._store, self._config, state)

    def _replay(self, run: Any) -> None:
        """Points of the charts that the parent does not have: all of a chart that is new to it."""
        metrics = self._store.metrics()
        done = int(run.data.tags.get(_METRICS_DONE, 0))
        points = []
        for chart, series in charts(metrics).items():
            fresh = {step: m for step, m in series.items() if m.id > done or chart not in run.data.metrics}
            points += [self._mlflow.metric(chart, m.value, int(m.at * 1000), step) for step, m in fresh.items()]
        if points:
            self._mlflow.points(run, points)
            run.data.metrics.update({point.key: point.value for point in points})
            self._mlflow.tags(run, {_METRICS_DONE: str(metrics[-1].id)})

    def _conclude(self) -> None:
        """What is written once and not at each close: the dataset of the whole campaign, pictures, and models."""
        from loop.review.desk.campaign_run import show_pictures  # late: with pictures
        from loop.review.desk.models.registering import register  # late: with torch

        run, store, told = self._parent, self._store, self._told()
        known = store.observations()
        if known:
            self._mlflow.dataset(run, store.dataset_digest(), len(known))
            show_pictures(self._mlflow, run, told)
            register(self._mlflow, run, store, told.view, self._config.folder)

    def _tell_state(self) -> None:
        """The state as MLflow's own status of the run has it."""
        run, state = self._parent.info.run_id, self._parent.data.tags["state"]
        ended = {"finished": "FINISHED", "stopped": "KILLED"}.get(state)
        if ended is None:
            self._client.update_run(run, status="RUNNING" if state == "running" else "SCHEDULED")
        else:
            closed = [it.finished for it in self._store.iterations() if it.finished is not None]
            self._client.set_terminated(run, status=ended, end_time=int(max(closed) * 1000) if closed else None)

    # Runs ---------------------------------------------------------------------------------------------------

    def _open(self) -> Any:
        """The parent run as it is now; a run or an experiment that somebody deleted is made anew."""
        self._mlflow.address.knock()
        if self._parent is not None:
            self._parent = self._mlflow.active(self._parent.info.run_id)
            if self._parent is None:
                self._mlflow.open_experiment()
        if self._parent is None:
            self._runs = self._mlflow.runs(f"tags.`{TAG}` = '{self._key}'", ITERATION)
            self._shown.clear()
            self._parent = self._runs.get(PARENT) or self._new_parent()
            self._client.update_run(self._parent.info.run_id, status="RUNNING")
            # Again, in case a first attempt ended before they were written.
            self._mlflow.parameters(self._parent, self._config.science())
        return self._parent

    @property
    def _key(self) -> str:
        info = self._store.campaign()
        return f"{info.name}-{info.created:.6f}"

    def _new_parent(self) -> Any:
        info, config = self._store.campaign(), self._config
        tags = {TAG: self._key, ITERATION: PARENT, "config_digest": config.digest, "code": info.code_version}
        begun = int(info.created * 1000)
        return self._client.create_run(self._mlflow.experiment, start_time=begun, run_name=config.name, tags=tags)

    def _child(self, iteration: Iteration) -> Any:
        """The run of an iteration below the parent; one that is there is put below it."""
        parent, number = {_PARENT_ID: self._parent.info.run_id}, str(iteration.index)
        run = self._runs.get(number)
        if run is not None:
            self._mlflow.tags(run, parent)
            return run
        begun, name = int(iteration.started * 1000), f"{self._config.name} {iteration.index:03d}"
        tags = {TAG: self._key, ITERATION: number, **parent}
        made = self._client.create_run(self._mlflow.experiment, start_time=begun, run_name=name, tags=tags)
        self._runs[number] = made
        return made
