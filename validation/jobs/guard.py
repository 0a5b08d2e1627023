"""Runs one command so that nothing of it is left behind: started as a file of its own, standard library alone.

``python guard.py CONTROL GRACE MEMORY COMMAND...`` starts the command in a session of its own. When the pipe with the
descriptor CONTROL is closed, because whoever waits gave up or died, the command's process group gets SIGTERM and, GRACE
seconds later, SIGKILL. Whatever the command leaves running when it ends is ended too, also what has begun a session of
its own. MEMORY limits the address space of each process, in MB; 0 is no limit. The exit status is the command's, or
128 + N after signal N.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

NOT_STARTED = 127
"""Exit status where the command cannot be started, as a shell has it."""


# From linux/prctl.h.
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LIBC = ctypes.CDLL(None)
# A process may start others while it is being ended; so often it is looked again.
_ROUNDS = 1000


def _limit(memory_mb: int) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_mb:
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 2**20, memory_mb * 2**20))


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _sweep() -> None:
    """Ends every child of this process; their children become ours, and are ended in the next round."""
    for _ in range(_ROUNDS):
        try:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        except OSError:
            return
        if not children:
            return
        for number in map(int, children):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(number, 0)


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def run(control: int, grace: float, memory_mb: int, command: list[str]) -> int:
    """Runs the command to its end, or until the control pipe is closed; see the module."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        # This process has one thread, so running code between fork and exec is safe here.
        child = subprocess.Popen(command, start_new_session=True, preexec_fn=lambda: _limit(memory_mb))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        sys.stderr.write(f"cannot start {command[0]}: {error}\n")
        return NOT_STARTED
    try:
        ended = os.pidfd_open(child.pid)
        ready, _, _ = select.select([control, ended], [], [])
        if ended not in ready:
            _signal(child.pid, signal.SIGTERM)
            select.select([ended], [], [], grace)
    finally:
        # Before the child is reaped its number cannot belong to another group.
        _signal(child.pid, signal.SIGKILL)
        status = child.wait()
        _sweep()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
