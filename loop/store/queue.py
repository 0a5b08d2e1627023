"""The validation queue: leases and the verdicts of workers."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from alloys.records import Failed, ValidationRequest, Verdict
from loop.store.base import StorePart
from loop.store.breaker import note_answer, note_failure, select_pauses
from loop.store.classes import DUE, LONGEST_WAIT, RULES
from loop.store.errors import StaleLease, StoreError
from loop.store.moves import count_jobs, load_job, move, page_jobs, select_events, select_jobs, was_issued
from loop.store.observations import keep_replicate
from loop.store.records import Job, JobEvent, Lease, Outcome, Pause
from loop.store.schema import jobs
from loop.store.settle import bury, checked_verdict, is_result, settle
from loop.store.transitions import AT_WORK, OPEN, JobState

LEASE_SECONDS = 60.0


class QueueMethods(StorePart):
    """The part of the store that hands out jobs and takes verdicts."""

    def claim(self, owner: str, n: int = 1, *, lease_seconds: float = LEASE_SECONDS) -> list[Lease]:
        """Leases up to ``n`` queued jobs, oldest iteration and best rank first, each with a fresh token.

        Leases that ran out (each counts as a dead worker) and retries that are due are put back first. Jobs of a
        paused validator are left alone.

        Raises:
            StoreError: for an empty owner, or a lease that is not positive.
        """
        if not owner or n < 0 or not lease_seconds > 0:
            raise StoreError(
                f"a claim needs an owner, n >= 0 and lease_seconds > 0, got ({owner!r}, {n}, {lease_seconds})"
            )
        now = self._clock()
        with self._lease_write() as connection:
            _sweep(connection, now)
            paused = [pause.validator for pause in select_pauses(connection, now)]
            wanted = (jobs.c.state == JobState.QUEUED, jobs.c.validator.not_in(paused))
            queued = select_jobs(connection, *wanted, limit=n, lock=True, skip_locked=True)
            return [self._lease(connection, job, owner, now, now + lease_seconds) for job in queued]

    def _lease(self, connection: sa.Connection, job: Job, owner: str, now: float, until: float) -> Lease:
        token, attempt = self._tokens(), job.attempts + 1
        move(
            connection,
            job,
            JobState.LEASED,
            now=now,
            token=token,
            owner=owner,
            lease_until=until,
            attempts=attempt,
        )
        return Lease(job.request, token, owner, until, attempt, job.adjustment)

    def renew(self, key: str, token: str, *, lease_seconds: float = LEASE_SECONDS) -> float:
        """Extends a lease to ``lease_seconds`` from now and returns its new end in unix seconds.

        Raises:
            StaleLease: if the token no longer holds the job.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        with self._lease_write() as connection:
            _held(connection, key, token)
            connection.execute(sa.update(jobs).where(jobs.c.key == key).values(lease_until=now + lease_seconds))
        return now + lease_seconds

    def finish(self, key: str, token: str, verdict: Verdict) -> Outcome:
        """Stores a verdict; what it means for the job is the answer.

        - Measured: ``DONE``, the observation in the same transaction.
        - Failed for physics: ``FAILED``, the reason kept as an observation.
        - Failed otherwise: ``RETRY`` or ``REVIEW``, as `classes.RULES` has it. Five failures of the machinery in a
          row, of whatever jobs, pause the validator.
        - Measured values that cannot be true: ``REVIEW``.

        A result whose token has lost the job is a fact all the same: it is kept as a ``REPLICATE`` and changes
        nothing else. The same result under the same token again is a ``DUPLICATE`` and changes nothing.

        Raises:
            StaleLease: if the token never held the job, or no longer does and there is no result to keep.
            UnknownJob: if there is no such job.
        """
        verdict = checked_verdict(verdict)
        now = self._clock()
        with self._lease_write() as connection:
            job = load_job(connection, key, lock=True)
            if job.state in AT_WORK and job.token == token:
                _count(connection, job, verdict, now)
                return settle(connection, job, verdict, now)
            if not is_result(verdict) or not was_issued(connection, key, token):
                raise StaleLease(_stale(job, token))
            return keep_replicate(connection, job, token, verdict, now)

    def release(self, key: str, token: str, *, note: str = "released") -> None:
        """Gives a leased job back unfinished; not a dead worker.

        Raises:
            StaleLease: if the token no longer holds the job.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        with self._lease_write() as connection:
            move(connection, _held(connection, key, token), JobState.QUEUED, now=now, note=note)

    def release_leases(self, *, not_owner: str, count_death: bool = False) -> int:
        """Puts every lease of other owners back at once, for a driver that takes over; how many there were.

        Args:
            not_owner: whose leases stay.
            count_death: whether each counts as a dead worker.
        """
        now = self._clock()
        note = f"taken over by {not_owner}"
        with self._write() as connection:
            found = select_jobs(connection, jobs.c.state == JobState.LEASED, jobs.c.owner != not_owner)
            for job in found:
                if count_death:
                    bury(connection, job, now, note)
                else:
                    move(connection, job, JobState.QUEUED, now=now, note=note)
            return len(found)

    def worker_died(self, key: str, token: str, *, note: str = "worker died") -> JobState:
        """Records that the worker of a lease died: queued again, or quarantined the third time.

        Raises:
            StaleLease: if the token no longer holds the job.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        with self._lease_write() as connection:
            job = _held(connection, key, token)
            note_failure(connection, job.request.validator, note, now)
            return bury(connection, job, now, note)

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

    def jobs(self, state: JobState | str | None = None) -> list[Job]:
        """Jobs by iteration and rank, of one state or of all.

        Raises:
            StoreError: for an unknown state.
        """
        conditions = _in_state(state)
        with self._read() as connection:
            return select_jobs(connection, *conditions)

    def each_job(
        self,
        state: JobState | str | None = None,
        page: int = 1000,
        *,
        iteration: int | None = None,
        review: bool = False,
    ) -> Iterator[Job]:
        """The same, read page by page, so that a million take little memory and hold nobody up.

        Args:
            state: only jobs in this state.
            page: how many are read at once.
            iteration: only jobs of this one.
            review: only jobs that need review or have conflicting results.

        Raises:
            StoreError: for an unknown state.
        """
        conditions = [*_chosen(state, review), *_placed(iteration)]
        if review and self.count_jobs(state, review=True) <= page:
            # Few of many: two indexes have them, where that of the places would be walked from end to end.
            with self._read() as connection:
                yield from select_jobs(connection, *conditions)
            return
        after = (-1, -1)
        while True:
            with self._read() as connection:
                found = page_jobs(connection, *conditions, after=after, limit=page)
            yield from found
            if len(found) < page:
                return
            after = (found[-1].iteration or 0, found[-1].rank or 0)

    def count_jobs(
        self, state: JobState | str | None = None, *, iteration: int | None = None, review: bool = False
    ) -> int:
        """How many jobs `each_job` gives.

        Raises:
            StoreError: for an unknown state.
        """
        with self._read() as connection:
            return count_jobs(connection, *_chosen(state, review), *_placed(iteration))

    def open_jobs(self, iteration: int | None = None) -> list[Job]:
        """Jobs whose answer is still to come, of one iteration or of all; those in review are not among them."""
        with self._read() as connection:
            return select_jobs(connection, jobs.c.state.in_(OPEN), *_placed(iteration))

    def open_counts(self) -> dict[int, int]:
        """How many jobs of each iteration are open; those without any are left out."""
        query = sa.select(jobs.c.iteration, sa.func.count()).where(jobs.c.state.in_(OPEN)).group_by(jobs.c.iteration)
        with self._read() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def next_due(self) -> float | None:
        """When a claim can next find something: unix seconds, now if a job is queued, None if nothing will come."""
        now = self._clock()
        due = sa.case(
            (jobs.c.state == JobState.QUEUED, now),
            (jobs.c.not_before > now + LONGEST_WAIT, now),
            (jobs.c.state == JobState.RETRY_WAIT, jobs.c.not_before),
            (jobs.c.state == JobState.LEASED, jobs.c.lease_until),
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

    def request(self, key: str) -> ValidationRequest:
        """What a job asks.

        Raises:
            UnknownJob: if there is no such job.
        """
        return self.job(key).request


def _in_state(state: JobState | str | None) -> list[sa.ColumnElement[bool]]:
    if state is None:
        return []
    if state not in set(JobState):
        raise StoreError(f"unknown job state {state!r}; available are {', '.join(JobState)}")
    return [jobs.c.state == state]


def _placed(iteration: int | None) -> list[sa.ColumnElement[bool]]:
    return [] if iteration is None else [jobs.c.iteration == iteration]


def _chosen(state: JobState | str | None, review: bool) -> list[sa.ColumnElement[bool]]:
    conditions = _in_state(state)
    if review:
        conditions.append(sa.or_(jobs.c.state == JobState.NEEDS_REVIEW, jobs.c.conflicts > 0))
    return conditions


def _stale(job: Job, token: str) -> str:
    return f"token {token!r} does not hold job {job.key}, which is {job.state}; drop the work"


def _held(connection: sa.Connection, key: str, token: str) -> Job:
    job = load_job(connection, key, lock=True)
    if job.state not in AT_WORK or job.token != token:
        raise StaleLease(_stale(job, token))
    return job


def _count(connection: sa.Connection, job: Job, verdict: Verdict, now: float) -> None:
    """Whether the validator's machinery works, as one verdict of a worker shows it."""
    works = RULES[verdict.kind].works if isinstance(verdict, Failed) else True
    if works:
        note_answer(connection, job.request.validator)
    elif works is False and isinstance(verdict, Failed):
        note_failure(connection, job.request.validator, verdict.message, now)


def _sweep(connection: sa.Connection, now: float) -> None:
    expired = (jobs.c.state == JobState.LEASED, jobs.c.lease_until <= now)
    for job in select_jobs(connection, *expired, lock=True, skip_locked=True):
        bury(connection, job, now, "lease expired")
    over = sa.or_(jobs.c.not_before <= now, jobs.c.not_before > now + LONGEST_WAIT)
    for job in select_jobs(connection, jobs.c.state == JobState.RETRY_WAIT, over, lock=True, skip_locked=True):
        move(connection, job, JobState.QUEUED, now=now, note=DUE)
