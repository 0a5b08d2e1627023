"""The kills of the benchmark, fewer of each: nothing lost or doubled, the same end, planted mistakes found."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.processes import ROOT, environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


def _kills(**numbers: int) -> str:
    """What the benchmark says; it exits with 1 where anything is lost or differs, or a mistake is not found."""
    given = {"drivers": 0, "fights": 0, "unlocked": 0, "ray-drivers": 0, "ray-workers": 0, "steps": 0, **numbers}
    options = [text for name, number in given.items() for text in (f"--{name}", str(number))]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.kills", *options],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_drivers_killed_anywhere_and_three_planted_mistakes() -> None:
    said = _kills(steps=12, drivers=8, fights=4, unlocked=2)
    assert "results lost: 0" in said
    assert "let in: 0" in said
    assert "wrong ends: 0" in said
    assert said.count("found after") == 3


def test_validators_and_trainers_killed_on_ray() -> None:
    options = {"ray-drivers": 1, "ray-workers": 6}
    assert "wrong ends: 0" in _kills(**options)
