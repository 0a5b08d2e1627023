"""The one way a job changes: a guarded update and its event, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from alloys.design import Design
from alloys.records import UNADJUSTED, Adjustment, ValidationRequest, verdict_from_json
from loop.store.base import decode, design_in, encode
from loop.store.database.schema import job_events, jobs, proposals, validators
from loop.store.errors import IllegalMove, UnknownJob
from loop.store.queue.error_classes import COUNTERS, REJECTED
from loop.store.records import Job, JobEvent
from loop.store.states import JobState, check_move

_SELECT = sa.select(jobs, proposals.c.tier).select_from(jobs.outerjoin(proposals, proposals.c.job_key == jobs.c.key))
Refuses = Callable[[Design], str]
"""Why a design is no longer to be validated; empty where it still is."""
_PLACE = (jobs.c.iteration, jobs.c.rank)
"""The order in which jobs are worked on and listed."""
_AS_THEY_ARE = (
    "iteration rank tier attempts not_before error_class message created updated nonce by_hand conflicts".split()
)


def _job(row: sa.Row[Any], design: Design) -> Job:
    return Job(
        request=ValidationRequest(design, row.validator, row.fingerprint),
        state=JobState(row.state),
        verdict=None if row.verdict is None else verdict_from_json(decode(row.verdict), None),
        adjustment=Adjustment.from_json(decode(row.adjustment)),
        **{name: getattr(row, name) for name in (*_AS_THEY_ARE, *COUNTERS)},
    )


def select_jobs(connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[Job]:
    """Jobs by iteration and rank, at most so many."""
    query = _SELECT.where(*conditions).order_by(*_PLACE).limit(limit)
    return [_job(row, design_in(connection, row.design)) for row in connection.execute(query)]


def count_jobs(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
    """How many jobs there are."""
    query = sa.select(sa.func.count()).select_from(jobs).where(*conditions)
    return int(connection.execute(query).scalar_one())


def load_job(connection: sa.Connection, key: str) -> Job:
    """One job.

    Raises:
        UnknownJob: if there is none of that key.
    """
    found = select_jobs(connection, jobs.c.key == key)
    if not found:
        raise UnknownJob(f"no job has the key {key!r}; `queue list` shows those there are")
    return found[0]


def waiting_state(by_hand: bool) -> JobState:
    """The state in which a job waits for its answer: from people, or from a worker."""
    return JobState.AWAITING_HUMAN if by_hand else JobState.QUEUED


def afresh() -> dict[str, Any]:
    """The columns of a job that is asked for the first time, or from the start again."""
    return {**dict.fromkeys(COUNTERS, 0), "adjustment": encode(UNADJUSTED.to_json(), "no adjustment")}


def put_jobs(
    connection: sa.Connection,
    requests: Sequence[ValidationRequest],
    places: Iterable[tuple[int, int]],
    nonces: Callable[[], str],
    *,
    now: float,
    by_hand: bool = False,
    hold: bool = False,
) -> None:
    """Adds jobs, each with a fresh nonce, and their first events.

    Args:
        connection: a transaction, which stores their proposals too.
        requests: what they ask.
        places: iteration and rank of each.
        nonces: where they come from.
        now: unix seconds.
        by_hand: whether people answer them.
        hold: whether each waits for a person's approval first.
    """
    if not requests:
        return
    state = JobState.HELD if hold else waiting_state(by_hand)
    check_move(None, state)
    rows = [
        {
            "key": request.key,
            "design": request.design.canonical(),
            "validator": request.validator,
            "fingerprint": request.fingerprint,
            "nonce": nonces(),
            "by_hand": by_hand,
            "state": state,
            "created": now,
            "updated": now,
            "attempts": 0,
            "conflicts": 0,
            "iteration": iteration,
            "rank": rank,
            **afresh(),
        }
        for request, (iteration, rank) in zip(requests, places, strict=True)
    ]
    know_validators(connection, {request.validator for request in requests})
    connection.execute(sa.insert(jobs), rows)
    events = [{"key": row["key"], "at": now, "to_state": state, "note": ""} for row in rows]
    connection.execute(sa.insert(job_events), events)


def know_validators(connection: sa.Connection, names: Iterable[str]) -> None:
    """Gives each validator the row that counts its failures."""
    known = set(connection.execute(sa.select(validators.c.name)).scalars())
    for name in sorted(set(names) - known):
        connection.execute(sa.insert(validators).values(name=name, failures=0, pauses=0, paused=False))


def move(
    connection: sa.Connection,
    job: Job,
    target: JobState,
    *,
    now: float,
    note: str = "",
    owner: str | None = None,
    **columns: Any,
) -> None:
    """Makes one move of a job that was just read, and appends its event.

    Args:
        connection: a transaction.
        job: as it was read.
        target: where it goes.
        now: unix seconds.
        note: for the event.
        owner: the run that works on it from now on.
        columns: to set besides; an ``error_class`` among them is the event's too.

    Raises:
        IllegalMove: if the table does not have the move, or the job is no longer in the state it was read with.
    """
    check_move(job.state, target)
    values = {"not_before": None, **columns, "state": target, "updated": now}
    guarded = sa.update(jobs).where(jobs.c.key == job.key, jobs.c.state == job.state)
    if connection.execute(guarded.values(values)).rowcount != 1:
        raise IllegalMove(f"job {job.key} is no longer {job.state}; it did not become {target}")
    event = {"key": job.key, "at": now, "from_state": job.state, "to_state": target, "owner": owner, "note": note}
    connection.execute(sa.insert(job_events).values(**event, error_class=columns.get("error_class")))


def withdraw(connection: sa.Connection, job: Job, refuses: Refuses, now: float) -> bool:
    """Cancels a job whose design is refused; whether it is."""
    reason = refuses(job.request.design)
    if reason:
        told = {"error_class": REJECTED, "message": reason}
        move(connection, job, JobState.CANCELLED, now=now, note=f"withdrawn: {reason}", **told)
    return bool(reason)


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
            note=row.note,
            error_class=row.error_class,
        )
        for row in connection.execute(query)
    ]
