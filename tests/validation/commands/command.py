"""A command that answers well or badly, as its first argument says; standard library alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


class Command:
    """One call: the request, the verdict as it would be right, and where it goes."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths
        if paths:
            with open(paths[0], encoding="utf-8") as stream:
                self.request = json.load(stream)
        else:
            self.request = json.load(sys.stdin)
        value = sum(1000.0 + 1000.0 * fraction for fraction in self.request["composition"].values())
        wanted = self.request["properties"].items()
        self.verdict = {name: self.request[name] for name in ("protocol", "key", "nonce")}
        self.verdict["properties"] = {name: {"value": value, "unit": unit} for name, unit in wanted}

    def say(self, **changes: Any) -> None:
        """Writes the verdict with changes."""
        self.write(json.dumps({**self.verdict, **changes}))

    def write(self, text: str) -> None:
        """Writes a text where the verdict belongs."""
        if len(self.paths) > 1:
            with open(self.paths[1], "w", encoding="utf-8") as stream:
                stream.write(text)
        else:
            sys.stdout.write(text)

    def value(self, value: Any, unit: str = "K") -> None:
        """Writes another value."""
        self.say(properties={"solidus": {"value": value, "unit": unit}})


def good(command: Command) -> None:
    sys.stderr.write("a word on the way\n")
    command.say()


def fails(command: Command) -> None:
    sys.stderr.write("no licence left\n")
    command.say()
    sys.exit(3)


def floods(command: Command) -> None:
    sys.stderr.write("x" * 3_000_000)
    command.write("y" * 3_000_000)


def descendants() -> None:
    """Starts things in the background that would never end, one in a session of its own; numbers go to a file."""
    endless = [sys.executable, "-c", "import time; time.sleep(600)"]
    children = [subprocess.Popen(endless, start_new_session=apart) for apart in (False, True)]
    with open(os.environ["PIDS"], "a", encoding="utf-8") as stream:
        stream.writelines(f"{number}\n" for number in (os.getpid(), *(child.pid for child in children)))


def never_ends(command: Command) -> None:
    descendants()
    time.sleep(600)


def ignores_sigterm(command: Command) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    never_ends(command)


def leaves_a_child(command: Command) -> None:
    descendants()
    command.say()


def needs(command: Command) -> None:
    """Wants 3000 MB, and two corrections."""
    given = command.request.get("resources", {}).get("memory_mb", 0)
    corrections = command.request.get("corrections", [])
    if given < 3000:
        failure = {"class": "resource", "message": "3000 MB are needed", "resources": {"memory_mb": 3000}}
    elif len(corrections) < 2:
        mixing = 0.1 / (len(corrections) + 1)
        failure = {"class": "correctable", "message": "not converged", "correction": {"mixing": mixing}}
    else:
        command.say(provenance={"resources": command.request["resources"], "corrections": corrections})
        return
    command.say(properties={}, failure=failure)


MODES: dict[str, Callable[[Command], object]] = {
    "good": good,
    "settings": lambda c: c.say(provenance={"settings": c.request["settings"], "folder": os.getcwd()}),
    "environment": lambda c: c.say(provenance={"environment": dict(os.environ)}),
    "physics": lambda c: c.say(properties={}, failure={"class": "physics", "message": "it does not melt"}),
    "wrong unit": lambda c: c.value(1800.0, "C"),
    "another's": lambda c: c.say(nonce="0" * 32),
    "malformed": lambda c: c.write('{"protocol": 1, "key"'),
    "not finite": lambda c: c.value(float("nan")),
    "silent": lambda c: None,
    "fails": fails,
    "killed": lambda c: os.kill(os.getpid(), signal.SIGKILL),
    "never ends": never_ends,
    "ignores SIGTERM": ignores_sigterm,
    "leaves a child": leaves_a_child,
    "needs": needs,
    "licence": lambda c: c.say(properties={}, failure={"class": "capacity", "message": "no licence is free"}),
    "hungry": lambda c: c.say(provenance={"bytes": len(bytearray(4 * 2**30))}),
    "floods": floods,
    "fifo": lambda c: os.mkfifo(c.paths[1]),
    "link": lambda c: os.symlink("/etc/hostname", c.paths[1]),
}

if __name__ == "__main__":
    MODES[sys.argv[1]](Command(sys.argv[2:]))
