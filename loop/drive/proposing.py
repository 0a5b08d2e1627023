"""A batch on its way: generators are trained side by side, then it is chosen and stored; nothing here computes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alloys.space import TableSpace
from generators.train import TrainedModel
from loop.choose import steps
from loop.choose.proposal import Chosen, ProposalJob
from loop.choose.seeds import seed_for
from loop.choose.shares import counts, history, shares
from loop.choose.training import trained_before
from loop.choose.warm import warm_start
from loop.drive.opened import OpenCampaign
from loop.drive.stop_rules import Reached, StopRules
from loop.execute.local import Executor
from loop.execute.spans import TRAINER, Span
from loop.execute.tasks import Finished, ModelTask
from loop.store import Proposal, ProposalInputs
from loop.store.files import write_named
from loop.view import View

log = logging.getLogger(__name__)

_CHOOSING = "choosing"


@dataclass(frozen=True, slots=True)
class _Begun:
    """A training: the iteration whose weights it starts from, whether it was to start from some, and its digest."""

    iteration: int | None
    asked: bool
    job: str


@dataclass
class Proposing:
    """One iteration's batch while it is made, step by step as the executor's tasks finish.

    Attributes:
        campaign: an open campaign, where the iteration has begun.
        executor: where generators are trained and the batch is chosen.
        index: the iteration, at least 1.
        batch: how many alloys; as many as are wanted in a batch if None.
        inputs: what the proposal is shown.
        progress: called with the stage's name as it begins.
        spans: what the tasks took so far.
    """

    campaign: OpenCampaign
    executor: Executor
    index: int
    batch: int | None
    inputs: ProposalInputs
    progress: Callable[[str], None] = log.info
    spans: list[Span] = field(default_factory=list)
    _models: dict[str, TrainedModel] = field(default_factory=dict)
    _view: View = field(init=False)
    _known: steps.KnownDesigns = field(init=False)
    _begun: dict[str, _Begun] = field(default_factory=dict)

    def begin(self) -> None:
        """Starts a training for each family."""
        campaign, config = self.campaign, self.campaign.config
        self._view = campaign.view(self.inputs.hidden, self.inputs.acts)
        self._known = steps.known_compositions(self._view, campaign.table)
        members = steps.families_of(config, self._view.space, self._known)
        if not members:
            listed = isinstance(self._view.space, TableSpace)
            why = "the space is a list" if listed else "there is nothing that they could learn from"
            self.progress(f"generators take no part: {why}")
            self._choose()
            return
        self.progress(f"training {', '.join(members)}")
        for family, settings in members.items():
            start = warm_start(campaign.store, campaign.folder, family, config.generator.warm, self.index)
            job = steps.training_job(self._view, self._known, self.index, family, settings, start)
            self._begun[family] = _Begun(start.iteration, bool(start.content or start.note), job.digest)
            trained = trained_before(campaign.store, campaign.folder, self.index, job)
            if trained is not None:
                self._models[family] = trained
                continue
            self.executor.begin(ModelTask(_training(family), "loop.choose.training:train_generator", job, trains=True))
        self._choose_if_trained()

    def chosen(self, results: Mapping[str, Finished]) -> bool:
        """Whether its choice is among what has finished."""
        return _CHOOSING in results

    def ruled_out(self, results: Mapping[str, Finished], rules: StopRules) -> Reached | None:
        """The rule by which its batch, if that is among what has finished, is not worth its validation."""
        return rules.after(results[_CHOOSING].value, self._view) if _CHOOSING in results else None

    def take(self, results: Mapping[str, Finished]) -> list[Proposal] | None:
        """Goes on with what has finished: the stored batch at the end, None before.

        Args:
            results: tasks that have finished, by name; those of others are passed over.
        """
        trained = [family for family in self._begun if _training(family) in results]
        for family in trained:
            self._keep(family, results[_training(family)])
        if _CHOOSING in results:
            return self._store(results[_CHOOSING].value)
        if trained:
            self._choose_if_trained()
        return None

    def _choose_if_trained(self) -> None:
        """Goes on once every family has its generator."""
        if len(self._models) == len(self._begun):
            self._choose()

    def _keep(self, family: str, finished: Finished) -> None:
        """Writes a generator's weights and records them."""
        campaign, model = self.campaign, finished.value
        span = Span(f"{TRAINER} {family}", "train", finished.begun, finished.ended)
        self.spans.append(span)
        if model.warm is None and self._begun[family].asked:
            log.warning("%s: %s", family, model.report.note)
        written = write_named(campaign.folder, "models", model.content, ".safetensors")
        campaign.store.record_artifact(f"generator.{family}", written.sha256, written.path, iteration=self.index)
        self._models[family] = model
        # A run that is killed before the batch is stored does not train again, so that its time is noted now.
        timeline = [*campaign.store.iteration(self.index).notes.timeline, span.to_json()]
        campaign.store.note_iteration(self.index, warm=self._warm(), training=self._reports(), timeline=timeline)

    def _warm(self) -> dict[str, dict[str, Any] | None]:
        """By family, the weights that its training began with."""
        return {
            family: {"iteration": self._begun[family].iteration, "sha256": model.warm} if model.warm else None
            for family, model in self._models.items()
        }

    def _reports(self) -> dict[str, dict[str, Any]]:
        """By family, how its training went, and the digest of what it was."""
        return {
            family: {**model.report.to_json(), "job": self._begun[family].job} for family, model in self._models.items()
        }

    def _choose(self) -> None:
        """Starts the choice of the batch."""
        config, store = self.campaign.config, self.campaign.store
        families = list(self._begun)
        models = [self._models[family] for family in families]
        rng = np.random.default_rng(seed_for(config.seed, self.index, "shares"))
        collapsed = [model.family for model in models if model.report.collapsed]
        earlier = history(store, self._view, self.index, self.inputs.hidden)
        wanted = {}
        if families:
            wanted = counts(config.generator.proposals, shares(families, *earlier, rng, collapsed=collapsed))
        self.progress("choosing the batch")
        asked = tuple((model, wanted[model.family]) for model in models)
        batch = self.batch or self._view.config.batch
        job = ProposalJob(self._view, self._known, asked, self.index, batch, self.executor.spreader)
        self.executor.begin(ModelTask(_CHOOSING, "loop.choose.choosing:choose_batch", job, tells=True))

    def _store(self, chosen: Chosen) -> list[Proposal]:
        """Stores the batch with how it came about."""
        if chosen.short:
            log.warning("iteration %d: %s", self.index, chosen.short)
        self.spans += chosen.spans
        self.campaign.store.note_iteration(self.index, **chosen.notes)
        return self.campaign.store_batch(self.index, chosen.selections)


def _training(family: str) -> str:
    return f"training {family}"
