"""SIGKILL at named steps of a campaign, and drivers that got past the lock: patches for a forked process alone.

Nothing of the product knows of this; a process calls one of these before it begins.
"""

from __future__ import annotations

import functools
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

import loop.store.files
from loop.execute.local import LocalExecutor
from loop.store import CampaignStore, DriverLock

WRITES = (
    "create",
    "begin_iteration",
    "note_iteration",
    "store_batch",
    "go_until",
    "take",
    "finish",
    "requeue",
    "requeue_running",
    "freeze_reference_point",
    "log_metrics",
    "record_artifact",
    "close_iteration",
)
"""Methods of the store that are one transaction each."""

WORK = ("begin", "results", "submit", "collect")
"""Methods of the executor."""


@dataclass(frozen=True)
class Step:
    """A place where a process can be ended: the n-th ``name``, before it, before its commit or rename, or after it."""

    name: str
    when: str
    number: int = 1

    def __str__(self) -> str:
        return f"{self.when} {self.name} number {self.number}"


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Watch:
    """Counts steps in this process, and calls back at each.

    Args:
        reached: called with the step; its number is how often it was reached.
    """

    def __init__(self, reached: Callable[[Step], None]) -> None:
        self._reached = reached
        self._counts: Counter[tuple[str, str]] = Counter()
        self._under_way: list[str] = []

    def note(self, name: str, when: str) -> None:
        """A step is reached."""
        self._counts[name, when] += 1
        self._reached(Step(name, when, self._counts[name, when]))

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that notes its beginning and its end."""

        @functools.wraps(function)
        def run(*given: Any, **named: Any) -> Any:
            self.note(name, "before")
            self._under_way.append(name)
            try:
                result = function(*given, **named)
            finally:
                self._under_way.pop()
            self.note(name, "after")
            return result

        return run

    def install(self) -> None:
        """Patches the store, the executor and the writing of files in this process."""
        for name in WRITES:
            made = getattr(CampaignStore, name)
            if name == "create":
                setattr(CampaignStore, name, classmethod(self.wrapped(name, made.__func__)))
            else:
                setattr(CampaignStore, name, self.wrapped(name, made))
        for name in WORK:
            setattr(LocalExecutor, name, self.wrapped(name, getattr(LocalExecutor, name)))
        loop.store.files.write_atomic = self.wrapped("write_file", loop.store.files.write_atomic)
        sa.event.listen(sa.Engine, "commit", self._commit)
        replace = os.replace

        def renamed(*given: Any, **named: Any) -> None:
            if "write_file" in self._under_way:
                self.note("write_file", "before the rename of")
            replace(*given, **named)

        os.replace = renamed

    def _commit(self, connection: sa.Connection) -> None:
        writing = [name for name in self._under_way if name in WRITES]
        if writing:
            self.note(writing[-1], "before the commit of")


def kill_at(step: Step) -> Callable[[], None]:
    """Ends the process by SIGKILL at that step."""
    return Watch(lambda reached: _end() if reached == step else None).install


def record(descriptor: int) -> Callable[[], None]:
    """Writes every step that is reached to a file that is open."""
    return Watch(lambda step: _written(descriptor, step)).install


def _written(descriptor: int, step: Step) -> None:
    os.write(descriptor, f"{step.name}\t{step.when}\n".encode())


def steps_in(text: str, rng: random.Random) -> list[Step]:
    """One step for each name and place in a record, at a random one of its turns."""
    counts = Counter(tuple(line.split("\t")) for line in text.splitlines())
    return [Step(name, when, rng.randint(1, number)) for (name, when), number in sorted(counts.items())]


def past_the_lock() -> None:
    """Lets this driver in beside another, as a file system without locks would."""

    def acquire(self: DriverLock) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)

    DriverLock.acquire = acquire  # type: ignore[method-assign]
