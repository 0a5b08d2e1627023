"""Pages of the documentation as what a reader does with them: files to save, commands to type, Python to run."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from loop.cli import main as cli
from tests.loop.loop_helpers import ROOT

_FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"`([\w-]+\.(?:csv|py|yaml))`")
_WAITS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a reader does.

    Attributes:
        kind: ``file``, ``command`` or ``python``.
        text: the file's content, the command's line, or the program.
        name: of the file.
    """

    kind: str
    text: str
    name: str = ""


def steps(page: Path) -> Iterator[Step]:
    """What a page tells its reader to do, in order.

    A block is a file where the text before it ends with the name of one and a colon.
    """
    text = page.read_text("utf-8")
    end = 0
    for block in _FENCE.finditer(text):
        before = text[end : block.start()].rstrip().rpartition("\n\n")[2]
        end = block.end()
        names = _FILE.findall(before) if before.endswith(":") else []
        commands = [line for line in block[2].replace("\\\n", " ").splitlines() if words_of(line)]
        if block[1] in ("", "bash", "console", "sh") and commands:
            yield from (Step("command", line) for line in commands)
        elif names:
            yield Step("file", block[2], names[-1])
        elif block[1] == "python":
            yield Step("python", block[2])


def words_of(line: str) -> list[str]:
    """The words of a line that calls alloyloop, without prompt and remark; none of another line."""
    call = re.match(r"\s*(?:\$ )?(?:\.venv/bin/)?(alloyloop\s.*)", line)
    return shlex.split(call[1], comments=True) if call else []


def follow(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Does what a page says, in a folder that has the project's configurations; how many commands were typed."""
    monkeypatch.chdir(folder)
    if not (folder / "configs").exists():
        (folder / "configs").symlink_to(ROOT / "configs")
    done = 0
    for step in steps(page):
        if step.kind == "file":
            (folder / step.name).write_text(step.text, "utf-8")
        elif step.kind == "python":
            exec(compile(step.text, str(page), "exec"), {"__name__": "__main__"})
        else:
            type_in(words_of(step.text))
            done += 1
    return done


def type_in(words: list[str]) -> None:
    """Runs a command; what it prints is captured by the test. A run may end because it waits for people."""
    arguments = words[1:]
    if arguments[0] == "run":
        arguments += ["--set", "tracking.enabled=false", "--set", "cluster.executor=local"]
    status: object = 0
    with contextlib.suppress(SystemExit):
        try:
            cli.main(arguments)
        except SystemExit as stop:
            status = stop.code
            raise
    assert status in ((0, None, _WAITS) if arguments[0] == "run" else (0, None)), f"{' '.join(words)}: status {status}"
