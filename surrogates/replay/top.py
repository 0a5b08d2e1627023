"""The project's own method: rows that are likely to be in the top, and that tell where the rest of it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import log_ndtr, logsumexp, ndtr
from sklearn.ensemble import ExtraTreesRegressor

from alloys.space import Floats
from surrogates.replay.models import Forest, NormalScores, SampledProcess, Standard
from surrogates.replay.pool import TOP, ReplayPool
from surrogates.replay.process import PoolProcess

Rows = NDArray[np.int64]

SHORT = 40
"""Rows, the likeliest, whose answers are looked ahead of."""

FEW = 5
"""Rows still to be found up to which it is looked ahead; beyond, the likeliest row is chosen."""

_BEYOND, _NEVER = 10.0, 1e-300
# Gauss-Hermite quadrature with three points: exact for polynomials of a normal variable up to the fifth degree.
_POINTS, _WEIGHTS = np.sqrt(3.0) * np.array([-1.0, 0.0, 1.0]), np.array([1.0, 4.0, 1.0]) / 6.0


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one model thinks of every row.

    Attributes:
        weight: its share of the vote.
        seen: the answers so far on its scale, shape ``(n,)``.
        means: of an answer, by its ``s`` members, shape ``(s, N)``.
        stds: noise included, shape ``(s, N)``.
        members: its processes; none where it cannot be told an answer without fitting it anew.
    """

    weight: float
    seen: Floats
    means: Floats
    stds: Floats
    members: tuple[PoolProcess, ...] = ()

    @classmethod
    def of(cls, weight: float, seen: Floats, members: tuple[PoolProcess, ...]) -> Opinion:
        """That of some processes."""
        means = np.array([member.mean for member in members])
        stds = np.sqrt([member.variance + member.noise for member in members])
        return cls(weight, seen, means, stds, members)

    def believing(self, row: int) -> Opinion:
        """The opinion once the answer at a row is the mean of each member, for a batch."""
        if not self.members:
            return self
        return Opinion.of(self.weight, self.seen, tuple(member.believing(row) for member in self.members))


class TopSearch:
    """The row that is worth most to one who wants all of the top 5 %.

    Three models vote: Gaussian processes with sampled hyperparameters on the plain and on the rank scale, and
    extremely randomised trees on the rank scale; all see the descriptors as well. A vote counts as much as the model
    predicts the order of the answers that it is not shown (`surrogates.replay.models.order_score`): pseudo-Bayesian
    model averaging (Geisser & Eddy, J. Am. Stat. Assoc. 74 (1979) 153; Yao et al., Bayesian Anal. 13 (2018) 917).

    Each model places the edge of the top where the number of rows that it expects above it is that of the top: so
    the chance to belong to it is uncertain where little is known. While more than `FEW` are still to be found, the row
    with the highest chance is chosen: the one-step optimum of active search (Garnett et al., ICML 2012,
    arXiv:1206.6406). After that, campaigns that stay where they found the others take long. The row chosen then has
    the highest sum of its own chance, and of the chances that its answer is expected to leave for the best of the other
    rows, as many as are still to be found: active search with a horizon (Jiang et al., ICML 2017, PMLR 70:1714, eq. 7).
    A longer horizon spends too many looks on learning: a model that is told more every time needs less of a plan.
    """

    def __init__(self, pool: ReplayPool, rng: np.random.Generator) -> None:
        inputs = pool.scaled(described=True)
        self._size, self._wanted = len(pool), TOP * len(pool)
        self._processes = [SampledProcess(inputs, scale, rng) for scale in (Standard, NormalScores)]
        seed = int(rng.integers(2**31))
        self._forest = Forest(
            inputs, NormalScores, ExtraTreesRegressor, seed, trees=50, max_features=0.5, bootstrap=True
        )

    def choose(self, rows: Rows, values: Floats, count: int) -> list[int]:
        """As in `surrogates.replay.methods.ReplayMethod`."""
        left = np.setdiff1d(np.arange(self._size), rows)
        opinions = self.opinions(rows, values)
        picks = list[int]()
        while True:
            edges = [edge(o.means, o.stds, o.seen, left, self._wanted) for o in opinions]
            picks.append(self._worthiest(opinions, edges, np.setdiff1d(left, picks)))
            if len(picks) == count:
                return picks
            opinions = [opinion.believing(picks[-1]) for opinion in opinions]

    def opinions(self, rows: Rows, values: Floats) -> list[Opinion]:
        """What each model thinks, given answers ``values`` at ``rows``, both of shape ``(n,)``."""
        models: list[SampledProcess | Forest] = [*self._processes, self._forest]
        for model in models:
            model.update(rows, values)
        weights = np.exp([model.score for model in models] - logsumexp([model.score for model in models]))
        found = [
            Opinion.of(weight, process.targets, tuple(process.members))
            for weight, process in zip(weights, self._processes, strict=False)
        ]
        return [*found, Opinion(weights[-1], self._forest.targets, *self._forest.answers())]

    def _worthiest(self, opinions: list[Opinion], edges: list[float], free: Rows) -> int:
        votes = [
            np.log(opinion.weight + _NEVER) + log_chance(opinion.means, opinion.stds, level)
            for opinion, level in zip(opinions, edges, strict=True)
        ]
        chance = logsumexp(votes, axis=0)
        short = free[np.argsort(-chance[free], kind="stable")[:SHORT]]
        found = sum(o.weight * (o.seen > level).sum() for o, level in zip(opinions, edges, strict=True))
        missing = max(round(self._wanted - found), 1)
        if missing > FEW:
            return int(short[0])
        horizon = min(missing, max(len(free) - 1, 1))
        ahead = expected_rest(opinions, edges, short, free, horizon)
        return int(short[np.argmax(np.exp(chance[short]) + ahead)])


def edge(means: Floats, stds: Floats, seen: Floats, left: Rows, wanted: float) -> float:
    """The level above which as many answers are expected as are wanted.

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
    return float(brentq(excess, low, high, xtol=1e-4))


def log_chance(means: Floats, stds: Floats, level: float) -> Floats:
    """Logarithm of the chance that an answer is above a level, shape ``(N,)``; arguments as for `edge`."""
    return np.asarray(logsumexp(log_ndtr((means - level) / stds), axis=0) - np.log(len(means)))


def expected_rest(
    opinions: Sequence[Opinion], edges: Sequence[float], candidates: Rows, free: Rows, horizon: int
) -> Floats:
    """Expected sum of the ``horizon`` highest chances of the other rows once a candidate's answer is known.

    The answer is any of three quantiles, the same for all members. Edges stay where they are. A model without
    processes does not change its mind.

    Args:
        opinions: what the models think.
        edges: where each places the edge of the top.
        candidates: the rows whose answers are looked ahead of, shape ``(c,)``.
        free: the rows that can be chosen, shape ``(f,)``.
        horizon: how many rows are counted, from 1.

    Returns:
        Shape ``(c,)``; zero where there is no other row.
    """
    chances = np.zeros((len(_POINTS), len(candidates), len(free)))
    for opinion, level in zip(opinions, edges, strict=True):
        if not opinion.members:
            chances += opinion.weight * np.exp(log_chance(opinion.means, opinion.stds, level)[free])
        for member in opinion.members:
            steps = member.steps(candidates)[:, free]
            stds = np.sqrt(np.maximum(member.variance[free] - steps**2, 0.0) + member.noise)
            means = member.mean[free] + _POINTS[:, None, None] * steps
            chances += opinion.weight / len(opinion.members) * ndtr((means - level) / stds)
    chances[:, candidates[:, None] == free] = 0.0
    highest = np.partition(chances, -horizon, axis=2)[:, :, -horizon:].sum(axis=2)
    return np.asarray(_WEIGHTS @ highest)
