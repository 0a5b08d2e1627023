"""The driver: takes a campaign from where it stands to its last iteration."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from alloys.errors import PeopleNeededError
from alloys.records import FailureKind, Measured, Verdict
from loop.campaign import Campaign
from loop.jobs import Done, Executor
from loop.promotion import promote
from loop.queue_report import waiting_text
from loop.store import IterationState, Lease, Outcome, StaleLease
from loop.view import View

log = logging.getLogger(__name__)

_RUNS = itertools.count(1)

RENEW_SECONDS = 15.0
POLL_SECONDS = 1.0


class Watcher(Protocol):
    """What is told of a campaign as it runs: a display, a tracker."""

    def stage(self, iteration: int, text: str) -> None:
        """A stage begins."""
        ...

    def progress(self, iteration: int, done: int, total: int) -> None:
        """So many of an iteration's validations are answered."""
        ...

    def closed(self, iteration: int, view: View) -> None:
        """An iteration is closed."""
        ...


@dataclass
class Driver:
    """Runs iterations of a campaign, each closed before the next begins.

    Attributes:
        campaign: an open campaign.
        executor: where work is done.
        watchers: who is told.
        clock: unix seconds.
        safe_point: called wherever all that was done is recorded; what it raises ends the run.
    """

    campaign: Campaign
    executor: Executor
    watchers: list[Watcher] = field(default_factory=list)
    clock: Callable[[], float] = time.time
    safe_point: Callable[[], None] = lambda: None
    _leases: dict[str, Lease] = field(default_factory=dict)
    _renewed: float = 0.0
    _last: int = 0

    def __post_init__(self) -> None:
        self._owner = f"{self.campaign.owner} run {next(_RUNS)}"

    def run(self, iterations: int) -> None:
        """Goes on until iteration number ``iterations`` is closed; iteration 0 is the start.

        Where the campaign was interrupted it continues: leases of a driver that is gone are put back first.

        Raises:
            PeopleNeededError: if nothing goes on until people have decided or measured, saying what.
        """
        store = self.campaign.store
        # The campaign's lock is ours, so whoever held these leases is gone.
        freed = store.release_leases(not_owner=self._owner)
        if freed:
            log.info("%d validations of an interrupted run are queued again", freed)
        self._last = iterations
        if store.iterations():
            store.note_iteration(0, last_iteration=iterations)
        for index in range(iterations + 1):
            known = store.iterations()
            if index < len(known) and known[index].state is IterationState.CLOSED:
                continue
            self._iteration(index)

    def _iteration(self, index: int) -> None:
        store = self.campaign.store
        spans: dict[str, float] = dict(self._info(index).get("spans", {}))
        with _span(spans, "propose"):
            proposals = self.campaign.propose(index, self.executor, progress=lambda text: self._stage(index, text))
        store.note_iteration(0, last_iteration=self._last)
        if not proposals:
            log.warning("iteration %d: no new candidate of the space passes the closed forms", index)
        while True:
            self._stage(index, "validating")
            with _span(spans, "validate"):
                self._validate(index)
            if not promote(self.campaign, index, lambda text: self._stage(index, text)):
                break
        store.note_iteration(index, spans=spans)
        self._stage(index, "closing")
        view = self.campaign.close_iteration(index)
        for watcher in self.watchers:
            watcher.closed(index, view)

    def _info(self, index: int) -> dict[str, Any]:
        known = self.campaign.store.iterations()
        return dict(known[index].info) if index < len(known) else {}

    def _stage(self, index: int, text: str) -> None:
        self.safe_point()
        log.info("iteration %d: %s", index, text)
        for watcher in self.watchers:
            watcher.stage(index, text)

    # Validation ---------------------------------------------------------------------------------------------

    def _validate(self, index: int) -> None:
        store = self.campaign.store
        total = len(store.proposals(index)) + len(store.promotions(index))
        while True:
            self.safe_point()
            open_jobs = store.open_jobs(index)
            for watcher in self.watchers:
                watcher.progress(index, total - len(open_jobs), total)
            if not open_jobs:
                return
            # Before a claim, which takes leases that ran out for those of the dead: this process may have been stopped.
            self._renew()
            free = self.executor.slots - self.executor.pending
            for lease in store.claim(self._owner, max(0, free)):
                self._leases[lease.key] = lease
                spec, canonical = self.campaign.spec_for(lease.request), lease.request.composition.canonical()
                self.executor.submit(lease.key, canonical, spec, adjustment=lease.adjustment)
            if not self.executor.pending:
                self._wait_for_due(index)
                continue
            for done in self.executor.collect(POLL_SECONDS):
                self._record(done)

    def _wait_for_due(self, index: int) -> None:
        config = self.campaign.config
        text = waiting_text(self.campaign.store, config.name, index, config.directory)
        if text is not None:
            raise PeopleNeededError(f"{text}\nThen run the same command again")
        due = self.campaign.store.next_due()
        wait = POLL_SECONDS if due is None else max(due - self.clock(), 0.05)
        self._stage(index, f"waiting {wait:.0f} s to try a failed validation again")
        while wait > 0:
            self.safe_point()
            time.sleep(min(wait, POLL_SECONDS))
            wait -= POLL_SECONDS

    def _record(self, done: Done) -> None:
        store = self.campaign.store
        lease = self._leases.pop(done.key)
        try:
            if done.verdict is None:
                state = store.worker_died(lease.key, lease.token)
                log.warning("a worker died on %s: now %s", lease.request.composition, state)
                return
            outcome = store.finish(lease.key, lease.token, done.verdict)
        except StaleLease as error:
            log.warning("%s", error)
            return
        _report(lease, done.verdict, outcome)

    def _renew(self) -> None:
        if self.clock() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = self.clock()
        for lease in list(self._leases.values()):
            try:
                self.campaign.store.renew(lease.key, lease.token)
            except StaleLease as error:
                log.warning("%s", error)


def _report(lease: Lease, verdict: Verdict, outcome: Outcome) -> None:
    formula = lease.request.composition
    if isinstance(verdict, Measured):
        log.info("%s measured in %.2f s", formula, verdict.seconds)
    elif verdict.kind is FailureKind.PHYSICS:
        log.warning("%s failed, and stays failed: %s", formula, verdict.message)
    else:
        log.warning("%s: %s failure, now %s: %s", formula, verdict.kind, outcome, verdict.message)


@contextmanager
def _span(spans: dict[str, float], name: str) -> Iterator[None]:
    begin = time.perf_counter()
    try:
        yield
    finally:
        spans[name] = round(spans.get(name, 0.0) + time.perf_counter() - begin, 3)
