"""Iterations and their batches: a proposal is stored before it is used, and never again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from alloys.design import Design
from alloys.records import Candidate, Prediction, Selection, ValidationRequest
from loop.store.base import StorePart, decode, design_in, encode
from loop.store.database.schema import iterations, jobs, proposals
from loop.store.errors import BatchExists, IterationError, StoreError
from loop.store.notes import IterationNotes, Promotions
from loop.store.queue.moves import count_jobs, put_jobs
from loop.store.records import Iteration, Proposal
from loop.store.states import OPEN, IterationState

_index = iterations.c["index"]
_PAGE = 1000
"""Designs asked for in one query: databases take some ten thousand parameters."""


def _iteration(row: sa.Row[Any]) -> Iteration:
    index, state, started, finished, notes = tuple(row)
    return Iteration(index, IterationState(state), started, finished, IterationNotes.from_json(decode(notes)))


def _load(connection: sa.Connection, index: int) -> Iteration:
    row = connection.execute(sa.select(iterations).where(_index == index)).first()
    if row is None:
        raise IterationError(f"there is no iteration {index}; begin it first")
    return _iteration(row)


def _note(connection: sa.Connection, index: int, **noted: Any) -> None:
    written = encode(_load(connection, index).notes.with_notes(**noted).to_json(), f"the notes on iteration {index}")
    connection.execute(sa.update(iterations).where(_index == index).values(notes=written))


class IterationMethods(StorePart):
    """The part of the store that keeps the turns of the loop."""

    def begin_iteration(self, index: int) -> Iteration:
        """Begins the next iteration, or gives back the one of that index as it stands.

        Raises:
            IterationError: if it is neither there nor the next.
        """
        now = self._clock()
        with self._write() as connection:
            following = connection.execute(sa.select(sa.func.count()).select_from(iterations)).scalar_one()
            if not 0 <= index <= following:
                raise IterationError(f"the next iteration is {following}, got {index}")
            if index == following:
                row = {"index": index, "state": IterationState.PROPOSING, "started": now, "notes": "{}"}
                connection.execute(sa.insert(iterations).values(row))
            return _load(connection, index)

    def iteration(self, index: int) -> Iteration:
        """One iteration.

        Raises:
            IterationError: if there is none of that index.
        """
        with self._read() as connection:
            return _load(connection, index)

    def iterations(self) -> list[Iteration]:
        """Every iteration in order."""
        with self._read() as connection:
            return [_iteration(row) for row in connection.execute(sa.select(iterations).order_by(_index))]

    def note_iteration(self, index: int, **noted: Any) -> Iteration:
        """Adds to the notes on an iteration, by the names of `IterationNotes`; one given again replaces its value.

        Raises:
            IterationError: if there is none of that index.
            StoreError: for a name that notes do not have, or something that is not what it should be, or has no JSON
                form (NaN has none).
        """
        with self._write() as connection:
            _note(connection, index, **noted)
            return _load(connection, index)

    def close_iteration(self, index: int) -> Iteration:
        """Closes an iteration whose jobs are all answered, cancelled or set aside; closing twice changes nothing.

        Raises:
            IterationError: if there is none, it has no batch, or answers are still to come.
        """
        now = self._clock()
        with self._write() as connection:
            found = _load(connection, index)
            if found.state is IterationState.CLOSED:
                return found
            if found.state is IterationState.PROPOSING:
                raise IterationError(f"iteration {index} has no batch yet; store one, empty if need be")
            waiting = count_jobs(connection, jobs.c.state.in_(OPEN), jobs.c.iteration == index)
            if waiting:
                raise IterationError(f"iteration {index} cannot be closed: {waiting} of its jobs are still open")
            closed = {"state": IterationState.CLOSED, "finished": now}
            connection.execute(sa.update(iterations).where(_index == index).values(closed))
            return _load(connection, index)

    def store_batch(
        self,
        iteration: int,
        selections: Sequence[Selection],
        requests: Sequence[ValidationRequest],
        *,
        by_hand: bool = False,
        hold: bool = False,
    ) -> list[Proposal]:
        """Stores an iteration's batch, queues its jobs and moves it to validating, all or nothing.

        Args:
            iteration: index of an iteration that is proposing.
            selections: what was chosen; may be empty.
            requests: one per selection, of the same design.
            by_hand: whether people answer the jobs, and no worker gets them.
            hold: whether each waits for a person's approval first.

        Raises:
            BatchExists: if the iteration has its batch already; read it with `proposals`.
            IterationError: if there is no such iteration.
            StoreError: if the two do not match, or a design was asked for before.
        """
        rows = _rows(iteration, selections, requests, [0] * len(selections))
        with self._write() as connection:
            if _load(connection, iteration).state is not IterationState.PROPOSING:
                raise BatchExists(f"iteration {iteration} has its batch already, and the stored one wins")
            refuse_known(connection, [row["design"] for row in rows])
            self._ask(connection, rows, requests, people={0} if by_hand else (), hold=hold)
            state = {"state": IterationState.VALIDATING}
            connection.execute(sa.update(iterations).where(_index == iteration).values(state))
            return _select(connection, iteration)

    def extend_batch(
        self, iteration: int, selection: Selection, request: ValidationRequest, *, by_hand: bool = False
    ) -> None:
        """Adds a design to the batch of an iteration that is validating, behind the others, and queues its job.

        Args:
            iteration: its index.
            selection: of the design; its rank does not count.
            request: what is asked of it.
            by_hand: whether people answer, and no worker gets it.

        Raises:
            IterationError: if there is no such iteration, or it is not validating.
            StoreError: if the design was asked for before.
        """
        with self._write() as connection:
            found = _load(connection, iteration)
            if found.state is not IterationState.VALIDATING:
                raise IterationError(f"iteration {iteration} is {found.state}, not validating")
            row = _row(iteration, replace(selection, rank=_next_rank(connection, iteration)), request, 0)
            refuse_known(connection, [row["design"]])
            self._ask(connection, [row], [request], people={0} if by_hand else (), hold=False)

    def store_promotions(
        self,
        iteration: int,
        number: int,
        selections: Sequence[Selection],
        requests: Sequence[ValidationRequest],
        tiers: Sequence[int],
        *,
        note: Promotions | Mapping[str, Any],
        by_hand: Collection[int] = (),
        hold: bool = False,
    ) -> list[Proposal]:
        """Stores which alloys later tiers are asked for and queues their jobs, all or nothing.

        Args:
            iteration: index of an iteration that is validating.
            number: of the round of this iteration, counted from 0.
            selections: what was chosen, ranked from 0; may be empty.
            requests: one per selection, of the same design.
            tiers: the validator that each asks, counted from 0.
            note: how the round came about; joins ``promotions`` of the iteration's notes.
            by_hand: the tiers that people answer; no worker gets their jobs.
            hold: whether each waits for a person's approval first.

        Raises:
            BatchExists: if the round is stored already; read it with `promotions`.
            IterationError: if there is no such iteration, or it is not validating.
            StoreError: if the parts do not match, or the alloy was asked of the validator before.
        """
        if len(tiers) != len(selections) or any(tier < 1 for tier in tiers):
            raise StoreError(f"a round needs one tier from 1 on per selection, got {list(tiers)}")
        rows = _rows(iteration, selections, requests, tiers)
        with self._write() as connection:
            found = _load(connection, iteration)
            rounds = found.notes.promotions
            if found.state is not IterationState.VALIDATING:
                raise IterationError(f"iteration {iteration} is {found.state}, not validating")
            if len(rounds) != number:
                raise BatchExists(f"iteration {iteration} has {len(rounds)} rounds already, and the stored ones win")
            first = _next_rank(connection, iteration)
            placed = [{**row, "rank": first + row["rank"]} for row in rows]
            try:
                self._ask(connection, placed, requests, people=by_hand, hold=hold)
            except sa.exc.IntegrityError as error:
                raise StoreError(f"an alloy is asked of a validator once in a campaign: {error.orig}") from error
            _note(connection, iteration, promotions=[*rounds, note])
            return [p for p in _select(connection, iteration, promoted=True) if p.selection.rank >= first]

    def _ask(
        self,
        connection: sa.Connection,
        rows: Sequence[Mapping[str, Any]],
        requests: Sequence[ValidationRequest],
        *,
        people: Collection[int],
        hold: bool,
    ) -> None:
        """Stores proposals with their jobs; people answer those of some tiers."""
        for by_hand in (False, True):
            own = [(r, row) for r, row in zip(requests, rows, strict=True) if (row["tier"] in people) is by_hand]
            asked, places = [r for r, _ in own], [(row["iteration"], row["rank"]) for _, row in own]
            put_jobs(connection, asked, places, self._nonces, now=self._clock(), by_hand=by_hand, hold=hold)
        if rows:
            connection.execute(sa.insert(proposals), rows)

    def proposals(self, iteration: int | None = None) -> list[Proposal]:
        """Stored proposals by iteration and rank, of one iteration or of all; without promotions."""
        with self._read() as connection:
            return _select(connection, iteration)

    def batch_sizes(self) -> dict[int, int]:
        """How many proposals each iteration's batch has, without promotions."""
        query = sa.select(proposals.c.iteration, sa.func.count()).group_by(proposals.c.iteration)
        with self._read() as connection:
            sizes = {row[0]: int(row[1]) for row in connection.execute(query)}
            promoted = {row[0]: int(row[1]) for row in connection.execute(query.where(proposals.c.tier > 0))}
        return {index: size - promoted.get(index, 0) for index, size in sizes.items()}

    def promotions(self, iteration: int | None = None) -> list[Proposal]:
        """What later tiers were asked, by iteration and rank, of one iteration or of all."""
        with self._read() as connection:
            return _select(connection, iteration, promoted=True)


def _next_rank(connection: sa.Connection, iteration: int) -> int:
    last = sa.select(sa.func.coalesce(sa.func.max(proposals.c.rank), -1))
    return int(connection.execute(last.where(proposals.c.iteration == iteration)).scalar_one()) + 1


def _rows(
    iteration: int, selections: Sequence[Selection], requests: Sequence[ValidationRequest], tiers: Sequence[int]
) -> list[dict[str, Any]]:
    asked = [request.design for request in requests]
    if [selection.candidate.design for selection in selections] != asked:
        raise StoreError("a batch needs one request per selection, of the same design, in the same order")
    if len(set(asked)) != len(asked):
        raise StoreError("a batch asks for an alloy twice")
    ranks = [selection.rank for selection in selections]
    if len(set(ranks)) != len(ranks):
        raise StoreError(f"ranks must be distinct within a batch, got {ranks}")
    return [_row(iteration, *asked_for) for asked_for in zip(selections, requests, tiers, strict=True)]


def _row(iteration: int, selection: Selection, request: ValidationRequest, tier: int) -> dict[str, Any]:
    design = selection.candidate.design
    if selection.score != selection.score:
        raise StoreError(f"the score of {design} must be a number, got {selection.score}")
    prediction = selection.prediction
    return {
        "iteration": iteration,
        "rank": selection.rank,
        "design": design.canonical(),
        "origin": selection.candidate.origin,
        "score": float(selection.score),
        "why": selection.why,
        "prediction": None if prediction is None else encode(prediction.to_json(), f"the prediction for {design}"),
        "job_key": request.key,
        "tier": tier,
    }


def refuse_known(connection: sa.Connection, designs: Sequence[str]) -> None:
    """Refuses canonical designs that a batch has already.

    Raises:
        StoreError: naming them, and where they are.
    """
    query = sa.select(proposals.c.design, proposals.c.iteration).order_by(proposals.c.iteration)
    known: dict[str, int] = {}
    for start in range(0, len(designs), _PAGE):
        page = query.where(proposals.c.design.in_(designs[start : start + _PAGE]))
        known |= {row.design: row.iteration for row in connection.execute(page)}
    again = [text for text in designs if text in known]
    if again:
        named = ", ".join(f"{design_in(connection, t)} (iteration {known[t]})" for t in again)
        raise StoreError(f"an alloy is asked for once in a campaign, but the batch repeats {named}")


def _select(connection: sa.Connection, iteration: int | None, *, promoted: bool = False) -> list[Proposal]:
    wanted = proposals.c.tier > 0 if promoted else proposals.c.tier == 0
    query = sa.select(proposals).where(wanted).order_by(proposals.c.iteration, proposals.c.rank)
    if iteration is not None:
        query = query.where(proposals.c.iteration == iteration)
    return [_proposal(row, design_in(connection, row.design)) for row in connection.execute(query)]


def _proposal(row: sa.Row[Any], design: Design) -> Proposal:
    prediction = None if row.prediction is None else Prediction.from_json(decode(row.prediction))
    candidate = Candidate(design, row.origin)
    selection = Selection(candidate, row.rank, row.score, row.why, prediction)
    return Proposal(row.iteration, selection, row.job_key, row.tier)
