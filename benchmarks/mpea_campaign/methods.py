"""Who chooses: the loop, chance, a forest, and the peers, each made for one run; a peer's package is imported late."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from alloys.space import Floats, Points
from benchmarks.efficiency.ours import Ours
from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.protocol import History, Method
from benchmarks.efficiency.simple import Random
from loop.replay.peers import ForestSearch

Choose = Callable[[Floats, Floats, Floats, int, int], list[int]]
"""Rows of candidates ``(m, d)``: from inputs ``(n, d)``, answers ``(n,)``, larger is better, the candidates, how many
are wanted, and a seed."""

POOL = 2000


class PoolSearch:
    """Chooses among random designs of the space and the neighbours of the 12 best: of a list, among all of its rows.

    Args:
        problem: what is asked.
        q: alloys in a batch.
        seed: of everything random.
        name: the method's.
        choose: what it does with atomic fractions and answers.
    """

    def __init__(self, problem: Problem, q: int, seed: int, name: str, choose: Choose) -> None:
        self.name = name
        self._problem, self._q, self._seed, self._choose = problem, q, seed, choose

    def propose(self, history: History) -> Points:
        """The batch, shape ``(q, d)``."""
        space, rng = self._problem.space, np.random.default_rng([self._seed, 4, history.batch])
        near = [space.neighbours(row) for row in self._problem.incumbents(history)]
        candidates = self._problem.fresh(np.concatenate([space.sample(POOL, rng), *near]), history.points)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = self._choose(
                space.fractions(history.points),
                self._problem.points(history.values)[:, 0],
                space.fractions(candidates),
                self._q,
                self._seed * 1000 + history.batch,
            )
        return candidates[rows]


def forest(seen: Floats, answers: Floats, candidates: Floats, q: int, seed: int) -> list[int]:
    """The largest expected improvements by 100 trees, as in Liang et al., npj Comput. Mater. 7 (2021) 188."""
    search = ForestSearch(np.concatenate([candidates, seen]), seed)
    return search.choose(len(candidates) + np.arange(len(seen)), answers, q)


def _botorch(problem: Problem, q: int, seed: int) -> Method:
    from benchmarks.mpea_campaign.peers.botorch import choose

    return PoolSearch(problem, q, seed, "botorch", choose)


def _baybe(problem: Problem, q: int, seed: int) -> Method:
    from benchmarks.mpea_campaign.peers.baybe import choose

    return PoolSearch(problem, q, seed, "baybe", choose)


METHODS: dict[str, Callable[[Problem, int, int], Method]] = {
    "random": Random,
    "rf-ei": lambda problem, q, seed: PoolSearch(problem, q, seed, "rf-ei", forest),
    "botorch": _botorch,
    "ours": lambda problem, q, seed: Ours(problem, q, "ours"),
    "ours-no-generators": lambda problem, q, seed: Ours(problem, q, "ours-no-generators", generators=False),
    "baybe": _baybe,
}
