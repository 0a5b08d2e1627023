"""Campaigns in forked processes: real processes for the kernel and for signals, without the seconds of imports."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from rich.console import Console

# Before torch is there: a forked process would wait forever for threads that stayed behind.
os.environ["OMP_NUM_THREADS"] = "1"

from loop.store import CampaignStore, check_store
from tests.support.processes import ROOT


def warm_up(**changes: object) -> End:
    """Runs a campaign here, so that what is forked has its modules and tables; returns its end, left undisturbed."""
    from loop.config.reading import load_config
    from loop.drive.run import run_campaign

    with tempfile.TemporaryDirectory() as name:
        document = tiny_document(directory=f"{name}/campaigns", **changes)
        (Path(name) / "tiny.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        with (Path(name) / "log").open("w") as log:
            run_campaign(load_config(Path(name) / "tiny.yaml"), Console(file=log))
        return End.of(Path(name), str(document["name"]))


def tiny_document(**changes: object) -> dict[str, object]:
    """The default campaign as small as one of all its parts can be: 4 alloys, then 2 an iteration, for one property."""
    document: dict[str, object] = yaml.safe_load((ROOT / "configs" / "refractory.yaml").read_text(encoding="utf-8"))
    document |= {"name": "tiny", "iterations": 1, "batch": 2, "directory": "campaigns"}
    document |= {"objectives": ["maximize solidus"], "constraints": ["vec <= 5.0"], "reference_point": {}}
    document["start"] = {"validate": 4, "from_table": 0.5}
    document["generator"] = {"family": "cvae", "proposals": 40, "guided": False}
    document["generator"] |= {"settings": {"epochs": 3, "retries": 0}}
    document["screening"] = {"random": 40, "neighbours": False}
    document["cluster"] = {"executor": "local"}
    document["tracking"] = {"enabled": False, "folder": "mlruns"}
    return {**document, **changes}


def write_tiny(folder: Path, **changes: object) -> Path:
    """The same as a file in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_document(**changes)), encoding="utf-8")
    return path


@dataclass
class Forked:
    """A command line in a forked process; standard output and error go to ``FOLDER/run.log``.

    Attributes:
        pid: the process.
        status: its exit status once it has ended, negative for a signal; None before.
    """

    pid: int
    status: int | None = field(default=None)

    @classmethod
    def start(cls, folder: Path, arguments: Sequence[str], prepare: Callable[[], None] | None = None) -> Forked:
        """Begins a command line in a folder; ``prepare`` is called in the new process first."""

        def work() -> None:
            from loop.cli import main as cli

            if prepare is not None:
                prepare()
            cli.main(list(arguments))

        return cls.call(folder, work)

    @classmethod
    def call(cls, folder: Path, work: Callable[[], None]) -> Forked:
        """Begins a function in a folder; where it returns, the exit status is 0."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            return cls(pid)
        code = 70
        try:
            code = _child(folder, work)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        if self.status is None:
            pid, raw = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(raw)
        return self.status

    def wait(self, seconds: float | None = None) -> int | None:
        """The exit status; None where it still runs after so many seconds."""
        if seconds is None and self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        limit = time.monotonic() + (seconds or 0.0)
        while self.poll() is None and time.monotonic() < limit:
            time.sleep(0.005)
        return self.status

    def signal(self, number: int) -> None:
        """Sends a signal, unless the process has been waited for."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _child(folder: Path, work: Callable[[], None]) -> int:
    with (folder / "run.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.chdir(folder)
    try:
        work()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def log_tail(folder: Path, lines: int = 5) -> str:
    """The last lines of what the command lines of a folder said."""
    return "\n".join((folder / "run.log").read_text(errors="replace").splitlines()[-lines:])


@dataclass(frozen=True)
class End:
    """What a campaign's database holds at its end.

    Attributes:
        digest: of the dataset.
        accepted: results accepted.
        replicates: results that came once more, and changed nothing.
        closed: iterations closed.
        problems: what the history checker finds.
    """

    digest: str
    accepted: int
    replicates: int
    closed: int
    problems: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path, name: str = "tiny") -> End:
        """Reads it."""
        with CampaignStore.open(folder / "campaigns" / name / "campaign.db") as store:
            accepted = len(store.observations())
            every = len(store.observations(include_replicates=True))
            closed = sum(iteration.state == "closed" for iteration in store.iterations())
            return cls(store.dataset_digest(), accepted, every - accepted, closed, tuple(check_store(store)))

    def against(self, wanted: End) -> list[str]:
        """What is wrong with this end beside that of an undisturbed campaign."""
        wrong = list(self.problems)
        if self.digest != wanted.digest:
            wrong.append("another dataset digest")
        if self.accepted != wanted.accepted:
            wrong.append(f"{self.accepted} results accepted, not {wanted.accepted}")
        if self.closed != wanted.closed:
            wrong.append(f"{self.closed} iterations closed, not {wanted.closed}")
        return wrong
