"""A command run to its end or to its time limit, its output kept in files."""

from __future__ import annotations

import io
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_GUARD = Path(__file__).with_name("guard.py")
_BLOCK = 65536
_PIPE_BLOCKS = 16
# Beyond the grace of the command itself, for the guard to end.
_MARGIN = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a command may take.

    Attributes:
        seconds: until it is told to end.
        grace: seconds from SIGTERM to SIGKILL.
        memory_mb: address space of each process; 0 is no limit.
        output_bytes: how much of standard output, and of standard error, is kept.
    """

    seconds: float
    grace: float = 5.0
    memory_mb: int = 0
    output_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        status: exit status, 128 + N after signal N; None where the time limit ended it.
        cut: whether standard output was longer than what is kept.
    """

    status: int | None
    cut: bool


class _Stream:
    """One of the command's streams and the file that its beginning goes to."""

    def __init__(self, pipe: IO[bytes], path: Path, keep: int) -> None:
        self.pipe = pipe
        self._file = io.FileIO(path, "w")
        self._left = keep
        self.cut = False
        os.set_blocking(pipe.fileno(), False)

    def read(self) -> int:
        """Takes one block of what is there: its length, 0 at the end of the stream, -1 where nothing has come."""
        try:
            block = os.read(self.pipe.fileno(), _BLOCK)
        except BlockingIOError:
            return -1
        kept = block[: self._left]
        self._left -= len(kept)
        self.cut = self.cut or len(kept) < len(block)
        while kept:
            kept = kept[self._file.write(kept) :]
        return len(block)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def run_command(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], limits: Limits, stdin: Path | None = None
) -> Ended:
    """Runs a command in a folder, without a shell; ``stdout.txt`` and ``stderr.txt`` there keep what it says.

    The command dies with this process, whatever ends it, and everything that it started with it; see `guard`.

    Args:
        command: the command and its arguments.
        folder: its working directory.
        environment: all of its environment.
        limits: what it may take.
        stdin: the file on its standard input; nothing if None.

    Raises:
        OSError: if it cannot be run, or what it says cannot be kept.
    """
    listen, control = os.pipe()
    try:
        guard = _start(command, folder, environment, limits, stdin, listen)
    except BaseException:
        os.close(control)
        raise
    finally:
        os.close(listen)
    streams: list[_Stream] = []
    try:
        for pipe, name in ((guard.stdout, "stdout.txt"), (guard.stderr, "stderr.txt")):
            if pipe is not None:
                streams.append(_Stream(pipe, folder / name, limits.output_bytes))
        in_time = _follow(guard, streams, limits.seconds)
        os.close(control)
        control = -1
        if not in_time:
            _follow(guard, streams, limits.grace + _MARGIN)
    finally:
        _finish(guard, control, limits.grace + _MARGIN)
        for stream in streams:
            stream.close()
    status = guard.returncode if guard.returncode >= 0 else 128 - guard.returncode
    return Ended(status if in_time else None, streams[0].cut)


def _start(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    limits: Limits,
    stdin: Path | None,
    listen: int,
) -> subprocess.Popen[bytes]:
    prefix = [sys.executable, "-I", "-S", str(_GUARD), str(listen), str(limits.grace), str(limits.memory_mb)]
    with (stdin or Path(os.devnull)).open("rb") as source:
        return subprocess.Popen(
            [*prefix, *command],
            cwd=folder,
            env=dict(environment),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(listen,),
            start_new_session=True,
        )


def _follow(guard: subprocess.Popen[bytes], streams: Sequence[_Stream], seconds: float) -> bool:
    """Keeps what the command says until it ends, and says whether it did within so many seconds."""
    deadline = time.monotonic() + seconds
    ended = os.pidfd_open(guard.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(ended, selectors.EVENT_READ)
            for stream in streams:
                selector.register(stream.pipe, selectors.EVENT_READ, stream)
            while guard.poll() is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                _take(selector, left)
    finally:
        os.close(ended)
    for stream in streams:
        # No more than a pipe holds: something that left the group may go on writing.
        for _ in range(_PIPE_BLOCKS):
            if stream.read() <= 0:
                break
    return True


def _take(selector: selectors.BaseSelector, seconds: float) -> None:
    for key, _ in selector.select(seconds):
        if key.data is not None and key.data.read() == 0:
            selector.unregister(key.fileobj)


def _finish(guard: subprocess.Popen[bytes], control: int, seconds: float) -> None:
    if control >= 0:
        os.close(control)
    try:
        guard.wait(seconds)
    except subprocess.TimeoutExpired:
        guard.kill()
        guard.wait()
    for pipe in (guard.stdout, guard.stderr):
        if pipe is not None:
            pipe.close()
