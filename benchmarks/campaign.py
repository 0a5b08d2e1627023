"""The main job's figures: time, memory, feasible share by seed against chance, and repeatability.

    python -m benchmarks.campaign [--seeds 5] [--tdb FILE] [--random 400]

``--tdb`` lets another database answer, whose parameters the surrogate's physics prior does not share.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from loop.config.assembly import build_problem
from loop.config.reading import load_config
from tests.support.processes import CONFIG, ROOT, run, status
from validation.registry import make_validator


def chance(count: int, settings: dict[str, str]) -> tuple[int, int]:
    """How many of ``count`` random compositions that pass the closed forms are feasible, and how many failed."""
    config = load_config(CONFIG)
    problem = build_problem(config)
    space = problem.space
    points = space.sample(20 * count, np.random.default_rng(2026))
    points = points[problem.passes(points)][:count]
    validator = make_validator("calphad", settings)
    feasible = failed = 0
    for row in points:
        verdict = validator.validate(space.design(row))
        measured = getattr(verdict, "properties", {})
        failed += not measured
        values = {name: quantity.value for name, quantity in measured.items()}
        feasible += bool(values) and all(c.met(values) for c in problem.validated_constraints)
    return feasible, failed


def one_seed(seed: int, extra: list[str]) -> dict[str, object]:
    """Runs the default campaign with a seed in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        finished = run(folder, CONFIG, "--seed", str(seed), *extra)
        if finished.status != 0:
            raise RuntimeError((folder / "run.log").read_text())
        document = status(folder, "refractory")
    return {"seed": seed, "seconds": finished.seconds, "peak": finished.peak, **document}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tdb", type=Path)
    parser.add_argument("--random", type=int, default=400)
    given = parser.parse_args()
    extra: list[str] = []
    settings: dict[str, str] = {}
    if given.tdb is not None:
        path = str(given.tdb.resolve())
        extra, settings = ["--set", f"validator.settings={{tdb: '{path}'}}"], {"tdb": path}
    print(f"default campaign, {ROOT.name}/configs/refractory.yaml, database: {given.tdb or 'the project’s own'}")
    runs = [one_seed(seed, extra) for seed in range(given.seeds)]
    print("seed  seconds  peak GiB  feasible of selected by iteration          last two  hypervolume")
    shares = []
    for done in runs:
        iterations: list[dict[str, float]] = done["iterations"]  # type: ignore[assignment]
        counts = " ".join(f"{row['feasible']:>2}/{row['selected']:<2}" for row in iterations)
        last = iterations[-2:]
        share = sum(row["feasible"] for row in last) / sum(row["selected"] for row in last)
        shares.append(share)
        volume = iterations[-1]["hypervolume"]
        peak = float(str(done["peak"])) / 2**30
        print(f"{done['seed']:>4}  {done['seconds']:>7.0f}  {peak:>8.2f}  {counts:<42} {share:>8.0%}  {volume:.4g}")
    print(f"feasible share of the last two iterations: mean {np.mean(shares):.0%}, least {min(shares):.0%}")
    again = one_seed(0, extra)
    same = again["dataset_digest"] == runs[0]["dataset_digest"]
    print(f"seed 0 again: dataset digest {'the same' if same else 'DIFFERENT'} ({runs[0]['dataset_digest']})")
    feasible, failed = chance(given.random, settings)
    print(
        f"chance: {feasible} of {given.random} random compositions that pass the closed forms are feasible "
        f"({feasible / given.random:.1%}), {failed} failed"
    )


if __name__ == "__main__":
    main()
