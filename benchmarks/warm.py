"""Does a generator in a growing campaign start better from fresh weights, its first ones or its last ones?

    python -m benchmarks.warm [--iterations 6] [--seeds 3] [--families cvae,flow] [--count 60]

The default campaign runs once. Then, iteration by iteration, each family is trained on what was known there: from
fresh weights (none), from those it had in iteration 1 (first), or in the iteration before (last). Each model is asked
about the alloys that the next iteration validated, which it has not seen. Medians over seeds and over the iterations
from 2 on, where the three differ; in brackets the least and the largest median of a seed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from alloys.physics.closed_forms import CLOSED_FORMS, closed_form
from alloys.space import Floats, Points
from benchmarks.proposals import distinct, feasible
from generators.interface import Generator
from generators.train import TrainedModel
from generators.training.neural import NeuralGenerator
from loop.campaign import Campaign
from loop.choose import steps
from loop.choose.fitting import fit_surrogate
from loop.choose.training import train_generator
from loop.choose.warm import WarmStart
from loop.config.assembly import start_table
from loop.config.reading import load_config
from loop.config.schema import CampaignConfig
from loop.view import View
from surrogates.model.surrogate import Surrogate
from tests.support.processes import CONFIG, run
from validation.registry import make_validator

MODES = ("none", "first", "last")
NUMBERS = ("loss", "error, closed form", "error, surrogate", "feasible, predicted", "CPU seconds", "epochs")
REPEATS = 32
"""Times a row is looked at for the loss, under different noise."""
DRAWS = 25
"""Samples under the properties of each validated alloy."""


@dataclass(frozen=True)
class Step:
    """One iteration: what is known before it, and what it validated."""

    view: View
    known: steps.KnownDesigns
    next_points: Points
    next_values: Floats


def step_of(view: View, config: CampaignConfig, index: int) -> Step:
    """The step of an iteration."""
    table = start_table(config.start, view.problem.physics)
    before = replace(view, rows=view.upto(index - 1))
    rows = [row for row in view.rows if row.iteration == index and row.failure is None]
    known = steps.known_compositions(before, table)
    values = np.array([[row.values.get(name, np.nan) for name in known.names] for row in rows])
    return Step(before, known, view.in_space([row.design for row in rows]), values)


def judged(generator: Generator, points: Points, values: Floats) -> float:
    """The validation loss of rows that the generator has not seen."""
    if not isinstance(generator, NeuralGenerator) or generator.network is None or generator.scale is None:
        raise TypeError("a trained neural family is needed")
    rows = np.tile(np.arange(len(points)), REPEATS)
    batch = generator.codec.encode(points[rows], values[rows], generator.scale)
    with torch.no_grad():
        return float(generator.judge(generator.network, batch, torch.Generator().manual_seed(2)))


def errors(generator: Generator, step: Step, oracle: Surrogate, seed: int) -> tuple[float, float]:
    """Mean error of samples asked for the properties of alloys not seen, in standard deviations of the known values.

    Returns:
        of properties in closed form, and of those that the surrogate of the whole campaign answers.
    """
    names, elements = step.known.names, generator.space.elements
    asked = np.tile(step.next_values, (DRAWS, 1))
    drawn = generator.sample(asked, seed=seed)
    fractions = generator.space.fractions(drawn.points)
    means, _ = oracle.predict(fractions)
    got = np.stack([closed_form(n, elements, fractions) if n in CLOSED_FORMS else means[n] for n in names], axis=1)
    off = np.abs(got - asked[drawn.rows]) / np.nanstd(step.known.conditions, axis=0)
    exact = np.array([name in CLOSED_FORMS for name in names])
    return float(np.nanmean(off[:, exact])), float(np.nanmean(off[:, ~exact]))


def proposals(generator: Generator, config: CampaignConfig, step: Step, index: int, count: int) -> Points:
    """Distinct new candidates for targets beyond the front."""
    pool = steps.propose(replace(step.view, config=config), step.known, [(generator, 2 * count)], index)
    return distinct(step.view.space, pool.points[pool.origins == generator.name], step.known.points, count)


def train(
    config: CampaignConfig, path: Sequence[Step], index: int, family: str, before: TrainedModel | None
) -> TrainedModel:
    """The model of an iteration, from another one's weights or fresh."""
    step, start = path[index - 1], WarmStart(before.content if before else None)
    return train_generator(steps.training_job(replace(step.view, config=config), step.known, index, family, {}, start))


def chain(
    config: CampaignConfig, path: Sequence[Step], made: TrainedModel, mode: str, oracle: Surrogate, count: int
) -> tuple[list[list[float]], Points]:
    """The numbers of each iteration from 2 on, after the model of the first, and the candidates of the last."""
    numbers, first, candidates = [], made, np.empty((0, 0), dtype=np.int64)
    for index, step in enumerate(path[1:], start=2):
        begun = time.process_time()
        made = train(config, path, index, made.family, {"none": None, "first": first, "last": made}[mode])
        seconds = time.process_time() - begun
        generator = made.generator()
        candidates = proposals(generator, config, step, index, count)
        chance = oracle.probability_feasible(generator.space.fractions(candidates), step.view.goal).mean()
        exact, modelled = errors(generator, step, oracle, index)
        loss = judged(generator, step.next_points, step.next_values)
        numbers.append([loss, exact, modelled, float(chance), seconds, len(made.report.train_losses)])
    return numbers, candidates


def report(config: CampaignConfig, campaign: Campaign, given: argparse.Namespace) -> None:
    """Prints a line for each family and mode."""
    view, validator = campaign.view(), make_validator(config.validator.name, config.validator.settings)
    oracle = fit_surrogate(view)
    path = [step_of(view, config, index) for index in range(1, given.iterations + 1)]
    print(f"default campaign to iteration {given.iterations}, {len(path[-1].known.points)} rows known before the last;")
    print(f"{given.seeds} training seeds; losses are compared within a family")
    print(
        "loss: of alloys not seen; error: in standard deviations; feasible, last: by validation, in the last iteration"
    )
    print(f"{'':<10}" + "".join(f"{name:>23}" for name in (*NUMBERS, "feasible, last")))
    for family in given.families.split(","):
        configs = [config.model_copy(update={"seed": seed}) for seed in range(given.seeds)]
        firsts = [train(seeded, path, 1, family, None) for seeded in configs]
        fresh: Floats | None = None
        for mode in MODES:
            tables, shares = [], []
            for seeded, first in zip(configs, firsts, strict=True):
                numbers, points = chain(seeded, path, first, mode, oracle, given.count)
                tables.append(numbers)
                shares.append(feasible(view, validator, points)[1] / max(1, len(points)))
            table = np.array(tables)  # seed, iteration, number
            fresh = table if fresh is None else fresh
            cells = [_cell(np.median(table[:, :, k], axis=1), np.median(table[:, :, k])) for k in range(len(NUMBERS))]
            cells.append(_cell(np.array(shares), float(np.median(shares))))
            better = int((table[:, :, 0] < fresh[:, :, 0]).sum())
            against = "" if mode == "none" else f"  loss below none's in {better} of {table[:, :, 0].size}"
            print(f"{family + ' ' + mode:<10}" + "".join(f"{cell:>23}" for cell in cells) + against, flush=True)


def _cell(seeds: Floats, middle: float) -> str:
    texts = [f"{x:.0f}" if x >= 100 else f"{x:.3g}" for x in (middle, seeds.min(), seeds.max())]
    return f"{texts[0]} ({texts[1]} to {texts[2]})"


def main() -> None:
    """Runs the campaign and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--families", default="cvae,flow")
    parser.add_argument("--count", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        extra = ["--iterations", str(given.iterations), "--set", "tracking.enabled=false"]
        if run(folder, CONFIG, *extra).status != 0:
            raise RuntimeError((folder / "run.log").read_text())
        config = load_config(CONFIG, [f"directory={folder / 'campaigns'}"])
        with Campaign.open(config) as campaign:
            report(config, campaign, given)


if __name__ == "__main__":
    main()
