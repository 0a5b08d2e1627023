"""Observations: accepted answers, repeats, and results brought by hand. Rows are only ever added."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from alloys.design import Design
from alloys.properties import Property
from alloys.records import Measured, Observation, Verdict, canonical_json, digest_of, quantities
from loop.store.base import StorePart, decode, design_in, encode
from loop.store.database.schema import acts, observations, proposals, withdrawals
from loop.store.errors import StoreError
from loop.store.records import Added, Job, Outcome, StoredObservation
from loop.store.states import DECIDING

TIER = sa.func.coalesce(proposals.c.tier, observations.c.tier).label("of_tier")
"""Of an observation beside its job's proposal: which of several validators said it; None for results by hand."""
_COLUMNS = (observations, proposals.c.rank, TIER)
_PAGE = 1000
"""Designs asked for in one query: databases take some ten thousand parameters."""
_ACCEPTED = sa.not_(observations.c.replicate)


def content_of(observation: Observation) -> dict[str, Any]:
    """The columns that say what was seen."""
    return {
        "design": observation.design.canonical(),
        "values": encode(dict(observation.values), "an observation"),
        "source": observation.source,
        "failure": observation.failure,
        "stds": encode(dict(observation.stds), "standard deviations") if observation.stds else None,
    }


def _answer(job: Job, verdict: Verdict, source: str | None = None) -> dict[str, Any]:
    source = source or job.request.validator
    stds: dict[str, float] = {}
    if isinstance(verdict, Measured):
        values = {name: quantity.value for name, quantity in verdict.properties.items()}
        stds = {name: quantity.std for name, quantity in verdict.properties.items() if quantity.std is not None}
        seen = Observation(job.request.design, values, source, None, stds)
    else:
        seen = Observation(job.request.design, {}, source, verdict.message)
    return {**content_of(seen), "job_key": job.key, "iteration": job.iteration}


def accept(connection: sa.Connection, job: Job, verdict: Verdict, now: float, source: str | None = None) -> None:
    """Stores the job's one accepted answer; its source is the validator's name, or a person's."""
    row = {**_answer(job, verdict, source), "replicate": False, "at": now}
    connection.execute(sa.insert(observations).values(row))


def keep_replicate(connection: sa.Connection, job: Job, verdict: Verdict, now: float) -> Outcome:
    """Stores a program's result that came too late, once; the question was answered, so it does not count."""
    row = _answer(job, verdict)
    if _find(connection, row) is not None:
        return Outcome.DUPLICATE
    connection.execute(sa.insert(observations).values({**row, "replicate": True, "at": now}))
    return Outcome.REPLICATE


def _find(connection: sa.Connection, row: dict[str, Any]) -> int | None:
    same = [observations.c[name].is_not_distinct_from(value) for name, value in row.items()]
    found: int | None = connection.execute(sa.select(observations.c.id).where(*same).limit(1)).scalar()
    return found


def overlaps(seen: Observation, known: Sequence[Observation]) -> bool:
    """Whether a property, or a failure, was told of the same design before."""
    told = {name for each in known for name in each.values}
    return bool(told & set(seen.values)) or (seen.failure is not None and bool(known))


def contradicts(seen: Observation, known: Sequence[Observation]) -> bool:
    """Whether it is a failure of a design that there is something of already, which does not count then."""
    return seen.failure is not None and bool(known)


def check_rows(rows: Sequence[Observation], properties: Mapping[str, Property]) -> None:
    """Refuses results that cannot be.

    Raises:
        StoreError: naming the first such row.
    """
    for number, row in enumerate(rows):
        _check(number, row, properties)


def _check(row: int, observation: Observation, properties: Mapping[str, Property]) -> None:
    where = f"row {row + 1} ({observation.design})"
    if bool(observation.values) == (observation.failure is not None):
        raise StoreError(f"{where}: an observation has either values or the reason of its failure")
    if not observation.source:
        raise StoreError(f"{where}: an observation needs its source")
    if not all(name in observation.values and 0 <= std < math.inf for name, std in observation.stds.items()):
        raise StoreError(f"{where}: standard deviations are numbers from 0 on, of values that are there")
    try:
        quantities(observation.values, properties)
    except ValueError as error:
        raise StoreError(f"{where}: {error}") from error


_SELECT = sa.select(*_COLUMNS).select_from(
    observations.outerjoin(proposals, proposals.c.job_key == observations.c.job_key)
)
_IN_ORDER = _SELECT.order_by(
    sa.func.coalesce(observations.c.iteration, -1), sa.func.coalesce(proposals.c.rank, -1), observations.c.id
)


def _read_rows(connection: sa.Connection, query: sa.Select[Any]) -> list[StoredObservation]:
    """Rows with what was withdrawn of them."""
    taken: dict[int, set[str]] = {}
    for row in connection.execute(sa.select(withdrawals.c.observation, withdrawals.c.property)):
        taken.setdefault(row[0], set()).add(row[1])
    return [
        _stored(row, design_in(connection, row.design), frozenset(taken.get(row.id, ())))
        for row in connection.execute(query)
    ]


def _standing(rows: Iterable[StoredObservation]) -> list[StoredObservation]:
    """Rows that count, without what was withdrawn."""
    pairs = [(row, row.standing) for row in rows]
    return [row if seen is row.observation else replace(row, observation=seen) for row, seen in pairs if seen]


def select_rows(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[StoredObservation]:
    """Rows as they were recorded, in the order of arrival."""
    return _read_rows(connection, _SELECT.where(condition).order_by(observations.c.id))


def select_results(connection: sa.Connection, design: Design) -> list[StoredObservation]:
    """Everything that was seen of one design, in the order of arrival."""
    return select_rows(connection, observations.c.design == design.canonical())


def insert_rows(
    connection: sa.Connection, rows: Sequence[Observation], now: float, tiers: Sequence[int | None] = ()
) -> Added:
    """Adds results that answer no job and are not there yet.

    Args:
        connection: a transaction.
        rows: the results.
        now: unix seconds.
        tiers: which of the campaign's validators said each, where one did; none of them if empty.
    """
    recorded: dict[Design, list[Observation]] = {}
    counting: dict[Design, list[Observation]] = {}
    designs = list(dict.fromkeys(row.design.canonical() for row in rows))
    for start in range(0, len(designs), _PAGE):
        for stored in select_rows(connection, observations.c.design.in_(designs[start : start + _PAGE])):
            recorded.setdefault(stored.observation.design, []).append(stored.observation)
            if stored.standing is not None:
                counting.setdefault(stored.observation.design, []).append(stored.standing)
    fresh, repeats = [], 0
    for row, tier in zip(rows, tiers or [None] * len(rows), strict=True):
        told, there = recorded.setdefault(row.design, []), counting.setdefault(row.design, [])
        if row in told:
            continue
        late = contradicts(row, there)
        fresh.append({**content_of(row), "replicate": late, "at": now, "tier": tier})
        repeats += overlaps(row, there)
        told.append(row)
        if not late:
            there.append(row)
    if fresh:
        connection.execute(sa.insert(observations), fresh)
    return Added(len(fresh) - repeats, repeats, len(rows) - len(fresh))


def _document(composition: str, failure: str | None, source: str, stds: str | None, values: str) -> str:
    """The canonical JSON of an observation, without reading the numbers, which are stored in that form."""
    texts = [json.dumps(part) for part in (composition, failure, source)]
    spread = f'"stds":{stds},' if stds else ""
    return f'{{"composition":{texts[0]},"failure":{texts[1]},"source":{texts[2]},{spread}"values":{values}}}'


class ObservationMethods(StorePart):
    """The part of the store that keeps what was seen."""

    def add_observations(self, rows: Sequence[Observation]) -> Added:
        """Adds results brought by hand, all or none.

        A row that is there already changes nothing. A further measurement of a known property counts beside the
        others. A failure of an alloy of which something is known is kept, and does not count.

        Raises:
            StoreError: for a row without values and failure, or with impossible ones, naming the row.
        """
        check_rows(rows, self.properties)
        now = self._clock()
        with self._write() as connection:
            return insert_rows(connection, rows, now)

    def observations(self, include_replicates: bool = False) -> list[StoredObservation]:
        """What is known, in an order that does not depend on who finished first: iteration, rank, then arrival.

        Results brought by hand come first.

        Args:
            include_replicates: whether to give every row as it was recorded, whether it counts or not.
        """
        with self._read() as connection:
            rows = _read_rows(connection, _IN_ORDER)
        return rows if include_replicates else _standing(rows)

    def observations_of(self, iteration: int) -> list[StoredObservation]:
        """What is known of the alloys of one iteration's batch, in the same order, whoever asked or brought it."""
        batch = proposals.alias("batch")
        same = (batch.c.design == observations.c.design, batch.c.tier == 0, batch.c.iteration == iteration)
        # An alloy is asked for once, so no earlier iteration asked for these.
        since = sa.or_(observations.c.iteration.is_(None), observations.c.iteration >= iteration)
        asked = sa.exists().where(*same)
        with self._read() as connection:
            return _standing(_read_rows(connection, _IN_ORDER.where(since, asked)))

    def observation_counts(self) -> dict[int | None, int]:
        """How many results each iteration asked for; those brought by hand are of none."""
        query = sa.select(observations.c.iteration, sa.func.count()).where(_ACCEPTED)
        with self._read() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query.group_by(observations.c.iteration))}

    def answered_counts(self) -> dict[int, int]:
        """How many designs of each iteration have an answer, failures included."""
        query = sa.select(observations.c.iteration, sa.func.count(sa.distinct(observations.c.design)))
        query = query.where(_ACCEPTED, observations.c.iteration.is_not(None)).group_by(observations.c.iteration)
        with self._read() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def times_by_hand(self) -> list[float]:
        """When results by hand came, in unix seconds, in their order."""
        query = sa.select(observations.c.at).where(
            sa.not_(observations.c.replicate), observations.c.iteration.is_(None)
        )
        with self._read() as connection:
            return sorted(float(at) for at in connection.execute(query).scalars())

    def results(self, design: Design) -> list[StoredObservation]:
        """Everything that was seen of one design, replicates included, in the order of arrival."""
        with self._read() as connection:
            return select_results(connection, design)

    def dataset_digest(self) -> str:
        """A digest of everything that counts, whatever order it came in; see `alloys.records.dataset_digest`.

        What people did that decides what is chosen joins it, in its order.
        """
        seen = observations.c
        columns = (seen.id, seen.design, seen.failure, seen.source, seen.stds, seen["values"])
        touched = sa.select(withdrawals.c.observation)
        with self._read() as connection:
            rows = connection.execute(sa.select(*columns).where(_ACCEPTED, seen.id.not_in(touched)))
            documents = [_document(*row[1:]) for row in rows]
            changed = _standing(_read_rows(connection, _SELECT.where(seen.id.in_(touched))))
            deciding = sa.select(acts.c.kind, acts.c.detail).where(acts.c.kind.in_(DECIDING)).order_by(acts.c.id)
            done = [f'{{"act":"{kind}","detail":{detail}}}' for kind, detail in connection.execute(deciding)]
        told = sorted([*documents, *(canonical_json(row.observation.to_json()) for row in changed)])
        return digest_of([*told, *done])


def _stored(row: sa.Row[Any], design: Design, withdrawn: frozenset[str]) -> StoredObservation:
    fields = row._mapping
    stds = decode(fields["stds"] or "{}")
    return StoredObservation(
        id=fields["id"],
        observation=Observation(design, decode(fields["values"]), fields["source"], fields["failure"], stds),
        iteration=fields["iteration"],
        rank=fields["rank"],
        key=fields["job_key"],
        replicate=bool(fields["replicate"]),
        at=fields["at"],
        conflict=fields["conflict"],
        tier=fields["of_tier"],
        withdrawn=withdrawn,
    )
