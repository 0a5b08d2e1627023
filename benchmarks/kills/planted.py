"""Three mistakes that such a queue could have; each is planted in a forked process, and must be found there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

import loop.store.settle
from alloys.records import Measured, Verdict
from loop.store import CampaignStore, IterationState, JobState, Outcome, StaleLease
from loop.store.base import encode
from loop.store.moves import load_job
from loop.store.observations import accept
from loop.store.schema import iterations, jobs, proposals
from loop.store.transitions import OPEN


def result_before_token_check() -> None:
    """A result is stored first, and only then the token is looked at."""
    finish = CampaignStore.finish

    def planted(self: CampaignStore, key: str, token: str, verdict: Verdict) -> Outcome:
        if not isinstance(verdict, Measured):
            return finish(self, key, token, verdict)
        with self._write() as connection:
            accept(connection, load_job(connection, key), verdict, self._clock())
        with self._write() as connection:
            job = load_job(connection, key)
            if job.token != token:
                raise StaleLease("the token no longer holds the job")
            now = self._clock()
            columns = {"verdict": loop.store.settle.encode(verdict.to_json(), "a verdict")}
            loop.store.settle.move(connection, job, JobState.DONE, now=now, **columns)
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

    loop.store.settle.accept = put_off
    CampaignStore.finish = planted  # type: ignore[method-assign]


def proposals_recomputed() -> None:
    """A batch that is not answered whole is chosen anew when the campaign is resumed, from what is known by then."""
    release, store_batch = CampaignStore.release_leases, CampaignStore.store_batch

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
                info = encode({key: note for key, note in found.info.items() if key != "shown"}, "notes")
                connection.execute(again.values(state=IterationState.PROPOSING, info=info))
        return release(self, **given)

    def put(self: CampaignStore, index: int, chosen: Any, requests: Any, **more: Any) -> Any:
        first = 1 + max((p.selection.rank for p in self.proposals(index)), default=-1)
        with self._read() as connection:
            known = set(connection.execute(sa.select(jobs.c.key).where(jobs.c.state.not_in(OPEN))).scalars())
        new = [(c, r) for c, r in zip(chosen, requests, strict=True) if r.key not in known]
        moved = [replace(c, rank=first + rank) for rank, (c, _) in enumerate(new)]
        return store_batch(self, index, moved, [request for _, request in new], **more)

    CampaignStore.release_leases = forget  # type: ignore[method-assign]
    CampaignStore.store_batch = put  # type: ignore[method-assign]


BUGS: Mapping[str, Callable[[], None]] = {
    "a result is stored before its token is checked": result_before_token_check,
    "job state and observation are two transactions": two_transactions,
    "proposals are computed again on resume": proposals_recomputed,
}
