"""From a question to the verdict of its Slurm job: look, submit only if there is none, wait, and say how it ended.

What Slurm lists decides, not what is remembered here. `submission.json` in the job's folder only holds what Slurm
cannot tell: that a submission was begun, which jobs were submitted, and whose end was reported already.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel

from alloys.files import write_atomic
from alloys.records import Failed, FailureKind, Measured, Verdict
from validation.commands.settings import SlurmRun
from validation.commands.slurm_client import COMPLETED, ENDED, LIMIT_OF, NO_ROOM, PENDING, Slurm, SlurmError, SlurmJob
from validation.jobs.files import read_at_most, tail
from validation.jobs.folder import JobFolder
from validation.jobs.limits import short_of

log = logging.getLogger(__name__)

_SLOWER = 1.5
_RECORD_BYTES = 1_000_000


class _Record(BaseModel):
    """What `submission.json` holds: a submission was begun whose job has not been seen; numbers of jobs."""

    begun: bool = False
    submitted: list[str] = []
    reported: list[str] = []
    cancelled: list[str] = []

    @classmethod
    def read(cls, path: Path) -> _Record:
        """The record of a folder; a new one where there is none, or none that can be read."""
        try:
            return cls.model_validate_json(read_at_most(path, _RECORD_BYTES) or b"{}")
        except ValueError:
            log.warning("%s cannot be read; Slurm is asked what there is", path)
            return cls(begun=True)

    def write(self, path: Path) -> None:
        """Writes the record, whole."""
        write_atomic(path, self.model_dump_json(indent=1).encode())


class SlurmQuestion:
    """One question on its way through Slurm.

    Args:
        folder: where the job's files lie, with the question; its nonce names the job.
        run: how to wait.
        batch: the script that Slurm runs.
        slurm: Slurm's commands.
    """

    def __init__(self, folder: JobFolder, run: SlurmRun, batch: bytes, slurm: Slurm) -> None:
        self.name = f"alloyloop-{folder.request.nonce}"
        self.formula = folder.request.formula
        self.run = run
        self._folder = folder
        self._batch = batch
        self._slurm = slurm
        self._path = folder.path / "submission.json"
        self._record = _Record.read(self._path)
        self._missing_since: float | None = None
        self._refusal = ""
        self.waits_for_room = False
        """Whether, at the last look, our job had not begun."""

    def verdict_in_folder(self) -> Verdict | None:
        """The verdict that a job of ours has written, the oldest job's first; what Slurm says does not matter then."""
        names = [path.name.split(".") for path in self._folder.path.glob("verdict.*.json")]
        numbers = [parts[1] for parts in names if len(parts) == 3 and parts[1].isdigit()]
        for number in sorted(numbers, key=int):
            if number not in self._record.reported:
                return self._read(number)
        return None

    def _read(self, number: str) -> Verdict:
        verdict = self._folder.verdict(f"verdict.{number}.json")
        if isinstance(verdict, Measured):
            return replace(verdict, details={**verdict.details, "slurm_job": number})
        return verdict if verdict.kind is FailureKind.PHYSICS else self._report(number, verdict)

    def look(self) -> Verdict | None:
        """Asks Slurm for jobs of our name and does what they call for; a verdict if that is the end.

        Raises:
            SlurmError: if Slurm does not answer. Nothing is submitted then.
        """
        jobs = [job for job in self._slurm.jobs(self.name).values() if job.id not in self._record.cancelled]
        live = sorted((job for job in jobs if job.queued and not job.ended), key=lambda job: job.age)
        if live:
            self._adopt(live)
            return None
        ended = [job for job in jobs if job.ended and job.id not in self._record.reported]
        if ended:
            return self._ended(sorted(ended, key=lambda job: (job.state == COMPLETED, job.age)))
        unseen = [number for number in self._record.submitted if number not in self._record.reported]
        ghosts = [job.id for job in jobs if not job.ended and job.id not in self._record.reported]
        if self._record.begun or unseen or ghosts:
            return self._missing([*unseen, *ghosts])
        self._submit()
        return None

    def _adopt(self, live: list[SlurmJob]) -> None:
        """Waits for the oldest job and cancels the others."""
        self._missing_since = None
        oldest, others = live[0], live[1:]
        self.waits_for_room = oldest.state == PENDING
        known = oldest.id in self._record.submitted and oldest.id not in self._record.reported
        if self._record.begun or not known:
            log.info("%s: Slurm job %s of this name is adopted", self.formula, oldest.id)
            self._note(oldest.id)
        for job in others:
            log.warning("%s: Slurm job %s is a duplicate of %s: cancelled", self.formula, job.id, oldest.id)
            self._slurm.cancel(job.id)
            self._record.cancelled.append(job.id)
            self._record.write(self._path)

    def _note(self, number: str) -> None:
        self._record.begun = False
        self._record.submitted = sorted({*self._record.submitted, number}, key=int)
        # A job that was given up may come back.
        self._record.reported = [other for other in self._record.reported if other != number]
        self._record.write(self._path)

    def _ended(self, ended: list[SlurmJob]) -> Verdict | None:
        """How the last of these ended; a completed one is told last."""
        job, before = ended[-1], [other.id for other in ended[:-1]]
        if job.state == COMPLETED:
            # The file system of the node may be ahead of ours.
            if not self._patience_is_over():
                return None
            lost = Failed(FailureKind.INFRASTRUCTURE, f"Slurm job {job.id} left no verdict")
            return self._report(job.id, lost, before)
        said = tail(self._folder.path / f"slurm-{job.id}.err")
        last = f"; it said last: {said}" if said else ""
        message = f"Slurm job {job.id} ended as {job.state}{last}"
        limit = LIMIT_OF.get(job.state)
        failed = Failed(ENDED[job.state], message) if limit is None else short_of(self.run, limit, message)
        return self._report(job.id, failed, before)

    def _missing(self, numbers: list[str]) -> Verdict | None:
        """A job that should be there and is not: it may yet show, and is given up after the time of grace."""
        if not self._patience_is_over():
            return None
        if numbers:
            message = f"Slurm job {', '.join(sorted(set(numbers), key=int))} has vanished from squeue and sacct"
        else:
            message = f"no job came of the submission as {self.name}"
        self._record.begun = False
        full = not numbers and NO_ROOM.search(self._refusal)
        kind = FailureKind.CAPACITY if full else FailureKind.INFRASTRUCTURE
        return self._report(None, Failed(kind, message + self._refusal), numbers)

    def _patience_is_over(self) -> bool:
        now = time.monotonic()
        self._missing_since = now if self._missing_since is None else self._missing_since
        return now - self._missing_since >= self.run.grace_seconds

    def _report(self, number: str | None, failed: Failed, others: Iterable[str] = ()) -> Failed:
        """A failure that is told once: the next attempt passes over these jobs and submits another."""
        self._record.begun = False
        self._record.reported = sorted({*self._record.reported, *others, *([number] if number else [])}, key=int)
        self._record.write(self._path)
        return failed

    def _submit(self) -> None:
        """Submits the job; where no number comes back, the next look says whether it is there."""
        self._folder.write_request()
        write_atomic(self._folder.path / "batch.sh", self._batch)
        self._record.begun = True
        self._record.write(self._path)
        try:
            comment = f"alloyloop {self._folder.request.key}"
            options = [*self.run.options, *self.run.limit_options()]
            number = self._slurm.submit(self.name, comment, self._folder.path, options)
        except SlurmError as error:
            log.warning("%s: %s; looking for the job by its name", self.formula, error)
            self._refusal = f"; {error}"
            return
        log.info("%s: submitted as Slurm job %s", self.formula, number)
        self._note(number)

    def cancel(self) -> None:
        """Cancels every job of our name that has not ended; those that are known, where Slurm lists none.

        Raises:
            SlurmError: if Slurm does not answer.
        """
        try:
            numbers = [job.id for job in self._slurm.jobs(self.name).values() if not job.ended]
        except SlurmError:
            numbers = [number for number in self._record.submitted if number not in self._record.reported]
        for number in numbers:
            self._slurm.cancel(number)
            self._record.cancelled.append(number)
        self._record.begun = False
        self._record.write(self._path)


def wait_for_verdict(question: SlurmQuestion) -> Verdict:
    """Waits until there is a verdict, asking Slurm ever less often.

    After ``run.time_limit`` it gives up waiting, not the job: asked again, it is found and waited for.
    """
    run = question.run
    deadline = time.monotonic() + run.time_limit
    pause, trouble = run.poll_seconds, ""
    while True:
        verdict = question.verdict_in_folder()
        if verdict is not None:
            return verdict
        try:
            verdict = question.look()
            trouble = ""
        except SlurmError as error:
            if not trouble:
                log.warning("%s: %s; asking again", question.formula, error)
            trouble = f"; {error}"
        if verdict is not None:
            return verdict
        if time.monotonic() + pause > deadline:
            message = (
                f"no verdict of {question.name} within run.time_limit = {run.time_limit:g} s; its job is left alone"
            )
            kind = FailureKind.CAPACITY if question.waits_for_room and not trouble else FailureKind.INFRASTRUCTURE
            return Failed(kind, message + trouble)
        time.sleep(pause)
        pause = min(pause * _SLOWER, run.poll_longest)
