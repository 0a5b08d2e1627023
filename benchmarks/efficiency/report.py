"""Runs side by side: the table that is printed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alloys.errors import InputError
from alloys.space import Floats
from benchmarks.efficiency import metrics
from benchmarks.efficiency.methods import METHODS, PEERS
from benchmarks.efficiency.records import Run

LEVEL = 0.92
LAST = 40
BASELINE = "botorch-compositions"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs of one problem.

    Attributes:
        runs: by method, in the order of the seeds.
        whole: hypervolume of the union of all fronts, by which the others are normalised.
        front: how many alloys that union has.
        longer: how many runs beyond the compared ones it rests on.
        curves: normalised hypervolume at the end of each batch, by method and seed.
    """

    runs: dict[str, list[Run]]
    whole: float
    front: int
    longer: int
    curves: dict[tuple[str, int], list[float]]

    @classmethod
    def of(cls, runs: Sequence[Run], longer: Sequence[Run], reference: Floats, problem: str) -> Comparison:
        """Compares runs; ``longer`` ones only add to the front.

        Raises:
            InputError: if there are no runs, if they belong to another problem, differ in length or start apart.
        """
        if not runs:
            raise InputError("there are no results yet; run the benchmark without --report first")
        _check(runs, longer, problem)
        whole, front = metrics.union([*runs, *longer], reference)
        order = [*METHODS, *sorted({run.method for run in runs} - set(METHODS))]
        found = {m: sorted((r for r in runs if r.method == m), key=lambda run: run.seed) for m in order}
        unit = whole or 1.0
        curves = {(r.method, r.seed): [v / unit for v in metrics.volumes(r, reference)] for r in runs}
        return cls({name: own for name, own in found.items() if own}, whole, len(front), len(longer), curves)

    def final(self, method: str) -> list[float]:
        """Normalised hypervolume at the end of each of a method's runs."""
        return [self.curves[run.method, run.seed][-1] for run in self.runs[method]]

    def best_peer(self) -> str | None:
        """The peer with the largest median of final hypervolumes; None where no peer has run."""
        there = [name for name in PEERS if name in self.runs]
        return max(there, key=lambda name: metrics.spread(self.final(name))[0], default=None)

    def to_level(self, method: str, level: float) -> list[float]:
        """Evaluations to a normalised hypervolume, for each of a method's runs."""
        return [metrics.evaluations_to(r, self.curves[r.method, r.seed], level) for r in self.runs[method]]

    def to_end_of(self, method: str, other: str | None) -> list[float]:
        """Evaluations to another method's final hypervolume from the same start; seeds that it lacks are left out."""
        ends = {run.seed: self.curves[run.method, run.seed][-1] for run in self.runs.get(other or "", [])}
        return [
            metrics.evaluations_to(run, self.curves[run.method, run.seed], ends[run.seed])
            for run in self.runs[method]
            if run.seed in ends
        ]

    def text(self) -> str:
        """The report."""
        best = self.best_peer()
        budget = len(next(iter(self.runs.values()))[0])
        others = f", {self.longer} of them longer ones" if self.longer else ""
        lines = [
            f"{budget} evaluations each; normalised by the front of {self.front} alloys of all runs{others} "
            f"(hypervolume {self.whole:.5g})",
            f"best peer by the median of final hypervolumes: {best or 'none has run'}",
            "median over seeds (least to most); evaluations are counted at the end of batches, the start included",
        ]
        versions = len({run.validator for own in self.runs.values() for run in own})
        if versions > 1:
            lines.append(f"{versions} versions of the validator answered: compare with care")
        lines.append("")
        return "\n".join([*lines, *_table(self._columns(best), list(self.runs))])

    def _columns(self, best: str | None) -> list[tuple[str, Callable[[str], str]]]:
        def of(values: Callable[[str], list[float]], show: Callable[[float], str]) -> Callable[[str], str]:
            return lambda method: _cell(values(method), show)

        def each(measure: Callable[[Run], float]) -> Callable[[str], list[float]]:
            return lambda method: [measure(run) for run in self.runs[method]]

        return [
            ("method", lambda method: method),
            ("seeds", lambda method: str(len(self.runs[method]))),
            ("final hypervolume", of(self.final, "{:.3f}".format)),
            ("feasible picks", of(each(metrics.feasible_share), "{:.0%}".format)),
            (f"of the last {LAST}", of(each(lambda run: metrics.feasible_share(run, LAST)), "{:.0%}".format)),
            ("first feasible", of(each(metrics.first_feasible), _count)),
            (f"to the end of {BASELINE}", of(lambda m: self.to_end_of(m, BASELINE), _count)),
            ("to that of the best peer", of(lambda m: self.to_end_of(m, best), _count)),
            (f"to {LEVEL}", of(lambda m: self.to_level(m, LEVEL), _count)),
            ("seconds a batch", of(each(lambda run: metrics.spread(run.seconds)[0]), "{:.1f}".format)),
            ("longest", of(each(lambda run: max(run.seconds, default=math.nan)), "{:.1f}".format)),
            ("CPU seconds", of(each(lambda run: metrics.spread(run.processor)[0]), "{:.1f}".format)),
        ]


def _count(value: float) -> str:
    return "never" if value == metrics.NEVER else f"{value:g}"


def _cell(values: list[float], show: Callable[[float], str]) -> str:
    median, least, most = (("-" if math.isnan(v) else show(v)) for v in metrics.spread(values))
    return median if least == most else f"{median} ({least} to {most})"


def _table(columns: list[tuple[str, Callable[[str], str]]], methods: list[str]) -> list[str]:
    rows = [[name for name, _ in columns], *([cell(method) for _, cell in columns] for method in methods)]
    widths = [max(len(row[j]) for row in rows) for j in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _check(runs: Sequence[Run], longer: Sequence[Run], problem: str) -> None:
    stray = sorted({f"{r.method} seed {r.seed}" for r in [*runs, *longer] if r.problem != problem})
    if stray:
        raise InputError(f"results of another problem (space, goal or validator): {', '.join(stray)}")
    if len({len(run) for run in runs}) > 1:
        lengths = ", ".join(sorted({f"{len(run)}: {run.method} seed {run.seed}" for run in runs}))
        raise InputError(f"runs of different lengths are not compared; longer ones belong to --front ({lengths})")
    starts: dict[int, list[str]] = {}
    for run in runs:
        start = run.formulas[: run.ends()[0]]
        if starts.setdefault(run.seed, start) != start:
            raise InputError(f"{run.method} seed {run.seed} began with other alloys than another method of that seed")
