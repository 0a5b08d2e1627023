"""Models of a pool that a method keeps through a campaign: what they think of every row, after every answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp
from scipy.stats import norm, rankdata
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from alloys.space import Floats
from surrogates.replay.process import PoolProcess, Prior, draw, learn, left_out

Rows = NDArray[np.int64]

GROWTH = 1.05
"""Hyperparameters are learned again once there are more answers by this factor: every time up to twenty."""

TREES = 100
"""Trees of a forest, as in the protocol's paper."""

LEVELS = (0.5, 0.75, 0.9)
"""Shares of the answers so far below the levels at which the order that a model predicts is judged."""

FEWEST = 4
"""Answers below which no model is judged."""


Scale = Callable[[Floats], Floats]
"""A monotone map from answers to the targets of a model, elementwise on shape ``(n,)``."""


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


def order_score(means: Floats, stds: Floats, targets: Floats) -> float:
    """Log-likelihood that answers left out are on the right side of levels between them, averaged over levels.

    It depends on the order of the answers alone, so that models on any scales can be compared.

    Args:
        means: of each answer given the others, by ``s`` members, shape ``(s, n)``.
        stds: their standard deviations, noise included, shape ``(s, n)``.
        targets: the answers on the same scale, shape ``(n,)``.

    Returns:
        0 where there are fewer than `FEWEST`.
    """
    if len(targets) < FEWEST:
        return 0.0
    ranked, total = np.sort(targets), 0.0
    for share in LEVELS:
        place = min(int(np.ceil(share * len(ranked))), len(ranked) - 1)
        level = ranked[place - 1 : place + 1].mean()
        side = np.where(targets > level, 1.0, -1.0)
        total += float(logsumexp(log_ndtr(side * (means - level) / stds), axis=0).sum())
    return total / len(LEVELS) - len(targets) * float(np.log(len(means)))


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
    """Gaussian processes whose hyperparameters are drawn from their posterior, and drawn further with every refit.

    Attributes:
        score: `order_score` of the answers they were last fitted to, each left out in turn.
    """

    MEMBERS = 6
    STEPS = 8

    def __init__(self, inputs: Floats, scale: type[Standard] | type[NormalScores], rng: np.random.Generator) -> None:
        # The prior is made for inputs that spread like a uniform variable on the unit interval.
        super().__init__(inputs / np.sqrt(12), Prior.scaled(inputs.shape[1]), scale)
        self._rng = rng
        self._theta = [self._prior.draw(rng) for _ in range(self.MEMBERS)]
        self.score = 0.0

    def _relearn(self, inputs: Floats) -> list[Floats]:
        drawn = [draw(theta, inputs, self.targets, self._prior, self._rng, self.STEPS) for theta in self._theta]
        means, stds = zip(*(left_out(theta, inputs, self.targets) for theta in drawn), strict=True)
        self.score = order_score(np.array(means), np.array(stds), self.targets)
        return drawn


class Forest:
    """A forest of trees, fitted anew as often as hyperparameters are learned.

    Attributes:
        targets: the answers so far on the model's scale, shape ``(n,)``.
        score: `order_score` of the answers it was last fitted to, each by the trees that did not see it.
    """

    NOISE = 0.05
    """Variance that is added to the spread between the trees, which agree too well where answers are noisy."""

    def __init__(
        self,
        inputs: Floats,
        scale: type[Standard] | type[NormalScores],
        kind: type[RandomForestRegressor] | type[ExtraTreesRegressor],
        seed: int,
        trees: int = TREES,
        **settings: float,
    ) -> None:
        # Trees compare single precision; inputs are converted once.
        self._inputs, self._make_scale = inputs.astype(np.float32), scale
        self._forest = kind(trees, random_state=seed, n_jobs=1, **settings)
        self._learned = 0
        self._scale: Scale = Standard(np.zeros(1))
        self._votes: Floats = np.zeros((trees, len(inputs)))
        self.targets: Floats = np.zeros(0)
        self.score = 0.0

    def update(self, rows: Rows, values: Floats) -> None:
        """Takes all answers so far, old ones first, shape ``(n,)`` each."""
        if len(rows) >= max(self._learned + 1, self._learned * GROWTH):
            self._scale = self._make_scale(values)
            fitted = self._forest.fit(self._inputs[rows], self._scale(values))
            self._votes = np.array([tree.predict(self._inputs, check_input=False) for tree in fitted.estimators_])
            self._learned = len(rows)
            self.score = self._judge(rows, self._scale(values))
        self.targets = self._scale(values)

    def spread(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation over the trees, shape ``(N,)`` each."""
        return np.asarray(self._votes.mean(axis=0)), np.asarray(self._votes.std(axis=0))

    def answers(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of an answer, noise included, shape ``(1, N)`` each."""
        mean, spread = self.spread()
        return mean[None], np.sqrt(spread**2 + self.NOISE)[None]

    def _judge(self, rows: Rows, targets: Floats) -> float:
        """The score of answers by the trees that did not see them; by none, they are as any answer."""
        drawn = self._forest.estimators_samples_
        unseen = np.array([np.bincount(sample, minlength=len(rows)) == 0 for sample in drawn], dtype=np.float64)
        count, votes = unseen.sum(axis=0), self._votes[:, rows]
        safe = np.maximum(count, 1.0)
        means = (votes * unseen).sum(axis=0) / safe
        variance = ((votes - means) ** 2 * unseen).sum(axis=0) / safe
        stds = np.sqrt(np.where(count > 1, variance, 1.0) + self.NOISE)
        return order_score(means[None], stds[None], targets)
