"""The queue as a driver sees it: jobs are taken, worked on and finished; and as anybody may look at it."""

from __future__ import annotations

import sqlalchemy as sa

from alloys.records import Failed, Verdict
from loop.store.base import StorePart
from loop.store.database.schema import jobs, proposals
from loop.store.errors import NotRunning, StoreError
from loop.store.observations import keep_replicate
from loop.store.queue.breaker import note_answer, note_failure, select_pauses
from loop.store.queue.error_classes import DUE, LONGEST_WAIT, RULES
from loop.store.queue.moves import Refuses, count_jobs, load_job, move, select_events, select_jobs, withdraw
from loop.store.queue.settle import bury, checked_verdict, is_result, settle
from loop.store.records import Job, JobEvent, Outcome, Pause
from loop.store.states import OPEN, JobState


class QueueMethods(StorePart):
    """The part of the store that hands out jobs and takes verdicts.

    Only the driver that holds the campaign's lock takes jobs. What was running when a driver ended is queued again by
    the next one, with `requeue_running`.
    """

    # The driver's -------------------------------------------------------------------------------------------

    def take(self, owner: str, n: int = 1, refuses: Refuses | None = None) -> list[Job]:
        """Begins to work on up to ``n`` queued jobs, oldest iteration and best rank first; they are running now.

        Jobs whose wait for another try is over are queued first. Those of a paused validator are left alone, and those
        whose designs are refused are cancelled.

        Args:
            owner: the run that works on them, for the log.
            n: how many at most.
            refuses: whose validation nobody wants any more.

        Raises:
            StoreError: without an owner, or for less than no jobs.
        """
        if not owner or n < 0:
            raise StoreError(f"jobs are taken by an owner, and n >= 0 of them, got ({owner!r}, {n})")
        now = self._clock()
        with self._write() as connection:
            _queue_what_is_due(connection, now)
            paused = [pause.validator for pause in select_pauses(connection, now)]
            wanted = (jobs.c.state == JobState.QUEUED, jobs.c.validator.not_in(paused))
            queued = select_jobs(connection, *wanted, limit=n)
            if refuses is not None:
                queued = [job for job in queued if not withdraw(connection, job, refuses, now)]
            for job in queued:
                move(connection, job, JobState.RUNNING, now=now, owner=owner, attempts=job.attempts + 1)
            return [load_job(connection, job.key) for job in queued]

    def finish(self, key: str, verdict: Verdict) -> Outcome:
        """Stores a verdict; what it means for the job is the answer.

        - Measured: ``DONE``, the observation in the same transaction.
        - Failed for physics: ``FAILED``, the reason kept as an observation.
        - Failed otherwise: ``RETRY`` or ``REVIEW``, as `error_classes.RULES` has it. Five failures of the machinery in
          a row, of whatever jobs, pause the validator.
        - Measured values that cannot be true: ``REVIEW``.

        The first result wins. One for a job that is no longer running is a fact all the same: it is kept as a
        ``REPLICATE`` and changes nothing else; the same one again is a ``DUPLICATE`` and changes nothing.

        Raises:
            NotRunning: if the job is not running and there is no result to keep.
            UnknownJob: if there is no such job.
        """
        verdict = checked_verdict(verdict, self.properties)
        now = self._clock()
        with self._write() as connection:
            job = load_job(connection, key)
            if job.state is JobState.RUNNING:
                _count(connection, job, verdict, now)
                return settle(connection, job, verdict, now)
            if not is_result(verdict):
                raise NotRunning(_not_running(job))
            return keep_replicate(connection, job, verdict, now)

    def requeue(self, key: str, *, note: str) -> None:
        """Queues a running job again, unfinished; not a dead worker.

        Raises:
            NotRunning: if the job is not running.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        with self._write() as connection:
            move(connection, _running(connection, key), JobState.QUEUED, now=now, note=note)

    def requeue_running(self, *, note: str) -> int:
        """Queues every running job again, for a driver that begins or ends; how many there were."""
        now = self._clock()
        with self._write() as connection:
            found = select_jobs(connection, jobs.c.state == JobState.RUNNING)
            for job in found:
                move(connection, job, JobState.QUEUED, now=now, note=note)
            return len(found)

    def worker_died(self, key: str, *, note: str = "worker died") -> JobState:
        """Records that the worker of a job died: queued again, or quarantined the third time.

        Raises:
            NotRunning: if the job is not running.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        with self._write() as connection:
            job = _running(connection, key)
            note_failure(connection, job.request.validator, note, now)
            return bury(connection, job, now, note)

    # Anybody's ----------------------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Number of jobs by state, every state named."""
        with self._read() as connection:
            rows = connection.execute(sa.select(jobs.c.state, sa.func.count()).group_by(jobs.c.state)).all()
        found = {row[0]: int(row[1]) for row in rows}
        return {str(state): found.get(state, 0) for state in JobState}

    def job(self, key: str) -> Job:
        """One job.

        Raises:
            UnknownJob: if there is no such job.
        """
        with self._read() as connection:
            return load_job(connection, key)

    def jobs(
        self,
        state: JobState | str | None = None,
        *,
        iteration: int | None = None,
        review: bool = False,
        limit: int | None = None,
    ) -> list[Job]:
        """Jobs by iteration and rank.

        Args:
            state: only those in this state.
            iteration: only those of this one.
            review: only those that need review or have conflicting results.
            limit: at most so many.

        Raises:
            StoreError: for an unknown state.
        """
        conditions = _chosen(state, iteration, review)
        with self._read() as connection:
            return select_jobs(connection, *conditions, limit=limit)

    def count_jobs(
        self, state: JobState | str | None = None, *, iteration: int | None = None, review: bool = False
    ) -> int:
        """How many jobs `jobs` gives.

        Raises:
            StoreError: for an unknown state.
        """
        conditions = _chosen(state, iteration, review)
        with self._read() as connection:
            return count_jobs(connection, *conditions)

    def open_jobs(self, iteration: int | None = None) -> list[Job]:
        """Jobs whose answer is still to come, of one iteration or of all; those in review are not among them."""
        with self._read() as connection:
            return select_jobs(connection, jobs.c.state.in_(OPEN), *_chosen(None, iteration, review=False))

    def open_counts(self) -> dict[int, int]:
        """How many jobs of each iteration are open; those without any are left out."""
        query = sa.select(jobs.c.iteration, sa.func.count()).where(jobs.c.state.in_(OPEN)).group_by(jobs.c.iteration)
        with self._read() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def asked_counts(self) -> dict[int, int]:
        """How many designs each of a campaign's validators was asked of, by its place.

        Those that were cancelled before anybody worked on them do not count.
        """
        begun = sa.or_(jobs.c.state != JobState.CANCELLED, jobs.c.attempts > 0)
        query = sa.select(proposals.c.tier, sa.func.count()).join_from(
            proposals, jobs, proposals.c.job_key == jobs.c.key
        )
        with self._read() as connection:
            rows = connection.execute(query.where(begun).group_by(proposals.c.tier)).all()
        return {int(row[0]): int(row[1]) for row in rows}

    def next_due(self) -> float | None:
        """When `take` can next find something: unix seconds, now if a job is queued, None if nothing will come."""
        now = self._clock()
        due = sa.case(
            (jobs.c.state == JobState.QUEUED, now),
            (jobs.c.not_before > now + LONGEST_WAIT, now),
            (jobs.c.state == JobState.RETRY_WAIT, jobs.c.not_before),
        )
        with self._read() as connection:
            query = sa.select(jobs.c.validator, sa.func.min(due)).where(due.is_not(None)).group_by(jobs.c.validator)
            soonest = {name: float(at) for name, at in connection.execute(query).all()}
            for pause in select_pauses(connection, now):
                at = soonest.pop(pause.validator, None)
                if at is not None and pause.until is not None:
                    soonest[pause.validator] = max(at, pause.until)
        return max(now, min(soonest.values())) if soonest else None

    def pauses(self) -> list[Pause]:
        """Validators that get no jobs now, because their machinery failed many times in a row."""
        with self._read() as connection:
            return select_pauses(connection, self._clock())

    def events(self, key: str | None = None) -> list[JobEvent]:
        """Every change of state in order, of one job or of all."""
        with self._read() as connection:
            return select_events(connection, key)


def _chosen(state: JobState | str | None, iteration: int | None, review: bool) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if state is not None:
        if state not in set(JobState):
            raise StoreError(f"unknown job state {state!r}; available are {', '.join(JobState)}")
        conditions.append(jobs.c.state == state)
    if iteration is not None:
        conditions.append(jobs.c.iteration == iteration)
    if review:
        conditions.append(sa.or_(jobs.c.state == JobState.NEEDS_REVIEW, jobs.c.conflicts > 0))
    return conditions


def _not_running(job: Job) -> str:
    return f"job {job.key} is not running, it is {job.state}; drop the work"


def _running(connection: sa.Connection, key: str) -> Job:
    job = load_job(connection, key)
    if job.state is not JobState.RUNNING:
        raise NotRunning(_not_running(job))
    return job


def _count(connection: sa.Connection, job: Job, verdict: Verdict, now: float) -> None:
    """Whether the validator's machinery works, as one verdict of a worker shows it."""
    works = RULES[verdict.kind].works if isinstance(verdict, Failed) else True
    if works:
        note_answer(connection, job.request.validator)
    elif works is False and isinstance(verdict, Failed):
        note_failure(connection, job.request.validator, verdict.message, now)


def _queue_what_is_due(connection: sa.Connection, now: float) -> None:
    # A wait that seems longer than any was begun before the clock was set back.
    over = sa.or_(jobs.c.not_before <= now, jobs.c.not_before > now + LONGEST_WAIT)
    for job in select_jobs(connection, jobs.c.state == JobState.RETRY_WAIT, over):
        move(connection, job, JobState.QUEUED, now=now, note=DUE)
