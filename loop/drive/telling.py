"""Who is told what a driver does, and how far it is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from loop.store import CampaignStore
from loop.view import View

log = logging.getLogger(__name__)


class Watcher(Protocol):
    """What is told of a campaign as it runs: a display, a tracker."""

    def stage(self, iteration: int, text: str) -> None:
        """A stage begins."""
        ...

    def step(self, text: str) -> None:
        """A step of the stage begins."""
        ...

    def progress(self, iteration: int, done: int, total: int) -> None:
        """So many of an iteration's validations are answered."""
        ...

    def closed(self, iteration: int, view: View) -> None:
        """An iteration is closed."""
        ...


@dataclass
class Telling:
    """Tells every watcher, and the log.

    Attributes:
        watchers: who is told.
        safe_point: called before each stage; what it raises ends the run.
    """

    watchers: Sequence[Watcher]
    safe_point: Callable[[], None]
    _once: str = ""

    def stage(self, index: int, text: str) -> None:
        """A stage of an iteration begins."""
        self.safe_point()
        self._once = ""
        log.info("iteration %d: %s", index, text)
        for watcher in self.watchers:
            watcher.stage(index, text)

    def once(self, index: int, text: str) -> None:
        """A stage that is not told again before another one."""
        if text != self._once:
            self.stage(index, text)
            self._once = text

    def step(self, text: str) -> None:
        """A step of the stage begins."""
        for watcher in self.watchers:
            watcher.step(text)

    def progress(self, store: CampaignStore, validating: Sequence[int], counts: Mapping[int, int]) -> None:
        """How many validations of the oldest iteration that is validating are answered, by the open jobs of each."""
        if not validating:
            return
        index = validating[0]
        total = store.count_jobs(iteration=index)
        for watcher in self.watchers:
            watcher.progress(index, total - counts.get(index, 0), total)

    def closed(self, index: int, view: View) -> None:
        """An iteration is closed."""
        for watcher in self.watchers:
            watcher.closed(index, view)
