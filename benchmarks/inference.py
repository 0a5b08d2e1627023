"""The most probable hyperparameters against an average over them, where points are few and dimensions many.

    python -m benchmarks.inference [--seeds 3] [--points 24] [--truths solidus,function]

solidus   what random alloys of nine elements differ by from the physics prior, by all descriptors and fractions.
function  a random smooth function of the unit cube in 20 dimensions, in which three mixtures of some of them matter.
Scored are 1,000 unseen points, on the scale of the truth's spread there. Needs the optional group `bayesian`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from alloys.physics.refractory import BUNDLE
from benchmarks.common.synthetic import SPACE, truth
from surrogates.model.bayesian import Mixture, fit_mixture
from surrogates.model.calibration import Score, score
from surrogates.model.features import Described, Scaling
from surrogates.model.gp import GP
from surrogates.model.sparse import fit_gp

Floats = NDArray[np.float64]

UNSEEN = 1_000
DIMENSIONS = 20


def solidus(count: int, seed: int) -> tuple[Floats, Floats]:
    """Scaled inputs of random alloys and residuals of the solidus, the unseen ones last."""
    draw = np.random.default_rng(seed)
    points = np.unique(SPACE.sample(count + UNSEEN + 200, draw), axis=0)
    points = draw.permutation(points)[: count + UNSEEN]
    described = Described.of(BUNDLE, SPACE.elements, SPACE.fractions(points))
    x = Scaling.fit(described.raw()[:count]).apply(described.raw())
    return x, truth(points)["solidus"] - described.prior_means()["solidus"]


def function(points: int, seed: int) -> tuple[Floats, Floats]:
    """Inputs and values, the unseen ones last."""
    draw = np.random.default_rng(seed)
    x = draw.random((points + UNSEEN, DIMENSIONS))
    w = draw.normal(size=(3, DIMENSIONS)) * (draw.random((3, DIMENSIONS)) < 0.3)
    return x, np.sin(3 * x @ w[0]) + x @ w[1] + 0.3 * (x @ w[2]) ** 2


TRUTHS = {"solidus": solidus, "function": function}


def scores(name: str, points: int, seed: int) -> tuple[Score, Score]:
    """Of the most probable hyperparameters, and of the average over them."""
    x, y = TRUTHS[name](points, seed)
    y = (y - y[points:].mean()) / y[points:].std()
    known, shift, scale = slice(0, points), float(y[:points].mean()), float(y[:points].std())
    found = []
    ways: tuple[Callable[..., GP | Mixture], ...] = (lambda *data: fit_gp(*data)[0], fit_mixture)
    for fit in ways:
        start = time.process_time()
        gp = fit(x[known], y[known], shift, scale)
        found.append(score(*gp.predict(x[points:]), y[points:]))
        seconds = time.process_time() - start
        print(
            f"{name}, seed {seed}, {type(gp).__name__:8s} rmse {found[-1].rmse:.3f} nll {found[-1].nll:6.3f} "
            f"coverage {found[-1].coverage:5.1%} sharpness {found[-1].sharpness:.3f}, {seconds:.1f} CPU seconds",
            flush=True,
        )
    return found[0], found[1]


def main() -> None:
    """Scores for some seeds, and their means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--points", type=int, default=24)
    parser.add_argument("--truths", default=",".join(TRUTHS))
    given = parser.parse_args()
    for name in given.truths.split(","):
        found = [scores(name, given.points, seed) for seed in range(given.seeds)]
        for i, words in enumerate(("most probable", "averaged over")):
            nll, coverage = (float(np.mean([getattr(pair[i], key) for pair in found])) for key in ("nll", "coverage"))
            print(f"{name}, {words}: nll {nll:.3f}, coverage of nominal 90 % {coverage:.1%}, mean of {given.seeds}")


if __name__ == "__main__":
    main()
