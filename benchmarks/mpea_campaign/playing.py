"""Runs campaigns on the published tables, and tells what they found."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from alloys.composition import Composition
from alloys.errors import InputError
from benchmarks.efficiency.campaign import play
from benchmarks.efficiency.metrics import spread
from benchmarks.efficiency.records import Run, path_of, read_all, write
from benchmarks.mpea_campaign.methods import METHODS
from benchmarks.mpea_campaign.problems import BATCH, BATCHES, START, Kind, Table, problem_of
from benchmarks.replay import hardness, strength_measured

KINDS: dict[str, Kind] = {"grid": "grid", "list": "list"}


def _hardness(data: Path) -> Table:
    return Table.of("hardness", {"unit": "HV", "range": [0, 2500]}, hardness(data))


def _yield_strength(data: Path) -> Table:
    return Table.of("yield_strength", {"unit": "MPa", "range": [0, 5000]}, strength_measured(data))


TABLES: dict[str, Callable[[Path], Table]] = {"hardness": _hardness, "yield_strength": _yield_strength}


def play_missing(
    tables: Iterable[Table],
    kinds: Sequence[str],
    methods: Sequence[str],
    seeds: Sequence[int],
    out: Path,
    batches: int = BATCHES,
    start: int = START,
) -> None:
    """Runs every campaign that has no record in the folder, all methods of a seed before the next seed.

    Raises:
        InputError: for an unknown kind or method.
    """
    for given, known in ((kinds, KINDS), (methods, METHODS)):
        if stray := sorted(set(given) - set(known)):
            raise InputError(f"unknown: {', '.join(stray)}; available are {', '.join(known)}")
    runs = [(seed, table, kind, name) for seed in seeds for table in tables for kind in kinds for name in methods]
    for seed, table, kind, name in runs:
        folder = out / table.name / kind
        if path_of(folder, name, seed).exists():
            continue
        if name == "baybe" and importlib.util.find_spec("baybe") is None:
            print("baybe is left out: it needs baybe; install the peers with `pip install -e '.[peers]'`")
            continue
        problem, begun = problem_of(table, KINDS[kind], seed, out / "work", start), time.process_time()
        run = play(problem, METHODS[name](problem, BATCH, seed), seed, batches=batches, q=BATCH, tell=lambda text: None)
        write(folder, run)
        best, share = found(run, table)
        seconds = time.process_time() - begun
        print(f"{table.name} {kind} {name} seed {seed}: {best:.0f}, {share:.0%}, {seconds:.0f} CPU s", flush=True)


def found(run: Run, table: Table) -> tuple[float, float]:
    """The largest value among the rows that answered, and the share of the top 5 % among them."""
    rows = {table.nearest(Composition.parse(formula)) for formula in run.formulas}
    return float(table.values[list(rows)].max()), len(rows & table.top) / len(table.top)


def report(tables: Iterable[Table], out: Path) -> str:
    """A table for each problem and kind: medians over seeds, with the least and the most."""
    lines = []
    for table in tables:
        unit = table.spec["unit"]
        for kind in KINDS:
            runs = read_all(out / table.name / kind)
            if not runs:
                continue
            lines += [
                f"\n{table.name}, {kind}: {len(table)} rows of {len(table.elements)} elements "
                f"({', '.join(table.elements)}), best {table.values.max():.0f} {unit}, top 5 % {len(table.top)} rows\n",
                f"| method | seeds | best found, {unit} | share of the top 5 % | distinct rows | CPU seconds a batch |",
                "|---|---|---|---|---|---|",
            ]
            names = [name for name in METHODS if any(run.method == name for run in runs)]
            lines += [_line(name, [run for run in runs if run.method == name], table) for name in names]
    return "\n".join(lines)


def _line(name: str, runs: Sequence[Run], table: Table) -> str:
    bests, shares = zip(*(found(run, table) for run in runs), strict=True)
    rows = [len({table.nearest(Composition.parse(formula)) for formula in run.formulas}) for run in runs]
    best, low, high = spread(bests)
    share, least, most = (round(100 * value) for value in spread(shares))
    seconds = np.median([second for run in runs for second in run.processor])
    return (
        f"| `{name}` | {len(runs)} | {best:.0f} ({low:.0f}–{high:.0f}) | {share} % ({least}–{most}) "
        f"| {np.median(rows):.0f} | {seconds:.1f} |"
    )
