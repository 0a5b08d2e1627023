"""A disk that is full, or becomes read-only, at every write of a campaign in turn; then there is room again.

    python -m benchmarks.full_disk [--store] [--every 1] [--first 1] [--mlflow] [--error ENOSPC|EROFS]

A small campaign runs with `tests/support/full_disk.c` preloaded, which `cc` compiles: it lets the process make N - 1
calls that ask the disk below one folder for something, and refuses the N-th and all after it. What is wanted: a clean
exit with one message, a whole database, whole files, and the same end as undisturbed once the same command is given
again. With ``--store`` the work is that of the database and of files alone, without models, so that each write can be
tried.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import hashlib
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from alloys.composition import Composition
from alloys.design import Design
from alloys.files import UNFINISHED
from alloys.records import Candidate, Failed, FailureKind, Measured, Selection, ValidationRequest, Verdict, quantities
from loop.cli.main import run_told
from loop.store import CampaignExists, CampaignStore, DriverLock, IterationState, Job, NoCampaign, check_store
from loop.store.files import remove_unfinished, write_named
from tests.support.forked import End, Forked, log_tail, warm_up, write_tiny
from tests.support.full_disk import compile_shim
from tests.support.processes import environment

DISK = "disk"
"""The folder that fills up; the log and the configuration lie outside."""


@dataclass
class Disk:
    """The preloaded library.

    Attributes:
        number: the error that a refused call gets.
        tracked: whether the campaign writes to MLflow too.
        store_only: whether no campaign is run, but `store_work`.
    """

    number: int
    tracked: bool = False
    store_only: bool = False

    def __post_init__(self) -> None:
        self._shim = ctypes.CDLL(None)
        self._shim.fault_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int]
        self._shim.fault_seen.restype = ctypes.c_long

    def config(self, folder: Path) -> Path:
        """The campaign, written to a folder."""
        tracking = {"enabled": self.tracked, "folder": f"{DISK}/mlruns"}
        return write_tiny(folder, directory=f"{DISK}/campaigns", tracking=tracking)

    @contextmanager
    def armed(self, folder: Path, calls: int) -> Iterator[None]:
        """Processes forked in this block may make so many calls below the folder's disk; any number if negative."""
        self._shim.fault_arm(str((folder / DISK).resolve()).encode(), calls, self.number)
        try:
            yield
        finally:
            seen = self.seen
            self._shim.fault_arm(b"", -1, self.number)
            self._last = seen

    @property
    def seen(self) -> int:
        """Calls made since it was armed."""
        return int(self._shim.fault_seen())

    def work(self, folder: Path) -> int | None:
        """Does the work in a process of its own, or goes on with it; the exit status."""
        if self.store_only:
            work = partial(store_work, Path(DISK) / "campaigns" / "tiny")
            return Forked.call(folder, partial(run_told, work, ["run"])).wait()
        return Forked.start(folder, ["run", str(self.config(folder))]).wait()

    def undisturbed(self) -> End:
        """How it ends when it is left alone."""
        if not self.store_only:
            return warm_up()
        with tempfile.TemporaryDirectory() as name:
            store_work(Path(name) / "campaigns" / "tiny")
            return End.of(Path(name))

    def count(self, folder: Path) -> list[str]:
        """Each call of an undisturbed campaign: what it was and of which file."""
        with tempfile.TemporaryFile() as trace:
            self._shim.fault_trace(trace.fileno())
            with self.armed(folder, -1):
                status = self.work(folder)
            self._shim.fault_trace(-1)
            trace.seek(0)
            lines = trace.read().decode().splitlines()
        if status != 0 or len(lines) != self._last:
            raise RuntimeError(f"the undisturbed campaign ended with {status}\n{log_tail(folder, 20)}")
        return lines


def store_work(folder: Path) -> None:
    """What a driver does to the disk in two iterations of three alloys, with results that are made up."""
    with DriverLock(folder) as lock:
        remove_unfinished(folder)
        path = folder / "campaign.db"
        try:
            store = CampaignStore.create(path, name="tiny", config={}, seed=0, code_version="1")
        except CampaignExists:
            store = CampaignStore.open(path)
        with store:
            store.requeue_running(note="taken over")
            for index in range(2):
                _iteration(store, folder, lock.owner, index)


def _iteration(store: CampaignStore, folder: Path, owner: str, index: int) -> None:
    found = store.begin_iteration(index)
    if found.state is IterationState.CLOSED:
        return
    alloys = [Composition.from_amounts({"Nb": 100 + 3 * index + rank, "W": 100}) for rank in range(3)]
    if found.state is IterationState.PROPOSING:
        model = write_named(folder, "models", f"model {index}".encode() * 3000, ".safetensors")
        store.record_artifact("generator.cvae", model.sha256, model.path, iteration=index)
        store.note_iteration(index, training={"cvae": {"losses": [0.5] * 100}})
        chosen = [Selection(Candidate(Design(alloy), "cvae"), rank, 1.0, "") for rank, alloy in enumerate(alloys)]
        store.store_batch(index, chosen, [ValidationRequest(Design(alloy), "calphad", "1") for alloy in alloys])
    while store.open_jobs(index):
        for job in store.take(owner, 1):
            store.finish(job.key, _verdict(job))
    store.log_metrics({"hypervolume": float(index)}, iteration=index)
    table = write_named(folder, "artifacts", f"dataset {index}".encode() * 1000, ".json")
    store.record_artifact("dataset.json", table.sha256, table.path, iteration=index)
    store.close_iteration(index)


def _verdict(job: Job) -> Verdict:
    if int(job.key[0], 16) < 4:
        return Failed(FailureKind.PHYSICS, "no solidus")
    return Measured(quantities({"solidus": 2000.0 + int(job.key[:4], 16) / 100}))


def kind_of(line: str) -> str:
    """Whose write a traced call was."""
    path = line.partition(" ")[2]
    for part, name in (
        ("/mlruns", "MLflow"),
        ("/models", "models"),
        ("/artifacts", "artifacts"),
        ("campaign.db", "db"),
    ):
        if part in path:
            return {"db": "database"}.get(name, name)
    return "folders and lock"


def _half_written(folder: Path) -> list[str]:
    """Files of a campaign that are not what their name says, or that a write has left over."""
    home = folder / DISK / "campaigns" / "tiny"
    wrong = []
    for path in (p for p in home.rglob("*") if p.is_file()):
        if path.parent.name in ("models", "artifacts") and not path.name.startswith(UNFINISHED):
            whole = path.name.startswith(hashlib.sha256(path.read_bytes()).hexdigest())
            wrong += [] if whole else [f"{path.name} is not what its name says"]
    return wrong


def _left_over(folder: Path) -> list[str]:
    home = folder / DISK / "campaigns" / "tiny"
    return [
        f"{path.name} is left over" for path in home.rglob("*") if path.name.startswith((UNFINISHED, "campaign.db-"))
    ]


def _checked_store(folder: Path) -> list[str]:
    try:
        with CampaignStore.open(folder / DISK / "campaigns" / "tiny" / "campaign.db") as store:
            return list(check_store(store))
    except NoCampaign:
        return []


def strike(disk: Disk, folder: Path, allowed: int, wanted: End) -> tuple[int | None, list[str]]:
    """Refuses every call after so many, then gives room again; the first exit status, and what was wrong."""
    with disk.armed(folder, allowed):
        status = disk.work(folder)
    said = (folder / "run.log").read_text(errors="replace")
    wrong = [] if status in (0, 1) else [f"exit status {status}: {log_tail(folder, 2)}"]
    if "Traceback" in said:
        wrong.append(f"a traceback: {log_tail(folder, 3)}")
    if status == 1 and not any(word in said for word in ("make room", "MLflow")):
        wrong.append(f"no advice: {log_tail(folder, 2)}")
    wrong += _half_written(folder) + _checked_store(folder)
    if disk.work(folder) != 0:
        return status, [*wrong, f"not resumed: {log_tail(folder, 3)}"]
    return status, wrong + End.of(folder / DISK).against(wanted) + _half_written(folder) + _left_over(folder)


def main() -> None:
    """Prints how many writes there are, how many were tried, and what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="try every so many-th write")
    parser.add_argument("--first", type=int, default=1, help="number of the first write tried")
    parser.add_argument("--store", action="store_true", help="the database and files alone")
    parser.add_argument("--mlflow", action="store_true", help="with MLflow's store on the same disk")
    parser.add_argument("--error", choices=("ENOSPC", "EROFS"), default="ENOSPC")
    given = parser.parse_args()
    if not hasattr(ctypes.CDLL(None), "fault_arm"):
        raise SystemExit(_again_with_shim())
    disk = Disk(getattr(errno, given.error), given.mlflow, given.store)
    wanted = disk.undisturbed()
    with tempfile.TemporaryDirectory() as name:
        calls = disk.count(Path(name))
    kinds = Counter(map(kind_of, calls))
    print(f"{len(calls)} calls: " + ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()), flush=True)
    tried, statuses, bad = Counter[str](), Counter[int | None](), 0
    for number in range(given.first, len(calls) + 1, given.every):
        with tempfile.TemporaryDirectory() as name:
            status, wrong = strike(disk, Path(name), number - 1, wanted)
        tried[kind_of(calls[number - 1])] += 1
        statuses[status] += 1
        bad += bool(wrong)
        for line in wrong:
            print(f"at call {number} ({calls[number - 1]}): {line}", flush=True)
    print(
        f"{given.error} at {tried.total()} of {len(calls)} calls ("
        + ", ".join(f"{n} {kind}" for kind, n in tried.most_common())
        + "), exit status "
        + ", ".join(f"{status} in {n}" for status, n in statuses.most_common())
        + f": {bad} went wrong; resumed to the digest {wanted.digest}"
    )
    raise SystemExit(bad > 0)


def _again_with_shim() -> int:
    with tempfile.TemporaryDirectory() as name:
        preload = {"LD_PRELOAD": str(compile_shim(Path(name)))}
        command = [sys.executable, "-m", "benchmarks.full_disk", *sys.argv[1:]]
        return subprocess.run(command, env={**environment(), **preload, **_threads()}, check=False).returncode


def _threads() -> dict[str, str]:
    return {"OMP_NUM_THREADS": "1", "TMPDIR": os.environ.get("TMPDIR", tempfile.gettempdir())}


if __name__ == "__main__":
    main()
