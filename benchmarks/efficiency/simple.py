"""Chance: random compositions that pass the closed forms."""

from __future__ import annotations

import numpy as np

from alloys.space import Points
from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.protocol import History


class Random:
    """Random compositions of the space that satisfy the closed-form constraints."""

    name = "random"

    def __init__(self, problem: Problem, q: int, seed: int) -> None:
        self._problem, self._q = problem, q
        self._rng = np.random.default_rng([seed, 1])

    def propose(self, history: History) -> Points:
        """Random compositions, shape ``(q, d)``."""
        return self._problem.sample(self._q, self._rng, history.points)
