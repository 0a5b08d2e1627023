"""A command as a validator, run by Slurm: submitted once, found again by its name after any crash."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from alloys.design import Design
from alloys.errors import InputError
from alloys.records import Verdict, digest_of
from validation.commands.base import CommandValidator
from validation.commands.settings import REQUEST, VERDICT, SlurmSettings, read_settings
from validation.commands.slurm_client import Slurm, SlurmError
from validation.commands.slurm_wait import SlurmQuestion, wait_for_verdict
from validation.jobs.folder import JobFolder

log = logging.getLogger(__name__)

_COMMANDS = ("sbatch", "squeue", "scancel")


class SlurmValidator(CommandValidator[SlurmSettings]):
    """Submits a command for each alloy to Slurm and waits for its verdict.

    The job's name carries a nonce that is a function of the question and of the folder that its answer goes to, not
    of the attempt: whoever asks the same question again, after a crash, finds the job of that name and
    waits for it instead of submitting another.
    """

    name = "slurm"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Reads the settings, finds the command and Slurm's own, and digests the files that the command names.

        Raises:
            InputError: for settings that are wrong, or commands that are not installed.
        """
        super().__init__(read_settings(SlurmSettings, self.name, settings))
        if settings.get("digests") is None:
            lacking = [name for name in (*_COMMANDS, *self._sacct()) if shutil.which(name) is None]
            if lacking:
                raise InputError(f"the validator 'slurm' needs {', '.join(lacking)}, not installed here")

    def _sacct(self) -> list[str]:
        return ["sacct"] if self.settings.run.accounting else []

    def ask(self, design: Design) -> Verdict:
        run = self.settings.run
        key = self.key(design)
        nonce = digest_of({"key": key, "folder": str(self.scratch / key[:16])})[:32]
        folder = JobFolder.make(self.scratch, self.question(design, nonce), run, shared=True)
        return folder.closed(folder.full() or self._waited_for(folder))

    def _waited_for(self, folder: JobFolder) -> Verdict:
        run = self.settings.run
        environment = self.environment()
        if "SLURM_CONF" in os.environ:
            environment["SLURM_CONF"] = os.environ["SLURM_CONF"]
        slurm = Slurm(environment, run.command_seconds, run.history_days, run.accounting)
        job = SlurmQuestion(folder, run, batch_script(self.settings.command, folder.path), slurm)
        with _on_sigterm(job.cancel if run.cancel_on_sigterm else None):
            return wait_for_verdict(job)


def batch_script(command: list[str], folder: Path) -> bytes:
    """The script that Slurm runs: the command as it is, every word quoted, its verdict moved into place at the end.

    Each job writes to files with its own number, so that two of them cannot mix.

    >>> print(batch_script(["my tool", "{request}"], Path("/scratch/1")).decode())
    #!/bin/sh
    cd /scratch/1 || exit 1
    verdict="verdict.$SLURM_JOB_ID.json"
    : > "$verdict.part" || exit 1
    'my tool' "$PWD/request.json" < /dev/null > "$verdict.part" || exit
    mv "$verdict.part" "$verdict"
    <BLANKLINE>
    """
    places = {REQUEST: '"$PWD/request.json"', VERDICT: '"$PWD/$verdict.part"'}
    words = " ".join(places.get(text) or shlex.quote(text) for text in command)
    source = "/dev/null" if REQUEST in command else "request.json"
    target = '"stdout.$SLURM_JOB_ID.txt"' if VERDICT in command else '"$verdict.part"'
    lines = [
        "#!/bin/sh",
        f"cd {shlex.quote(str(folder))} || exit 1",
        'verdict="verdict.$SLURM_JOB_ID.json"',
        ': > "$verdict.part" || exit 1',
        f"{words} < {source} > {target} || exit",
        'mv "$verdict.part" "$verdict"',
    ]
    return ("\n".join(lines) + "\n").encode()


@contextmanager
def _on_sigterm(cancel: Callable[[], None] | None) -> Iterator[None]:
    """Cancels before SIGTERM takes its course; only where a process handles signals at all."""
    if cancel is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except _Terminated:
        try:
            cancel()
        except (SlurmError, OSError) as error:
            log.warning("a Slurm job may go on: %s", error)
        signal.signal(signal.SIGTERM, before)
        os.kill(os.getpid(), signal.SIGTERM)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


class _Terminated(BaseException):
    """SIGTERM came while a job was waited for."""


VALIDATOR = SlurmValidator
