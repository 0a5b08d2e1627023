"""An open campaign: its configuration, database and validators. Its state lies in the database, all else is read."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from alloys.design import Design
from alloys.errors import InputError
from alloys.problem import Problem
from alloys.records import Selection, ValidationRequest
from loop.config.assembly import build_problem, start_table
from loop.config.data import read_data
from loop.config.home import lasting
from loop.config.identity import open_store, state_url
from loop.config.lookup import campaign_database
from loop.config.reading import load_config
from loop.config.schema import CampaignConfig
from loop.config.tiers import build_tiers
from loop.drive.beginning import record_campaign, record_files
from loop.drive.first import first_designs, names_by_design, start_count
from loop.drive.materials.reading import answer_known, read_snapshot, unread
from loop.drive.materials.writing import TableWriter
from loop.execute.tasks import ValidatorSpec
from loop.store import CampaignStore, DriverLock, Job, Proposal
from loop.store.files import remove_unfinished
from loop.view import View, view_of
from validation.tier import Tier


class OpenCampaign:
    """A campaign that a driver can take on. While it is open, no other process can drive it.

    Made by `open`.

    Attributes:
        config: its configuration.
        folder: where its files lie.
        store: its database.
        tiers: its validators from the cheapest to the last, at least one.
        table: the compositions of the start table.
        problem: what is wanted, of what, by the configuration; `view` has what people changed since.
    """

    def __init__(
        self,
        config: CampaignConfig,
        store: CampaignStore,
        tiers: Sequence[Tier],
        table: list[Design],
        problem: Problem,
        lock: DriverLock,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.folder = config.folder
        self.store = store
        self.tiers = tuple(tiers)
        self.table = table
        self.problem = problem
        self._lock = lock
        wanted = config.materials
        self._writer = None if wanted is None else TableWriter(wanted.table, store, self.tiers, clock)

    @classmethod
    def open(
        cls,
        config: CampaignConfig | Path | str,
        clock: Callable[[], float] = time.time,
        *,
        begin_from: str | None = None,
    ) -> Self:
        """Makes a campaign, or goes on with the one of that name.

        Args:
            config: a configuration, or the path of one.
            clock: gives the unix seconds that the database notes.
            begin_from: the name of another campaign in the same folder, whose results a new one begins with.

        Raises:
            InputError: for a bad configuration, one that differs from the campaign's, or a campaign that another
                process drives. Nothing is made then.
        """
        config = lasting(config if isinstance(config, CampaignConfig) else load_config(Path(config)))
        tiers, problem = build_tiers(config, config.folder / "scratch"), build_problem(config)
        table = start_table(config.start, problem.physics)
        files = read_data(config.data, problem.properties, problem.space)
        snapshot = unread(config, tiers, problem)
        if config.materials is None or snapshot is not None:
            # A start that cannot be had is found out before there is a campaign.
            rows = [row for file in files for row in file.rows] + (snapshot.rows if snapshot else [])
            first_designs(config, problem, table, names_by_design(rows))
        database = None if begin_from is None else campaign_database(Path(config.directory), begin_from)
        lock = DriverLock(config.folder, state_url(config))
        lock.acquire()
        try:
            store = open_store(config, tiers, table, clock, data=[file.sha256 for file in files])
            try:
                record_files(store, files, config.name)
                if config.materials is not None and store.began_with() is None:
                    (snapshot or read_snapshot(config.materials, tiers, problem)).record(store)
                if database is not None:
                    _record_other(store, database, problem)
                remove_unfinished(config.folder)
                # The lock is ours, so whoever worked on jobs is gone.
                store.requeue_running(note=f"taken over by {lock.owner}")
                campaign = cls(config, store, tiers, table, problem, lock, clock)
                campaign.tell_materials(now=True)
                return campaign
            except BaseException:
                store.close()
                raise
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Lets go of the campaign."""
        self.tell_materials(now=True)
        self.store.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def owner(self) -> str:
        """This process, as the queue's log names it."""
        return self._lock.owner

    def view(self, hidden: Collection[str] = (), upto: int | None = None) -> View:
        """What is known now; jobs of the hidden keys count as open, whatever became of them.

        What is wanted is that after an act, or after all of them.
        """
        return view_of(self.store, self.config, hidden, self.problem, upto)

    # Asking -------------------------------------------------------------------------------------------------

    def request(self, selection: Selection, tier: int = 0) -> ValidationRequest:
        """What a validator is asked of an alloy; the tier is counted from 0."""
        asked = self.tiers[tier]
        return ValidationRequest(selection.candidate.design, asked.validator, asked.fingerprint)

    def spec_for(self, request: ValidationRequest) -> ValidatorSpec:
        """The validator that a job asks, in a form that travels."""
        return self._specs[(request.validator, request.fingerprint)]

    @cached_property
    def _specs(self) -> dict[tuple[str, str], ValidatorSpec]:
        return {(tier.validator, tier.fingerprint): ValidatorSpec.of_tier(tier) for tier in self.tiers}

    def answer_known(self, job: Job) -> bool:
        """Answers a running job where the materials table knew its answer as the campaign began; whether it did."""
        return self._writer is not None and answer_known(self.store, job, self.tiers[job.tier or 0], self.problem)

    def tell_materials(self, *, now: bool = False) -> None:
        """Tells the materials table, if there is one, what it was not told yet; see `TableWriter.write`."""
        if self._writer is not None:
            self._writer.write(now=now)

    def start(self, count: int | None = None) -> list[Selection]:
        """The start: known alloys and a space-filling design, without what is known already; none if that is enough."""
        view = self.view()
        rows = view.rows
        seen = [row.design for row in rows if not row.may_be_asked(self.problem.validated)]
        known = {row.design: row.confirmed for row in rows}
        if not rows and not start_count(self.config, self.problem, known):
            raise InputError(
                "start.validate is 0 and nothing is known: name results in `data`, or validate some alloys"
            )
        return first_designs(view.config, view.problem, self.table, known, count=count, seen=seen)

    def store_batch(self, index: int, chosen: Sequence[Selection]) -> list[Proposal]:
        """Stores what was chosen and queues its jobs."""
        requests = [self.request(selection) for selection in chosen]
        hold = self.config.validation.hold
        return self.store.store_batch(index, chosen, requests, by_hand=self.tiers[0].by_hand, hold=hold)


def _record_other(store: CampaignStore, database: Path, problem: Problem) -> None:
    with CampaignStore.open(database) as old:
        record_campaign(store, old, problem)
