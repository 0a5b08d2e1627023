"""What a running campaign shows: live on a terminal, elsewhere a line for each stage, or nothing."""

from __future__ import annotations

import io
import os
import pty
import re
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.review.terminal import Log
from loop.review.terminal.display import Display
from loop.view import View
from tests.loop.loop_helpers import shelf_config, small_config


class _Notes:
    """Keeps the steps that were told, by stage."""

    def __init__(self) -> None:
        self.steps: dict[str, list[str]] = {}
        self._stage = ""

    def stage(self, iteration: int, text: str) -> None:
        self._stage = text

    def step(self, text: str) -> None:
        self.steps.setdefault(self._stage, []).append(text)

    def progress(self, iteration: int, done: int, total: int) -> None: ...

    def closed(self, iteration: int, view: View) -> None: ...


def test_the_steps_of_the_choice_are_told(tmp_path: Path) -> None:
    notes = _Notes()
    with Campaign.open(small_config(tmp_path)) as campaign:
        Driver(campaign, LocalExecutor(), watchers=[notes]).run(1)
        batch = campaign.config.batch
    assert list(notes.steps) == ["choosing the batch"]
    told = notes.steps["choosing the batch"]
    assert told[:4] == [
        "learning from what is known",
        "proposing candidates",
        "screening candidates",
        "searching uphill",
    ]
    assert [text for text in told if text.startswith("pick ")] == [f"pick {k + 1} of {batch}" for k in range(batch)]
    assert told[-1].startswith("moving picks to better neighbours, round")


def _read(descriptor: int) -> str:
    """All that waits there."""
    found = b""
    while select.select([descriptor], [], [], 0.2)[0]:
        found += os.read(descriptor, 10_000)
    return found.decode()


@contextmanager
def _terminal(width: int, **environment: str) -> Iterator[tuple[Console, Callable[[], str]]]:
    """A console on a terminal, and what gives the characters that came there."""
    ours, theirs = pty.openpty()
    try:
        with os.fdopen(theirs, "w") as file:
            yield (
                Console(file=file, width=width, highlight=False, _environ={"TERM": "xterm", **environment}),
                lambda: (file.flush(), _read(ours))[1],
            )
    finally:
        os.close(ours)


def _shown(console: Console, view: View | None = None, log: Log = Log.LIVE) -> Display:
    """A display that was told of a step, a queue and, with a view, of a closed iteration that took 100 s."""
    now = iter(range(0, 10_000, 50))
    counts = {"running": 2, "awaiting_human": 1, "done": 7, "held": 0}
    display = Display(console, "mine", 3, log, lambda: counts, lambda: float(next(now)))
    with display:
        display.begin("starting")
        display.progress(0, 5, 8)
        if view is not None:
            display.closed(0, view)
        display.stage(1, "choosing the batch")
        display.step("pick 3 of 8")
    return display


def _drawn(display: Display, width: int) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(display.render())
    return file.getvalue()


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """A campaign of a list whose alloys have variables: a wide table."""
    with Campaign.open(shelf_config(tmp_path_factory.mktemp("shelf"))) as campaign:
        table = campaign.suggest(4)
        table["strength"] = [410.0, 380.0, 395.5, 402.25]
        campaign.observe(table)
        return campaign.view()


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_terminal_shows_stage_queue_best_alloys_and_the_time_left(view: View, width: int) -> None:
    with _terminal(width) as (console, _):
        shown = _drawn(_shown(console, view), width)
    assert max(map(len, shown.splitlines())) <= width
    assert "choosing the batch: pick 3 of 8" in shown
    assert "5/8 of iteration 0 validated" in shown
    assert "queue: 2 running, 1 awaiting human, 7 done" in shown
    assert re.search(r"so far, about \d+ min left", shown)
    for value in ("410", "395.5", "402.2", "380"):
        assert value in shown
    assert "…" not in shown


def test_without_a_terminal_there_is_a_line_for_each_stage() -> None:
    for console in (Console(file=io.StringIO()), Console(file=io.StringIO(), force_terminal=True, highlight=False)):
        _shown(console)
        told = console.file.getvalue()  # type: ignore[attr-defined]
        assert [line.split("] ")[1] for line in told.splitlines()] == ["starting", "iteration 1/3: choosing the batch"]
        assert "pick" not in told


@pytest.mark.parametrize(("kind", "log"), [("dumb", Log.LIVE), ("xterm", Log.PLAIN)])
def test_a_dumb_terminal_and_a_plain_log_are_not_overwritten(kind: str, log: Log) -> None:
    with _terminal(80, TERM=kind) as (console, told):
        _shown(console, log=log)
        text = told()
    assert "choosing the batch" in text
    assert "\x1b[" not in text


def test_no_color_is_honoured() -> None:
    with _terminal(80, NO_COLOR="1") as (console, told):
        _shown(console)
        text = told()
    assert not re.search(r"\x1b\[[0-9;]*3[0-7][;m]", text)


def test_quiet_says_nothing(view: View) -> None:
    console = Console(file=io.StringIO())
    _shown(console, view, Log.QUIET)
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]
