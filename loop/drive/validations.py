"""Takes jobs from the queue, submits them, and records verdicts at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from alloys.design import Design
from alloys.records import FailureKind, Measured, Verdict
from loop.drive.opened import OpenCampaign
from loop.execute.local import Executor
from loop.execute.spans import SLOT, Recorder, Span
from loop.execute.tasks import Done, ValidationTask
from loop.store import Job, NotRunning, Outcome
from loop.store.queue.moves import Refuses

log = logging.getLogger(__name__)

LOST_TRIES = 10
"""A job that loses its node in one of its first so many tries has done nothing: nodes are pre-empted. In a later one it
may be what brings them down, and counts as a worker's death."""


@dataclass(frozen=True, slots=True)
class _JobUnderWay:
    job: Job
    slot: int
    begun: float


@dataclass
class Validations:
    """What is under way of a campaign's queue, never more than the executor has slots.

    Attributes:
        campaign: an open campaign.
        executor: where validations run.
        owner: this run, as the queue's log names it.
        clock: unix seconds.
        recorder: of spans.
    """

    campaign: OpenCampaign
    executor: Executor
    owner: str
    clock: Callable[[], float]
    recorder: Recorder
    _under_way: dict[str, _JobUnderWay] = field(default_factory=dict)

    def take_over(self) -> None:
        """Queues again what a driver that is gone worked on: the campaign's lock is ours."""
        freed = self.campaign.store.requeue_running(note=f"taken over by {self.owner}")
        if freed:
            log.info("%d validations of an interrupted run are queued again", freed)

    def hand_out(self, refuses: Refuses | None = None) -> None:
        """Gives a queued job to every free slot; those whose designs are refused are withdrawn."""
        for job in self._taken(refuses):
            taken = {entry.slot for entry in self._under_way.values()}
            slot = next(n for n in range(1, len(taken) + 2) if n not in taken)
            self._under_way[job.key] = _JobUnderWay(job, slot, self.clock())
            task = ValidationTask(job.key, job.request.design.canonical(), job.adjustment)
            self.executor.submit(self.campaign.spec_for(job.request), task)

    def _taken(self, refuses: Refuses | None) -> list[Job]:
        """A job for every free slot, as many as there are; those whose answers were known are answered at once."""
        free, found, more = self.executor.slots - self.executor.pending, list[Job](), True
        while more and len(found) < free:
            jobs = self.campaign.store.take(self.owner, free - len(found), refuses)
            found += [job for job in jobs if not self.campaign.answer_known(job)]
            more = bool(jobs)
        return found

    def record(self, finished: Sequence[Done]) -> None:
        """Stores what came back: a verdict, or a worker's death."""
        for done in finished:
            entry = self._under_way.pop(done.key)
            self._span(entry, done)
            self._record(entry.job, done)
        if finished:
            self.campaign.tell_materials()

    def _span(self, entry: _JobUnderWay, done: Done) -> None:
        """The worker's own times, as far as its clock agrees with ours."""
        now = self.clock()
        end = min(max(done.ended or now, entry.begun), now)
        begin = min(max(done.begun or entry.begun, entry.begun), end)
        self.recorder.add(entry.job.iteration or 0, Span(f"{SLOT} {entry.slot}", "validate", begin, end))

    def _record(self, job: Job, done: Done) -> None:
        store, verdict, design = self.campaign.store, done.verdict, job.request.design
        try:
            if done.lost and job.attempts <= LOST_TRIES:
                # Neither a death nor a failure of the validator, whom a lost node with five slots would pause.
                store.requeue(job.key, note="its node was lost")
                log.warning("the node that worked on %s was lost: queued again", design)
                return
            if verdict is None:
                state = store.worker_died(job.key)
                log.warning("a worker died on %s: now %s", design, state)
                return
            outcome = store.finish(job.key, verdict)
        except NotRunning as error:
            log.warning("%s", error)
            return
        _report(design, verdict, outcome)

    def spans(self) -> list[Span]:
        """The validations under way, as if they ended now."""
        now = self.clock()
        return [Span(f"{SLOT} {e.slot}", "validate", e.begun, now) for e in self._under_way.values()]


def _report(design: Design, verdict: Verdict, outcome: Outcome) -> None:
    if isinstance(verdict, Measured):
        log.info("%s measured in %.2f s", design, verdict.seconds)
    elif verdict.kind is FailureKind.PHYSICS:
        log.warning("%s failed, and stays failed: %s", design, verdict.message)
    else:
        log.warning("%s: %s failure, now %s: %s", design, verdict.kind, outcome, verdict.message)
