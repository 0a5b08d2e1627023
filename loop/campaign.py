"""A campaign: the one stateful class. Its state lies in its database; everything else is read from there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pandas as pd

from alloys.composition import Composition
from alloys.dataset import MeasuredRow, parse_measurements
from alloys.errors import InputError
from alloys.physics.registry import get_physics
from alloys.records import (
    Failed,
    FailureKind,
    Measured,
    Observation,
    Selection,
    ValidationRequest,
    quantities,
)
from loop.choose import steps
from loop.config.assembly import EXTERNAL, build_problem, build_validator, start_table
from loop.config.home import lasting
from loop.config.identity import open_store, state_url
from loop.config.schema import CampaignConfig, load_config
from loop.config.tiers import Tier, build_tiers
from loop.drive.proposing import Proposing
from loop.drive.schedule import Shown, stored
from loop.execute.jobs import Executor, LocalExecutor, ValidatorSpec
from loop.review.metrics import iteration_metrics
from loop.store import Added, CampaignStore, DriverLock, IterationState, Proposal
from loop.store.files import remove_unfinished
from loop.view import SUMMARY, View, summary_of, view_of
from validation.base import Validator

log = logging.getLogger(__name__)

Progress = Callable[[str], None]


class Campaign:
    """A design campaign that can be driven: by the command line, or by hand with `suggest` and `observe`.

    Made by `open`. While it is open, no other process can drive the same campaign.

    Attributes:
        config: its configuration.
        folder: where its files lie.
        store: its database.
        validator: who says what is true, of several the first; None where a person does.
        tiers: several validators from the cheapest to the dearest; none where there is one.
        table: the compositions of the start table.
    """

    def __init__(
        self,
        config: CampaignConfig,
        folder: Path,
        store: CampaignStore,
        validator: Validator | None,
        lock: DriverLock,
        table: list[Composition],
        tiers: Sequence[Tier] = (),
    ) -> None:
        self.config = config
        self.folder = folder
        self.store = store
        self.validator = validator
        self.problem = build_problem(config)
        self.tiers = tuple(tiers)
        self._lock = lock
        self.table = table

    @classmethod
    def open(cls, config: CampaignConfig | Path | str) -> Self:
        """Makes a campaign, or goes on with the one of that name.

        Args:
            config: a configuration, or the path of one.

        Raises:
            InputError: for a bad configuration, one that differs from the campaign's, or a campaign that another
                process drives. Nothing is made then.
        """
        config = lasting(config if isinstance(config, CampaignConfig) else load_config(Path(config)))
        folder = Path(config.directory) / config.name
        tiers = build_tiers(config, folder / "scratch")
        validator = tiers[0].program if tiers else build_validator(config.validator, folder / "scratch")
        table = start_table(config.start, get_physics(config.physics))
        # A start that cannot be had is found out before there is a campaign.
        _start(config, table, config.start.validate_count)
        lock = DriverLock(folder, state_url(config))
        lock.acquire()
        try:
            store = open_store(folder, config, validator, table, tiers)
            remove_unfinished(folder)
            # The lock is ours, so whoever held leases is gone.
            store.release_leases(not_owner=lock.owner)
            return cls(config, folder, store, validator, lock, table, tiers)
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Lets go of the campaign."""
        self.store.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What is known ------------------------------------------------------------------------------------------

    def view(self, hidden: Collection[str] = ()) -> View:
        """What is known now; jobs of the hidden keys count as open, whatever became of them."""
        return view_of(self.store, self.config, hidden)

    @property
    def owner(self) -> str:
        """This process, as the queue's leases name it."""
        return self._lock.owner

    @property
    def spec(self) -> ValidatorSpec | None:
        """The validator in a form that travels."""
        return ValidatorSpec.of(self.validator) if self.validator is not None else None

    def spec_for(self, request: ValidationRequest) -> ValidatorSpec | None:
        """Of several validators, the one that a job asks in that form; None where there is one."""
        return self._specs.get((request.validator, request.fingerprint))

    @cached_property
    def _specs(self) -> dict[tuple[str, str], ValidatorSpec]:
        programs = [tier.program for tier in self.tiers if tier.program is not None]
        return {(program.name, program.fingerprint): ValidatorSpec.of(program) for program in programs}

    # Proposing ----------------------------------------------------------------------------------------------

    def propose(
        self, index: int, executor: Executor, *, batch: int | None = None, progress: Progress = log.info
    ) -> list[Proposal]:
        """The batch of an iteration: the stored one, or a new one that is stored before anybody sees it.

        A new one is a function of the seed, the iteration and what is recorded: repeated after a crash, it is the same.

        Args:
            index: the iteration.
            executor: where the generators are trained and the batch is chosen.
            batch: how many alloys; the configuration's number if None.
            progress: called with the stage's name as it begins.
        """
        iteration = self.store.begin_iteration(index)
        if iteration.state is not IterationState.PROPOSING:
            return self.store.proposals(index)
        if index == 0:
            return self.propose_start(batch, progress)
        shown = stored(iteration.info) or Shown(hidden=tuple(job.key for job in self.store.open_jobs()))
        proposing = Proposing(self, executor, index, batch or self.config.batch, shown, progress)
        proposing.begin()
        while True:
            proposals = proposing.take(executor.results(1.0))
            if proposals is not None:
                return proposals

    def propose_start(self, batch: int | None = None, progress: Progress = log.info) -> list[Proposal]:
        """The batch of iteration 0, which has begun: known alloys and a space-filling design."""
        progress("choosing the start")
        seen = [row.design.composition for row in self.view().rows]
        return self.store_batch(0, _start(self.config, self.table, batch or self.config.start.validate_count, seen))

    def store_batch(self, index: int, chosen: Sequence[Selection]) -> list[Proposal]:
        """Stores what was chosen and queues its jobs."""
        requests = [self.request(selection) for selection in chosen]
        by_hand, hold = self.validator is None, self.config.validation.hold
        return self.store.store_batch(index, chosen, requests, by_hand=by_hand, hold=hold)

    def close_iteration(self, index: int) -> View:
        """Writes an iteration's numbers and files, closes it, and returns what is known then."""
        from loop.review.artifacts import write_artifacts

        view = self.view()
        self.store.log_metrics(iteration_metrics(self.store, index, view), iteration=index)
        write_artifacts(self, index, view)
        self.store.note_iteration(index, **{SUMMARY: summary_of(view, index)})
        self.store.close_iteration(index)
        return view

    def request(self, selection: Selection, tier: int = 0) -> ValidationRequest:
        """What a validator is asked of an alloy; of several validators the one of that number, counted from 0."""
        if self.tiers:
            asked = self.tiers[tier].validator
            return ValidationRequest(selection.candidate.design, asked.name, asked.fingerprint)
        name = self.validator.name if self.validator is not None else self.config.validator.name
        fingerprint = self.validator.fingerprint if self.validator is not None else EXTERNAL
        return ValidationRequest(selection.candidate.design, name, fingerprint)

    # By hand ------------------------------------------------------------------------------------------------

    def suggest(self, n: int) -> pd.DataFrame:
        """The next compositions to validate, with what the model thinks of them.

        The suggestions are recorded as an iteration. While none of the last ones is answered, those come back,
        however many are asked for; see `pending` for all that is out. The first ones of a campaign are its start.

        Args:
            n: how many.

        Returns:
            one row per alloy: ``formula``, one column of atomic fraction per element, one per variable of the
            designs where they have some, ``origin``, ``why`` and,
            once there is a model, ``probability_feasible`` and for each modelled property its name and ``NAME_std``.

        Raises:
            InputError: if ``n`` is not a positive whole number.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InputError(f"the number of suggestions must be a whole number of at least 1, got {n!r}")
        self.close_answered()
        iterations = self.store.iterations()
        index = len(iterations)
        if iterations and iterations[-1].state is IterationState.PROPOSING:
            index -= 1
        elif iterations and iterations[-1].state is IterationState.VALIDATING:
            last = self.store.proposals(index - 1)
            if self.store.open_counts().get(index - 1, 0) == len(last):
                return self._frame(last)
        return self._frame(self.propose(index, LocalExecutor(self.spec), batch=n))

    def pending(self) -> pd.DataFrame:
        """Every suggestion that is not answered yet, as `suggest` gives it."""
        waiting = {job.key for job in self.store.open_jobs()}
        return self._frame([proposal for proposal in self.store.proposals() if proposal.key in waiting])

    def _frame(self, proposals: Sequence[Proposal]) -> pd.DataFrame:
        return pd.DataFrame([self._suggestion(proposal) for proposal in proposals])

    def _suggestion(self, proposal: Proposal) -> dict[str, Any]:
        selection = proposal.selection
        design = selection.candidate.design
        amounts = design.composition.fractions()
        row: dict[str, Any] = {"formula": design.formula}
        row |= {symbol: amounts.get(symbol, 0.0) for symbol in self.problem.elements}
        row |= design.values
        row |= {"origin": selection.candidate.origin, "why": selection.why}
        if selection.prediction is not None:
            row["probability_feasible"] = selection.prediction.probability_feasible
            for name, mean in selection.prediction.means.items():
                row[name] = mean
                row[f"{name}_std"] = selection.prediction.stds[name]
        return row

    def observe(self, table: pd.DataFrame, *, source: str = "observed") -> Added:
        """Takes measured properties: a column ``formula`` and one for each property, in the table's units.

        Where suggested designs have variables, each is a column too.
        A column ``failure`` may say why an alloy could not be measured; such a row has no values. The same rows
        again change nothing. A suggested alloy is answered once everything that the goal asks of it is
        known; until then what is known of it is kept, and it stays out. Other alloys teach the model too.

        Args:
            table: the measurements; empty cells and NaN are unknown.
            source: who measured, kept with each result.

        Raises:
            InputError: naming every row that is wrong: unknown columns, text in numbers, impossible values. Nothing
                is stored then.
        """
        rows = self._checked(table)
        open_jobs = {job.request.design: job for job in self.store.open_jobs()}
        view = self.view()
        known, wanted = {row.design: row.values for row in view.rows}, set(view.problem.validated)
        plain = []
        answers = 0
        for row in rows:
            job = open_jobs.get(row.design)
            # Of several validators none is answered by a person's result, which stands above them.
            complete = not self.tiers and (row.failure or wanted <= {*known.get(row.design, {}), *row.values})
            if job is None or not complete:
                plain.append(Observation(row.design, row.values, source, row.failure))
                continue
            verdict = Failed(FailureKind.PHYSICS, row.failure) if row.failure else Measured(quantities(row.values))
            self.store.answer(job.key, verdict, source=source)
            del open_jobs[row.design]
            answers += 1
        added = self.store.add_observations(plain, beside_jobs=bool(self.tiers))
        self.close_answered()
        return Added(added.new + answers, added.replicates, added.known)

    def _checked(self, table: pd.DataFrame) -> list[MeasuredRow]:
        if not isinstance(table, pd.DataFrame):
            raise InputError(f"observe takes a pandas DataFrame, got {type(table).__name__}")
        columns = [str(column) for column in table.columns]
        texts = [
            {name: _cell(value) for name, value in zip(columns, values, strict=True)}
            for values in table.itertuples(index=False, name=None)
        ]
        rows = parse_measurements(columns, texts, "the measurements", self.store.variables())
        stray = [str(r.design) for r in rows if not set(r.design.composition.elements) <= set(self.problem.elements)]
        if stray:
            raise InputError(
                f"the measurements name alloys with elements outside the campaign's "
                f"{'-'.join(self.problem.elements)}: {', '.join(stray)}"
            )
        return rows

    def close_answered(self) -> None:
        """Closes iterations that wait for nothing, and shows them in MLflow if tracking is on."""
        from loop.choose.promotion import promote

        closed, counts = False, self.store.open_counts()
        for iteration in self.store.iterations():
            if iteration.state is IterationState.VALIDATING and iteration.index not in counts:
                if promote(self, iteration.index):
                    continue
                self.close_iteration(iteration.index)
                closed = True
        if closed and self.config.tracking.enabled:
            from loop.review.tracking import Tracker

            Tracker(self, Path(self.config.tracking.folder)).sync()


def _start(
    config: CampaignConfig, table: list[Composition], count: int, seen: Sequence[Composition] = ()
) -> list[Selection]:
    return steps.initial_design(build_problem(config), table, count, config.start.from_table, config.seed, seen=seen)


def _cell(value: Any) -> str:
    return "" if value is None or (isinstance(value, float) and np.isnan(value)) else str(value)
