"""What the materials table knew when the campaign began: it teaches, or answers jobs; and what goes back to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from alloys.points.point import Point
from alloys.records import Measured, Observation, Verdict
from loop.store.base import StorePart, decode, encode
from loop.store.data import log_event, mark
from loop.store.database.schema import data_events, jobs, known_points, observations
from loop.store.observations import check_rows, insert_rows, select_rows
from loop.store.queue.moves import load_job
from loop.store.queue.settle import checked_verdict, settle
from loop.store.records import GivenVerdict, Job, KnownPoint, Outcome, StoredObservation
from loop.store.states import DataEventKind

TABLE = "materials"
"""The key of an event's detail that names the materials table which the campaign began from."""


class KnownMethods(StorePart):
    """The part of the store between the campaign and the materials table."""

    def begin_with(
        self,
        points: Sequence[KnownPoint],
        taught: Sequence[tuple[Observation, int | None]],
        *,
        who: str,
        detail: Mapping[str, Any],
    ) -> None:
        """Keeps what the materials table says as the campaign begins, once and for all: a later call changes nothing.

        Args:
            points: what it says.
            taught: results that count from the start, each with the campaign's validator that said it, if one did.
            who: the campaign.
            detail: which table it was, as `TABLE`, and what tells what was read.

        Raises:
            StoreError: for a result that cannot be.
        """
        rows = [row for row, _ in taught]
        check_rows(rows, self.properties)
        now, written = self._clock(), encode(dict(detail), "what the materials table said")
        with self._write() as connection:
            if _begun(connection) is not None:
                return
            if points:
                connection.execute(sa.insert(known_points), [_row(known) for known in points])
            insert_rows(connection, rows, now, [tier for _, tier in taught])
            log_event(connection, now, who, DataEventKind.START, "", written)

    def began_with(self) -> Mapping[str, Any] | None:
        """What is recorded of the materials table that the campaign began from; None where it did from none."""
        with self._read() as connection:
            return _begun(connection)

    def known_points(self) -> list[KnownPoint]:
        """Points of other sources that speak of properties of the campaign, in the order of the materials table."""
        query = sa.select(known_points).where(known_points.c.property != "").order_by(known_points.c.number)
        with self._read() as connection:
            return [_known(row) for row in connection.execute(query)]

    def known_answer(self, job: Job) -> list[KnownPoint]:
        """What the materials table said of a job's question: the answer of the same validator, point by point.

        Nothing where that taught the campaign, and somebody has withdrawn a part of it since.
        """
        row, request = known_points.c, job.request
        asked = (row.design == request.design.canonical(), row.source == request.fingerprint, row.property == "")
        with self._read() as connection:
            found = connection.execute(sa.select(known_points).where(*asked).order_by(row.number)).all()
            if found and any(told.withdrawn for told in _of_no_job(connection, job)):
                return []
        return [_known(row) for row in found]

    def answer_known(self, key: str, verdict: Verdict, *, note: str) -> Outcome:
        """Gives a running job the verdict that was known, without a word on whether its validator works.

        Where the same verdict taught the campaign from its start, it counts as the job's from now on, not twice.

        Args:
            key: of the job.
            verdict: values, or a failure of the science.
            note: for the job's history.
        """
        verdict, now = checked_verdict(verdict, self.properties), self._clock()
        with self._write() as connection:
            job = load_job(connection, key)
            taught = _taught(connection, job, verdict)
            outcome = settle(connection, job, verdict, now, note)
            if taught:
                why = f"it is the answer of job {key[:12]} now"
                detail = encode({"observations": sorted(taught), "properties": []}, "a withdrawal")
                event = log_event(connection, now, "materials table", DataEventKind.WITHDRAW, why, detail)
                mark(connection, taught, event)
            return outcome

    def verdicts_since(self, number: int) -> list[GivenVerdict]:
        """Verdicts on jobs whose observations have a larger number and count, in their order."""
        asked = sa.select(observations.c.id, jobs.c.validator, jobs.c.fingerprint, jobs.c.by_hand).join_from(
            observations, jobs, jobs.c.key == observations.c.job_key
        )
        later = (observations.c.id > number, sa.not_(observations.c.replicate))
        with self._read() as connection:
            who = {
                row.id: (row.validator, row.fingerprint, row.by_hand) for row in connection.execute(asked.where(*later))
            }
            seen = select_rows(connection, sa.and_(observations.c.job_key.is_not(None), *later)) if who else []
        return [GivenVerdict(row.id, row.standing, *who[row.id]) for row in seen if row.standing is not None]


def _begun(connection: sa.Connection) -> Mapping[str, Any] | None:
    told = sa.select(data_events.c.detail).where(data_events.c.kind == DataEventKind.START)
    details = (decode(text) for text in connection.execute(told).scalars())
    return next((detail for detail in details if TABLE in detail), None)


def _of_no_job(connection: sa.Connection, job: Job) -> list[StoredObservation]:
    """What counts as said by a job's validator on its design, and answers no job."""
    row = observations.c
    own = (row.design == job.request.design.canonical(), row.job_key.is_(None), row.tier == job.tier)
    return select_rows(connection, sa.and_(*own))


def _taught(connection: sa.Connection, job: Job, verdict: Verdict) -> dict[int, Sequence[str]]:
    """Results that say the same and taught the campaign from its start, with what counts of each."""
    found: dict[int, Sequence[str]] = {}
    for stored in _of_no_job(connection, job):
        seen = stored.standing
        if seen is not None and (seen.values, seen.failure) == _content(verdict):
            found[stored.id] = tuple(seen.values) or ("",)
    return found


def _content(verdict: Verdict) -> tuple[Mapping[str, float], str | None]:
    if isinstance(verdict, Measured):
        return {name: quantity.value for name, quantity in verdict.properties.items()}, None
    return {}, verdict.message


def _row(known: KnownPoint) -> dict[str, Any]:
    point = known.point
    return {
        "number": known.number,
        "property": known.property_name,
        "design": point.design.canonical(),
        "source": point.source,
        "point": encode(point.to_json(), "a point"),
    }


def _known(row: sa.Row[Any]) -> KnownPoint:
    return KnownPoint(row.number, row.property, Point.from_json(decode(row.point)))
