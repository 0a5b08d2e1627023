"""Observations: accepted answers, replicates, and results brought by hand. Rows are only ever added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from alloys.design import Design
from alloys.records import Measured, Observation, Verdict, digest_of, quantities
from loop.store.base import StorePart, decode, encode
from loop.store.database.schema import observations, proposals
from loop.store.errors import StoreError
from loop.store.records import Added, Job, Outcome, StoredObservation

TIER = sa.func.coalesce(proposals.c.tier, observations.c.tier).label("of_tier")
"""Of an observation beside its job's proposal: which of several validators said it; None for results by hand."""
_COLUMNS = (observations, proposals.c.rank, TIER)


def content_of(observation: Observation) -> dict[str, Any]:
    """The columns that say what was seen."""
    return {
        "design": observation.design.canonical(),
        "values": encode(dict(observation.values), "an observation"),
        "source": observation.source,
        "failure": observation.failure,
    }


def _answer(job: Job, verdict: Verdict, source: str | None = None) -> dict[str, Any]:
    source = source or job.request.validator
    stds: dict[str, float] = {}
    if isinstance(verdict, Measured):
        values = {name: quantity.value for name, quantity in verdict.properties.items()}
        stds = {name: quantity.std for name, quantity in verdict.properties.items() if quantity.std is not None}
        seen = Observation(job.request.design, values, source)
    else:
        seen = Observation(job.request.design, {}, source, verdict.message)
    written = encode(stds, "standard deviations") if stds else None
    return {**content_of(seen), "stds": written, "job_key": job.key, "iteration": job.iteration}


def accept(connection: sa.Connection, job: Job, verdict: Verdict, now: float, source: str | None = None) -> None:
    """Stores the job's one accepted answer; its source is the validator's name, or a person's."""
    row = {**_answer(job, verdict, source), "replicate": False, "at": now}
    connection.execute(sa.insert(observations).values(row))


def keep_replicate(connection: sa.Connection, job: Job, verdict: Verdict, now: float) -> Outcome:
    """Stores a result that came too late, once."""
    row = _answer(job, verdict)
    if _find(connection, row) is not None:
        return Outcome.DUPLICATE
    connection.execute(sa.insert(observations).values({**row, "replicate": True, "at": now}))
    return Outcome.REPLICATE


def _find(connection: sa.Connection, row: dict[str, Any]) -> int | None:
    same = [observations.c[name].is_not_distinct_from(value) for name, value in row.items()]
    found: int | None = connection.execute(sa.select(observations.c.id).where(*same).limit(1)).scalar()
    return found


def _contradicts(connection: sa.Connection, observation: Observation, *, beside_jobs: bool) -> bool:
    """Whether something accepted already speaks of the same alloy and a same property, or either is a failure."""
    query = sa.select(observations.c["values"]).where(
        observations.c.design == observation.design.canonical(), sa.not_(observations.c.replicate)
    )
    if beside_jobs:
        query = query.where(observations.c.job_key.is_(None), observations.c.tier.is_(None))
    known = [set(decode(text)) for text in connection.execute(query).scalars()]
    return any(not names or not observation.values or names & set(observation.values) for names in known)


def _check(row: int, observation: Observation) -> None:
    where = f"row {row + 1} ({observation.design})"
    if bool(observation.values) == (observation.failure is not None):
        raise StoreError(f"{where}: an observation has either values or the reason of its failure")
    if not observation.source:
        raise StoreError(f"{where}: an observation needs its source")
    try:
        quantities(observation.values)
    except ValueError as error:
        raise StoreError(f"{where}: {error}") from error


_SELECT = sa.select(*_COLUMNS).select_from(
    observations.outerjoin(proposals, proposals.c.job_key == observations.c.job_key)
)
_IN_ORDER = _SELECT.order_by(
    sa.func.coalesce(observations.c.iteration, -1), sa.func.coalesce(proposals.c.rank, -1), observations.c.id
)


def select_results(connection: sa.Connection, design: Design) -> list[StoredObservation]:
    """Everything that was seen of one design, replicates included, in the order of arrival."""
    query = _SELECT.where(observations.c.design == design.canonical()).order_by(observations.c.id)
    return [_stored(row) for row in connection.execute(query)]


def _document(composition: str, failure: str | None, source: str, values: str) -> str:
    """The canonical JSON of an observation, without reading the values, which are stored in that form."""
    texts = [json.dumps(part) for part in (composition, failure, source)]
    return f'{{"composition":{texts[0]},"failure":{texts[1]},"source":{texts[2]},"values":{values}}}'


class ObservationMethods(StorePart):
    """The part of the store that keeps what was seen."""

    def add_observations(self, rows: Sequence[Observation], *, beside_jobs: bool = False) -> Added:
        """Adds results brought by hand, all or none.

        A row that is there already changes nothing. One that speaks of a property that is already known for the
        same alloy becomes a replicate: the first accepted result wins. Other properties of a known alloy are new.

        Args:
            rows: the results.
            beside_jobs: whether only other results by hand make a replicate, as they stand above what jobs answer.

        Raises:
            StoreError: for a row without values and failure, or with impossible ones, naming the row.
        """
        for number, row in enumerate(rows):
            _check(number, row)
        now = self._clock()
        new = replicates = known = 0
        with self._write() as connection:
            for row in rows:
                content = content_of(row)
                if _find(connection, content) is not None:
                    known += 1
                    continue
                late = _contradicts(connection, row, beside_jobs=beside_jobs)
                connection.execute(sa.insert(observations).values({**content, "replicate": late, "at": now}))
                new, replicates = new + (not late), replicates + late
        return Added(new, replicates, known)

    def observations(self, include_replicates: bool = False) -> list[StoredObservation]:
        """What is known, in an order that does not depend on who finished first: iteration, rank, then arrival.

        Results brought by hand come first.
        """
        query = _IN_ORDER if include_replicates else _IN_ORDER.where(sa.not_(observations.c.replicate))
        with self._read() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def observations_of(self, iteration: int) -> list[StoredObservation]:
        """What is known of the alloys of one iteration's batch, in the same order, whoever asked or brought it."""
        batch = proposals.alias("batch")
        same = (batch.c.design == observations.c.design, batch.c.tier == 0, batch.c.iteration == iteration)
        # An alloy is asked for once, so no earlier iteration asked for these.
        since = sa.or_(observations.c.iteration.is_(None), observations.c.iteration >= iteration)
        asked = sa.exists().where(*same)
        query = _IN_ORDER.where(sa.not_(observations.c.replicate), since, asked)
        with self._read() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def observation_counts(self) -> dict[int | None, int]:
        """How many results each iteration asked for; those brought by hand are of none."""
        query = sa.select(observations.c.iteration, sa.func.count()).where(sa.not_(observations.c.replicate))
        with self._read() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query.group_by(observations.c.iteration))}

    def results(self, design: Design) -> list[StoredObservation]:
        """Everything that was seen of one design, replicates included, in the order of arrival."""
        with self._read() as connection:
            return select_results(connection, design)

    def dataset_digest(self) -> str:
        """A digest of everything accepted, whatever order it came in; see `alloys.records.dataset_digest`."""
        columns = (observations.c.design, observations.c.failure, observations.c.source, observations.c["values"])
        with self._read() as connection:
            rows = connection.execute(sa.select(*columns).where(sa.not_(observations.c.replicate)))
            return digest_of(sorted(_document(*row) for row in rows))


def _stored(row: sa.Row[Any]) -> StoredObservation:
    fields = row._mapping
    design = Design.from_canonical(fields["design"])
    return StoredObservation(
        id=fields["id"],
        observation=Observation(design, decode(fields["values"]), fields["source"], fields["failure"]),
        iteration=fields["iteration"],
        rank=fields["rank"],
        key=fields["job_key"],
        replicate=bool(fields["replicate"]),
        at=fields["at"],
        stds=decode(fields["stds"] or "{}"),
        conflict=fields["conflict"],
        tier=fields["of_tier"],
    )
