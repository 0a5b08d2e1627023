"""BayBE: a discrete search space from a table of candidates, a Pareto objective, transformed targets.

BayBE 0.15 has no outcome constraints. Its maintainers advise a target transformation that turns what would be
constrained away into undesirable values (github.com/emdgroup/baybe, issue 603). So the constraints that only validation
answers are one more target of the Pareto objective: the worst of their margins, clamped at zero, where all hold.
The reference point lies a little below that, so that an alloy which breaks a constraint by more counts for nothing.

References:
    Fitzner et al., Digital Discovery 4 (2025) 1991; BayBE's user guide on objectives, transformations, search spaces
    from data frames and recommenders without a campaign.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from baybe.acquisition import qLogNoisyExpectedHypervolumeImprovement
from baybe.objectives import ParetoObjective
from baybe.parameters import NumericalDiscreteParameter
from baybe.recommenders import BotorchRecommender
from baybe.searchspace import SearchSpace, SubspaceDiscrete
from baybe.settings import Settings
from baybe.targets import NumericalTarget

from alloys.space import Floats, Points
from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.protocol import History

TABLE = 5000
MARGIN = "constraint_margin"
TOLERATED = 0.1
"""By how many standard deviations of the start a constraint may be broken before an alloy counts for nothing.

With 0.01 seed 0 ended lower (0.83 against 0.87 of one front), with fewer feasible picks, in a third of the time.
"""


class BayBE:
    """The Bayesian recommender of BayBE on random compositions and the neighbours of the incumbents.

    Args:
        problem: what is asked.
        q: alloys in a batch.
        seed: of everything random.
        table: random compositions in the table of candidates; a new one for each batch.
    """

    name = "baybe"

    def __init__(self, problem: Problem, q: int, seed: int, table: int = TABLE) -> None:
        self._problem, self._q, self._seed, self._table = problem, q, seed, table

    def propose(self, history: History) -> Points:
        """The batch, shape ``(q, d)``."""
        problem = self._problem
        rng = np.random.default_rng([self._seed, 3, history.batch])
        near = [problem.space.neighbours(row) for row in problem.incumbents(history)]
        candidates = problem.fresh(
            np.concatenate([problem.sample(self._table, rng, history.points), *near]), history.points
        )
        with warnings.catch_warnings(), Settings(random_seed=self._seed * 1000 + history.batch):
            warnings.simplefilter("ignore")
            found = self._recommender().recommend(
                self._q, self._searchspace(candidates), self._objective(), self._measurements(history)
            )
        return np.asarray(np.rint(found[list(problem.space.elements)].to_numpy()), dtype=np.int64)

    def _searchspace(self, candidates: Points) -> SearchSpace:
        space = self._problem.space
        parameters = [
            NumericalDiscreteParameter(name=symbol, values=(0, *range(low, high + 1)))
            for symbol, low, high in zip(space.elements, space.lower, space.upper, strict=True)
        ]
        table = pd.DataFrame(candidates, columns=list(space.elements))
        return SearchSpace(discrete=SubspaceDiscrete.from_dataframe(table, parameters=parameters))

    def _objective(self) -> ParetoObjective:
        targets = [NumericalTarget(o.name, minimize=o.sign < 0) for o in self._problem.goal.objectives]
        return ParetoObjective([*targets, NumericalTarget(MARGIN).clamp(max=0.0)])

    def _recommender(self) -> BotorchRecommender:
        goal = self._problem.goal
        reference = self._problem.config.reference_point
        point = tuple(o.sign * reference[o.name] for o in goal.objectives)
        acquisition = qLogNoisyExpectedHypervolumeImprovement(reference_point=(*point, -TOLERATED))
        return BotorchRecommender(acquisition_function=acquisition)

    def _measurements(self, history: History) -> pd.DataFrame:
        goal = self._problem.goal
        table = pd.DataFrame(history.points, columns=list(self._problem.space.elements))
        for objective in goal.objectives:
            table[objective.name] = history.values[objective.name]
        table[MARGIN] = self._margin(history)
        return table.dropna()

    def _margin(self, history: History) -> Floats:
        """The worst margin of the constraints that only validation answers, in standard deviations of the start."""
        goal, start = self._problem.goal, history.batches == 0
        margins = []
        for constraint in goal.constraints:
            if constraint.name in self._problem.validated:
                column = history.values[constraint.name]
                margins.append(constraint.margin(column) / max(float(np.nanstd(column[start])), 1e-9))
        return np.asarray(np.min(margins, axis=0))
