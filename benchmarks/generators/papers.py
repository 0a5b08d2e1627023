"""Settings that the papers of `alloyloop evaluate generators --reproduce` do not print, searched on other alloys.

    python -m benchmarks.generators.papers FILE [--models a,b] [--seeds 1]
    python -m benchmarks.generators.papers FILE --collapse [--seeds 3]

FILE is the table that the papers are reproduced on (`generators.evaluation.reproduction.data`). The search sees as many
of its other alloys as there are refractory-rich ones, drawn at random: compositions of the same elements, none of which
is reported on. A setting is judged by the mean MAPE along their own diagonal, 20 conditions of 300 samples: the least
counts. Of an autoencoder's settings within a tenth of the least, about what another seed changes, the one counts whose
mean cosine under one condition is nearest to the paper's. What is searched in turn goes on from the best so far.

``--collapse`` chooses nothing: it shows what the weight of the divergence does to the variational autoencoder on the
refractory-rich alloys themselves.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from generators.evaluation import measures, protocol
from generators.evaluation.oracle import Oracle
from generators.evaluation.reproduction.data import others, refractory_rich
from generators.evaluation.reproduction.models.choices import CHOICES
from generators.evaluation.reproduction.models.training import train_model
from generators.evaluation.reproduction.published import PUBLISHED
from generators.evaluation.table import LabelledAlloys
from generators.likeness import pairwise_cosine

SAMPLES = 300
"""Of each condition."""

WEIGHTS = (1.0, 0.1, 0.01, 0.001)
"""Of the divergence."""

ALIKE = 1.1
"""Errors within this factor of the least count as equal."""

_RATES = [{"learning_rate": rate, "critic_rate": rate} for rate in (5e-4, 2e-3)]
_LIPSCHITZ = [{"penalty": "gradient"}, {"penalty": "clip"}]
_GAME = [{**rates, **lipschitz, "epochs": 150} for rates in _RATES for lipschitz in _LIPSCHITZ]
_LONGER = [{"epochs": epochs} for epochs in (300, 600)]
_LENGTHS = [{"epochs": epochs} for epochs in (100, 200, 600)]
_START = {"hidden": 128, "learning_rate": 1e-3}


def _at_lengths(*changes: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [{**change, **length} for change in changes for length in _LENGTHS]


STAGES: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]] = {
    "paper-cae": (
        _at_lengths(*({**_START, "latent": latent} for latent in (2, 3, 4))),
        _at_lengths({"learning_rate": 3e-4}, {"learning_rate": 3e-3}),
        _at_lengths({"hidden": 256}),
    ),
    "paper-cvae": (
        _at_lengths(*({**_START, "kl_weight": 1.0, "learning_rate": rate} for rate in (3e-4, 1e-3, 3e-3))),
        _at_lengths({"kl_weight": 0.3}),
        _at_lengths({"hidden": 256}),
    ),
    "paper-wcgan": (_GAME,),
    "paper-cgan": (_GAME, _LONGER),
}
"""By model, what is tried in turn."""

COSINES = {name: PUBLISHED[name]["cosine_percent"] for name in ("paper-cae", "paper-cvae")}
"""The paper's, percent, of the autoencoders."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A setting and its medians over seeds, percent."""

    changes: Mapping[str, Any]
    error: float
    cosine: float


def best(model: str, tried: Sequence[Tried]) -> Tried:
    """The one that counts: see the module's text."""
    least = min(tried, key=lambda one: one.error)
    if model not in COSINES:
        return least
    alike = [one for one in tried if one.error <= ALIKE * least.error]
    return min(alike, key=lambda one: abs(one.cosine - COSINES[model]))


def search(model: str, data: LabelledAlloys, seeds: int) -> None:
    """Every stage of a model, each from the best so far; prints what it tries and what counts."""
    tried: list[Tried] = []
    for stage in STAGES[model]:
        start = best(model, tried).changes if tried else {}
        tried += [show(model, {**start, **change}, data, seeds) for change in stage]
    print(f"{model:12s} best: {best(model, tried).changes}", flush=True)


def judged(model: str, changes: Mapping[str, Any], data: LabelledAlloys, seed: int) -> tuple[float, float]:
    """Mean MAPE (percent) and mean cosine (of 1) along the diagonal."""
    asked = protocol.diagonal(data, 20).values
    drawn = train_model(model, data, seed, changes).draw(np.repeat(asked, SAMPLES, axis=0), seed=seed)
    rows, oracle = drawn.reshape(len(asked), SAMPLES, -1), Oracle.of(data)
    errors = [measures.mape(oracle(some), condition) for some, condition in zip(rows, asked, strict=True)]
    return float(np.mean(errors)), float(np.mean([pairwise_cosine(some) for some in rows]))


def show(model: str, changes: Mapping[str, Any], data: LabelledAlloys, seeds: int) -> Tried:
    """Prints and returns the medians over seeds of a model with some settings."""
    started = time.process_time()
    error, cosine = np.median([judged(model, changes, data, seed) for seed in range(seeds)], axis=0)
    seconds = (time.process_time() - started) / seeds
    words = ", ".join(f"{name} {value}" for name, value in changes.items())
    print(
        f"{model:12s} {words:64s} MAPE {error:6.2f} %  cosine {100 * cosine:6.2f} %  {seconds:5.1f} CPU s", flush=True
    )
    return Tried(changes, float(error), 100 * float(cosine))


def main() -> None:
    """Searches the settings of the chosen models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--models", default=",".join(CHOICES))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--collapse", action="store_true")
    arguments = parser.parse_args()
    seeds, refractory = arguments.seeds, refractory_rich(arguments.file)
    if arguments.collapse:
        print(f"{len(refractory.points)} refractory-rich alloys; medians over {seeds} seed(s)")
        for weight in WEIGHTS:
            show("paper-cvae", {"kl_weight": weight}, refractory, seeds)
        return
    rest, count = others(arguments.file), len(refractory.points)
    data = rest.subset(np.sort(np.random.default_rng(0).permutation(len(rest.points))[:count]).tolist())
    print(
        f"{count} of {len(rest.points)} other alloys of {'-'.join(rest.space.elements)}; medians over {seeds} seed(s)"
    )
    for model in arguments.models.split(","):
        search(model, data, seeds)


if __name__ == "__main__":
    main()
