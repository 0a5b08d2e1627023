"""Answers of people by the file: held against the queue and stored, all in one transaction, or none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from alloys.properties import Property
from alloys.records import Failed, FailureKind, Measured, Observation, Quantity, Verdict
from loop.store.base import StorePart
from loop.store.database.schema import jobs, observations
from loop.store.errors import StoreError
from loop.store.observations import content_of, contradicts, overlaps, select_results
from loop.store.queue.moves import load_job, select_jobs
from loop.store.queue.settle import answer_job
from loop.store.records import Imported, Job, Result, StoredObservation
from loop.store.states import ANSWERED, JobState
from validation.tier import Tier

Problem = tuple[int, str]
"""A line of the file, and what is wrong with it."""
Check = Callable[[Result, Job], str | None]
"""What else is wrong with a row for a job, or None."""


class ImportMethods(StorePart):
    """The part of the store that takes answers by the file."""

    def import_results(
        self,
        rows: Sequence[Result],
        *,
        source: str,
        wanted: Collection[str],
        tiers: Sequence[Tier] = (),
        check: Check = lambda row, job: None,
        problems: Sequence[Problem] = (),
    ) -> Imported:
        """Stores people's answers, all or none.

        A job is answered once everything that is asked is known of its design, or with a failure. What was there
        already changes nothing. A further measurement counts beside those before; a failure of what is known does
        not, and is marked for review. Of several validators each is one by itself: what another said of the design
        neither completes an answer nor contradicts it.

        Args:
            rows: the answers, in the order of their lines.
            source: who measured.
            wanted: names of the properties that a complete answer has.
            tiers: where there are several validators, all of them; each says what is wanted of it.
            check: what else must hold of a row and its job.
            problems: what is known to be wrong with the file already.

        Raises:
            StoreError: naming the lines that are wrong: whose job is unknown, running, or was asked again since, or
                that answer a program's job or what nobody asked of these people.
        """
        if not source:
            raise StoreError("results need their source")
        with self._write() as connection:
            found = [(row.line, text) for row in rows if (text := _refusal(connection, row, tiers, check))]
            if found or problems:
                raise StoreError(_listing([*problems, *found]))
            desk = _Desk(connection, source, frozenset(wanted), tiers, self._clock(), self.properties)
            for row in rows:
                desk.take(row)
        return desk.counts


def _refusal(connection: sa.Connection, row: Result, tiers: Sequence[Tier], check: Check) -> str | None:
    """Why a job cannot take a result, or None."""
    found = select_jobs(connection, jobs.c.key == row.key)
    if not found:
        return f"no job has the key {row.key[:80]!r}; export the jobs of this campaign"
    (job,) = found
    if tiers and (text := _not_asked(row, tiers[job.tier or 0])):
        return text
    if row.nonce != job.nonce:
        return "the nonce is not the job's: it was asked again since, or this is another job's line; export it again"
    if job.state is JobState.RUNNING:
        return "the job is running: a worker has it; wait for its answer, or cancel the job first"
    return check(row, job)


def _not_asked(row: Result, asked: Tier) -> str | None:
    """Why people do not answer this validator's job, or not by these values."""
    if not asked.by_hand:
        return f"the program {asked.label!r} answers this job, not people; bring other results with Campaign.observe"
    stray = sorted(set(row.values) - set(asked.properties))
    if stray:
        told, names = ", ".join(stray), ", ".join(asked.properties)
        return f"{asked.label!r} is asked for {names}, not for {told}; bring other results with Campaign.observe"
    return None


def _listing(problems: Sequence[Problem], most: int = 20) -> str:
    """Problems by line, the first so many of them."""
    lines = [f"line {line}: {text}" for line, text in sorted(problems)[:most]]
    if len(problems) > most:
        lines.append(f"and {len(problems) - most} more")
    return "\n  ".join(["nothing was imported:", *lines])


@dataclass
class _Desk:
    """Takes a file's rows one by one, each as the rows before it left things.

    Attributes:
        connection: the transaction.
        source: who measured.
        wanted: of a complete answer.
        tiers: where there are several validators, all of them.
        now: unix seconds.
        properties: that the campaign knows.
        counts: what became of the rows.
    """

    connection: sa.Connection
    source: str
    wanted: frozenset[str]
    tiers: Sequence[Tier]
    now: float
    properties: Mapping[str, Property]
    counts: Imported = field(default_factory=Imported)

    def take(self, row: Result) -> None:
        """A row is an answer, known already, a further measurement, or a part that is kept."""
        job = load_job(self.connection, row.key)
        known = select_results(self.connection, job.request.design)
        known = [seen for seen in known if not self.tiers or seen.tier == job.tier]
        accepted = [standing for seen in known if (standing := seen.standing)]
        is_open = job.state not in (*ANSWERED, JobState.CANCELLED)
        if is_open and self._complete(row, job, accepted):
            answer_job(self.connection, job, self._verdict(row), self.now, self.source)
            self.counts.answered += 1
        elif any(_same(row, seen) for seen in known):
            self.counts.known += 1
        else:
            self._keep(row, job, accepted)

    def _verdict(self, row: Result) -> Verdict:
        if row.failure is not None:
            return Failed(FailureKind.PHYSICS, row.failure)
        return Measured({n: Quantity(v, self.properties[n].unit, row.stds.get(n)) for n, v in row.values.items()})

    def _complete(self, row: Result, job: Job, accepted: Sequence[Observation]) -> bool:
        names = {*row.values, *(name for seen in accepted for name in seen.values)}
        wanted = set(self.tiers[job.tier or 0].properties) if self.tiers else self.wanted
        return row.failure is not None or wanted <= names

    def _keep(self, row: Result, job: Job, accepted: Sequence[Observation]) -> None:
        """Stores a row that answers no job."""
        seen = Observation(job.request.design, row.values, self.source, row.failure, row.stds)
        conflict = None
        if contradicts(seen, accepted):
            conflict = f"{seen.failure}; accepted: {accepted[0].failure or 'measured'}"
        content: dict[str, Any] = {**content_of(seen), "replicate": conflict is not None, "at": self.now}
        if conflict is not None:
            content |= {"job_key": row.key, "iteration": job.iteration, "conflict": conflict}
        elif self.tiers:
            content |= {"iteration": job.iteration, "tier": job.tier}
        self.connection.execute(sa.insert(observations).values(content))
        if conflict is not None:
            self.counts.conflicts += 1
            more = sa.update(jobs).where(jobs.c.key == row.key).values(conflicts=jobs.c.conflicts + 1)
            self.connection.execute(more)
        elif overlaps(seen, accepted):
            self.counts.repeats += 1
        else:
            self.counts.kept += 1


def _same(row: Result, seen: StoredObservation) -> bool:
    told = seen.observation
    return (row.values, row.stds, row.failure) == (told.values, told.stds, told.failure)
