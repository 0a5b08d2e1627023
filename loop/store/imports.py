"""Answers of people by the file: checked against the queue, then stored in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from alloys.properties import PROPERTIES
from alloys.records import Failed, FailureKind, Measured, Quantity
from loop.store.base import StorePart, decode, encode
from loop.store.errors import StoreError
from loop.store.moves import move_all
from loop.store.observations import TIER
from loop.store.records import Imported, Result
from loop.store.schema import jobs, observations, proposals
from loop.store.transitions import ANSWERED, AT_WORK, JobState
from validation.tier import Tier

BATCH = 2000
"""Rows that are looked up, and written, together."""

Problem = tuple[int, str]


@dataclass(frozen=True, slots=True)
class JobHead:
    """As much of a job as an import needs; ``composition`` is the canonical text."""

    key: str
    nonce: str
    state: JobState
    composition: str
    iteration: int | None
    tier: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """An observation that is there."""

    tier: int | None
    values: str
    stds: str | None
    failure: str | None
    replicate: bool


class ImportMethods(StorePart):
    """The part of the store that takes answers by the file."""

    def heads(self, keys: Collection[str]) -> dict[str, JobHead]:
        """Some jobs by key, without what only a worker needs; unknown keys are left out."""
        with self._read() as connection:
            return _heads(connection, keys)

    def import_results(
        self, rows: Iterable[Result], *, source: str, wanted: Collection[str], tiers: Sequence[Tier] = ()
    ) -> Imported:
        """Stores people's answers, all or none.

        A job is answered once everything that is asked is known of its alloy, or with a failure. What was there
        already changes nothing. A result for an answered job is a replicate; one that differs from what was
        accepted is marked for review. Of several validators each is one by itself: what another said of the alloy
        neither completes an answer nor contradicts it.

        Args:
            rows: the answers, in the order of their lines; read once.
            source: who measured.
            wanted: names of the properties that a complete answer has.
            tiers: where there are several validators, all of them; each says what is wanted of it.

        Raises:
            StoreError: naming the first batch's lines whose job is unknown, at work, or was asked again since, or
                that answer a program's job or what nobody asked of these people.
        """
        if not source:
            raise StoreError("results need their source")
        counts = Imported()
        with self._write() as connection:
            for batch in _batches(rows):
                heads = _heads(connection, [row.key for row in batch])
                problems = [(row.line, text) for row in batch if (text := refusal(row, heads.get(row.key), tiers))]
                if problems:
                    raise StoreError(listing(problems))
                _Batch(connection, heads, source, frozenset(wanted), tiers, self._clock()).store(batch, counts)
        return counts


def refusal(row: Result, head: JobHead | None, tiers: Sequence[Tier] = ()) -> str | None:
    """Why a job cannot take a result, or None; ``tiers`` as in `ImportMethods.import_results`."""
    if head is None:
        return f"no job has the key {row.key[:80]!r}; export the jobs of this campaign"
    if tiers and (text := _not_asked(row, tiers[head.tier])):
        return text
    if row.nonce != head.nonce:
        return "the nonce is not the job's: it was asked again since, or this is another job's line; export it again"
    if head.state in AT_WORK:
        return f"the job is {head.state}: a worker has it; wait for its answer, or cancel the job first"
    return None


def _not_asked(row: Result, asked: Tier) -> str | None:
    """Why people do not answer this validator's job, or not by these values."""
    if not asked.by_hand:
        return f"the program {asked.label!r} answers this job, not people; bring other results with Campaign.observe"
    stray = sorted(set(row.values) - set(asked.properties))
    if stray:
        told, names = ", ".join(stray), ", ".join(asked.properties)
        return f"{asked.label!r} is asked for {names}, not for {told}; bring other results with Campaign.observe"
    return None


def listing(problems: Sequence[Problem], more: int = 0, most: int = 20) -> str:
    """Problems by line, the first so many of them; ``more`` were not kept."""
    lines = [f"line {line}: {text}" for line, text in sorted(problems)[:most]]
    left = max(0, len(problems) - most) + more
    if left:
        lines.append(f"and {left} more")
    return "\n  ".join(["nothing was imported:", *lines])


def _batches(rows: Iterable[Result]) -> Iterator[list[Result]]:
    """Rows in their order; no batch has a job twice, so that each row finds what the one before it left."""
    batch: dict[str, Result] = {}
    for row in rows:
        if row.key in batch or len(batch) == BATCH:
            yield list(batch.values())
            batch = {}
        batch[row.key] = row
    if batch:
        yield list(batch.values())


def _heads(connection: sa.Connection, keys: Collection[str]) -> dict[str, JobHead]:
    own = (jobs.c.key, jobs.c.nonce, jobs.c.state, jobs.c.composition, jobs.c.conflicts)
    joined = jobs.outerjoin(proposals, proposals.c.job_key == jobs.c.key)
    query = sa.select(*own, proposals.c.iteration, proposals.c.tier).select_from(joined)
    return {
        r.key: JobHead(r.key, r.nonce, JobState(r.state), r.composition, r.iteration, r.tier or 0, r.conflicts)
        for r in connection.execute(query.where(jobs.c.key.in_(list(keys))))
    }


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some rows of different jobs, stored together."""

    connection: sa.Connection
    heads: Mapping[str, JobHead]
    source: str
    wanted: frozenset[str]
    tiers: Sequence[Tier]
    now: float

    def store(self, rows: Sequence[Result], counts: Imported) -> None:
        """Sorts rows into answers, replicates and parts, and writes them."""
        seen = self._seen()
        answers: list[Result] = []
        kept: list[dict[str, Any]] = []
        conflicts: list[dict[str, Any]] = []
        for row in rows:
            head = self.heads[row.key]
            before = [s for s in seen.get(head.composition, []) if not self.tiers or s.tier == head.tier]
            if head.state not in (*ANSWERED, JobState.CANCELLED) and self._complete(row, before):
                answers.append(row)
                continue
            content = self._content(row)
            if self.tiers:
                content |= {"iteration": head.iteration, "tier": head.tier}
            if any((s.values, s.stds, s.failure) == _shape(content) for s in before):
                counts.known += 1
                continue
            overlaps, conflict = _compare(row, before)
            if overlaps:
                own = {"job_key": row.key, "iteration": head.iteration, "tier": None}
                content |= {**own, "replicate": True, "conflict": conflict}
                counts.replicates += 1
                if conflict is not None:
                    counts.conflicts += 1
                    conflicts.append({"of_key": row.key, "new_conflicts": head.conflicts + 1})
            else:
                counts.kept += 1
            kept.append(content)
        counts.answered += len(answers)
        self._write(answers, kept, conflicts)

    def _write(self, answers: list[Result], kept: list[dict[str, Any]], conflicts: list[dict[str, Any]]) -> None:
        self._settle([row for row in answers if row.failure is None], JobState.DONE)
        self._settle([row for row in answers if row.failure is not None], JobState.FAILED)
        if kept:
            self.connection.execute(sa.insert(observations), kept)
        if conflicts:
            query = sa.update(jobs).where(jobs.c.key == sa.bindparam("of_key"))
            self.connection.execute(query.values(conflicts=sa.bindparam("new_conflicts")), conflicts)

    def _settle(self, rows: Sequence[Result], target: JobState) -> None:
        """Moves jobs to their end, by way of a person's hands where they were not there, and stores the answers."""
        if not rows:
            return
        note = f"answered by {self.source}"
        ready = (JobState.AWAITING_HUMAN, JobState.NEEDS_REVIEW)
        states = {row.key: self.heads[row.key].state for row in rows}
        elsewhere = [{"key": key, "state": state} for key, state in states.items() if state not in ready]
        move_all(self.connection, elsewhere, JobState.AWAITING_HUMAN, now=self.now, note=note)
        states |= {entry["key"]: JobState.AWAITING_HUMAN for entry in elsewhere}
        moves = [{"key": row.key, "state": states[row.key], **_verdict(row)} for row in rows]
        move_all(self.connection, moves, target, now=self.now, note=note)
        accepted = [
            {**self._content(row), "job_key": row.key, "iteration": self.heads[row.key].iteration} for row in rows
        ]
        self.connection.execute(sa.insert(observations), accepted)

    def _seen(self) -> dict[str, list[_Seen]]:
        columns = (observations.c[name] for name in ("values", "stds", "failure", "replicate"))
        query = (
            sa.select(observations.c.composition, TIER, *columns)
            .select_from(observations.outerjoin(proposals, proposals.c.job_key == observations.c.job_key))
            .where(observations.c.composition.in_([head.composition for head in self.heads.values()]))
        )
        found: dict[str, list[_Seen]] = {}
        for composition, *rest in self.connection.execute(query):
            found.setdefault(composition, []).append(_Seen(*rest))
        return found

    def _complete(self, row: Result, before: Sequence[_Seen]) -> bool:
        names = set(row.values)
        for seen in before:
            if not seen.replicate:
                names |= set(decode(seen.values))
        wanted = set(self.tiers[self.heads[row.key].tier].properties) if self.tiers else self.wanted
        return row.failure is not None or wanted <= names

    def _content(self, row: Result) -> dict[str, Any]:
        return {
            "job_key": None,
            "iteration": None,
            "tier": None,
            "composition": self.heads[row.key].composition,
            "values": encode(dict(row.values), f"line {row.line}"),
            "stds": encode(dict(row.stds), f"line {row.line}") if row.stds else None,
            "failure": row.failure,
            "source": self.source,
            "replicate": False,
            "conflict": None,
            "at": self.now,
        }


def _shape(content: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    return content["values"], content["stds"], content["failure"]


def _compare(row: Result, before: Sequence[_Seen]) -> tuple[bool, str | None]:
    """Whether something accepted speaks of the same, and how the row differs from it."""
    overlaps, differences = False, []
    for seen in before:
        if seen.replicate:
            continue
        if row.failure is not None or seen.failure is not None:
            overlaps = True
            if row.failure != seen.failure:
                differences.append(f"{row.failure or 'measured'}; accepted: {seen.failure or 'measured'}")
            continue
        accepted = decode(seen.values)
        for name in sorted(set(accepted) & set(row.values)):
            overlaps = True
            if accepted[name] != row.values[name]:
                unit = PROPERTIES[name].unit
                differences.append(f"{name} {row.values[name]:g} {unit}; accepted: {accepted[name]:g} {unit}")
    return overlaps, "; ".join(differences) or None


def _verdict(row: Result) -> dict[str, Any]:
    """The columns of a job that hold its verdict."""
    if row.failure is not None:
        failed = Failed(FailureKind.PHYSICS, row.failure)
        text = encode(failed.to_json(), f"line {row.line}")
        return {"verdict": text, "error_class": str(failed.kind), "message": row.failure}
    values = {name: Quantity(value, PROPERTIES[name].unit, row.stds.get(name)) for name, value in row.values.items()}
    return {"verdict": encode(Measured(values).to_json(), f"line {row.line}"), "error_class": None, "message": None}
