"""The project's families on the papers' kind of data, under the evaluation's protocol.

    python -m benchmarks.generators.papers_families consolidated.csv [--seeds 5] [--samples 2000] [--entrants a,b]

The data are the refractory-rich compositions of a user's file (`generators.evaluation.reproduction.data`), conditioned
on shear modulus and Rice's K. Every setting is the one that a table of this size has anyway: they were chosen on
another table (`generators.training.settings`), and nothing is chosen here. Each entrant and seed is a line as soon as
it is measured; then medians with the least and the most, beside what was wanted of its league.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from generators.evaluation.entrants import entrants
from generators.evaluation.measuring import EvaluationGround, Trainings, measure
from generators.evaluation.protocol import EvaluationPlan
from generators.evaluation.reproduction.data import refractory_rich

ENTRANTS = ("cae", "cvae", "wcgan", "diffusion", "flow", "flow+own", "flow+target", "importance")

WANTED = {
    "A": {"mape_percent": 2.0, "worst_mape_percent": 5.0, "pairwise_cosine": 0.80, "hits_per_500": 20.0},
    "B": {"mape_percent": 0.05, "worst_mape_percent": 0.3, "pairwise_cosine": 0.72, "hits_per_500": 60.0},
}
"""The largest error and cosine, and the fewest hits, by league."""

APART = ("diagonal, near", "diagonal, far")
"""Errors at conditions near to and far from the data, percent."""

BESIDE = ("heldout_best_of_10", "coverage", "auc_data", "copies", "valid", "train_seconds", "samples_per_second")
"""Measures without a mark to reach."""


def met(name: str, value: float, mark: float) -> bool:
    """Whether a measure reaches its mark; of hits more is better."""
    return value >= mark if name == "hits_per_500" else value <= mark


def told(name: str, league: str, runs: list[dict[str, float]]) -> None:
    """An entrant's medians, with the least and the most of its seeds."""
    print(f"{name}, league {league}, {len(runs)} seed(s)")
    for measured in (*WANTED["A"], *APART, *BESIDE):
        values = [run[measured] for run in runs]
        middle = float(np.median(values))
        mark = WANTED[league].get(measured)
        verdict = "" if mark is None else f"wanted {mark:g}: {'met' if met(measured, middle, mark) else 'missed'}"
        print(f"  {measured:20s} {middle:10.4g} ({min(values):.4g} to {max(values):.4g})  {verdict}".rstrip())


def main() -> None:
    """Prints lines as they come, then the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=EvaluationPlan().samples, help="of each condition")
    parser.add_argument("--entrants", default=",".join(ENTRANTS))
    given = parser.parse_args()
    data = refractory_rich(given.data)
    plan = replace(EvaluationPlan(), samples=given.samples, domain_samples=max(1, given.samples // 10))
    ground = EvaluationGround.of(data, plan)
    entered = entrants(given.entrants.split(","), rows=len(data.points))
    print(
        f"{len(data.points)} alloys of {len(data.space.elements)} elements; {given.samples} samples a condition; "
        f"{int(ground.diagonal.far.sum())} of {len(ground.diagonal.far)} conditions far from data"
    )
    runs: dict[str, list[dict[str, float]]] = {entrant.name: [] for entrant in entered}
    for seed in range(given.seeds):
        shared: dict[str, Trainings] = {}
        for entrant in entered:
            started = time.process_time()
            trainings = shared.setdefault(entrant.name.partition("+")[0], Trainings(seed))
            outcome = measure(entrant, ground, trainings)
            metrics = {**outcome.metrics, **outcome.apart}
            runs[entrant.name].append(metrics)
            marks = "  ".join(f"{name} {metrics[name]:.4g}" for name in (*WANTED["A"], *APART, *BESIDE[:3]))
            seconds = time.process_time() - started
            print(f"{entrant.name}, seed {seed}: {marks}; {seconds:.0f} CPU seconds", flush=True)
    for entrant in entered:
        told(entrant.name, entrant.league, runs[entrant.name])


if __name__ == "__main__":
    main()
