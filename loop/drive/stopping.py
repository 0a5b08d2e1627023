"""SIGTERM: the first ends a run at its next safe point, a second one at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

TERMINATED = 128 + signal.SIGTERM
INTERRUPTED = 128 + signal.SIGINT
"""Exit status of a run that SIGTERM or Ctrl-C has ended, by the shells' convention."""

_FIRST = b"\nalloyloop: SIGTERM: this stage is finished first; once more, and the process ends at once\n"


class StopAsked(RuntimeError):  # noqa: N818 - it is no error
    """The run was asked to end, and everything that it did is recorded; ``status`` is the exit status."""

    def __init__(self, text: str = "", status: int = TERMINATED) -> None:
        super().__init__(text)
        self.status = status


class Stop:
    """Whether the process was asked to end; as a context, it listens for SIGTERM.

    Only a process's main thread can listen; elsewhere SIGTERM does what it did before.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None
        self._listens = False

    def listen(self) -> None:
        """Takes the signal, also back from a library that took it meanwhile, as Ray does when it starts."""
        if threading.current_thread() is not threading.main_thread():
            return
        former = signal.signal(signal.SIGTERM, self._ask)
        if not self._listens:
            self._before, self._listens = former, True

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.asked = True
        os.write(2, _FIRST)  # a print could be what the signal interrupts

    def safe_point(self) -> None:
        """Where everything that was done is recorded, and the run may end.

        Raises:
            StopAsked: if it was asked to.
        """
        if self.asked:
            raise StopAsked

    def __enter__(self) -> Stop:
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listens:
            signal.signal(signal.SIGTERM, self._before or signal.SIG_DFL)
            self._listens = False
