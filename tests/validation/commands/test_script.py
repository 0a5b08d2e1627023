from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from alloys.design import Design
from alloys.errors import InputError
from alloys.records import UNADJUSTED, Failed, FailureKind, Measured, Verdict, canonical_json
from loop.execute.tasks import ValidatorSpec, validate
from validation.base import adjusted
from validation.commands.script import ScriptValidator
from validation.registry import make_validator

COMMAND = Path(__file__).with_name("command.py")
ALLOY = Design.parse("HfNbTa")


def settings(folder: Path, mode: str, *paths: str, **run: Any) -> dict[str, Any]:
    """Settings for the command of the tests."""
    return {
        "command": [sys.executable, str(COMMAND), mode, *paths],
        "properties": ["solidus"],
        "run": {"scratch": str(folder / "scratch"), "time_limit": 60, "least_free_mb": 1, **run},
    }


def ask(folder: Path, mode: str, *paths: str, **run: Any) -> Verdict:
    """The verdict of the command of the tests."""
    return ScriptValidator(settings(folder, mode, *paths, **run)).validate(ALLOY)


def kept(folder: Path) -> list[Path]:
    """Scratch folders of requests that are still there."""
    return sorted((folder / "scratch").glob("*/*"))


@pytest.mark.parametrize("paths", [(), ("{request}",), ("{request}", "{verdict}")])
def test_documents_pass_by_pipe_or_by_file(tmp_path: Path, paths: tuple[str, ...]) -> None:
    verdict = ask(tmp_path, "good", *paths)
    assert isinstance(verdict, Measured), verdict
    assert verdict.properties["solidus"].value == pytest.approx(4000.0)
    assert verdict.properties["solidus"].unit == "K"
    assert verdict.seconds > 0
    assert kept(tmp_path) == []


def test_settings_reach_the_command_in_a_folder_of_its_own(tmp_path: Path) -> None:
    given = {**settings(tmp_path, "settings", keep="always"), "settings": {"mesh": [8, 8]}}
    verdict = ScriptValidator(given).validate(ALLOY)
    assert isinstance(verdict, Measured), verdict
    (folder,) = kept(tmp_path)
    assert verdict.details["provenance"] == {"settings": {"mesh": [8, 8]}, "folder": str(folder)}
    assert json.loads((folder / "request.json").read_text())["formula"] == str(ALLOY)
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("mode", "paths", "kind", "message"),
    [
        ("physics", (), FailureKind.PHYSICS, "it does not melt"),
        ("licence", (), FailureKind.CAPACITY, "no licence is free"),
        ("wrong unit", (), FailureKind.SUSPECT, "solidus must be in 'K', got 'C'"),
        ("another's", (), FailureKind.SUSPECT, "answers another request: its nonce is '0000"),
        ("malformed", (), FailureKind.SUSPECT, "not a JSON document"),
        ("not finite", (), FailureKind.SUSPECT, "finite, got NaN"),
        ("silent", (), FailureKind.SUSPECT, "it is empty"),
        ("silent", ("{request}", "{verdict}"), FailureKind.SUSPECT, "it is empty"),
        ("floods", (), FailureKind.SUSPECT, "more than 1000 kB"),
        ("fails", (), FailureKind.INFRASTRUCTURE, "ended with status 3; it said last: no licence left"),
        ("killed", (), FailureKind.INFRASTRUCTURE, "ended by signal 9"),
        ("fifo", ("{request}", "{verdict}"), FailureKind.INFRASTRUCTURE, "not an ordinary file"),
        ("link", ("{request}", "{verdict}"), FailureKind.INFRASTRUCTURE, "symbolic links"),
    ],
)
def test_every_bad_end_has_its_class(
    tmp_path: Path, mode: str, paths: tuple[str, ...], kind: FailureKind, message: str
) -> None:
    verdict = ask(tmp_path, mode, *paths)
    assert isinstance(verdict, Failed), verdict
    assert verdict.kind is kind
    assert message in verdict.message
    # What a person may want to look at is kept; an answer is not.
    assert bool(kept(tmp_path)) is (kind is not FailureKind.PHYSICS)


def test_output_beyond_the_cap_is_not_kept(tmp_path: Path) -> None:
    ask(tmp_path, "floods", output_kb=10)
    (folder,) = kept(tmp_path)
    assert (folder / "stdout.txt").stat().st_size == 10_000
    assert (folder / "stderr.txt").stat().st_size == 10_000


@pytest.mark.parametrize("mode", ["never ends", "ignores SIGTERM"])
def test_a_command_that_never_ends_is_ended_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))
    verdict = ask(tmp_path, mode, time_limit=4.0, grace_seconds=0.2, environment=["PIDS"])
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.INFRASTRUCTURE
    assert "took longer than run.time_limit = 4 s and was ended" in verdict.message
    assert_gone(tmp_path / "pids")


def test_what_a_command_leaves_behind_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))
    verdict = ask(tmp_path, "leaves a child", environment=["PIDS"])
    assert isinstance(verdict, Measured), verdict
    assert_gone(tmp_path / "pids")


def test_a_command_does_not_outlive_who_asked(tmp_path: Path) -> None:
    given = settings(tmp_path, "never ends", environment=["PIDS"])
    code = (
        "import json, sys; from alloys.design import Design; from validation.registry import make_validator;"
        "make_validator('script', json.loads(sys.argv[1])).validate(Design.parse('NbTa'))"
    )
    pids = tmp_path / "pids"
    asker = subprocess.Popen([sys.executable, "-c", code, json.dumps(given)], env={**os.environ, "PIDS": str(pids)})
    try:
        wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 3)
        numbers = [int(line) for line in pids.read_text().split()]
        assert all(alive(number) for number in numbers)
        asker.send_signal(signal.SIGKILL)
    finally:
        asker.kill()
        asker.wait()
    assert_gone(pids)


def alive(number: int) -> bool:
    """Whether a process is there and is not a zombie."""
    try:
        return bool(psutil.Process(number).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_for(condition: Any) -> None:
    """Waits for something that other processes do."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited for 20 seconds"
        time.sleep(0.02)


def assert_gone(path: Path) -> None:
    """The processes named in the file end; SIGKILL takes a moment."""
    numbers = [int(line) for line in path.read_text().split()]
    assert len(numbers) == 3
    try:
        wait_for(lambda: not any(alive(number) for number in numbers))
    finally:
        for number in filter(alive, numbers):
            os.kill(number, signal.SIGKILL)


def test_memory_can_be_limited(tmp_path: Path) -> None:
    verdict = ask(tmp_path, "hungry", memory_mb=1000)
    assert isinstance(verdict, Failed)
    assert (verdict.kind, dict(verdict.ask)) == (FailureKind.RESOURCE, {})
    assert "MemoryError" in verdict.message
    assert "no more is allowed by run.most: memory_mb = 1000 of 1000" in verdict.message


def test_a_command_short_of_memory_is_asked_again_with_more(tmp_path: Path) -> None:
    validator = ScriptValidator(settings(tmp_path, "hungry", memory_mb=2000, most={"memory_mb": 7000}))
    given = UNADJUSTED
    for ask in (4000, 7000):
        verdict = validator.adjusted(given).validate(ALLOY)
        assert isinstance(verdict, Failed)
        assert (verdict.kind, dict(verdict.ask)) == (FailureKind.RESOURCE, {"memory_mb": ask})
        given = given.after(verdict)
    assert isinstance(validator.adjusted(given).validate(ALLOY), Measured)
    assert validator.adjusted(given).fingerprint == validator.fingerprint
    assert validator.settings.run.memory_mb == 2000


def test_a_command_short_of_time_is_asked_again_with_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))
    verdict = ask(
        tmp_path, "never ends", time_limit=0.3, grace_seconds=0.1, most={"time_limit": 0.5}, environment=["PIDS"]
    )
    assert isinstance(verdict, Failed)
    assert (verdict.kind, dict(verdict.ask)) == (FailureKind.RESOURCE, {"time_limit": 0.5})
    longest = ScriptValidator(settings(tmp_path, "good", grace_seconds=1, most={"time_limit": 80})).longest_seconds
    assert longest == 81


def test_a_command_says_what_it_needs(tmp_path: Path) -> None:
    validator = ScriptValidator(settings(tmp_path, "needs", memory_mb=1000, most={"memory_mb": 8000}))
    given = UNADJUSTED
    for kind, asked in [
        (FailureKind.RESOURCE, {"memory_mb": 3000}),
        (FailureKind.CORRECTABLE, {"mixing": 0.1}),
        (FailureKind.CORRECTABLE, {"mixing": 0.05}),
    ]:
        verdict = adjusted(validator, given).validate(ALLOY)
        assert isinstance(verdict, Failed)
        assert (verdict.kind, verdict.ask) == (kind, asked)
        given = given.after(verdict)
    verdict = adjusted(validator, given).validate(ALLOY)
    assert isinstance(verdict, Measured), verdict
    assert verdict.details["provenance"] == {
        "resources": {"memory_mb": 3000},
        "corrections": [{"mixing": 0.1}, {"mixing": 0.05}],
    }


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"most": {"nodes": 4}}, "'nodes' cannot be raised; those that can are memory_mb, time_limit"),
        ({"most": {"memory_mb": 4000}}, "0 < memory_mb <= most.memory_mb must hold, got 0 and 4000"),
        ({"time_limit": 60, "most": {"time_limit": 30}}, "0 < time_limit <= most.time_limit must hold, got 60 and 30"),
    ],
)
def test_limits_that_may_be_raised_are_checked(tmp_path: Path, run: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ScriptValidator(settings(tmp_path, "good", **run))


def test_only_named_variables_are_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "hidden")
    monkeypatch.setenv("WANTED", "shown")
    verdict = ask(tmp_path, "environment", environment=["WANTED"], keep="always")
    assert isinstance(verdict, Measured), verdict
    seen = verdict.details["provenance"]["environment"]
    assert seen["WANTED"] == "shown"
    assert seen["PATH"] == os.environ["PATH"]
    assert "hidden" not in seen.values()
    assert Path(seen["TMPDIR"]).parent in kept(tmp_path)


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    given = settings(tmp_path, "good")
    echo = {**given, "command": ["echo", f"$(touch {trap})", ";", "touch", str(trap), "*", "`id`"]}
    verdict = ScriptValidator(echo).validate(ALLOY)
    assert isinstance(verdict, Failed)
    assert f"$(touch {trap}) ; touch" in (kept(tmp_path)[0] / "stdout.txt").read_text()
    assert not trap.exists()


# A scratch disk that is full --------------------------------------------------------------------------------


def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path) -> None:
    verdict = ask(tmp_path, "good", least_free_mb=10**9)
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.INFRASTRUCTURE
    assert "the scratch disk under" in verdict.message
    assert not list((tmp_path / "scratch").rglob("request.json"))


def test_a_disk_that_fills_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    verdict = ask(tmp_path, "good")
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.INFRASTRUCTURE
    assert verdict.message.startswith("the disk is full: ")


def test_a_verdict_cut_short_by_a_full_disk_is_not_held_against_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter([10**9, 0])
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=next(free)))
    verdict = ask(tmp_path, "malformed")
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.INFRASTRUCTURE
    assert "is full: 0 MB left, run.least_free_mb asks for 1; the command's verdict is refused" in verdict.message


# What is installed, and what it was -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"command": ["no-such-program-anywhere"]}, "'no-such-program-anywhere' is not installed"),
        ({"command": ["/no/such/file"]}, "there is no file '/no/such/file'"),
        ({"command": [str(COMMAND)]}, "may not be executed"),
        ({"command": ["python3", "no_such.py"]}, "there is no file 'no_such.py'"),
        ({"command": "python3 validate.py"}, "command: Input should be a valid list, got 'python3 validate.py'"),
        ({"command": []}, "command: List should have at least 1 item"),
        ({"command": ["{request}"]}, "must be an argument of the command"),
        ({"command": ["echo", "a\0b"]}, "command.1"),
        ({"properties": ["beauty"]}, "unknown property 'beauty'; declare one of your own"),
        ({"properties": []}, "at least 1 item"),
        ({"properties": ["solidus", "solidus"]}, "distinct"),
        ({"elements": ["Xx"]}, "not chemical elements: Xx"),
        ({"files": ["/no/such.tdb"]}, "there is no file '/no/such.tdb'"),
        ({"settings": {"a": float("nan")}}, "settings: Value error, they must be what JSON can say"),
        ({"settings": {"day": date(2026, 1, 1)}}, "type date is not JSON serializable"),
        ({"run": {"time_limit": 0}}, "run.time_limit: Input should be greater than 0"),
        ({"run": {"time_limit": float("inf")}}, "run.time_limit"),
        ({"run": {"environment": ["A=B"]}}, "run.environment.0"),
        ({"run": 3}, "run: "),
        ({"timeout": 3}, "timeout: Extra inputs are not permitted"),
    ],
)
def test_bad_settings_are_refused_before_anything_runs(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        make_validator("script", {**settings(tmp_path, "good"), **changes}, tmp_path)
    assert "settings of the validator 'script'" in str(caught.value)
    assert message in str(caught.value)


def test_a_command_that_is_not_installed_on_a_worker(tmp_path: Path) -> None:
    travelled = ScriptValidator(settings(tmp_path, "good")).portable_settings
    missing = {**travelled, "command": ["no-such-program-anywhere"], "digests": {}}
    verdict = validate(ValidatorSpec("script", canonical_json(missing)), ALLOY.canonical())
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.INFRASTRUCTURE
    assert "is not installed here" in verdict.message


def test_a_validator_travels_unchanged(tmp_path: Path) -> None:
    here = ScriptValidator(settings(tmp_path, "good"))
    there = make_validator("script", json.loads(ValidatorSpec.of(here).settings))
    assert there.fingerprint == here.fingerprint
    assert there.portable_settings == here.portable_settings
    assert isinstance(there.validate(ALLOY), Measured)


def test_the_fingerprint_is_what_decides_the_answer(tmp_path: Path) -> None:
    tool, data = tmp_path / "tool.py", tmp_path / "data.tdb"
    tool.write_text("print(1)")
    data.write_text("G")
    base = {"command": ["python3", str(tool), "-k", "3"], "properties": ["solidus"], "files": [str(data)]}

    def fingerprint(**changes: Any) -> str:
        return make_validator("script", {**base, **changes}).fingerprint

    first = fingerprint()
    same = [{"run": {"time_limit": 5, "keep": "always"}}, {"fidelity": "rough"}, {"expected_seconds": 9.0}]
    assert {fingerprint(**change) for change in same} == {first}
    moved = tmp_path / "moved.py"
    moved.write_text("print(1)")
    assert fingerprint(command=["python3", str(moved), "-k", "3"]) == first
    other = [
        {"command": ["python3", str(tool), "-k", "4"]},
        {"version": "2"},
        {"settings": {"a": 1}},
        {"properties": ["liquidus"]},
        {"files": []},
    ]
    assert first not in {fingerprint(**change) for change in other}
    data.write_text("H")
    assert fingerprint() != first
    data.write_text("G")
    tool.write_text("print(2)")
    assert fingerprint() != first


def test_a_command_that_changes_under_way_is_not_asked(tmp_path: Path) -> None:
    tool = tmp_path / "tool.py"
    tool.write_text(COMMAND.read_text())
    given = settings(tmp_path, "good")
    validator = ScriptValidator({**given, "command": [sys.executable, str(tool), "good"]})
    assert isinstance(validator.validate(ALLOY), Measured)
    tool.write_text(COMMAND.read_text() + "\n# better\n")
    verdict = validator.validate(ALLOY)
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.INFRASTRUCTURE
    assert "tool.py has changed since the campaign began; put it back" in verdict.message
    tool.write_text(COMMAND.read_text())
    assert isinstance(validator.validate(ALLOY), Measured)


def test_elements_are_checked_where_they_are_named(tmp_path: Path) -> None:
    given = settings(tmp_path, "good")
    ScriptValidator(given).check(["Nb", "Re"])
    with pytest.raises(InputError, match="'elements' of the script settings lacks Re; it has Hf, Nb"):
        ScriptValidator({**given, "elements": ["Hf", "Nb"]}).check(["Nb", "Re"])
