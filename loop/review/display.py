"""The live display of a running campaign: stage, progress and the best alloys so far."""

from __future__ import annotations

import time

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from loop.review.report import best_table
from loop.view import View


class Display:
    """Shows a campaign on a terminal; elsewhere one line for each stage.

    Args:
        console: where to; standard error, so that standard output stays clean.
        name: the campaign.
        iterations: number of the last iteration.
    """

    def __init__(self, console: Console, name: str, iterations: int) -> None:
        self._console = console
        self._name = name
        self._last = iterations
        self._stage, self._step = "starting", ""
        self._iteration = 0
        self._done, self._total, self._validating = 0, 0, 0
        self._begin = time.monotonic()
        self._view: View | None = None
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4, transient=True)

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def begin(self, text: str) -> None:
        """What happens before the first iteration."""
        self._stage = text
        if not self._console.is_terminal:
            self._console.print(f"[{self._seconds():6.1f} s] {text}", markup=False)

    def stage(self, iteration: int, text: str) -> None:
        """A stage begins."""
        self._iteration, self._stage, self._step = iteration, text, ""
        if not self._console.is_terminal:
            self._console.print(f"[{self._seconds():6.1f} s] iteration {iteration}/{self._last}: {text}", markup=False)

    def step(self, text: str) -> None:
        """A step of the stage begins; only terminals show it."""
        self._step = text

    def progress(self, iteration: int, done: int, total: int) -> None:
        """Some of an iteration's validations have their answers."""
        self._done, self._total, self._validating = done, total, iteration

    def closed(self, iteration: int, view: View) -> None:
        """An iteration is closed."""
        self._view = view
        own = [row for row in view.rows if row.iteration == iteration]
        feasible = sum(row.feasible for row in own)
        self._console.print(
            f"[{self._seconds():6.1f} s] iteration {iteration}/{self._last} closed: {feasible} of {len(own)} feasible, "
            f"hypervolume {view.hypervolume(view.upto(iteration)):.4g}",
            markup=False,
        )

    def _seconds(self) -> float:
        return time.monotonic() - self._begin

    def _render(self) -> Group:
        head = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=self._total or None, completed=self._done, width=30, pulse=not self._total)
        count = f"{self._done}/{self._total} of iteration {self._validating} validated" if self._total else ""
        head.add_row(
            Text(f"{self._name}  iteration {min(self._iteration, self._last)}/{self._last}", style="bold"),
            Text(f"{self._stage}: {self._step}" if self._step else self._stage),
            bar,
            Text(count),
            Text(f"{self._seconds():.0f} s", style="dim"),
        )
        parts = [head]
        if self._view is not None:
            parts.append(best_table(self._view, 5, width=self._console.width, with_predictions=False))
        return Group(*parts)
