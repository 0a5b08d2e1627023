"""What a verdict, or a worker's death, means for a job: the table of error classes applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from alloys.errors import InputError
from alloys.properties import Property
from alloys.records import Failed, FailureKind, Measured, Verdict, canonical_json, verdict_from_json
from loop.store.base import encode
from loop.store.observations import accept
from loop.store.queue.error_classes import POISON, RULES, back_off
from loop.store.queue.moves import load_job, move
from loop.store.records import Job, Outcome
from loop.store.states import JobState


def is_result(verdict: Verdict) -> bool:
    """Whether it is an answer of the science: values, or a failure for physics."""
    return isinstance(verdict, Measured) or verdict.kind is FailureKind.PHYSICS


def checked_verdict(verdict: Verdict, properties: Mapping[str, Property]) -> Verdict:
    """The verdict as it will be read back; one that cannot be true becomes suspect, so that a person looks."""
    try:
        encode(verdict.to_json(), "a verdict")
        checked = verdict_from_json(verdict.to_json(), properties)
    except InputError as error:
        return Failed(FailureKind.SUSPECT, f"the validator's answer cannot be true: {error}")
    if isinstance(checked, Measured) and not checked.properties:
        return Failed(FailureKind.SUSPECT, "the validator answered without any property")
    return checked


def bury(connection: sa.Connection, job: Job, now: float, note: str) -> JobState:
    """A worker died on a job: queued again, or in quarantine for a person if that was one too many."""
    rule, deaths = RULES[POISON], job.deaths + 1
    target = rule.again if rule.goes_on(deaths, asked=True) else rule.end
    message = f"{deaths} worker{'s' if deaths > 1 else ''} died on this job; the last: {note}"
    columns: dict[str, Any] = {"deaths": deaths, "error_class": POISON, "message": message}
    move(connection, job, target, now=now, note=note, **columns)
    return target


def settle(
    connection: sa.Connection, job: Job, verdict: Verdict, now: float, note: str = "", source: str | None = None
) -> Outcome:
    """Makes the move that a verdict asks for, and stores the observation that belongs to it."""
    text = encode(verdict.to_json(), "a verdict")
    if isinstance(verdict, Measured):
        cleared: dict[str, Any] = {"error_class": None, "message": None}
        move(connection, job, JobState.DONE, now=now, note=note, verdict=text, **cleared)
        accept(connection, job, verdict, now, source)
        return Outcome.DONE
    rule = RULES[verdict.kind]
    columns: dict[str, Any] = {"error_class": str(verdict.kind), "message": verdict.message}
    if rule.counter is not None:
        return _again(connection, job, verdict, now, columns)
    note = note if rule.end is JobState.FAILED else verdict.message
    move(connection, job, rule.end, now=now, note=note, verdict=text, **columns)
    if rule.end is JobState.FAILED:
        accept(connection, job, verdict, now, source)
        return Outcome.FAILED
    return Outcome.REVIEW


def answer_job(connection: sa.Connection, job: Job, verdict: Verdict, now: float, source: str) -> Outcome:
    """Settles a job by a person's answer, by way of people's hands where it was elsewhere."""
    note = f"answered by {source}"
    if job.state not in (JobState.AWAITING_HUMAN, JobState.NEEDS_REVIEW):
        move(connection, job, JobState.AWAITING_HUMAN, now=now, note=note)
        job = load_job(connection, job.key)
    return settle(connection, job, verdict, now, note, source)


def _again(connection: sa.Connection, job: Job, verdict: Failed, now: float, columns: dict[str, Any]) -> Outcome:
    """A further try with what the failure asks for, or a person if there is none left."""
    rule = RULES[verdict.kind]
    failures = getattr(job, str(rule.counter)) + 1
    columns |= {str(rule.counter): failures}
    if not rule.goes_on(failures, asked=bool(verdict.ask)):
        move(connection, job, rule.end, now=now, note=verdict.message, **columns)
        return Outcome.REVIEW
    note = verdict.message
    if rule.asks:
        columns["adjustment"] = encode(job.adjustment.after(verdict).to_json(), "what the next try is given")
        note = f"{note}; tried again with {canonical_json(dict(verdict.ask))}"
    not_before = now + back_off(verdict.kind, job.key, failures)
    move(connection, job, rule.again, now=now, note=note, not_before=not_before, **columns)
    return Outcome.RETRY
