"""Slurm's commands, and what is understood of their answers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alloys.records import FailureKind
from validation.jobs.files import printable

COMPLETED, PENDING = "COMPLETED", "PENDING"

# Ended without an answer. Slurm's fault, or the command's in a way that another try may mend: asked again.
# A limit that was reached: asked again with more, as far as that is allowed. Somebody's hand: a person decides.
ENDED: Mapping[str, FailureKind] = {
    "BOOT_FAIL": FailureKind.INFRASTRUCTURE,
    "FAILED": FailureKind.INFRASTRUCTURE,
    "LAUNCH_FAILED": FailureKind.INFRASTRUCTURE,
    "NODE_FAIL": FailureKind.INFRASTRUCTURE,
    "PREEMPTED": FailureKind.INFRASTRUCTURE,
    "RECONFIG_FAIL": FailureKind.INFRASTRUCTURE,
    "REVOKED": FailureKind.INFRASTRUCTURE,
    "CANCELLED": FailureKind.SUSPECT,
    "DEADLINE": FailureKind.SUSPECT,
    "OUT_OF_MEMORY": FailureKind.RESOURCE,
    "TIMEOUT": FailureKind.RESOURCE,
}


# The limit that ended a job, by its state.
LIMIT_OF: Mapping[str, str] = {"OUT_OF_MEMORY": "memory_mb", "TIMEOUT": "job_seconds"}

# What sbatch says where a user or an account has as many jobs as it may; see `slurm_strerror` in Slurm's source.
NO_ROOM = re.compile(r"MaxSubmit|MaxJobs|temporarily unable to accept job|Resource temporarily unavailable")


class SlurmError(Exception):
    """A command of Slurm gave no answer that can be used: nothing is known then, and nothing may be concluded."""


@dataclass(frozen=True, slots=True)
class SlurmJob:
    """A job as Slurm lists it.

    Attributes:
        id: its number.
        state: one word of capitals, such as ``PENDING``.
        submitted: when, as Slurm writes it.
        queued: whether squeue listed it; sacct may go on calling a lost job ``RUNNING``.
    """

    id: str
    state: str
    submitted: str
    queued: bool

    @property
    def ended(self) -> bool:
        """Whether it will not run any more. A state that is not known here is taken for one that goes on."""
        return self.state == COMPLETED or self.state in ENDED

    @property
    def age(self) -> tuple[str, int]:
        """Sorts jobs, the oldest first."""
        return self.submitted, int(self.id)


@dataclass(frozen=True, slots=True)
class Slurm:
    """The commands of Slurm, as one user calls them.

    Attributes:
        environment: all of their environment, and of the jobs submitted with it.
        seconds: how long one may take.
        history_days: how far sacct looks back; without that it begins at midnight.
        accounting: whether the cluster has sacct.
    """

    environment: Mapping[str, str]
    seconds: float = 60.0
    history_days: int = 30
    accounting: bool = True

    def jobs(self, name: str) -> dict[str, SlurmJob]:
        """Every job of that name that Slurm knows, by number.

        Raises:
            SlurmError: if squeue or sacct does not answer: then more jobs may be there.
        """
        queued = self.call(["squeue", "--me", "--noheader", "--states=all", f"--name={name}", "--format=%i|%j|%T|%V"])
        found = {job.id: job for job in _listed(queued, name, queued=True)}
        if self.accounting:
            past = self.call(
                [
                    "sacct",
                    "--noheader",
                    "--parsable2",
                    "--allocations",
                    f"--name={name}",
                    f"--starttime=now-{self.history_days}days",
                    "--format=JobIDRaw,JobName,State,Submit",
                ]
            )
            found = {**{job.id: job for job in _listed(past, name, queued=False)}, **found}
        return found

    def submit(self, name: str, comment: str, folder: Path, options: Sequence[str]) -> str:
        """Submits ``batch.sh`` of a folder and returns the job's number.

        Raises:
            SlurmError: if no number came back; the job may be there all the same.
        """
        ours = [
            "--parsable",
            f"--job-name={name}",
            f"--comment={comment}",
            f"--chdir={folder}",
            "--output=slurm-%j.out",
            "--error=slurm-%j.err",
            "--no-requeue",
            "--export=ALL",
        ]
        answer = self.call(["sbatch", *ours, *options, str(folder / "batch.sh")])
        number = answer.strip().partition(";")[0]
        if not _is_number(number):
            raise SlurmError(f"sbatch answered {answer[:200]!r} instead of a job's number")
        return number

    def cancel(self, number: str) -> None:
        """Cancels a job.

        Raises:
            SlurmError: if scancel fails.
        """
        self.call(["scancel", number])

    def call(self, command: Sequence[str]) -> str:
        """What one of Slurm's commands says.

        Raises:
            SlurmError: if it fails or takes too long.
        """
        try:
            done = subprocess.run(
                command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SlurmError(f"{command[0]} gave no answer within {self.seconds:g} s") from error
        if done.returncode != 0:
            said = printable(done.stderr.decode("utf-8", "replace"))[:300]
            raise SlurmError(f"{command[0]} ended with status {done.returncode}: {said}")
        return done.stdout.decode("utf-8", "replace")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _listed(text: str, name: str, *, queued: bool) -> list[SlurmJob]:
    found = []
    for line in text.splitlines():
        parts = line.strip().split("|")
        if len(parts) != 4 or not _is_number(parts[0]) or not parts[2]:
            raise SlurmError(f"Slurm listed {line[:200]!r}, which is not `number|name|state|time`")
        if parts[1] == name:
            # sacct writes "CANCELLED by 1234", and "CANCELLED+" where a column is cut.
            found.append(SlurmJob(parts[0], parts[2].split()[0].rstrip("+"), parts[3], queued))
    return found
