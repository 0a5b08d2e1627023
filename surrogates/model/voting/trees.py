"""Extremely randomised trees: a model for answers that jump, where a smooth one is misled.

Geurts, Ernst & Wehenkel, Mach. Learn. 63 (2006) 3; each tree sees a bootstrap sample, so that the others say what would
be thought of an observation that was left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from alloys.space import Floats

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

TREES = 50
"""Trees of a forest."""

NOISE = 0.05
"""Variance that is added to the spread between the trees, which agree too well where answers are noisy."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees fitted on ``n`` standardised targets.

    Attributes:
        trees: `TREES` of scikit-learn's, each on a bootstrap sample.
        x: inputs of the observations, shape ``(n, d)``.
        left_out: means and standard deviations (noise included) of each observation by the trees that did not see it,
            shape ``(2, n)``.
    """

    trees: tuple[DecisionTreeRegressor, ...]
    x: Floats
    left_out: Floats

    @classmethod
    def fit(cls, x: Floats, y: Floats, seed: int) -> Trees:
        """Fits inputs of shape ``(n, d)`` to targets of shape ``(n,)``; the same arguments give the same trees."""
        trees, weights = grow(x, y, seed, "extra", TREES)
        unseen = (weights == 0).astype(np.float64)
        count, votes = unseen.sum(axis=0), votes_of(trees, x)
        means = (votes * unseen).sum(axis=0) / np.maximum(count, 1.0)
        variance = ((votes - means) ** 2 * unseen).sum(axis=0) / np.maximum(count, 1.0)
        # Of an observation that every tree saw, or all but one, nothing is known but the scale.
        return cls(trees, x, np.stack([means, np.sqrt(np.where(count > 1, variance, 1.0) + NOISE)]))

    def among(self, x: Floats) -> Trees | None:
        """The same forest beside more observations ``(m, d)``, which it did not see; None unless its own are there."""
        places = {row.tobytes(): i for i, row in enumerate(self.x)}
        own = np.array([places.get(row.tobytes(), -1) for row in x])
        if (own >= 0).sum() < len(self.x):
            return None
        mean, std = self.predict(x)
        left_out = np.stack([mean, np.sqrt(std**2 + NOISE)])
        left_out[:, own >= 0] = self.left_out[:, own[own >= 0]]
        return replace(self, x=x, left_out=left_out)

    @property
    def noise_std(self) -> float:
        """Standard deviation of the noise."""
        return float(np.sqrt(NOISE))

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation over the trees at ``(m, d)`` inputs, each of shape ``(m,)``."""
        votes = votes_of(self.trees, x)
        return votes.mean(axis=0), np.sqrt(votes.var(axis=0) + 1e-10)

    def joint(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean ``(m,)`` and covariance ``(m, m)`` over the trees at ``(m, d)`` inputs."""
        votes = votes_of(self.trees, x)
        mean = votes.mean(axis=0)
        apart = (votes - mean) / np.sqrt(len(votes))
        return mean, apart.T @ apart

    def leave_one_out(self) -> tuple[Floats, Floats]:
        """Means and standard deviations (noise included) at each observation had it been left out."""
        return self.left_out[0], self.left_out[1]

    def hyperparameters(self) -> list[float]:
        """Nothing was learned but what the observations and the settings decide."""
        return [float(TREES), NOISE]


def grow(
    x: Floats, y: Floats, seed: int, kind: Literal["extra", "random"], count: int
) -> tuple[tuple[DecisionTreeRegressor, ...], Floats]:
    """Trees on bootstrap samples, and how often each sees each observation, shape ``(count, n)``.

    scikit-learn's forests do the same, and take four times as long for as few observations.

    Args:
        x: inputs, shape ``(n, d)``.
        y: targets, shape ``(n,)``.
        seed: of everything random.
        kind: extremely randomised ones, or those of a random forest, which split where that is best.
        count: trees.
    """
    from sklearn import config_context  # late: only votes grow trees
    from sklearn.tree import DecisionTreeRegressor, ExtraTreeRegressor  # late: only votes grow trees

    rng, rows = np.random.default_rng(seed), np.ascontiguousarray(x, dtype=np.float32)
    weights = rng.multinomial(len(y), np.full(len(y), 1 / len(y)), size=count).astype(np.float64)
    make = {"extra": partial(ExtraTreeRegressor, max_features=0.5), "random": DecisionTreeRegressor}[kind]
    with config_context(skip_parameter_validation=True):
        trees = [
            make(random_state=seed + i).fit(rows, y, sample_weight=drawn, check_input=False)
            for i, drawn in enumerate(weights)
        ]
    return tuple(trees), weights


def votes_of(trees: Sequence[DecisionTreeRegressor], x: Floats) -> Floats:
    """What each tree says of ``(m, d)`` inputs, shape ``(TREES, m)``; trees compare single precision."""
    rows = np.ascontiguousarray(x, dtype=np.float32)
    return np.array([tree.tree_.predict(rows)[:, 0] for tree in trees])
