"""The one way a job changes: a guarded update and its event, in the caller's transaction."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from alloys.composition import Composition
from alloys.records import ValidationRequest, verdict_from_json
from loop.store.base import decode
from loop.store.errors import StaleLease, UnknownJob
from loop.store.records import Job, JobEvent
from loop.store.schema import job_events, jobs, proposals
from loop.store.transitions import UNHELD, JobState, check_move

_SELECT = sa.select(jobs, proposals.c.iteration, proposals.c.rank).select_from(
    jobs.outerjoin(proposals, proposals.c.job_key == jobs.c.key)
)
# The order in which jobs are worked on and listed.
_ORDER = (sa.func.coalesce(proposals.c.iteration, -1), proposals.c.rank, jobs.c.key)


def _job(row: sa.Row[Any]) -> Job:
    composition = Composition.from_canonical(row.composition)
    return Job(
        request=ValidationRequest(composition, row.validator, row.fingerprint),
        iteration=row.iteration,
        rank=row.rank,
        state=JobState(row.state),
        attempts=row.attempts,
        retries=row.retries,
        deaths=row.deaths,
        token=row.token,
        owner=row.owner,
        lease_until=row.lease_until,
        not_before=row.not_before,
        error_class=row.error_class,
        message=row.message,
        created=row.created,
        updated=row.updated,
        verdict=None if row.verdict is None else verdict_from_json(decode(row.verdict)),
    )


def select_jobs(connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[Job]:
    """Jobs by iteration and rank."""
    query = _SELECT.where(*conditions).order_by(*_ORDER).limit(limit)
    return [_job(row) for row in connection.execute(query)]


def load_job(connection: sa.Connection, key: str) -> Job:
    """One job.

    Raises:
        UnknownJob: if there is none of that key.
    """
    found = select_jobs(connection, jobs.c.key == key)
    if not found:
        raise UnknownJob(f"no job has the key {key!r}; `queue list` shows those there are")
    return found[0]


def put_job(
    connection: sa.Connection, request: ValidationRequest, now: float, state: JobState = JobState.QUEUED
) -> None:
    """Adds a job, queued or awaiting a person, and its first event."""
    check_move(None, state)
    connection.execute(
        sa.insert(jobs).values(
            key=request.key,
            composition=request.composition.canonical(),
            validator=request.validator,
            fingerprint=request.fingerprint,
            state=state,
            attempts=0,
            retries=0,
            deaths=0,
            created=now,
            updated=now,
        )
    )
    _append(connection, request.key, None, state, now=now)


def move(connection: sa.Connection, job: Job, target: JobState, *, now: float, note: str = "", **columns: Any) -> None:
    """Makes one move of a job that was just read, and appends its event.

    The token is forgotten where the new state has no holder; `columns` are set besides.

    Raises:
        IllegalMove: if the table does not have the move.
        StaleLease: if the job is no longer in the state, or under the token, it was read with.
    """
    check_move(job.state, target)
    values: dict[str, Any] = {"not_before": None, "lease_until": None}
    if target in UNHELD:
        values |= {"token": None, "owner": None}
    values |= columns
    changed = connection.execute(
        sa.update(jobs)
        .where(jobs.c.key == job.key, jobs.c.state == job.state, jobs.c.token.is_not_distinct_from(job.token))
        .values(state=target, updated=now, **values)
    )
    if changed.rowcount != 1:
        raise StaleLease(f"job {job.key} is no longer {job.state} under the token it was read with")
    # The event names who held the job: before the move, or from it on.
    owner, token = columns.get("owner", job.owner), columns.get("token", job.token)
    _append(connection, job.key, job.state, target, now=now, note=note, owner=owner, token=token)


def _append(
    connection: sa.Connection,
    key: str,
    source: JobState | None,
    target: JobState,
    *,
    now: float,
    note: str = "",
    owner: str | None = None,
    token: str | None = None,
) -> None:
    connection.execute(
        sa.insert(job_events).values(
            key=key, at=now, from_state=source, to_state=target, owner=owner, token=token, note=note
        )
    )


def select_events(connection: sa.Connection, key: str | None = None) -> list[JobEvent]:
    """Events in the order they happened, of one job or of all."""
    query = sa.select(job_events).order_by(job_events.c.id)
    if key is not None:
        query = query.where(job_events.c.key == key)
    return [
        JobEvent(
            id=row.id,
            key=row.key,
            at=row.at,
            from_state=None if row.from_state is None else JobState(row.from_state),
            to_state=JobState(row.to_state),
            owner=row.owner,
            token=row.token,
            note=row.note,
        )
        for row in connection.execute(query)
    ]


def was_issued(connection: sa.Connection, key: str, token: str) -> bool:
    """Whether that token was ever given out for the job."""
    query = sa.select(job_events.c.id).where(
        job_events.c.key == key, job_events.c.token == token, job_events.c.to_state == JobState.LEASED
    )
    return connection.execute(query.limit(1)).first() is not None
