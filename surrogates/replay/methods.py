"""The methods that are replayed: each chooses the next rows of a pool from the answers so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import norm
from sklearn.ensemble import RandomForestRegressor

from alloys.errors import InputError
from alloys.space import Floats
from surrogates.replay.models import Forest, LikeliestProcess, Standard
from surrogates.replay.pool import ReplayPool
from surrogates.replay.top import TopSearch

Rows = NDArray[np.int64]
Acquisition = Callable[[Floats, Floats, float], Floats]


class ReplayMethod(Protocol):
    """One campaign's choices."""

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """The next ``count`` distinct rows, from answers ``values`` at ``rows``, both of shape ``(n,)``."""
        ...


class Random:
    """Any row that was not looked at, with equal chance."""

    def __init__(self, pool: ReplayPool, rng: np.random.Generator) -> None:
        self._size, self._rng = len(pool), rng

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """As in `ReplayMethod`."""
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


class LikeliestSearch:
    """A Gaussian process by maximum likelihood with an acquisition, as in the protocol's paper.

    Matern 5/2 kernel with a lengthscale for each input, a constant and Gaussian noise. A batch is filled
    greedily, each pick answered by the mean.
    """

    def __init__(self, inputs: Floats, acquisition: Acquisition) -> None:
        self._model, self._acquisition = LikeliestProcess(inputs), acquisition

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """As in `ReplayMethod`."""
        self._model.update(rows, values)
        process, best = self._model.members[0], float(self._model.targets.max())
        taken, picks = set(rows.tolist()), list[int]()
        while True:
            score = self._acquisition(process.mean, np.sqrt(process.variance), best)
            picks.append(_highest(score, taken))
            taken.add(picks[-1])
            if len(picks) == count:
                return picks
            process = process.believing(picks[-1])


class ForestSearch:
    """A random forest with expected improvement, as in the protocol's paper; a batch is the best so many."""

    def __init__(self, inputs: Floats, seed: int) -> None:
        self._model = Forest(inputs, Standard, RandomForestRegressor, seed)

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """As in `ReplayMethod`."""
        self._model.update(rows, values)
        mean, std = self._model.spread()
        score = expected_improvement(mean, std, float(self._model.targets.max()))
        score[rows] = -np.inf
        return [int(row) for row in np.argsort(-score, kind="stable")[:count]]


def _highest(score: Floats, taken: set[int]) -> int:
    score = score.copy()
    score[list(taken)] = -np.inf
    return int(np.argmax(score))


def _likeliest(acquisition: Acquisition, described: bool) -> Callable[[ReplayPool, np.random.Generator], ReplayMethod]:
    return lambda pool, rng: LikeliestSearch(pool.scaled(described=described), acquisition)


def _forest(pool: ReplayPool, rng: np.random.Generator) -> ReplayMethod:
    return ForestSearch(pool.scaled(described=False), int(rng.integers(2**31)))


METHODS: dict[str, Callable[[ReplayPool, np.random.Generator], ReplayMethod]] = {
    "random": Random,
    "gp-ard-ei": _likeliest(expected_improvement, described=False),
    "gp-ard-lcb": _likeliest(confidence_bound, described=False),
    "gp-ard-ei+descriptors": _likeliest(expected_improvement, described=True),
    "gp-ard-lcb+descriptors": _likeliest(confidence_bound, described=True),
    "rf-ei": _forest,
    "ours": TopSearch,
}
"""Every method by name; those of the protocol's paper see the plain inputs, unless they say otherwise."""

DEFAULT = ("random", "gp-ard-ei", "gp-ard-lcb", "rf-ei", "ours")
"""The methods that are replayed where none is named."""


def check_methods(names: Sequence[str]) -> tuple[str, ...]:
    """The methods named, each once, the default ones where none is.

    Raises:
        InputError: for an unknown name.
    """
    for name in names:
        if name not in METHODS:
            raise InputError(f"unknown method {name!r}; available are {', '.join(METHODS)}")
    return tuple(dict.fromkeys(names)) or DEFAULT
