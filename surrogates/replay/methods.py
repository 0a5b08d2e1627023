"""The methods that are replayed: each chooses the next rows of a pool from the answers so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import log_ndtr, logsumexp, ndtr
from scipy.stats import norm
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from alloys.errors import InputError
from surrogates.replay.models import Forest, LikeliestProcess, NormalScores, SampledProcess, Standard
from surrogates.replay.pool import TOP, Pool
from surrogates.replay.process import PoolProcess

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Acquisition = Callable[[Floats, Floats, float], Floats]

_BEYOND = 10.0


class Method(Protocol):
    """One campaign's choices."""

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """The next ``count`` distinct rows, from answers ``values`` at ``rows``, both of shape ``(n,)``."""
        ...


class Random:
    """Any row that was not looked at, with equal chance."""

    def __init__(self, pool: Pool, rng: np.random.Generator) -> None:
        self._size, self._rng = len(pool), rng

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """As in `Method`."""
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
        """As in `Method`."""
        self._model.update(rows, values)
        process, best = self._model.members[0], float(self._model.targets.max())
        taken, picks = set(rows.tolist()), list[int]()
        while True:
            score = self._acquisition(process.mean, np.sqrt(process.variance), best)
            picks.append(_highest(score, taken))
            taken.add(picks[-1])
            if len(picks) == count:
                return picks
            process = _believing(process, picks[-1])


class ForestSearch:
    """A random forest with expected improvement, as in the protocol's paper; a batch is the best so many."""

    def __init__(self, inputs: Floats, seed: int) -> None:
        self._model = Forest(inputs, Standard, RandomForestRegressor, seed)

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """As in `Method`."""
        self._model.update(rows, values)
        mean, std = self._model.spread()
        score = expected_improvement(mean, std, float(self._model.targets.max()))
        score[rows] = -np.inf
        return [int(row) for row in np.argsort(-score, kind="stable")[:count]]


class TopSearch:
    """The row most likely to belong to the top 5 %, by three models with equal votes: the project's own method.

    Gaussian processes with sampled hyperparameters on the plain and on the rank scale, and extremely randomised
    trees on the rank scale; all see the descriptors as well. Each model places the edge of the top where the
    number of rows that it expects above it is that of the top: so the chance is uncertain where little is known,
    and a search for the best set becomes one for the best row without any parameter for exploration. The chance
    is the one-step optimum of active search (Garnett et al., ICML 2012, arXiv:1206.6406).
    """

    def __init__(self, pool: Pool, rng: np.random.Generator) -> None:
        inputs = pool.scaled(described=True)
        self._size, self._wanted = len(pool), TOP * len(pool)
        self._processes = [SampledProcess(inputs, scale, rng) for scale in (Standard, NormalScores)]
        seed = int(rng.integers(2**31))
        self._forest = Forest(inputs, NormalScores, ExtraTreesRegressor, seed, max_features=0.5)

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """As in `Method`."""
        for process in self._processes:
            process.update(rows, values)
        self._forest.update(rows, values)
        left = np.setdiff1d(np.arange(self._size), rows)
        by_trees = log_chance(*self._forest.answers(), self._forest.targets, left, self._wanted)
        opinions = [process.members for process in self._processes]
        taken, picks = set(rows.tolist()), list[int]()
        while True:
            votes = [by_trees]
            for process, members in zip(self._processes, opinions, strict=True):
                means = np.array([member.mean for member in members])
                stds = np.sqrt([member.variance + member.noise for member in members])
                votes.append(log_chance(means, stds, process.targets, left, self._wanted))
            picks.append(_highest(logsumexp(votes, axis=0), taken))
            taken.add(picks[-1])
            if len(picks) == count:
                return picks
            opinions = [[_believing(member, picks[-1]) for member in members] for members in opinions]


def log_chance(means: Floats, stds: Floats, seen: Floats, left: Rows, wanted: float) -> Floats:
    """Logarithm of the chance that a row belongs to the top, up to a constant, shape ``(N,)``.

    Args:
        means: of the answers by ``s`` opinions, shape ``(s, N)``.
        stds: their standard deviations, noise included, shape ``(s, N)``.
        seen: answers so far, shape ``(n,)``.
        left: the rows without an answer.
        wanted: how many rows the top has.
    """
    centre, width = means[:, left], stds[:, left]

    def excess(level: float) -> float:
        chances = ndtr((centre - level) / width).mean(axis=0)
        return float((seen > level).sum() + chances.sum() - wanted)

    low = min(float(seen.min()), float((centre - _BEYOND * width).min())) - 1.0
    high = max(float(seen.max()), float((centre + _BEYOND * width).max())) + 1.0
    # The count of answers above is a step function: the root may be a jump, which is found as well.
    edge = brentq(excess, low, high, xtol=1e-4)
    return np.asarray(logsumexp(log_ndtr((means - edge) / stds), axis=0) - np.log(len(means)))


def _believing(process: PoolProcess, row: int) -> PoolProcess:
    """The process had the row been answered as expected."""
    other = process.fork()
    other.add(row, float(process.mean[row]))
    return other


def _highest(score: Floats, taken: set[int]) -> int:
    score = score.copy()
    score[list(taken)] = -np.inf
    return int(np.argmax(score))


def _likeliest(acquisition: Acquisition, described: bool) -> Callable[[Pool, np.random.Generator], Method]:
    return lambda pool, rng: LikeliestSearch(pool.scaled(described=described), acquisition)


def _forest(pool: Pool, rng: np.random.Generator) -> Method:
    return ForestSearch(pool.scaled(described=False), int(rng.integers(2**31)))


METHODS: dict[str, Callable[[Pool, np.random.Generator], Method]] = {
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
