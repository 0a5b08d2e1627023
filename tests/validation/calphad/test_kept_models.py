"""What one process compiles, the next one loads: the same numbers to the last bit, and never in the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import symengine

from tests.support.phases import B2_TDB
from tests.support.processes import environment
from validation.calphad.compiling import functions
from validation.calphad.compiling.functions import KIND, Functions
from validation.calphad.own.database import build_database
from validation.calphad.reading import kept
from validation.calphad.solving.engine import CalphadEngine

_ANSWER = "from tests.validation.calphad.test_kept_models import answers; print(answers())"


def answers() -> str:
    """Numbers of two alloys that melt and of one that orders, to the last bit."""
    metals, ordering = CalphadEngine(build_database()), CalphadEngine(B2_TDB)
    melted = [metals.alloy({"Mo": 0.4, "Nb": 0.6}), metals.alloy({"Cr": 0.1, "Nb": 0.9})]
    state = ordering.alloy({"Al": 0.5, "Ni": 0.5}).at(800.0)
    metals_states = [alloy.at(alloy.solidus - 300.0) for alloy in melted]
    for engine in (metals, ordering):
        engine.save()
    potentials = [each.potentials.tolist() for each in (state, *metals_states)]
    return repr([alloy.solidus for alloy in melted] + [alloy.liquidus for alloy in melted] + potentials)


def _refuse(*_: Any, **__: Any) -> None:
    raise AssertionError("something was compiled")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(kept.CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache" / KIND


@pytest.fixture
def by_another_process(cache: Path) -> str:
    """What another process answered, which has kept what it compiled."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _ANSWER], env=environment(), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_next_process_compiles_nothing_and_answers_the_same(
    by_another_process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(symengine, "Lambdify", _refuse)
        assert answers() == by_another_process
    monkeypatch.setenv(kept.CACHE, kept.OFF)
    assert answers() == by_another_process


def test_damaged_files_are_compiled_again_and_mended(
    by_another_process: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(cache.iterdir())
    for index, path in enumerate(files):
        content = bytearray(path.read_bytes())
        content[(37 * index + 40) % len(content)] ^= 1
        path.write_bytes(content[: len(content) - index % 2])
    assert answers() == by_another_process
    monkeypatch.setattr(symengine, "Lambdify", _refuse)
    assert answers() == by_another_process


def test_machine_code_of_another_processor_is_not_loaded(
    by_another_process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(functions, "target", lambda: ("another processor",))
    with monkeypatch.context() as patch:
        patch.setattr(symengine, "Lambdify", _refuse)
        with pytest.raises(AssertionError, match="something was compiled"):
            answers()
    assert answers() == by_another_process


def test_two_processes_that_write_at_once_keep_what_both_compiled(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = symengine.Symbol("x")
    first, second = Functions("here"), Functions("here")
    first.value([x], [x**2])
    second.value([x], [x**3])
    first.save()
    second.save()
    monkeypatch.setattr(symengine, "Lambdify", _refuse)
    found = Functions("here")
    assert [float(np.ravel(found.value([x], [x**power])(np.array([2.0])))[0]) for power in (2, 3)] == [4.0, 8.0]


def test_numbers_that_differ_in_the_last_bit_are_other_functions(cache: Path) -> None:
    x = symengine.Symbol("x")
    one, other = 0.1 + 0.2, 0.3  # the same text in symengine
    kept_first = Functions("here")
    kept_first.value([x], [x + one])
    kept_first.save()
    found = Functions("here").value([x], [x + other])(np.array([0.0]))
    assert float(np.ravel(found)[0]) == other
