"""The command for a GPU runs on a CPU, and a step that fails or takes too long costs its own figures alone."""

from __future__ import annotations

import sys

import pytest

from benchmarks.gpu import __main__ as command
from benchmarks.gpu.steps import STEPS


@pytest.mark.parametrize(
    ("name", "words"),
    [("trainings", ["cvae", "bf16", "CPU/this", "loss"]), ("ranking", ["5,000 candidates", "float32", "CPU/this"])],
)
def test_a_small_step_prints_its_ratios(name: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    STEPS[name].work(small=True)
    told = capsys.readouterr().out
    assert [word for word in words if word not in told] == []


def test_the_papers_network_is_trained_and_draws(capsys: pytest.CaptureFixture[str]) -> None:
    STEPS["cgan"].work(small=True)
    assert "10,000 compositions" in capsys.readouterr().out


def test_steps_that_end_early_are_named_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "LIMIT", 0.2)
    monkeypatch.setattr(sys, "argv", ["benchmarks.gpu", "--small", "--steps", "ranking,run"])
    with pytest.raises(SystemExit, match="without all their figures: ranking, run"):
        command.main()
    assert capsys.readouterr().out.count("ended at its limit") == 2


def test_all_steps_together_take_less_than_eight_minutes() -> None:
    assert sum(step.seconds for step in STEPS.values()) <= command.LIMIT < 480
