"""The first 300 of the bad inputs that ``python -m benchmarks.fuzz`` makes: each accepted or refused, nothing else."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.fuzz.databases import FOLDER
from tests.support.fuzz.reports import REPORTS
from tests.support.fuzz.run import DATABASE, Result, answered, counts_of, fuzz_kind, run_case
from tests.support.fuzz.targets import TARGETS, Target
from tests.support.tdb import IDEAL

COUNTS = counts_of(300, list(TARGETS))


def in_this_process(target: Target, kind: str, count: int) -> Result:
    """The first cases of a kind."""
    result = Result(kind)
    for index in range(count):
        result.add(index, *run_case(target, kind, 0, index), 0.0)
    return result


@pytest.mark.filterwarnings("ignore")  # what strange numbers make of themselves
@pytest.mark.parametrize("kind", [kind for kind in TARGETS if kind != "tdb"])
def test_bad_input_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = in_this_process(TARGETS[kind](tmp_path), kind, COUNTS[kind])
    assert result.bad == []
    assert result.cases == COUNTS[kind]
    assert result.outcomes["accepted"] > 0  # some changes leave a valid content: the entry point was reached
    assert result.outcomes["refused"] > result.cases / 2


QUICK = {"cells": 60, "spaces": 25, "frames": 60, "proxies": 12, "encodings": 10, "addresses": 30}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", QUICK)
def test_what_people_reported_is_answered_rightly_or_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert in_this_process(REPORTS[kind](tmp_path), kind, QUICK[kind]).bad == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(REPORTS) - set(QUICK)))
def test_what_people_reported_of_their_machines_is_answered_rightly(kind: str) -> None:
    result = fuzz_kind(kind, 0, range(10), 60.0)
    assert result.bad == []
    assert result.cases == 10


def test_bad_databases_are_refused() -> None:
    result = fuzz_kind("tdb", 0, range(COUNTS["tdb"]), 10.0)  # in a process of its own, which forks
    assert result.bad == []
    assert result.cases == COUNTS["tdb"]


def test_changed_databases_of_a_folder_are_read_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tdb").write_text(IDEAL, encoding="utf-8")
    (tmp_path / "b.TDB").write_text(IDEAL.replace("\n", "\r\n").lower(), encoding="utf-16")
    monkeypatch.setenv(FOLDER, str(tmp_path))
    result = fuzz_kind(DATABASE, 0, range(60), 10.0)
    assert result.bad == []
    assert result.cases == 60
    assert result.outcomes["accepted"] > 0
    assert result.outcomes["refused"] > 20


@pytest.mark.parametrize("code", ["import sys; sys.stdin.read()", "while True: pass"], ids=["waits", "computes"])
def test_a_case_that_hangs_is_seen(code: str) -> None:
    ours, theirs = multiprocessing.Pipe()
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        assert not answered(ours, 1.0, psutil.Process(process.pid))
        theirs.send("done")
        assert answered(ours, 1.0, psutil.Process(process.pid))
    finally:
        process.kill()
        process.communicate()
