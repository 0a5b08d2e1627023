"""A small campaign that a real process runs, with a validator that takes its time, steered from this one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loop.store import CampaignStore, IterationState
from tests.loop.loop_helpers import ROOT, write_config

MELTING = {"Cr": 2180, "Hf": 2506, "Mo": 2896, "Nb": 2750, "Ta": 3290, "Ti": 1941, "V": 2183, "W": 3695, "Zr": 2128}
VALIDATOR = f"""
import json, sys, time
time.sleep(SECONDS)
request = json.load(sys.stdin)
verdict = {{name: request[name] for name in ("protocol", "key", "nonce")}}
value = sum({MELTING}[symbol] * fraction for symbol, fraction in request["composition"].items())
verdict["properties"] = {{"liquidus": {{"value": value, "unit": "K"}}}}
json.dump(verdict, sys.stdout)
"""
WAIT = 120.0


def melting_document(folder: Path, seconds: float = 0.0, **changes: Any) -> dict[str, Any]:
    """What makes the small campaign look for a high melting alloy by a command that takes so many seconds."""
    script = folder / "melting.py"
    script.write_text(VALIDATOR.replace("SECONDS", str(seconds)), encoding="utf-8")
    told = {"command": [sys.executable, str(script)], "properties": ["liquidus"], "run": {"least_free_mb": 1}}
    return {
        "physics": "generic",
        "objectives": ["maximize liquidus"],
        "constraints": ["density <= 14"],
        "reference_point": {"liquidus": 2000.0},
        "generator": {"family": "cvae", "proposals": 20, "settings": {"epochs": 2, "retries": 0}, "guided": False},
        "screening": {"random": 60, "neighbours": False},
        "start": {"validate": 4, "from_table": 0.5},
        "validator": {"name": "script", "settings": told},
        **changes,
    }


class Running:
    """A run in a process of its own."""

    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.database = folder / "campaigns" / "small" / "campaign.db"

    def until(self, holds: Callable[[CampaignStore], Any], why: str) -> Any:
        """Waits until something is so of the campaign, and gives it."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            if self.database.is_file():
                try:
                    with CampaignStore.open(self.database) as store:
                        found = holds(store)
                except ValueError:  # the file is there, the tables are not yet
                    found = None
                if found:
                    return found
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        raise AssertionError(f"not within {WAIT:g} s: {why}")

    def ended(self) -> tuple[int, str]:
        """Waits for the end: exit status and standard error."""
        _, err = self.process.communicate(timeout=WAIT)
        return self.process.returncode, err


@contextmanager
def running(folder: Path, seconds: float = 0.2, **changes: Any) -> Iterator[Running]:
    """The campaign, run until its end or that of the context."""
    path = write_config(folder, **melting_document(folder, seconds, **changes))
    command = [sys.executable, "-m", "loop.cli", "run", str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Running(folder, process)
        finally:
            process.kill()


def closed(store: CampaignStore) -> int:
    """How many iterations are closed."""
    return sum(it.state is IterationState.CLOSED for it in store.iterations())


def killed(words: list[str]) -> int:
    """The exit status of a command that is killed as it commits what it did."""
    script = (
        "import os, signal, sys\nimport sqlalchemy as sa\nfrom loop.cli.main import main\n"
        "sa.event.listen(sa.Engine, 'commit', lambda connection: os.kill(os.getpid(), signal.SIGKILL))\n"
        f"main({words!r})\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode
