"""What people decide: approve, edit, reject, try again, cancel, and answer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from alloys.records import ValidationRequest, Verdict
from loop.store.base import StorePart
from loop.store.database.schema import jobs, observations, proposals, validators
from loop.store.errors import IllegalMove, StoreError, UnknownJob
from loop.store.iterations import refuse_known
from loop.store.queue.breaker import WORKS
from loop.store.queue.error_classes import REJECTED
from loop.store.queue.moves import afresh, load_job, move, put_jobs, waiting_state
from loop.store.queue.settle import answer_job, checked_verdict, is_result
from loop.store.records import Job, Outcome
from loop.store.states import JobState, following

# Where a person's word that a conflicting result was looked at changes nothing else.
_LOOKED_AT = (JobState.AWAITING_HUMAN, JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class PeopleMethods(StorePart):
    """The part of the store that takes people's decisions. Those on several jobs hold for all of them or for none."""

    def find_key(self, start: str) -> str:
        """The one key that begins so.

        Raises:
            UnknownJob: if none does, or several.
        """
        escaped = start.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        query = sa.select(jobs.c.key).where(jobs.c.key.like(f"{escaped}%", escape="\\")).limit(2)
        with self._read() as connection:
            found = list(connection.execute(query).scalars())
        if len(found) != 1:
            several = "several jobs have keys that begin" if found else "no job has a key that begins"
            raise UnknownJob(f"{several} with {start!r}; `queue list` shows those there are")
        return str(found[0])

    def cancel(self, *keys: str, note: str = "cancelled") -> None:
        """Ends jobs that have no answer yet.

        Raises:
            IllegalMove: if one has an answer, or is cancelled already.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        with self._write() as connection:
            for job in _load(connection, keys):
                if job.state is JobState.CANCELLED:
                    raise IllegalMove(f"job {job.key} is cancelled already")
                move(connection, job, JobState.CANCELLED, now=now, note=note)

    def approve(self, *keys: str, by: str) -> list[JobState]:
        """Lets held jobs be validated, or says that the conflicting results of others were looked at.

        Returns:
            the states of the jobs now, in order.

        Raises:
            IllegalMove: if one of the jobs is neither held nor has conflicting results.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        states = []
        with self._write() as connection:
            for job in _load(connection, keys):
                note = f"approved by {by}"
                columns: dict[str, Any] = {}
                target = waiting_state(job.by_hand)
                if job.state is not JobState.HELD:
                    if not job.conflicts or job.state not in _LOOKED_AT:
                        raise IllegalMove(_no(job, "only a held job, or one with conflicting results, can be approved"))
                    target, note, columns = job.state, f"conflicts looked at by {by}", {"conflicts": 0}
                move(connection, job, target, now=now, note=note, **columns)
                states.append(target)
        return states

    def reject(self, *keys: str, reason: str, by: str) -> None:
        """Ends held jobs unvalidated; their alloys are not proposed again.

        Raises:
            IllegalMove: if one of the jobs is not held.
            StoreError: without a reason.
            UnknownJob: if there is no such job.
        """
        if not reason.strip():
            raise StoreError("a rejection needs its reason")
        now = self._clock()
        with self._write() as connection:
            for job in _load(connection, keys):
                _reject(connection, job, reason, by, now)

    def edit(self, key: str, request: ValidationRequest, *, by: str) -> str:
        """Approves another alloy in the place of a held one, which is rejected.

        Args:
            key: the held job's.
            request: for the other alloy, of the same validator.
            by: who decided.

        Returns:
            the key of the new job, which is part of the same iteration.

        Raises:
            IllegalMove: if the job is not held.
            StoreError: if the alloy was asked for before or is known, or the validator is another.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        text = request.design.canonical()
        with self._write() as connection:
            (job,) = _load(connection, [key])
            asked = job.request
            if (request.validator, request.fingerprint) != (asked.validator, asked.fingerprint):
                raise StoreError(f"an edited alloy is validated like the first, by {asked.validator!r}")
            row = connection.execute(sa.select(proposals).where(proposals.c.job_key == key)).one()
            if row.tier:
                raise StoreError("an alloy that passed the cheaper validators cannot be edited; reject the job instead")
            refuse_known(connection, [text])
            seen = sa.select(observations.c.id).where(observations.c.design == text)
            if connection.execute(seen.limit(1)).first() is not None:
                raise StoreError(f"{request.design} is known already; reject the job instead")
            _reject(connection, job, f"edited to {request.design}", by, now)
            own = sa.select(sa.func.max(proposals.c.rank)).where(proposals.c.iteration == row.iteration)
            place = (row.iteration, connection.execute(own).scalar_one() + 1)
            put_jobs(connection, [request], [place], self._nonces, now=now, by_hand=job.by_hand)
            connection.execute(
                sa.insert(proposals).values(
                    iteration=place[0],
                    rank=place[1],
                    design=text,
                    origin="by hand",
                    score=row.score,
                    why=f"edited by {by} from {asked.design}",
                    job_key=request.key,
                )
            )
        return request.key

    def retry(self, *keys: str, by: str) -> list[JobState]:
        """Asks again: jobs that need review from the start, jobs that wait for their next try at once.

        Returns:
            the states of the jobs now, in order.

        Raises:
            IllegalMove: if one of the jobs is in neither state.
            UnknownJob: if there is no such job.
        """
        now = self._clock()
        states = []
        with self._write() as connection:
            for job in _load(connection, keys):
                if job.state is JobState.RETRY_WAIT:
                    move(connection, job, JobState.QUEUED, now=now, note=f"tried again by {by}")
                    states.append(JobState.QUEUED)
                elif job.state is JobState.NEEDS_REVIEW:
                    states.append(self._again(connection, job, now, f"tried again by {by}"))
                else:
                    raise IllegalMove(_no(job, "only a job that needs review or waits for its next try can be retried"))
        return states

    def _again(self, connection: sa.Connection, job: Job, now: float, note: str) -> JobState:
        fresh = {**afresh(), "error_class": None, "message": None, "nonce": self._nonces()}
        target = waiting_state(job.by_hand)
        move(connection, job, target, now=now, note=note, **fresh)
        return target

    def resume_validator(self, name: str) -> None:
        """Ends a validator's pause: a person says that its machinery works again.

        Raises:
            StoreError: if there is no such validator in this campaign.
        """
        with self._write() as connection:
            known = list(connection.execute(sa.select(validators.c.name)).scalars())
            if name not in known:
                raise StoreError(f"no job asks the validator {name!r}; those asked are {', '.join(sorted(known))}")
            connection.execute(sa.update(validators).where(validators.c.name == name).values(**WORKS))

    def answer(self, key: str, verdict: Verdict, *, source: str) -> Outcome:
        """A person's answer to a job that nobody works on, the observation under the person's name.

        Raises:
            IllegalMove: if somebody works on the job, or it is answered or cancelled.
            StoreError: if the verdict is neither values nor a failure for physics.
            UnknownJob: if there is no such job.
        """
        checked = checked_verdict(verdict, self.properties)
        if not is_result(checked):
            raise StoreError(f"a person's answer is values or a failure for physics, got {checked}")
        with self._write() as connection:
            return answer_job(connection, load_job(connection, key), checked, self._clock(), source)


def _load(connection: sa.Connection, keys: tuple[str, ...] | list[str]) -> list[Job]:
    return [load_job(connection, key) for key in dict.fromkeys(keys)]


def _no(job: Job, rule: str) -> str:
    """Why a decision is refused: the rule, the state, and the states that may follow it."""
    return f"job {job.key} is {job.state}: {rule}; it can become {following(job.state)}"


def _reject(connection: sa.Connection, job: Job, reason: str, by: str, now: float) -> None:
    if job.state is not JobState.HELD:
        raise IllegalMove(_no(job, "only a held job can be rejected or edited"))
    told = {"error_class": REJECTED, "message": reason}
    move(connection, job, JobState.CANCELLED, now=now, note=f"rejected by {by}: {reason}", **told)
