"""What a running campaign shows: stage, queue, the best alloys so far and the time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from alloys.goal import measure_of
from loop.review.report import best_tables
from loop.review.terminal import Log
from loop.review.terminal.fitting import fitted
from loop.view import View

_BEST = 5
_QUEUE_SECONDS = 0.5
"""How often the queue is asked for its counts at most; and asking may take a twentieth of the time."""


class Display:
    """Shows a campaign: live on a terminal, elsewhere and where it is asked for as one line for each stage.

    Args:
        console: where to; standard error, so that standard output stays clean.
        name: the campaign.
        iterations: number of the last iteration.
        log: how much is told; `Log.LIVE` becomes `Log.PLAIN` where the console is no terminal that can be overwritten.
        queue: gives how many jobs are in each state.
        clock: gives seconds.
    """

    def __init__(
        self,
        console: Console,
        name: str,
        iterations: int,
        log: Log = Log.LIVE,
        queue: Callable[[], Mapping[str, int]] = dict,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console, self._name, self._last = console, name, iterations
        able = console.is_terminal and not console.is_dumb_terminal and console.file.isatty()
        self._log = Log.PLAIN if log is Log.LIVE and not able else log
        self._ask_queue, self._clock = queue, clock
        self._stage, self._step = "starting", ""
        self._iteration = 0
        self._done, self._total, self._validating = 0, 0, 0
        self._begin = self._closed_at = self._ask_next = clock()
        self._closed: list[float] = []
        self._jobs: Mapping[str, int] = {}
        self._next = 0
        self._best: list[Table] = []
        self._live = Live(console=console, get_renderable=self.render, refresh_per_second=4, transient=True)

    def __enter__(self) -> Display:
        if self._log is Log.LIVE:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._log is Log.LIVE:
            self._live.stop()

    def begin(self, text: str) -> None:
        """What happens before the first iteration."""
        self._stage = text
        self._tell(text)

    def stage(self, iteration: int, text: str) -> None:
        """A stage begins."""
        self._iteration, self._stage, self._step, self._ask_next = iteration, text, "", 0.0
        self._tell(f"iteration {iteration}/{self._last}: {text}")

    def step(self, text: str) -> None:
        """A step of the stage begins; only terminals show it."""
        self._step = text

    def progress(self, iteration: int, done: int, total: int) -> None:
        """Some of an iteration's validations have their answers."""
        self._done, self._total, self._validating = done, total, iteration
        if self._log is Log.LIVE and self._clock() >= self._ask_next:
            begin = self._clock()
            self._jobs = self._ask_queue()
            self._ask_next = max(begin + _QUEUE_SECONDS, begin + 20 * (self._clock() - begin))

    def closed(self, iteration: int, view: View) -> None:
        """An iteration is closed."""
        self._next = iteration + 1
        now = self._clock()
        self._closed.append(now - self._closed_at)
        self._closed_at = now
        if self._log is Log.QUIET:
            return
        if self._log is Log.LIVE:
            self._best = best_tables(view, _BEST, with_predictions=False)
        own = [row for row in view.rows if row.iteration == iteration]
        feasible = sum(row.feasible for row in own)
        left = "" if self._log is Log.LIVE else self._left()
        self._console.print(
            f"[{self._seconds():6.1f} s] iteration {iteration}/{self._last} closed: {feasible} of {len(own)} feasible, "
            f"{measure_of(view.goal.objectives)} {view.hypervolume(view.upto(iteration)):.4g}{left}",
            markup=False,
            soft_wrap=True,
        )

    def _tell(self, text: str) -> None:
        if self._log is Log.PLAIN:
            self._console.print(f"[{self._seconds():6.1f} s] {text}", markup=False, soft_wrap=True)

    def _seconds(self) -> float:
        return self._clock() - self._begin

    def _left(self) -> str:
        """The time until the last iteration is closed, if each takes as long as those of this run did on average."""
        if not self._closed or self._next > self._last:
            return ""
        mean = sum(self._closed) / len(self._closed)
        rest = mean * (self._last + 1 - self._next) - (self._clock() - self._closed_at)
        return f", about {in_words(max(rest, 0.0))} left"

    def render(self) -> RenderableType:
        """What a terminal shows now."""
        width = self._console.width
        head = Text(f"{self._name}  iteration {min(self._iteration, self._last)}/{self._last}  ", style="bold")
        head.append(f"{self._stage}: {self._step}" if self._step else self._stage, style="not bold")
        parts: list[RenderableType] = [head]
        if self._total:
            bar = Table.grid(padding=(0, 2))
            told = f"{self._done}/{self._total} of iteration {self._validating} validated"
            bar.add_row(ProgressBar(self._total, self._done, width=min(30, max(width - len(told) - 2, 5))), Text(told))
            parts.append(bar)
        jobs = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in self._jobs.items() if count)
        parts += [Text(f"queue: {jobs}")] if jobs else []
        parts.append(Text(f"{in_words(self._seconds())} so far{self._left()}", style="dim"))
        if self._best:
            parts.append(fitted(self._best, self._console))
        return Group(*parts)


def in_words(seconds: float) -> str:
    """A time as people say it.

    >>> in_words(42.4), in_words(200), in_words(8000), in_words(300000)
    ('42 s', '3 min', '2.2 h', '3.5 days')
    """
    for unit, size in (("days", 86_400.0), ("h", 3_600.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
