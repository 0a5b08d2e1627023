"""The folder of one job: its request, the command that is run in it, the verdict that is read from it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from alloys.files import write_atomic
from alloys.records import Failed, FailureKind, Verdict
from validation.jobs.files import read_at_most, tail
from validation.jobs.limits import unfinished
from validation.jobs.process import Ended, run_command
from validation.jobs.protocol import VERDICT_BYTES, Request, read_verdict
from validation.jobs.settings import ProcessRun, Run

REQUEST_FILE, VERDICT_FILE = "request.json", "verdict.json"


@dataclass(frozen=True, slots=True)
class JobFolder:
    """Where the files of one job lie.

    Attributes:
        path: the folder.
        request: the question.
        run: how the job is run, and whether its files are kept.
    """

    path: Path
    request: Request
    run: Run

    @classmethod
    def make(cls, scratch: Path, request: Request, run: Run, *, shared: bool = False) -> Self:
        """Makes the folder, for its owner only.

        Args:
            scratch: the folder of all jobs.
            request: the question.
            run: how the job is run.
            shared: whether all tries at the question have one folder; otherwise each has one of its own.

        Raises:
            OSError: if it cannot be made.
        """
        question = scratch / request.key[:16]
        path = question if shared else question / request.nonce[:16]
        path.mkdir(parents=True, exist_ok=shared, mode=0o700)
        return cls(path, request, run)

    def full(self) -> Failed | None:
        """The failure where the disk has less room than the job needs; None where it has more."""
        free = shutil.disk_usage(self.path).free // 2**20
        if free >= self.run.least_free_mb:
            return None
        message = f"the scratch disk under {self.path} is full: {free} MB left, run.least_free_mb asks for "
        return Failed(FailureKind.INFRASTRUCTURE, f"{message}{self.run.least_free_mb}")

    def write_request(self) -> Path:
        """Writes the request, whole, and says where."""
        write_atomic(self.path / REQUEST_FILE, self.request.encoded())
        return self.path / REQUEST_FILE

    def verdict(self, name: str = VERDICT_FILE) -> Verdict:
        """The verdict in one of its files; a document cut short by a full disk says nothing about the command.

        Raises:
            OSError: if the file cannot be read, or is not an ordinary one.
        """
        verdict = read_verdict(read_at_most(self.path / name, VERDICT_BYTES + 1) or b"", self.request)
        full = self.full()
        if full and isinstance(verdict, Failed) and verdict.kind is FailureKind.SUSPECT:
            return replace(full, message=f"{full.message}; {verdict.message}")
        return verdict

    def closed(self, verdict: Verdict) -> Verdict:
        """The verdict; the files of an answer are removed unless all are kept, and those of a failure are named."""
        if isinstance(verdict, Failed) and verdict.kind is not FailureKind.PHYSICS:
            return replace(verdict, message=f"{verdict.message} (its files: {self.path})")
        if self.run.keep == "failed":
            shutil.rmtree(self.path, ignore_errors=True)
            if self.path.parent.name == self.request.key[:16]:
                with suppress(OSError):  # another try at the question may have its files there
                    self.path.parent.rmdir()
        return verdict


@dataclass(frozen=True, slots=True)
class ProcessFolder(JobFolder):
    """The folder of a job that is a process of this machine."""

    run: ProcessRun

    def execute(self, command: Sequence[str], environment: Mapping[str, str], stdin: Path | None = None) -> Ended:
        """Runs a command here to its end or its limits; see `run_command`.

        Raises:
            OSError: if it cannot be run.
        """
        (self.path / "tmp").mkdir()
        return run_command(command, self.path, {**environment, "TMPDIR": str(self.path / "tmp")}, self.run, stdin)

    def unfinished(self, what: str, status: int | None, note: str = "") -> Failed:
        """The failure of a command that ended without a verdict.

        Args:
            what: the command, for the message.
            status: its exit status, None where the time limit ended it.
            note: for the message, before what the command said last.
        """
        last = tail(self.path / "stderr.txt")
        said = f"{note}; it said last: {last}" if last else note
        return unfinished(self.run, what, status, said)
