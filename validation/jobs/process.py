"""A command run to its end or to its time limit, its output kept in files."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from validation.jobs.settings import ProcessRun

_GUARD = Path(__file__).with_name("guard.py")
_BLOCK = 65536
# Beyond the grace of the command itself, for the guard to end.
_MARGIN = 10.0
_LAST_WORDS = 1.0
"""Seconds until the streams of a command that has ended are read to their end."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        status: exit status, 128 + N after signal N; None where the time limit ended it.
        cut: whether standard output was longer than what is kept.
    """

    status: int | None
    cut: bool


class _Keeper(threading.Thread):
    """Reads one of the command's streams to its end, and keeps the beginning in a file."""

    def __init__(self, pipe: IO[bytes] | None, path: Path, keep: int) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._path = path
        self._left = keep
        self.cut = False
        self.error: OSError | None = None
        self.start()

    def run(self) -> None:
        """Reads on where nothing more is kept, so that the command does not wait."""
        try:
            with self._path.open("wb") as file:
                while block := self._pipe.read(_BLOCK) if self._pipe else b"":
                    file.write(block[: self._left])
                    self.cut = self.cut or len(block) > self._left
                    self._left = max(0, self._left - len(block))
        except ValueError:  # what left the group goes on writing, and is not waited for
            return
        except OSError as error:
            self.error = error


def run_command(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], run: ProcessRun, stdin: Path | None = None
) -> Ended:
    """Runs a command in a folder, without a shell; ``stdout.txt`` and ``stderr.txt`` there keep what it says.

    The command dies with this process, whatever ends it, and everything that it started with it; see `guard`.

    Args:
        command: the command and its arguments.
        folder: its working directory.
        environment: all of its environment.
        run: its time limit, the grace from SIGTERM to SIGKILL, its memory, and how much of its output is kept.
        stdin: the file on its standard input; nothing if None.

    Raises:
        OSError: if it cannot be run, or what it says cannot be kept.
    """
    guard, control = _started(command, folder, environment, run, stdin)
    with guard:
        keepers = []
        try:
            keepers = [
                _Keeper(guard.stdout, folder / "stdout.txt", run.output_kb * 1000),
                _Keeper(guard.stderr, folder / "stderr.txt", run.output_kb * 1000),
            ]
            in_time = _ends_within(guard, run.time_limit)
        finally:
            # Which ends what is left of the command.
            os.close(control)
            if not _ends_within(guard, run.grace_seconds + _MARGIN):
                guard.kill()
            guard.wait()
        for keeper in keepers:
            keeper.join(_LAST_WORDS)
    for keeper in keepers:
        if keeper.error is not None:
            raise keeper.error
    status = guard.returncode if guard.returncode >= 0 else 128 - guard.returncode
    return Ended(status if in_time else None, keepers[0].cut)


def _started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], run: ProcessRun, stdin: Path | None
) -> tuple[subprocess.Popen[bytes], int]:
    """The guard with its command, and the pipe that ends them when it is closed."""
    listen, control = os.pipe()
    prefix = [sys.executable, "-I", "-S", str(_GUARD), str(listen), str(run.grace_seconds), str(run.memory_mb)]
    try:
        with (stdin or Path(os.devnull)).open("rb") as source:
            guard = subprocess.Popen(
                [*prefix, *command],
                bufsize=0,
                cwd=folder,
                env=dict(environment),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(listen,),
                start_new_session=True,
            )
    except BaseException:
        os.close(control)
        raise
    finally:
        os.close(listen)
    return guard, control


def _ends_within(guard: subprocess.Popen[bytes], seconds: float) -> bool:
    """Waits, and says whether a process has ended."""
    ended = os.pidfd_open(guard.pid)
    try:
        waiting = select.poll()
        waiting.register(ended, select.POLLIN)
        return bool(waiting.poll(seconds * 1000.0))
    finally:
        os.close(ended)
