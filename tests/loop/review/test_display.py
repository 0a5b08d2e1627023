"""What a running campaign shows: on a terminal the step that is done now, elsewhere a line for each stage."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.review.display import Display
from loop.view import View
from tests.loop.loop_helpers import small_config


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


def _shown(*, terminal: bool) -> str:
    file = io.StringIO()
    display = Display(Console(file=file, force_terminal=terminal, width=200), "mine", 3)
    with display:
        display.stage(1, "choosing the batch")
        display.step("pick 3 of 8")
    return file.getvalue()


def test_a_terminal_shows_the_step_and_a_file_the_stage_alone() -> None:
    assert "choosing the batch: pick 3 of 8" in _shown(terminal=True)
    assert "choosing the batch" in _shown(terminal=False)
    assert "pick" not in _shown(terminal=False)
