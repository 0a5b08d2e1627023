"""Claims jobs, submits them, renews leases, and records verdicts at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from alloys.records import FailureKind, Measured, Verdict
from loop.drive.opened import OpenCampaign
from loop.execute.local import Executor
from loop.execute.spans import SLOT, Recorder, Span
from loop.execute.tasks import Done, ValidationTask
from loop.store import Lease, Outcome, StaleLease

log = logging.getLogger(__name__)

RENEW_SECONDS = 15.0
LOST_TRIES = 10
"""A job that loses its node in one of its first so many tries has done nothing: nodes are pre-empted. In a later one it
may be what brings them down, and counts as a worker's death."""


@dataclass(frozen=True, slots=True)
class _LeasedJob:
    lease: Lease
    iteration: int
    slot: int
    begun: float


@dataclass
class Validations:
    """What is under way of a campaign's queue, never more than the executor has slots.

    Attributes:
        campaign: an open campaign.
        executor: where validations run.
        owner: this run, as leases name it.
        clock: unix seconds.
        recorder: of spans.
    """

    campaign: OpenCampaign
    executor: Executor
    owner: str
    clock: Callable[[], float]
    recorder: Recorder
    _under_way: dict[str, _LeasedJob] = field(default_factory=dict)
    _renewed: float = 0.0

    def take_over(self) -> None:
        """Puts back the leases of a driver that is gone: the campaign's lock is ours."""
        freed = self.campaign.store.release_leases(not_owner=self.owner)
        if freed:
            log.info("%d validations of an interrupted run are queued again", freed)

    def hand_out(self) -> None:
        """Renews leases, and gives a queued job to every free slot."""
        self._renew()
        store = self.campaign.store
        free = self.executor.slots - self.executor.pending
        for lease in store.claim(self.owner, free) if free > 0 else ():
            taken = {entry.slot for entry in self._under_way.values()}
            slot = next(n for n in range(1, len(taken) + 2) if n not in taken)
            iteration = store.job(lease.key).iteration or 0
            self._under_way[lease.key] = _LeasedJob(lease, iteration, slot, self.clock())
            task = ValidationTask(lease.key, lease.request.design.canonical(), lease.adjustment)
            self.executor.submit(self.campaign.spec_for(lease.request), task)

    def record(self, finished: Sequence[Done]) -> None:
        """Stores what came back: a verdict, or a worker's death."""
        for done in finished:
            entry = self._under_way.pop(done.key)
            self._span(entry, done)
            self._record(entry.lease, done)

    def _span(self, entry: _LeasedJob, done: Done) -> None:
        """The worker's own times, as far as its clock agrees with ours."""
        now = self.clock()
        end = min(max(done.ended or now, entry.begun), now)
        begin = min(max(done.begun or entry.begun, entry.begun), end)
        self.recorder.add(entry.iteration, Span(f"{SLOT} {entry.slot}", "validate", begin, end))

    def _record(self, lease: Lease, done: Done) -> None:
        store, verdict = self.campaign.store, done.verdict
        try:
            if done.lost and lease.attempt <= LOST_TRIES:
                # Neither a death nor a failure of the validator, whom a lost node with five slots would pause.
                store.release(lease.key, lease.token, note="its node was lost")
                log.warning("the node that worked on %s was lost: queued again", lease.request.design)
                return
            if verdict is None:
                state = store.worker_died(lease.key, lease.token)
                log.warning("a worker died on %s: now %s", lease.request.design, state)
                return
            outcome = store.finish(lease.key, lease.token, verdict)
        except StaleLease as error:
            log.warning("%s", error)
            return
        _report(lease, verdict, outcome)

    def _renew(self) -> None:
        if self.clock() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = self.clock()
        for entry in self._under_way.values():
            try:
                self.campaign.store.renew(entry.lease.key, entry.lease.token)
            except StaleLease as error:
                log.warning("%s", error)

    def spans(self) -> list[Span]:
        """The validations under way, as if they ended now."""
        now = self.clock()
        return [Span(f"{SLOT} {e.slot}", "validate", e.begun, now) for e in self._under_way.values()]


def _report(lease: Lease, verdict: Verdict, outcome: Outcome) -> None:
    formula = lease.request.design
    if isinstance(verdict, Measured):
        log.info("%s measured in %.2f s", formula, verdict.seconds)
    elif verdict.kind is FailureKind.PHYSICS:
        log.warning("%s failed, and stays failed: %s", formula, verdict.message)
    else:
        log.warning("%s: %s failure, now %s: %s", formula, verdict.kind, outcome, verdict.message)
