"""Settings that the papers of `alloyloop evaluate generators --reproduce` do not print, searched once on other alloys.

    python -m benchmarks.generators.papers FILE [--models a,b] [--seeds 1]
    python -m benchmarks.generators.papers FILE --collapse [--seeds 3]

FILE is the table that the papers are reproduced on (`generators.evaluation.reproduction.data`). The search sees as many
of its other alloys as there are refractory-rich ones, drawn at random: compositions of the same elements, none of which
is reported on. A setting is judged by the mean MAPE along their own diagonal, 20 conditions of 300 samples; cosines
are shown beside it and decide nothing.

``--collapse`` chooses nothing: it shows what the weight of the divergence does to the variational autoencoder on the
refractory-rich alloys themselves.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from generators.evaluation import measures, protocol
from generators.evaluation.oracle import Oracle
from generators.evaluation.reproduction.data import others, refractory_rich
from generators.evaluation.reproduction.models.choices import CHOICES
from generators.evaluation.reproduction.models.training import train_model
from generators.evaluation.table import LabelledAlloys
from generators.likeness import pairwise_cosine

SAMPLES = 300
"""Of each condition."""

WEIGHTS = (1.0, 0.1, 0.01, 0.001)
"""Of the divergence."""

_RATES = [{"learning_rate": rate, "critic_rate": rate} for rate in (5e-4, 2e-3)]
_LIPSCHITZ = [{"penalty": "gradient"}, {"penalty": "clip"}]
_LENGTH = [{"epochs": epochs} for epochs in (200, 600)]
GRID: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]] = {
    "paper-cae": (
        [{"latent": latent} for latent in (3, 8)],
        [{"hidden": hidden} for hidden in (64, 128)],
        _LENGTH,
    ),
    "paper-cvae": ([{"kl_weight": weight} for weight in WEIGHTS], _LENGTH),
    "paper-wcgan": (_RATES, _LIPSCHITZ),
    "paper-cgan": (_RATES, _LIPSCHITZ),
}
"""By model, what is combined with what."""


def combinations(model: str) -> Iterator[dict[str, Any]]:
    """Every combination of a model's grid."""
    for parts in itertools.product(*GRID[model]):
        yield {name: value for part in parts for name, value in part.items()}


def judged(model: str, changes: Mapping[str, Any], data: LabelledAlloys, seed: int) -> tuple[float, float]:
    """Mean MAPE (percent) and mean cosine (of 1) along the diagonal."""
    asked = protocol.diagonal(data, 20).values
    drawn = train_model(model, data, seed, changes).draw(np.repeat(asked, SAMPLES, axis=0), seed=seed)
    rows, oracle = drawn.reshape(len(asked), SAMPLES, -1), Oracle.of(data)
    errors = [measures.mape(oracle(some), condition) for some, condition in zip(rows, asked, strict=True)]
    return float(np.mean(errors)), float(np.mean([pairwise_cosine(some) for some in rows]))


def show(model: str, changes: Mapping[str, Any], data: LabelledAlloys, seeds: int) -> float:
    """Prints the medians over seeds of a model with some settings; returns that of the errors."""
    started = time.process_time()
    error, cosine = np.median([judged(model, changes, data, seed) for seed in range(seeds)], axis=0)
    seconds = (time.process_time() - started) / seeds
    words = ", ".join(f"{name} {value}" for name, value in changes.items())
    print(
        f"{model:12s} {words:58s} MAPE {error:6.2f} %  cosine {100 * cosine:6.2f} %  {seconds:5.1f} CPU s", flush=True
    )
    return float(error)


def main() -> None:
    """Prints every combination of the chosen models' grids, and the best of each."""
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
        found = [(show(model, changes, data, seeds), changes) for changes in combinations(model)]
        print(f"{model:12s} best: {min(found, key=lambda pair: pair[0])[1]}", flush=True)


if __name__ == "__main__":
    main()
