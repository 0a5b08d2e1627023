"""Data brought, withdrawn and corrected beside the queue: logged events, in which rows are added or marked only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from alloys.design import Design
from alloys.records import Observation
from loop.store.base import StorePart, decode, encode
from loop.store.database.schema import data_events, observations, withdrawals
from loop.store.errors import StoreError
from loop.store.observations import check_rows, content_of, insert_rows, select_rows
from loop.store.records import Added, DataEvent, StoredObservation
from loop.store.states import DataEventKind


class DataMethods(StorePart):
    """The part of the store that keeps what people and files do to the data."""

    def data_events(self) -> list[DataEvent]:
        """Everything that was done, oldest first."""
        with self._read() as connection:
            rows = connection.execute(sa.select(data_events).order_by(data_events.c.id)).all()
        return [DataEvent(r.id, r.at, r.who, DataEventKind(r.kind), r.why, decode(r.detail)) for r in rows]

    def withdrawn_answers(self) -> set[Design]:
        """Designs of which something was withdrawn that had answered a job."""
        gone = sa.select(withdrawals.c.observation)
        answers = sa.select(observations.c.design).where(
            observations.c.job_key.is_not(None), observations.c.id.in_(gone)
        )
        with self._read() as connection:
            return {Design.from_canonical(text) for text in connection.execute(answers).scalars()}

    def add_data(
        self, rows: Sequence[Observation], kind: DataEventKind, *, who: str, why: str = "", detail: Mapping[str, Any]
    ) -> Added:
        """Adds results with the event that brought them, all or none; see `add_observations`.

        What a campaign begins with is taken once: where an event of such a kind with the same detail is there, nothing
        happens.

        Raises:
            StoreError: for a row that cannot be, naming it.
        """
        check_rows(rows, self.properties)
        now, written = self._clock(), encode(dict(detail), "where data came from")
        with self._write() as connection:
            if kind is not DataEventKind.ADD and _is_there(connection, kind, written):
                return Added(0, 0, len(rows))
            added = insert_rows(connection, rows, now)
            log_event(connection, now, who, kind, why, written)
            return added

    def withdraw(self, ids: Sequence[int], *, names: Sequence[str] = (), who: str, why: str) -> None:
        """Values of some observations no longer count; all of them or none.

        Args:
            ids: of the observations.
            names: of the properties; all that they have where none is given.
            who: the person.
            why: the reason.

        Raises:
            StoreError: without a reason, or where there is nothing to withdraw: an unknown observation, one that does
                not count, or a property that it does not have.
        """
        now = self._clock()
        _refuse_empty(why, "a withdrawal")
        with self._write() as connection:
            marked = {number: _counting(_row(connection, number), names) for number in ids}
            detail = encode({"observations": sorted(ids), "properties": sorted(set(names))}, "a withdrawal")
            event = log_event(connection, now, who, DataEventKind.WITHDRAW, why, detail)
            mark(connection, marked, event)

    def correct(self, number: int, name: str, value: float, *, who: str, why: str) -> int:
        """Puts another value in the place of one that no longer counts from now on.

        The new observation is of the same design and of the same validator, where there are several. A standard
        deviation stays with the value that it was given with.

        Args:
            number: of the observation.
            name: of the property.
            value: in the property's unit.
            who: the person.
            why: the reason.

        Returns:
            the number of the observation that was added.

        Raises:
            StoreError: as `withdraw`, or for a value that cannot be.
        """
        now = self._clock()
        _refuse_empty(why, "a correction")
        with self._write() as connection:
            old = _row(connection, number)
            marked = {number: _counting(old, [name])}
            new = Observation(old.observation.design, {name: value}, f"{old.observation.source}, corrected by {who}")
            check_rows([new], self.properties)
            row = {**content_of(new), "replicate": False, "at": now, "tier": old.tier}
            made = sa.insert(observations).values(row).returning(observations.c.id)
            added = int(connection.execute(made).scalar_one())
            detail = {"observations": [number], "properties": [name], "added": added}
            event = log_event(connection, now, who, DataEventKind.CORRECT, why, encode(detail, "a correction"))
            mark(connection, marked, event)
            return added


def _refuse_empty(why: str, what: str) -> None:
    if not why.strip():
        raise StoreError(f"{what} needs its reason")


def _is_there(connection: sa.Connection, kind: DataEventKind, detail: str) -> bool:
    same = sa.select(data_events.c.id).where(data_events.c.kind == kind, data_events.c.detail == detail)
    return connection.execute(same.limit(1)).first() is not None


def log_event(connection: sa.Connection, now: float, who: str, kind: DataEventKind, why: str, detail: str) -> int:
    row = {"at": now, "who": who, "kind": kind, "why": why, "detail": detail}
    return int(connection.execute(sa.insert(data_events).values(row).returning(data_events.c.id)).scalar_one())


def _row(connection: sa.Connection, number: int) -> StoredObservation:
    found = select_rows(connection, observations.c.id == number)
    if not found:
        raise StoreError(f"there is no observation {number}; `alloyloop data list` shows those there are")
    return found[0]


def _counting(stored: StoredObservation, names: Sequence[str]) -> Sequence[str]:
    """Those of the properties that can be taken from an observation; the empty name stands for a failure."""
    seen = stored.standing
    where = f"observation {stored.id} ({stored.observation.design})"
    if seen is None:
        raise StoreError(f"{where} does not count: it was withdrawn, or came too late for its job")
    missing = [name for name in names if name not in seen.values]
    if missing:
        there = ", ".join(seen.values) or f"a failure: {seen.failure}"
        raise StoreError(f"{where} has no {', '.join(missing)} that counts; it has {there}")
    return names or tuple(seen.values) or ("",)


def mark(connection: sa.Connection, marked: Mapping[int, Sequence[str]], event: int) -> None:
    rows = [{"observation": number, "property": n, "event": event} for number, names in marked.items() for n in names]
    if rows:
        connection.execute(sa.insert(withdrawals), rows)
