"""What a verdict, or a worker's death, means for a job: the error classes, back-off and quarantine."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from alloys.errors import InputError
from alloys.records import Failed, FailureKind, Measured, Verdict, verdict_from_json
from loop.store.base import encode
from loop.store.moves import move
from loop.store.observations import accept
from loop.store.records import Job, Outcome
from loop.store.transitions import JobState

# Waits after the first, second and third failure of the machinery, in seconds; then a person looks at it.
BACK_OFF = (30.0, 300.0, 1200.0)
# Each wait is longer by up to this share, another for each job, so that they do not all come back at once.
JITTER = 0.1
# So many dead workers put a job in quarantine.
POISON_DEATHS = 3


def back_off(key: str, retries: int) -> float:
    """Seconds until a job is tried again after so many failures; the same whenever it is asked."""
    share = int(hashlib.sha256(f"{key} {retries}".encode()).hexdigest()[:8], 16) / 2**32
    return BACK_OFF[retries - 1] * (1 + JITTER * share)


def is_result(verdict: Verdict) -> bool:
    """Whether it is an answer of the science: values, or a failure for physics."""
    return isinstance(verdict, Measured) or verdict.kind is FailureKind.PHYSICS


def checked_verdict(verdict: Verdict) -> Verdict:
    """The verdict as it will be read back; one that cannot be true becomes suspect, so that a person looks."""
    try:
        encode(verdict.to_json(), "a verdict")
        checked = verdict_from_json(verdict.to_json())
    except InputError as error:
        return Failed(FailureKind.SUSPECT, f"the validator's answer cannot be true: {error}")
    if isinstance(checked, Measured) and not checked.properties:
        return Failed(FailureKind.SUSPECT, "the validator answered without any property")
    return checked


def bury(connection: sa.Connection, job: Job, now: float, note: str) -> JobState:
    """A worker died on a job: queued again, or in quarantine for a person if that was one too many."""
    deaths = job.deaths + 1
    if deaths < POISON_DEATHS:
        move(connection, job, JobState.QUEUED, now=now, note=note, deaths=deaths)
        return JobState.QUEUED
    message = f"{deaths} workers died on this job; the last: {note}"
    columns = {"deaths": deaths, "error_class": "poison", "message": message}
    move(connection, job, JobState.NEEDS_REVIEW, now=now, note=note, **columns)
    return JobState.NEEDS_REVIEW


def settle(
    connection: sa.Connection, job: Job, verdict: Verdict, now: float, note: str = "", source: str | None = None
) -> Outcome:
    """Makes the move that a verdict asks for, and stores the observation that belongs to it."""
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
        target, outcome, not_before = JobState.RETRY_WAIT, Outcome.RETRY, now + back_off(job.key, retries)
    columns = {**told, "retries": retries, "not_before": not_before}
    move(connection, job, target, now=now, note=verdict.message, **columns)
    return outcome
