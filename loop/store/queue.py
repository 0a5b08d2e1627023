"""The validation queue: leases, verdicts, back-off and quarantine."""

from __future__ import annotations

import sqlalchemy as sa

from alloys.errors import InputError
from alloys.records import Failed, FailureKind, Measured, ValidationRequest, Verdict, verdict_from_json
from loop.store.base import StorePart, encode
from loop.store.errors import IllegalMove, StaleLease, StoreError
from loop.store.moves import load_job, move, select_events, select_jobs, was_issued
from loop.store.observations import accept, keep_replicate
from loop.store.records import Job, JobEvent, Lease, Outcome
from loop.store.schema import jobs
from loop.store.transitions import HELD, OPEN, JobState

LEASE_SECONDS = 60.0
# Waits after the first, second and third failure of the machinery, in seconds; then a person looks at it.
BACK_OFF = (30.0, 300.0, 1200.0)
# So many dead workers put a job in quarantine.
POISON_DEATHS = 3


class QueueMethods(StorePart):
    """The part of the store that hands out jobs and takes verdicts."""

    def claim(self, owner: str, n: int = 1, *, lease_seconds: float = LEASE_SECONDS) -> list[Lease]:
        """Leases up to ``n`` queued jobs, oldest iteration and best rank first, each with a fresh token.

        Leases that ran out (each counts as a dead worker) and retries that are due are put back first.

        Raises:
            StoreError: for an empty owner, or a lease that is not positive.
        """
        if not owner or n < 0 or not lease_seconds > 0:
            raise StoreError(
                f"a claim needs an owner, n >= 0 and lease_seconds > 0, got ({owner!r}, {n}, {lease_seconds})"
            )
        now = self._clock()
        with self._write() as connection:
            _sweep(connection, now)
            queued = select_jobs(connection, jobs.c.state == JobState.QUEUED, limit=n)
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
        return Lease(job.request, token, owner, until, attempt)

    def renew(self, key: str, token: str, *, lease_seconds: float = LEASE_SECONDS) -> float:
        """Extends a lease to ``lease_seconds`` from now and returns its new end in unix seconds.

        Raises:
            StaleLease: if the token no longer holds the job.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        with self._write() as connection:
            _held(connection, key, token)
            connection.execute(sa.update(jobs).where(jobs.c.key == key).values(lease_until=now + lease_seconds))
        return now + lease_seconds

    def finish(self, key: str, token: str, verdict: Verdict) -> Outcome:
        """Stores a verdict; what it means for the job is the answer.

        - Measured: ``DONE``, the observation in the same transaction.
        - Failed for physics: ``FAILED``, the reason kept as an observation.
        - Failed for infrastructure: ``RETRY`` after 30, 300 and 1200 s, then ``REVIEW``.
        - Failed as suspect, or measured values that cannot be true: ``REVIEW``.

        A result whose token has lost the job is a fact all the same: it is kept as a ``REPLICATE`` and changes
        nothing else. The same result under the same token again is a ``DUPLICATE`` and changes nothing.

        Raises:
            StaleLease: if the token never held the job, or no longer does and there is no result to keep.
            UnknownJob: if there is no such job.
        """
        verdict = _checked(verdict)
        now = self._clock()
        with self._write() as connection:
            job = load_job(connection, key)
            if job.state in HELD and job.token == token:
                return _settle(connection, job, verdict, now)
            if not _is_result(verdict) or not was_issued(connection, key, token):
                raise StaleLease(_stale(job, token))
            return keep_replicate(connection, job, token, verdict, now)

    def release(self, key: str, token: str, *, note: str = "released") -> None:
        """Gives a leased job back unfinished; not a dead worker.

        Raises:
            StaleLease: if the token no longer holds the job.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        with self._write() as connection:
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
                    _bury(connection, job, now, note)
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
        with self._write() as connection:
            return _bury(connection, _held(connection, key, token), now, note)

    def cancel(self, key: str, *, note: str = "cancelled") -> None:
        """Ends a job that has no answer yet.

        Raises:
            IllegalMove: if it has one, or is cancelled already.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        with self._write() as connection:
            move(connection, load_job(connection, key), JobState.CANCELLED, now=now, note=note)

    def review(self, key: str, verdict: Verdict | None = None, *, note: str = "reviewed") -> JobState:
        """A person's decision on a job that needs review: again from the start, or this verdict.

        Raises:
            IllegalMove: if the job does not need review.
            StoreError: if the verdict is neither values nor a failure for physics.
            UnknownJob: if there is no such job.
        """
        checked = None if verdict is None else _checked(verdict)
        if checked is not None and not _is_result(checked):
            raise StoreError(f"a review ends in values or a failure for physics, got {checked}")
        now = self._clock()
        with self._write() as connection:
            job = load_job(connection, key)
            if job.state is not JobState.NEEDS_REVIEW:
                raise IllegalMove(f"job {key} is {job.state}, only one that needs review can be reviewed")
            if checked is None:
                fresh = {"retries": 0, "deaths": 0, "error_class": None, "message": None}
                move(connection, job, JobState.QUEUED, now=now, note=note, **fresh)
                return JobState.QUEUED
            _settle(connection, job, checked, now, note)
            return load_job(connection, key).state

    def answer(self, key: str, verdict: Verdict, *, source: str) -> Outcome:
        """A person's answer to a job that nobody works on, the observation under the person's name.

        Raises:
            IllegalMove: if somebody works on the job, or it is answered or cancelled.
            StoreError: if the verdict is neither values nor a failure for physics.
            UnknownJob: if there is no such job.
        """
        checked = _checked(verdict)
        if not _is_result(checked):
            raise StoreError(f"a person's answer is values or a failure for physics, got {checked}")
        now = self._clock()
        with self._write() as connection:
            job = load_job(connection, key)
            if job.state not in (JobState.AWAITING_HUMAN, JobState.NEEDS_REVIEW):
                move(connection, job, JobState.AWAITING_HUMAN, now=now, note=f"answered by {source}")
                job = load_job(connection, key)
            return _settle(connection, job, checked, now, f"answered by {source}", source)

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
        if state is not None and state not in set(JobState):
            raise StoreError(f"unknown job state {state!r}; available are {', '.join(JobState)}")
        with self._read() as connection:
            return select_jobs(connection, *([] if state is None else [jobs.c.state == state]))

    def open_jobs(self, iteration: int | None = None) -> list[Job]:
        """Jobs whose answer is still to come, of one iteration or of all; those in review are not among them."""
        with self._read() as connection:
            found = select_jobs(connection, jobs.c.state.in_(OPEN))
        return [job for job in found if iteration is None or job.iteration == iteration]

    def next_due(self) -> float | None:
        """When a claim can next find something: unix seconds, now if a job is queued, None if nothing will come."""
        now = self._clock()
        due = sa.case(
            (jobs.c.state == JobState.QUEUED, now),
            (jobs.c.state == JobState.RETRY_WAIT, jobs.c.not_before),
            (jobs.c.state == JobState.LEASED, jobs.c.lease_until),
        )
        with self._read() as connection:
            soonest = connection.execute(sa.select(sa.func.min(due))).scalar_one()
        return None if soonest is None else max(now, float(soonest))

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


def _stale(job: Job, token: str) -> str:
    return f"token {token!r} does not hold job {job.key}, which is {job.state}; drop the work"


def _held(connection: sa.Connection, key: str, token: str) -> Job:
    job = load_job(connection, key)
    if job.state not in HELD or job.token != token:
        raise StaleLease(_stale(job, token))
    return job


def _is_result(verdict: Verdict) -> bool:
    return isinstance(verdict, Measured) or verdict.kind is FailureKind.PHYSICS


def _checked(verdict: Verdict) -> Verdict:
    """The verdict as it will be read back; one that cannot be true becomes suspect, so that a person looks."""
    try:
        encode(verdict.to_json(), "a verdict")
        checked = verdict_from_json(verdict.to_json())
    except InputError as error:
        return Failed(FailureKind.SUSPECT, f"the validator's answer cannot be true: {error}")
    if isinstance(checked, Measured) and not checked.properties:
        return Failed(FailureKind.SUSPECT, "the validator answered without any property")
    return checked


def _sweep(connection: sa.Connection, now: float) -> None:
    for job in select_jobs(connection, jobs.c.state == JobState.LEASED, jobs.c.lease_until <= now):
        _bury(connection, job, now, "lease expired")
    for job in select_jobs(connection, jobs.c.state == JobState.RETRY_WAIT, jobs.c.not_before <= now):
        move(connection, job, JobState.QUEUED, now=now, note="retry is due")


def _bury(connection: sa.Connection, job: Job, now: float, note: str) -> JobState:
    deaths = job.deaths + 1
    if deaths < POISON_DEATHS:
        move(connection, job, JobState.QUEUED, now=now, note=note, deaths=deaths)
        return JobState.QUEUED
    message = f"{deaths} workers died on this job; the last: {note}"
    columns = {"deaths": deaths, "error_class": "poison", "message": message}
    move(connection, job, JobState.NEEDS_REVIEW, now=now, note=note, **columns)
    return JobState.NEEDS_REVIEW


def _settle(
    connection: sa.Connection, job: Job, verdict: Verdict, now: float, note: str = "", source: str | None = None
) -> Outcome:
    text = encode(verdict.to_json(), "a verdict")
    if isinstance(verdict, Measured):
        cleared = {"error_class": None, "message": None}
        move(connection, job, JobState.DONE, now=now, note=note, verdict=text, **cleared)
        accept(connection, job, verdict, now, source)
        return Outcome.DONE
    told = {"error_class": str(verdict.kind), "message": verdict.message}
    if verdict.kind is FailureKind.PHYSICS:
        move(connection, job, JobState.FAILED, now=now, note=note, verdict=text, **told)
        accept(connection, job, verdict, now, source)
        return Outcome.FAILED
    if verdict.kind is FailureKind.SUSPECT:
        move(connection, job, JobState.NEEDS_REVIEW, now=now, note=verdict.message, verdict=text, **told)
        return Outcome.REVIEW
    return _retry(connection, job, verdict, now)


def _retry(connection: sa.Connection, job: Job, verdict: Failed, now: float) -> Outcome:
    told = {"error_class": str(verdict.kind), "message": verdict.message}
    retries = job.retries + 1
    if retries > len(BACK_OFF):
        target, outcome, not_before = JobState.NEEDS_REVIEW, Outcome.REVIEW, None
    else:
        target, outcome, not_before = JobState.RETRY_WAIT, Outcome.RETRY, now + BACK_OFF[retries - 1]
    columns = {**told, "retries": retries, "not_before": not_before}
    move(connection, job, target, now=now, note=verdict.message, **columns)
    return outcome
