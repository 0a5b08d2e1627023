"""Three mistakes that such a queue could have; each is planted in a forked process, and must be found there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

import loop.store.queue.settle
from alloys.records import Measured, Verdict
from loop.store import CampaignStore, IterationState, JobState, NotRunning, Outcome
from loop.store.base import encode
from loop.store.database.schema import iterations, jobs, proposals
from loop.store.observations import accept
from loop.store.queue.moves import load_job, move
from loop.store.states import OPEN


def result_before_state() -> None:
    """A result is stored first, and only then the job's state is looked at."""
    finish = CampaignStore.finish

    def planted(self: CampaignStore, key: str, verdict: Verdict) -> Outcome:
        if not isinstance(verdict, Measured):
            return finish(self, key, verdict)
        with self._write() as connection:
            accept(connection, load_job(connection, key), verdict, self._clock())
        with self._write() as connection:
            job = load_job(connection, key)
            if job.state is not JobState.RUNNING:
                raise NotRunning("nobody is working on the job")
            columns = {"verdict": encode(verdict.to_json(), "a verdict")}
            move(connection, job, JobState.DONE, now=self._clock(), **columns)
        return Outcome.DONE

    CampaignStore.finish = planted  # type: ignore[method-assign]


def two_transactions() -> None:
    """The job's state is committed, and the observation in another transaction after it."""
    finish, later = CampaignStore.finish, list[tuple[Any, ...]]()

    def put_off(connection: sa.Connection, *given: Any) -> None:
        later.append(given)

    def planted(self: CampaignStore, *given: Any) -> Outcome:
        outcome = finish(self, *given)
        while later:
            with self._write() as connection:
                accept(connection, *later.pop())
        return outcome

    loop.store.queue.settle.accept = put_off
    CampaignStore.finish = planted  # type: ignore[method-assign]


def proposals_recomputed() -> None:
    """A batch that is not answered whole is chosen anew when the campaign is resumed, from what is known by then."""
    requeue, store_batch = CampaignStore.requeue_running, CampaignStore.store_batch

    def forget(self: CampaignStore, **given: Any) -> int:
        for found in self.iterations():
            open_keys = [job.key for job in self.open_jobs(found.index)]
            if found.state is not IterationState.VALIDATING or not open_keys:
                continue
            self.cancel(*open_keys)
            with self._write() as connection:
                connection.execute(sa.delete(proposals).where(proposals.c.job_key.in_(open_keys)))
                connection.execute(sa.update(jobs).where(jobs.c.key.in_(open_keys)).values(iteration=None, rank=None))
                again = sa.update(iterations).where(iterations.c["index"] == found.index)
                notes = encode(replace(found.notes, inputs=None).to_json(), "notes")
                connection.execute(again.values(state=IterationState.PROPOSING, notes=notes))
        return requeue(self, **given)

    def put(self: CampaignStore, index: int, chosen: Any, requests: Any, **more: Any) -> Any:
        first = 1 + max((p.selection.rank for p in self.proposals(index)), default=-1)
        with self._read() as connection:
            known = set(connection.execute(sa.select(jobs.c.key).where(jobs.c.state.not_in(OPEN))).scalars())
        new = [(c, r) for c, r in zip(chosen, requests, strict=True) if r.key not in known]
        moved = [replace(c, rank=first + rank) for rank, (c, _) in enumerate(new)]
        return store_batch(self, index, moved, [request for _, request in new], **more)

    CampaignStore.requeue_running = forget  # type: ignore[method-assign]
    CampaignStore.store_batch = put  # type: ignore[method-assign]


BUGS: Mapping[str, Callable[[], None]] = {
    "a result is stored before the job's state is looked at": result_before_state,
    "job state and observation are two transactions": two_transactions,
    "proposals are computed again on resume": proposals_recomputed,
}
