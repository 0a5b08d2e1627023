"""NSGA-II of pymoo by ask and tell: whole numbers with a repair into the space, constraints as pymoo's G.

References:
    Deb et al., IEEE Trans. Evol. Comput. 6 (2002) 182; pymoo's documentation of discrete variables, repair, constraint
    handling and ask and tell.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.evaluator import Evaluator
from pymoo.core.problem import Problem as PymooProblem
from pymoo.core.repair import Repair
from pymoo.core.termination import NoTermination
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.problems.static import StaticProblem

from alloys.space import Floats, Points
from benchmarks.efficiency.nearest import nearest
from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.protocol import History

BEYOND = 1e6
"""Objective and constraint values of an alloy whose validation failed: worse than any other."""


class Nsga2:
    """NSGA-II: the start is its first population, each batch a generation of ``q`` children.

    Args:
        problem: what is asked.
        q: children in a generation.
        seed: of everything random.
    """

    name = "nsga2"

    def __init__(self, problem: Problem, q: int, seed: int) -> None:
        self._problem, self._q, self._seed = problem, q, seed
        self._algorithm: Any = None
        self._asked: Any = None
        self._space = _space_of(problem)

    def propose(self, history: History) -> Points:
        """The next generation, shape ``(q, d)``."""
        if self._algorithm is None:
            self._begin(history)
        else:
            self._tell(history)
        self._repair.asked = history.points
        self._asked = self._algorithm.ask()
        points: Points = np.rint(self._asked.get("X")).astype(np.int64)
        return points

    def _begin(self, history: History) -> None:
        self._repair = _IntoSpace(self._problem)
        self._algorithm = NSGA2(
            pop_size=len(history),
            n_offsprings=self._q,
            sampling=history.points.astype(float),
            crossover=SBX(prob=1.0, eta=3.0, vtype=float),
            mutation=PM(prob=1.0, eta=3.0, vtype=float),
            repair=self._repair,
        )
        self._algorithm.setup(self._space, termination=NoTermination(), seed=self._seed, verbose=False)
        self._asked = self._algorithm.ask()
        self._tell(history)

    def _tell(self, history: History) -> None:
        """What is known of the individuals last asked for, in their own order."""
        keys = {key: i for i, key in enumerate(self._problem.space.keys(history.points))}
        own = self._problem.space.keys(np.rint(self._asked.get("X")).astype(np.int64))
        rows = [keys[key] for key in own]
        f, g = self._scored(history)
        Evaluator().eval(StaticProblem(self._space, F=f[rows], G=g[rows]), self._asked)
        self._algorithm.tell(infills=self._asked)

    def _scored(self, history: History) -> tuple[Floats, Floats]:
        """Objectives to minimise, and constraints in standard deviations of the start, fulfilled where <= 0."""
        start = history.batches == 0
        f = -self._problem.points(history.values)
        columns = []
        for constraint in self._problem.goal.constraints:
            column = history.values[constraint.name]
            columns.append(-constraint.margin(column) / max(float(np.nanstd(column[start])), 1e-9))
        return np.nan_to_num(f, nan=BEYOND), np.nan_to_num(np.column_stack(columns), nan=BEYOND)


def _space_of(problem: Problem) -> PymooProblem:
    """Amounts in steps of the grid, from none to the upper bound of each element."""
    return PymooProblem(
        n_var=problem.space.dimension,
        n_obj=len(problem.goal.objectives),
        n_ieq_constr=len(problem.goal.constraints),
        xl=np.zeros(problem.space.dimension),
        xu=np.array(problem.space.upper, dtype=float),
    )


class _IntoSpace(Repair):  # type: ignore[misc]
    """Children become the nearest compositions that may be asked; the first population stays as it is."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self._problem = problem
        self.asked: Points | None = None

    def _do(self, problem: PymooProblem, X: Floats, **kwargs: Any) -> Floats:
        return X if self.asked is None else nearest(self._problem, X, self.asked).astype(float)
