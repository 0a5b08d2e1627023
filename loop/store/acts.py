"""What people do to a campaign as it goes on: logged events, which are read again and again, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from loop.store.base import StorePart, decode, encode
from loop.store.database.schema import acts, jobs
from loop.store.errors import ActsChanged
from loop.store.queue.moves import Refuses, select_jobs, withdraw
from loop.store.records import Act
from loop.store.states import ActKind, JobState

_NOT_BEGUN = (
    JobState.HELD,
    JobState.QUEUED,
    JobState.RETRY_WAIT,
    JobState.AWAITING_HUMAN,
    JobState.NEEDS_REVIEW,
)


class ActMethods(StorePart):
    """The part of the store that keeps what people do to the campaign."""

    def acts(self, upto: int | None = None) -> list[Act]:
        """Everything that was done, oldest first; up to an act's number, or all."""
        query = sa.select(acts).order_by(acts.c.id)
        if upto is not None:
            query = query.where(acts.c.id <= upto)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [Act(r.id, r.at, r.who, ActKind(r.kind), r.why, decode(r.detail)) for r in rows]

    def last_act(self) -> int:
        """The number of the last act; 0 where there is none."""
        with self._read() as connection:
            return _last(connection)

    def record_act(
        self,
        kind: ActKind,
        detail: Mapping[str, Any],
        *,
        who: str,
        why: str = "",
        after: int,
        refuses: Refuses | None = None,
    ) -> tuple[int, list[str]]:
        """Records an act that was checked against those before, and withdraws jobs that it ends; all or nothing.

        Args:
            kind: what is done.
            detail: what it is about.
            who: the person.
            why: the reason.
            after: the last act that it was checked against.
            refuses: of jobs on which nobody works, those whose designs it refuses are cancelled.

        Returns:
            the act's number, and the keys of cancelled jobs.

        Raises:
            ActsChanged: if another act came meanwhile; check again.
        """
        now = self._clock()
        row = {"at": now, "who": who, "kind": kind, "why": why, "detail": encode(dict(detail), "an act")}
        with self._write() as connection:
            if _last(connection) != after:
                raise ActsChanged("somebody else did something to the campaign meanwhile; look, and say it again")
            number = int(connection.execute(sa.insert(acts).values(row).returning(acts.c.id)).scalar_one())
            found = select_jobs(connection, jobs.c.state.in_(_NOT_BEGUN)) if refuses is not None else []
            ended = [job.key for job in found if refuses is not None and withdraw(connection, job, refuses, now)]
            return number, ended


def _last(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(acts.c.id), 0))).scalar_one())
