"""A problem whose answers take microseconds, and records of runs that nobody ran."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from alloys.design import Design
from alloys.physics.refractory import BUNDLE
from alloys.physics.solution import demixing_margin
from alloys.records import Failed, FailureKind, Measured, Verdict, quantities
from benchmarks.efficiency.problem import Answers, Problem
from benchmarks.efficiency.records import Run
from loop.config.schema import CampaignConfig

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = np.array([0.0, 0.0])


class StandIn:
    """Answers by the physics estimates, in microseconds; alloys with vanadium and chromium fail."""

    name = "stand-in"
    fingerprint = "0" * 64

    def __init__(self) -> None:
        self.asked: list[str] = []

    def validate(self, design: Design) -> Verdict:
        composition = design.composition
        self.asked.append(str(composition))
        elements = composition.elements
        if {"Cr", "V"} <= set(elements):
            return Failed(FailureKind.PHYSICS, "no equilibrium")
        fractions = np.array([list(composition.fractions().values())])
        priors = BUNDLE.prior_means(elements, fractions, BUNDLE.describe(elements, fractions))
        values = {name: float(column[0]) for name, column in priors.items()}
        for celsius in (1200, 1300):
            margin = float(demixing_margin(elements, fractions, celsius + 273.15)[0])
            values[f"bcc_fraction_{celsius}c"] = float(np.clip(1.0 + margin, 0.3, 1.0))
        return Measured(quantities(values))


def problem_of(folder: Path, *, seed: int = 0, start: int = 8) -> Problem:
    """The default campaign's problem with a smaller start, answered by the stand-in."""
    document = yaml.safe_load((ROOT / "configs" / "refractory.yaml").read_text(encoding="utf-8"))
    document["start"] = {"validate": start, "from_table": 0.5}
    document["generator"] = {"family": "cvae", "proposals": 100, "settings": {"epochs": 5}}
    document["screening"] = {"random": 50}
    config = CampaignConfig.model_validate({**document, "seed": seed})
    return Problem(config, Answers(StandIn(), folder / "answers"))  # type: ignore[arg-type]


def run_of(points: list[list[float] | None], batches: list[int], method: str = "random", seed: int = 0) -> Run:
    """A record whose alloys with points are feasible."""
    formulas = [f"{method}{i}" if batches[i] else f"start{i}" for i in range(len(points))]
    feasible = [point is not None for point in points]
    return Run(method, seed, "p", "v", formulas, batches, feasible, points, [1.0, 3.0], [0.5, 0.5], {})
