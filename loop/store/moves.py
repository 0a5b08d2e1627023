"""The one way a job changes: a guarded update and its event, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from alloys.design import Design
from alloys.records import UNADJUSTED, Adjustment, ValidationRequest, verdict_from_json
from loop.store.base import decode, encode
from loop.store.classes import COUNTERS
from loop.store.errors import StaleLease, UnknownJob
from loop.store.records import Job, JobEvent
from loop.store.schema import job_events, jobs, proposals, validators
from loop.store.transitions import UNHELD, JobState, check_move

_SELECT = sa.select(jobs, proposals.c.tier).select_from(jobs.outerjoin(proposals, proposals.c.job_key == jobs.c.key))
_PLACE = (jobs.c.iteration, jobs.c.rank)
"""The order in which jobs are worked on and listed."""


def _job(row: sa.Row[Any]) -> Job:
    return Job(
        request=ValidationRequest(Design.from_canonical(row.composition), row.validator, row.fingerprint),
        iteration=row.iteration,
        rank=row.rank,
        tier=row.tier,
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
        nonce=row.nonce,
        by_hand=row.by_hand,
        conflicts=row.conflicts,
        waits=row.waits,
        raises=row.raises,
        corrections=row.corrections,
        adjustment=Adjustment.from_json(decode(row.adjustment)),
    )


def select_jobs(
    connection: sa.Connection,
    *conditions: sa.ColumnElement[bool],
    limit: int | None = None,
    lock: bool = False,
    skip_locked: bool = False,
) -> list[Job]:
    """Jobs by iteration and rank.

    Args:
        connection: a transaction.
        conditions: which jobs.
        limit: how many at most.
        lock: whether they are locked until its end; on SQLite a write transaction has the whole database.
        skip_locked: whether those that another transaction has locked are passed over.
    """
    query = _SELECT.where(*conditions).order_by(*_PLACE).limit(limit)
    if lock:
        query = query.with_for_update(of=jobs, skip_locked=skip_locked)
    return [_job(row) for row in connection.execute(query)]


def page_jobs(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool], after: tuple[int, int], limit: int
) -> list[Job]:
    """Jobs by iteration and rank, those after a place."""
    place = sa.tuple_(*_PLACE) > sa.tuple_(*map(sa.literal, after))
    return select_jobs(connection, *conditions, place, limit=limit)


def count_jobs(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
    """How many jobs there are."""
    query = sa.select(sa.func.count()).select_from(jobs).where(*conditions)
    return int(connection.execute(query).scalar_one())


def load_job(connection: sa.Connection, key: str, *, lock: bool = False) -> Job:
    """One job.

    Raises:
        UnknownJob: if there is none of that key.
    """
    found = select_jobs(connection, jobs.c.key == key, lock=lock)
    if not found:
        raise UnknownJob(f"no job has the key {key!r}; `queue list` shows those there are")
    return found[0]


def first_state(*, by_hand: bool, hold: bool) -> JobState:
    """The state that a new job starts in."""
    if hold:
        return JobState.HELD
    return waiting_state(by_hand)


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
    tokens: Callable[[], str],
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
        tokens: where nonces come from.
        now: unix seconds.
        by_hand: whether people answer them.
        hold: whether each waits for a person's approval first.
    """
    if not requests:
        return
    state = first_state(by_hand=by_hand, hold=hold)
    check_move(None, state)
    rows = [
        {
            "key": request.key,
            "composition": request.design.canonical(),
            "validator": request.validator,
            "fingerprint": request.fingerprint,
            "nonce": tokens(),
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


def move(connection: sa.Connection, job: Job, target: JobState, *, now: float, note: str = "", **columns: Any) -> None:
    """Makes one move of a job that was just read, and appends its event.

    The token is forgotten where the new state has no holder; `columns` are set besides. An ``error_class`` among them
    is the event's too.

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
    connection.execute(
        sa.insert(job_events).values(
            key=job.key,
            at=now,
            from_state=job.state,
            to_state=target,
            owner=owner,
            token=token,
            note=note,
            error_class=columns.get("error_class"),
        )
    )


def move_all(
    connection: sa.Connection, rows: Sequence[Mapping[str, Any]], target: JobState, *, now: float, note: str
) -> None:
    """Makes the same move of many jobs that were just read, which nobody works on, and appends their events.

    Args:
        connection: a transaction.
        rows: ``key`` and ``state`` of each; other names, the same in all, are columns to set.
        target: where they go.
        now: unix seconds.
        note: for each event.

    Raises:
        IllegalMove: if the table does not have one of the moves.
        StaleLease: if a job is no longer in the state it was read with.
    """
    if not rows:
        return
    for state in {row["state"] for row in rows}:
        check_move(state, target)
    extra: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in rows[0] if name not in ("key", "state")}
    query = (
        sa.update(jobs)
        .where(jobs.c.key == sa.bindparam("of_key"), jobs.c.state == sa.bindparam("of_state"))
        .values(state=target, updated=now, not_before=None, lease_until=None, **extra)
    )
    given = [
        {"of_key": row["key"], "of_state": row["state"], **{f"new_{name}": row[name] for name in extra}} for row in rows
    ]
    if connection.execute(query, given).rowcount != len(rows):
        raise StaleLease(f"a job is no longer in the state it was read with; nothing became {target}")
    events = [
        {
            "key": row["key"],
            "at": now,
            "from_state": row["state"],
            "to_state": target,
            "note": note,
            "error_class": row.get("error_class"),
        }
        for row in rows
    ]
    connection.execute(sa.insert(job_events), events)


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
            error_class=row.error_class,
        )
        for row in connection.execute(query)
    ]


def was_issued(connection: sa.Connection, key: str, token: str) -> bool:
    """Whether that token was ever given out for the job."""
    query = sa.select(job_events.c.id).where(
        job_events.c.key == key, job_events.c.token == token, job_events.c.to_state == JobState.LEASED
    )
    return connection.execute(query.limit(1)).first() is not None
