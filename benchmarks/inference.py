"""The most probable hyperparameters against an average over them, where points are few and dimensions many.

    python -m benchmarks.inference [--seeds 4] [--points 24] [--dimensions 20]

The truth is a random smooth function of the uniform cube in which three mixtures of some of the dimensions matter.
Scored are 1,000 unseen points without noise, on the scale of the truth's spread. Needs the optional group `bayesian`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from surrogates.bayesian import Mixture, fit_mixture
from surrogates.calibration import Score, score
from surrogates.gp import GP
from surrogates.sparse import fit_gp

Floats = NDArray[np.float64]

UNSEEN = 1_000


def problem(points: int, dimensions: int, seed: int) -> tuple[Floats, Floats]:
    """Inputs and the truth there, the unseen ones last."""
    draw = np.random.default_rng(seed)
    x = draw.random((points + UNSEEN, dimensions))
    w = draw.normal(size=(3, dimensions)) * (draw.random((3, dimensions)) < 0.3)
    y = np.sin(3 * x @ w[0]) + x @ w[1] + 0.3 * (x @ w[2]) ** 2
    return x, (y - y[points:].mean()) / y[points:].std()


def scores(points: int, dimensions: int, seed: int) -> tuple[Score, Score]:
    """Of the most probable hyperparameters, and of the average over them."""
    x, y = problem(points, dimensions, seed)
    known, shift, scale = slice(0, points), float(y[:points].mean()), float(y[:points].std())
    found = []
    ways: tuple[Callable[..., GP | Mixture], ...] = (lambda *data: fit_gp(*data)[0], fit_mixture)
    for fit in ways:
        start = time.process_time()
        gp = fit(x[known], y[known], shift, scale)
        mean, std = gp.predict(x[points:])
        found.append(score(mean, std, y[points:]))
        seconds = time.process_time() - start
        print(
            f"seed {seed}, {type(gp).__name__:8s} rmse {found[-1].rmse:.3f} nll {found[-1].nll:6.3f} "
            f"coverage {found[-1].coverage:5.1%} sharpness {found[-1].sharpness:.3f}, {seconds:.1f} CPU seconds",
            flush=True,
        )
    return found[0], found[1]


def main() -> None:
    """Scores for some seeds, and their means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--points", type=int, default=24)
    parser.add_argument("--dimensions", type=int, default=20)
    given = parser.parse_args()
    found = [scores(given.points, given.dimensions, seed) for seed in range(given.seeds)]
    for i, words in enumerate(("most probable", "averaged over")):
        nll, coverage = (float(np.mean([getattr(pair[i], name) for pair in found])) for name in ("nll", "coverage"))
        print(f"{words}: nll {nll:.3f}, coverage of the nominal 90 % intervals {coverage:.1%}, mean of {given.seeds}")


if __name__ == "__main__":
    main()
