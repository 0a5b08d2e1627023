"""Runs cases in a process for each kind, watched from outside, so that one that hangs is seen and ended."""

from __future__ import annotations

import multiprocessing
import os
import resource
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from tests.support.fuzz.cases import CASES, rng_of
from tests.support.fuzz.shares import REPORT_SHARES, WRONG

SHARES = {"config": 0.3, "import": 0.2, "table": 0.15, "formula": 0.15, "weights": 0.15, "tdb": 0.05}
"""Share of the cases by kind."""

DATABASE = "database"
"""Databases of a folder that a person names, which do not come with the project."""

KINDS = {"inputs": SHARES, "reports": REPORT_SHARES}
"""Shares by what is asked for: inputs that are bad, or inputs whose right answer is known."""

MEMORY = 16 * 2**30
"""Address space of a process, so that a case which asks for everything fails in its place."""

WARM_UP = 20
"""Valid contents before the first case: what is imported late is imported then."""
SETUP_SECONDS = 300.0
LOOK = 0.5
"""Seconds between looks at a process that has not answered."""
HANG, DIED = "hang", "process died"
_GOOD = ("accepted", "refused")


@dataclass
class Result:
    """What became of one kind's cases."""

    kind: str
    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    bad: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, index: int, outcome: str, message: str, seconds: float) -> None:
        """Counts one case."""
        self.cases += 1
        self.outcomes[outcome] += 1
        self.slowest = max(self.slowest, seconds)
        if outcome not in _GOOD:
            self.bad.append((index, outcome, message))


def content_of(kind: str, seed: int, index: int, base: bytes) -> bytes:
    """The content of one case."""
    return CASES[kind](rng_of(seed, kind, index), base)


def run_case(target: Any, kind: str, seed: int, index: int) -> tuple[str, str]:
    """Makes one case and gives it to its target."""
    base = target.base(rng_of(seed, f"{kind} base", index))
    content = content_of(kind, seed, index, base) if kind in CASES else base
    outcome: tuple[str, str] = target.run(content, rng_of(seed, f"{kind} run", index))
    return outcome


def _work(kind: str, seed: int, indices: Sequence[int], pipe: Connection, folder: str) -> None:
    from tests.support.fuzz.databases import Databases
    from tests.support.fuzz.reports import REPORTS
    from tests.support.fuzz.targets import TARGETS

    os.environ["OMP_NUM_THREADS"] = "1"
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    target = {**TARGETS, **REPORTS, DATABASE: Databases}[kind](Path(folder))
    for index in range(WARM_UP if kind in CASES else 1):
        target.run(target.base(rng_of(seed, kind, index)), rng_of(seed, kind, index))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    pipe.send("ready")
    for index in indices:
        begun = _time()
        try:
            outcome, message = run_case(target, kind, seed, index)
        except Exception as error:  # of the case's own making, which is a mistake here
            outcome, message = "traceback", f"making the case: {error!r}"
        pipe.send((index, outcome, message[-3000:], _time() - begun))


def _time() -> float:
    """Processor time in s of this process and its ended children, which other work on the machine does not change."""
    return sum(os.times()[:4])


def fuzz_kind(kind: str, seed: int, indices: Iterable[int], limit: float) -> Result:
    """Runs the cases of one kind; a process that hangs or dies is replaced."""
    context = multiprocessing.get_context("spawn")
    result, left = Result(kind), list(indices)
    while left:
        ours, theirs = context.Pipe()
        with tempfile.TemporaryDirectory(prefix="alloyloop-fuzz-") as folder:
            process = context.Process(target=_work, args=(kind, seed, left, theirs, folder), daemon=True)
            process.start()
            theirs.close()
            try:
                _follow(ours, left, result, limit, psutil.Process(process.pid))
            finally:
                process.kill()
                process.join()
                ours.close()
    return result


def _follow(pipe: Connection, left: list[int], result: Result, limit: float, process: psutil.Process) -> None:
    """Takes outcomes until none is left, or one does not come."""
    if not pipe.poll(SETUP_SECONDS):
        raise RuntimeError(f"the target of {result.kind} was not ready after {SETUP_SECONDS:g} s")
    pipe.recv()
    while left:
        if not answered(pipe, limit, process):
            result.add(left.pop(0), HANG, f"no answer within {limit:g} s", limit)
            return
        try:
            index, outcome, message, seconds = pipe.recv()
        except EOFError:
            result.add(left.pop(0), DIED, "the process is gone", 0.0)
            return
        left.remove(index)
        result.add(index, outcome, message, seconds)


def answered(pipe: Connection, limit: float, process: psutil.Process) -> bool:
    """Whether an answer comes before the case has used so much processor time, or has waited so long without any."""
    begun = used = _used(process)
    waited = 0.0
    while not pipe.poll(LOOK):
        now = _used(process)
        waited, used = (0.0 if now > used else waited + LOOK), now
        if now - begun > limit or waited > limit:
            return False
    return True


def _used(process: psutil.Process) -> float:
    """Processor time in s of a process and its children, those that have ended as well."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def counts_of(count: int, kinds: Sequence[str]) -> dict[str, int]:
    """How many cases of each kind."""
    shares = {**SHARES, **REPORT_SHARES}
    total = sum(shares[kind] for kind in kinds)
    counts = {kind: int(count * shares[kind] / total) for kind in kinds}
    counts[kinds[0]] += count - sum(counts.values())
    return counts


def fuzz(count: int, seed: int, kinds: Sequence[str], limit: float) -> Iterator[Result]:
    """Runs all kinds, one after another."""
    for kind, number in counts_of(count, kinds).items():
        yield fuzz_kind(kind, seed, range(number), limit)


HEADS = ("cases", "accepted", "refused", "tracebacks", "hangs", "partial", "wrong", "slowest, s")


def head() -> str:
    """The first line of the table."""
    return f"{'input':<10}" + "".join(f"{name:>12}" for name in HEADS)


def line(result: Result) -> str:
    """One kind's line."""
    o = result.outcomes
    broken = o["traceback"] + o[DIED]
    counts = (result.cases, o["accepted"], o["refused"], broken, o[HANG], o["partial import"], o[WRONG])
    return f"{result.kind:<10}" + "".join(f"{n:>12}" for n in counts) + f"{result.slowest:>12.2f}"
