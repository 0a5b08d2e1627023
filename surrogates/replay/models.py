"""Models of a pool that a method keeps through a campaign: what they think of every row, after every answer."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from surrogates.replay.process import PoolProcess, Prior, draw, learn

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

GROWTH = 1.05
"""Hyperparameters are learned again once there are more answers by this factor: every time up to twenty."""

TREES = 100
"""Trees of a forest, as in the protocol's paper."""


class Scale(Protocol):
    """A monotone map from answers to the targets of a model, elementwise on shape ``(n,)``."""

    def __call__(self, values: Floats) -> Floats:
        """The targets of some answers."""
        ...


class Standard:
    """Answers with mean 0 and standard deviation 1 over those it was made from."""

    def __init__(self, values: Floats) -> None:
        self._mean, spread = values.mean(), values.std()
        self._spread = spread if spread > 0 else 1.0

    def __call__(self, values: Floats) -> Floats:
        """Linear."""
        return np.asarray((values - self._mean) / self._spread)


class NormalScores:
    """Ranks as normal scores: heavy tails and outliers do not matter, only the order does."""

    def __init__(self, values: Floats) -> None:
        scores = norm.ppf((rankdata(values) - 0.5) / len(values))
        self._values, first = np.unique(values, return_index=True)
        self._scores = scores[first] / (scores.std() if scores.std() > 0 else 1.0)

    def __call__(self, values: Floats) -> Floats:
        """Interpolated between the answers it was made from, constant beyond them."""
        return np.asarray(np.interp(values, self._values, self._scores))


class Process:
    """Gaussian processes on one scale: one of maximum likelihood, or several drawn from the posterior.

    Attributes:
        members: their posteriors over the pool.
        targets: the answers so far on the model's scale, shape ``(n,)``.
    """

    def __init__(self, inputs: Floats, prior: Prior, scale: type[Standard] | type[NormalScores]) -> None:
        self._inputs, self._prior, self._make_scale = inputs, prior, scale
        self._learned = 0
        self._scale: Scale = Standard(np.zeros(1))
        self._theta: list[Floats] = []
        self.members: list[PoolProcess] = []
        self.targets: Floats = np.zeros(0)

    def update(self, rows: Rows, values: Floats) -> None:
        """Takes all answers so far, old ones first, shape ``(n,)`` each."""
        if len(rows) >= max(self._learned + 1, self._learned * GROWTH):
            self._scale = self._make_scale(values)
            self.targets = self._scale(values)
            self._theta = self._relearn(self._inputs[rows])
            self.members = [PoolProcess(self._inputs, theta, rows, self.targets) for theta in self._theta]
            self._learned = len(rows)
            return
        fresh = range(len(self.targets), len(rows))
        self.targets = self._scale(values)
        for member in self.members:
            for i in fresh:
                member.add(int(rows[i]), float(self.targets[i]))

    def _relearn(self, inputs: Floats) -> list[Floats]:
        """New hyperparameters for the inputs seen, shape ``(n, d)``."""
        raise NotImplementedError


class LikeliestProcess(Process):
    """One Gaussian process by maximum likelihood, from unit scales and from where it was before."""

    def __init__(self, inputs: Floats) -> None:
        super().__init__(inputs, Prior.flat(inputs.shape[1]), Standard)

    def _relearn(self, inputs: Floats) -> list[Floats]:
        return [learn(inputs, self.targets, self._prior, [self._prior.centre, *self._theta])]


class SampledProcess(Process):
    """Gaussian processes whose hyperparameters are drawn from their posterior, and drawn further with every refit."""

    MEMBERS = 6
    STEPS = 8

    def __init__(self, inputs: Floats, scale: type[Standard] | type[NormalScores], rng: np.random.Generator) -> None:
        # The prior is made for inputs that spread like a uniform variable on the unit interval.
        super().__init__(inputs / np.sqrt(12), Prior.scaled(inputs.shape[1]), scale)
        self._rng = rng
        self._theta = [self._prior.draw(rng) for _ in range(self.MEMBERS)]

    def _relearn(self, inputs: Floats) -> list[Floats]:
        return [draw(theta, inputs, self.targets, self._prior, self._rng, self.STEPS) for theta in self._theta]


class Forest:
    """A forest of trees, fitted anew as often as hyperparameters are learned.

    Attributes:
        targets: the answers so far on the model's scale, shape ``(n,)``.
    """

    NOISE = 0.05
    """Variance that is added to the spread between the trees, which agree too well where answers are noisy."""

    def __init__(
        self,
        inputs: Floats,
        scale: type[Standard] | type[NormalScores],
        kind: type[RandomForestRegressor] | type[ExtraTreesRegressor],
        seed: int,
        **settings: float,
    ) -> None:
        self._inputs, self._make_scale = inputs, scale
        self._forest = kind(TREES, random_state=seed, n_jobs=1, **settings)
        self._learned = 0
        self._scale: Scale = Standard(np.zeros(1))
        self._votes: Floats = np.zeros((TREES, len(inputs)))
        self.targets: Floats = np.zeros(0)

    def update(self, rows: Rows, values: Floats) -> None:
        """Takes all answers so far, old ones first, shape ``(n,)`` each."""
        if len(rows) >= max(self._learned + 1, self._learned * GROWTH):
            self._scale = self._make_scale(values)
            self._forest.fit(self._inputs[rows], self._scale(values))
            self._votes = np.array([tree.predict(self._inputs) for tree in self._forest.estimators_])
            self._learned = len(rows)
        self.targets = self._scale(values)

    def spread(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation over the trees, shape ``(N,)`` each."""
        return np.asarray(self._votes.mean(axis=0)), np.asarray(self._votes.std(axis=0))

    def answers(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of an answer, noise included, shape ``(1, N)`` each."""
        mean, spread = self.spread()
        return mean[None], np.sqrt(spread**2 + self.NOISE)[None]
