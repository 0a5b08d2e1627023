"""How many evaluations methods need to solve the default campaign's problem.

    python -m benchmarks.efficiency [--methods a,b] [--seeds 5] [--out FOLDER] [--cache FOLDER] [--front FILE]...
    python -m benchmarks.efficiency --report [--out FOLDER] [--front FILE]...

Every method begins with the campaign's own iteration 0 of its seed and chooses 10 batches of 8. CALPHAD answers all;
its answers are kept in the cache, so that no alloy is computed twice. A finished run is a file in the folder of
results: said again, the command does what is missing. Several processes may share both folders if each has seeds or
methods of its own. `--front` adds the results of other runs, longer ones say, to the front that all are measured by.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")


def main(arguments: list[str] | None = None) -> int:
    """Runs what is missing, and prints the report."""
    given = _parser().parse_args(arguments)
    from alloys.errors import InputError

    try:
        if not given.report:
            _play(given)
        _report(given)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.efficiency",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--methods", help="names with commas; all if left out")
    parser.add_argument("--seeds", default="5", help="how many, from 0; or a list: 0,3,4")
    parser.add_argument("--batches", type=int, default=10, help="after the start")
    parser.add_argument("--config", type=Path, default=Path("configs/refractory.yaml"))
    parser.add_argument(
        "--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE", help="another setting, for all"
    )
    parser.add_argument(
        "--tdb", type=Path, help="another thermodynamic database that answers; needs a folder of its own"
    )
    parser.add_argument("--out", type=Path, default=Path("build/efficiency/runs"))
    parser.add_argument("--cache", type=Path, default=Path("build/efficiency/answers"))
    parser.add_argument("--front", type=Path, action="append", default=[], help="a file of results; may be repeated")
    parser.add_argument("--figure", type=Path, help="PNG; hypervolume.png in the folder above --out if left out")
    parser.add_argument("--report", action="store_true", help="print what there is, run nothing")
    return parser


def _seeds(text: str) -> list[int]:
    from alloys.errors import InputError

    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--seeds is a number or a list such as 0,3,4, got {text!r}") from None
    return numbers if "," in text else list(range(numbers[0]))


def _play(given: argparse.Namespace) -> None:
    from benchmarks.efficiency.campaign import play
    from benchmarks.efficiency.methods import METHODS, chosen, lacking
    from benchmarks.efficiency.problem import Problem
    from benchmarks.efficiency.records import path_of, write

    for name in chosen(given.methods):
        text = lacking(name)
        if text is not None:
            print(text, flush=True)
            continue
        for seed in _seeds(given.seeds):
            if path_of(given.out, name, seed).exists():
                continue
            problem = Problem.load(given.config, seed, given.cache, given.tdb, given.overrides)
            q = problem.config.batch
            method = METHODS[name].make(problem, q, seed)
            run = play(problem, method, seed, batches=given.batches, q=q, tell=lambda text: print(text, flush=True))
            write(given.out, run)


def _report(given: argparse.Namespace) -> None:
    from benchmarks.efficiency.figure import draw
    from benchmarks.efficiency.problem import Problem
    from benchmarks.efficiency.records import read, read_all
    from benchmarks.efficiency.report import Comparison

    problem = Problem.load(given.config, 0, given.cache, given.tdb, given.overrides)
    runs, longer = read_all(given.out), [read(path) for path in given.front]
    comparison = Comparison.of(runs, longer, problem.reference(), problem.digest)
    print(comparison.text())
    figure = given.figure or given.out.parent / "hypervolume.png"
    draw(comparison, figure)
    print(f"figure in {figure}")


if __name__ == "__main__":
    raise SystemExit(main())
