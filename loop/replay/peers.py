"""The methods that a replay compares the campaign with: chance, and those of Liang et al. (2021)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import norm

from alloys.space import Floats
from surrogates.model.gp import GP
from surrogates.model.voting.draws import Prior, learn, made
from surrogates.model.voting.trees import grow, votes_of

Rows = NDArray[np.int64]
Acquisition = Callable[[Floats, Floats, float], Floats]

GROWTH = 1.05
"""Models are fitted again once there are more answers by this factor: every time up to twenty."""


class RandomSearch:
    """Any row that was not looked at, with equal chance."""

    def __init__(self, inputs: Floats, rng: np.random.Generator) -> None:
        self._size, self._rng = len(inputs), rng

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """The next ``count`` distinct rows, from answers ``values`` at ``rows``, both of shape ``(n,)``."""
        left = np.setdiff1d(np.arange(self._size), rows)
        return [int(row) for row in self._rng.choice(left, count, replace=False)]


def expected_improvement(mean: Floats, std: Floats, best: float) -> Floats:
    """E max(f - best, 0), shape ``(N,)`` (Jones, Schonlau & Welch, J. Global Optim. 13 (1998) 455, eq. 15)."""
    safe = np.maximum(std, 1e-12)
    z = (mean - best) / safe
    return np.asarray((mean - best) * ndtr(z) + safe * norm.pdf(z))


def confidence_bound(mean: Floats, std: Floats, best: float) -> Floats:
    """Mean plus one standard deviation, shape ``(N,)``: for maxima, what "LCB" with weight 1 is for minima."""
    return mean + std


class ProcessSearch:
    """A Gaussian process by maximum likelihood with an acquisition, as in the protocol's paper.

    Matern 5/2 kernel with a lengthscale for each input, a constant and Gaussian noise, learned from unit scales and
    from where it was before. A batch is filled greedily, each pick answered by the mean.
    """

    def __init__(self, inputs: Floats, acquisition: Acquisition) -> None:
        self._inputs, self._acquisition = inputs, acquisition
        self._prior = Prior.flat(inputs.shape[1])
        self._theta: list[Floats] = []
        self._learned = 0

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """As in `RandomSearch`."""
        spread = float(values.std()) or 1.0
        seen, targets = self._inputs[rows], (values - values.mean()) / spread
        if len(rows) >= max(self._learned + 1, self._learned * GROWTH):
            self._theta = [learn(seen, targets, self._prior, [self._prior.centre, *self._theta])]
            self._learned = len(rows)
        taken = rows
        for _ in range(count):
            process = self._process(taken, targets)
            mean, std = process.predict(self._inputs)
            score = self._acquisition(mean, std, float(targets[: len(rows)].max()))
            score[taken] = -np.inf
            row = int(np.argmax(score))
            taken, targets = np.append(taken, row), np.append(targets, mean[row])
        return [int(row) for row in taken[len(rows) :]]

    def _process(self, rows: Rows, targets: Floats) -> GP:
        return made(self._theta[0], self._inputs[rows], targets, 0.0, 1.0)


class ForestSearch:
    """A random forest of 100 trees with expected improvement, as in the paper; a batch is the best so many."""

    def __init__(self, inputs: Floats, seed: int) -> None:
        self._inputs, self._seed, self._learned = inputs, seed, 0
        self._votes: Floats = np.zeros((0, len(inputs)))

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """As in `RandomSearch`."""
        if len(rows) >= max(self._learned + 1, self._learned * GROWTH):
            trees, _ = grow(self._inputs[rows], values, self._seed, "random", 100)
            self._votes, self._learned = votes_of(trees, self._inputs), len(rows)
        score = expected_improvement(self._votes.mean(axis=0), self._votes.std(axis=0), float(values.max()))
        score[rows] = -np.inf
        return [int(row) for row in np.argsort(-score, kind="stable")[:count]]


PEERS: dict[str, Callable[[Floats, np.random.Generator], RandomSearch | ProcessSearch | ForestSearch]] = {
    "random": RandomSearch,
    "gp-ard-ei": lambda inputs, rng: ProcessSearch(inputs, expected_improvement),
    "gp-ard-lcb": lambda inputs, rng: ProcessSearch(inputs, confidence_bound),
    "rf-ei": lambda inputs, rng: ForestSearch(inputs, int(rng.integers(2**31))),
}
"""Each by name, from the plain inputs ``(N, d)``."""
