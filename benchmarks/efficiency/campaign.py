"""One method, one seed: the start, then batch after batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.protocol import History, Method
from benchmarks.efficiency.records import Run

PACKAGES = ("ax-platform", "baybe", "botorch", "gpytorch", "numpy", "pymoo", "torch")

Tell = Callable[[str], None]


def play(problem: Problem, method: Method, seed: int, *, batches: int, q: int, tell: Tell = print) -> Run:
    """Runs a method from the campaign's own start; what is asked is checked and counted.

    Raises:
        BrokenProtocolError: if the method proposes what it must not propose.
    """
    start = problem.start()
    history = History(start, problem.ask(start), np.zeros(len(start), dtype=np.int64))
    seconds: list[float] = []
    processor: list[float] = []
    for _ in range(batches):
        wall, cpu = time.perf_counter(), time.process_time()
        points = np.asarray(method.propose(history), dtype=np.int64)
        seconds.append(time.perf_counter() - wall)
        processor.append(time.process_time() - cpu)
        problem.check(history, points, q)
        history = history.join(points, problem.ask(points))
        good = problem.feasible(history.values)
        tell(
            f"{method.name} seed {seed} batch {history.batch - 1}: {int(good[-q:].sum())} of {q} feasible, "
            f"{int(good.sum())} of {len(history)} so far; {seconds[-1]:.1f} s ({processor[-1]:.1f} CPU)"
        )
    return record(problem, method.name, seed, history, seconds, processor)


def record(
    problem: Problem, name: str, seed: int, history: History, seconds: list[float], processor: list[float]
) -> Run:
    """The record of what was asked and answered."""
    points = problem.points(history.values)
    return Run(
        method=name,
        seed=seed,
        problem=problem.digest,
        validator=problem.answers.validator.fingerprint,
        formulas=[str(problem.space.design(row)) for row in history.points],
        batches=[int(b) for b in history.batches],
        feasible=[bool(good) for good in problem.feasible(history.values)],
        points=[None if np.isnan(p).any() else [float(v) for v in p] for p in points],
        seconds=[round(s, 3) for s in seconds],
        processor=[round(s, 3) for s in processor],
        packages=_versions(),
    )


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
