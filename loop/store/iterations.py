"""Iterations and their batches: a proposal is stored before it is used, and never again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from alloys.design import Design, variable_names
from alloys.records import Candidate, Prediction, Selection, ValidationRequest
from loop.store.base import StorePart, decode, encode
from loop.store.errors import BatchExists, IterationError, StoreError
from loop.store.moves import count_jobs, put_jobs
from loop.store.records import Iteration, Proposal
from loop.store.schema import iterations, jobs, proposals
from loop.store.transitions import OPEN, IterationState

_index = iterations.c["index"]
_PAGE = 1000
"""Designs asked for in one query: databases take some ten thousand parameters."""


def _iteration(row: sa.Row[Any]) -> Iteration:
    fields = row._mapping
    return Iteration(
        index=fields["index"],
        state=IterationState(fields["state"]),
        started=fields["started"],
        finished=fields["finished"],
        info=decode(fields["info"]),
    )


def _load(connection: sa.Connection, index: int) -> Iteration:
    row = connection.execute(sa.select(iterations).where(_index == index)).first()
    if row is None:
        raise IterationError(f"there is no iteration {index}; begin it first")
    return _iteration(row)


class IterationMethods(StorePart):
    """The part of the store that keeps the turns of the loop."""

    _first_notes: Mapping[str, Any] = MappingProxyType({})
    """What the notes on iteration 0 begin with."""

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
                info = encode({} if index else dict(self._first_notes), "notes")
                row = {"index": index, "state": IterationState.PROPOSING, "started": now, "info": info}
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

    def note_iteration(self, index: int, **info: Any) -> Iteration:
        """Adds to what is known of an iteration; a name given again replaces its value.

        Raises:
            IterationError: if there is none of that index.
            StoreError: if something has no JSON form (NaN has none).
        """
        encode(info, f"the notes on iteration {index}")
        with self._write() as connection:
            merged = encode({**_load(connection, index).info, **info}, "notes")
            connection.execute(sa.update(iterations).where(_index == index).values(info=merged))
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
        rows = _rows(iteration, selections, requests)
        now = self._clock()
        with self._write() as connection:
            if _load(connection, iteration).state is not IterationState.PROPOSING:
                raise BatchExists(f"iteration {iteration} has its batch already, and the stored one wins")
            refuse_known(connection, [row["composition"] for row in rows])
            places = [(iteration, row["rank"]) for row in rows]
            put_jobs(connection, requests, places, self._tokens, now=now, by_hand=by_hand, hold=hold)
            if rows:
                connection.execute(sa.insert(proposals), rows)
            state = {"state": IterationState.VALIDATING}
            connection.execute(sa.update(iterations).where(_index == iteration).values(state))
            return _select(connection, iteration)

    def store_promotions(
        self,
        iteration: int,
        number: int,
        selections: Sequence[Selection],
        requests: Sequence[ValidationRequest],
        tiers: Sequence[int],
        *,
        note: Mapping[str, Any],
        by_hand: Collection[int] = (),
        hold: bool = False,
    ) -> list[Proposal]:
        """Stores which alloys dearer validators are asked for and queues their jobs, all or nothing.

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
        rows = _rows(iteration, selections, requests)
        now = self._clock()
        with self._write() as connection:
            found = _load(connection, iteration)
            rounds = [*found.info.get("promotions", []), dict(note)]
            _check_round(found, number, len(rounds) - 1)
            first = _next_rank(connection, iteration)
            try:
                for people in (False, True):
                    own = [n for n, tier in enumerate(tiers) if (tier in by_hand) is people]
                    asked, places = [requests[n] for n in own], [(iteration, first + rows[n]["rank"]) for n in own]
                    put_jobs(connection, asked, places, self._tokens, now=now, by_hand=people, hold=hold)
                _place(connection, rows, tiers, first)
            except sa.exc.IntegrityError as error:
                raise StoreError(f"an alloy is asked of a validator once in a campaign: {error.orig}") from error
            info = encode({**found.info, "promotions": rounds}, "a round of promotions")
            connection.execute(sa.update(iterations).where(_index == iteration).values(info=info))
            return [p for p in _select(connection, iteration, promoted=True) if p.selection.rank >= first]

    def proposals(self, iteration: int | None = None) -> list[Proposal]:
        """Stored proposals by iteration and rank, of one iteration or of all; without promotions."""
        with self._read() as connection:
            return _select(connection, iteration)

    def variables(self) -> tuple[str, ...]:
        """The names of the variables that proposed designs have."""
        with_some = sa.select(proposals.c.composition).where(proposals.c.composition.contains(";"))
        with self._read() as connection:
            return variable_names(map(Design.from_canonical, connection.execute(with_some).scalars()))

    def batch_sizes(self) -> dict[int, int]:
        """How many proposals each iteration's batch has, without promotions."""
        query = sa.select(proposals.c.iteration, sa.func.count()).group_by(proposals.c.iteration)
        with self._read() as connection:
            sizes = {row[0]: int(row[1]) for row in connection.execute(query)}
            promoted = {row[0]: int(row[1]) for row in connection.execute(query.where(proposals.c.tier > 0))}
        return {index: size - promoted.get(index, 0) for index, size in sizes.items()}

    def promotions(self, iteration: int | None = None) -> list[Proposal]:
        """What dearer validators were asked, by iteration and rank, of one iteration or of all."""
        with self._read() as connection:
            return _select(connection, iteration, promoted=True)


def _check_round(found: Iteration, number: int, rounds: int) -> None:
    if found.state is not IterationState.VALIDATING:
        raise IterationError(f"iteration {found.index} is {found.state}, not validating")
    if rounds != number:
        raise BatchExists(f"iteration {found.index} has {rounds} rounds already, and the stored ones win")


def _next_rank(connection: sa.Connection, iteration: int) -> int:
    last = sa.select(sa.func.coalesce(sa.func.max(proposals.c.rank), -1)).where(proposals.c.iteration == iteration)
    return int(connection.execute(last).scalar_one()) + 1


def _place(connection: sa.Connection, rows: Sequence[Mapping[str, Any]], tiers: Sequence[int], first: int) -> None:
    """Stores a round's proposals, each with its validator, behind those of its iteration."""
    for row, tier in zip(rows, tiers, strict=True):
        connection.execute(sa.insert(proposals).values({**row, "rank": first + row["rank"], "tier": tier}))


def _rows(
    iteration: int, selections: Sequence[Selection], requests: Sequence[ValidationRequest]
) -> list[dict[str, Any]]:
    asked = [request.design for request in requests]
    if [selection.candidate.design for selection in selections] != asked:
        raise StoreError("a batch needs one request per selection, of the same design, in the same order")
    if len(set(asked)) != len(asked):
        raise StoreError("a batch asks for an alloy twice")
    ranks = [selection.rank for selection in selections]
    if len(set(ranks)) != len(ranks):
        raise StoreError(f"ranks must be distinct within a batch, got {ranks}")
    return [_row(iteration, *pair) for pair in zip(selections, requests, strict=True)]


def _row(iteration: int, selection: Selection, request: ValidationRequest) -> dict[str, Any]:
    design = selection.candidate.design
    if selection.score != selection.score:
        raise StoreError(f"the score of {design} must be a number, got {selection.score}")
    prediction = selection.prediction
    return {
        "iteration": iteration,
        "rank": selection.rank,
        "composition": design.canonical(),
        "origin": selection.candidate.origin,
        "score": float(selection.score),
        "why": selection.why,
        "prediction": None if prediction is None else encode(prediction.to_json(), f"the prediction for {design}"),
        "job_key": request.key,
    }


def refuse_known(connection: sa.Connection, designs: Sequence[str]) -> None:
    """Refuses canonical designs that a batch has already.

    Raises:
        StoreError: naming them, and where they are.
    """
    query = sa.select(proposals.c.composition, proposals.c.iteration).order_by(proposals.c.iteration)
    known: dict[str, int] = {}
    for start in range(0, len(designs), _PAGE):
        page = query.where(proposals.c.composition.in_(designs[start : start + _PAGE]))
        known |= {row.composition: row.iteration for row in connection.execute(page)}
    again = [text for text in designs if text in known]
    if again:
        named = ", ".join(f"{Design.from_canonical(t)} (iteration {known[t]})" for t in again)
        raise StoreError(f"an alloy is asked for once in a campaign, but the batch repeats {named}")


def _select(connection: sa.Connection, iteration: int | None, *, promoted: bool = False) -> list[Proposal]:
    wanted = proposals.c.tier > 0 if promoted else proposals.c.tier == 0
    query = sa.select(proposals).where(wanted).order_by(proposals.c.iteration, proposals.c.rank)
    if iteration is not None:
        query = query.where(proposals.c.iteration == iteration)
    return [_proposal(row) for row in connection.execute(query)]


def _proposal(row: sa.Row[Any]) -> Proposal:
    prediction = None if row.prediction is None else Prediction.from_json(decode(row.prediction))
    candidate = Candidate(Design.from_canonical(row.composition), row.origin)
    selection = Selection(candidate, row.rank, row.score, row.why, prediction)
    return Proposal(row.iteration, selection, row.job_key, row.tier)
