"""Ax by its `Client`: eight free amounts under linear constraints, two objectives, outcome constraints.

The ninth amount is what is missing to one. Closed-form constraints that are linear in the amounts (density by volume
and VEC are) are parameter constraints. What Ax generates is repaired to the nearest composition that may be asked,
and that is what Ax is told: each batch comes from a client to which every alloy asked so far is attached, complete
or, where validation failed, failed (Ax takes abandoned trials as pending).

References:
    Olson et al., AutoML (2025), Ax; Ax's documentation of parameter constraints, outcome constraints,
    multi-objective optimisation and attached trials.
"""

from __future__ import annotations

import logging
import warnings

import numpy as np
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig
from ax.utils.common.logger import set_ax_logger_levels

from alloys.goal import Constraint
from alloys.physics.elements import column
from alloys.space import Floats, Points
from benchmarks.efficiency.nearest import nearest
from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.protocol import History


class Ax:
    """Ax's own choice of model and acquisition (``method="fast"``).

    Args:
        problem: what is asked.
        q: alloys in a batch.
        seed: of everything random.
    """

    name = "ax"

    def __init__(self, problem: Problem, q: int, seed: int) -> None:
        self._problem, self._q, self._seed = problem, q, seed

    def propose(self, history: History) -> Points:
        """The batch, shape ``(q, d)``."""
        set_ax_logger_levels(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client = self._client(history)
            trials = client.get_next_trials(max_trials=self._q)
        space = self._problem.space
        free = np.array([[trial[_named(s)] for s in space.elements[:-1]] for trial in trials.values()], dtype=float)
        points = space.total * np.column_stack([free, 1.0 - free.sum(axis=1)])
        return nearest(self._problem, points, history.points)

    def _client(self, history: History) -> Client:
        space, goal = self._problem.space, self._problem.goal
        client = Client(random_seed=self._seed * 1000 + history.batch)
        upper = self._problem.space.fractions(np.array(space.upper))
        client.configure_experiment(
            parameters=[
                RangeParameterConfig(name=_named(symbol), parameter_type="float", bounds=(0.0, float(most)))
                for symbol, most in zip(space.elements[:-1], upper, strict=False)
            ],
            parameter_constraints=self._parameter_constraints(float(upper[-1])),
        )
        reference = self._problem.config.reference_point
        client.configure_optimization(
            objective=", ".join(o.name if o.sign > 0 else f"-{o.name}" for o in goal.objectives),
            outcome_constraints=[
                *(f"{o.name} {'>=' if o.sign > 0 else '<='} {reference[o.name]}" for o in goal.objectives),
                *(str(c) for c in goal.constraints if c.name in self._problem.validated),
            ],
        )
        client.configure_generation_strategy(method="fast", initialization_budget=0, initialize_with_center=False)
        self._attach(client, history)
        return client

    def _attach(self, client: Client, history: History) -> None:
        goal, space = self._problem.goal, self._problem.space
        failed = history.failed(self._problem.validated)
        names = dict.fromkeys([*(o.name for o in goal.objectives), *self._problem.validated])
        for i, row in enumerate(space.fractions(history.points)):
            amounts = {_named(s): float(v) for s, v in zip(space.elements[:-1], row, strict=False)}
            index = client.attach_trial(amounts)
            if failed[i]:
                client.mark_trial_failed(index)
            else:
                client.complete_trial(index, {name: float(history.values[name][i]) for name in names})

    def _parameter_constraints(self, last: float) -> list[str]:
        """The sum of the free amounts, then closed forms that are linear in them."""
        elements = self._problem.space.elements
        free = " + ".join(_named(s) for s in elements[:-1])
        texts = [f"{free} <= 1.0", f"{free} >= {1.0 - last}"]
        for constraint in self._problem.closed_form_constraints:
            found = linear_form(elements, constraint)
            if found is not None:
                # The last amount is one less the others: it is taken out of every coefficient and of the bound.
                rest = found[:-1] - found[-1]
                terms = " + ".join(f"{c!r}*{_named(s)}" for c, s in zip(rest.tolist(), elements, strict=False))
                texts.append(f"{terms} <= {-float(found[-1])!r}")
        return texts


def linear_form(elements: tuple[str, ...], constraint: Constraint) -> Floats | None:
    """Coefficients a of a constraint that says a · fractions <= 0, shape ``(d,)``; None where there are none.

    VEC is the mean over atoms. Density by volume, sum c M / sum (c M / rho) <= b, is sum c M (1 - b / rho) <= 0.
    """
    if constraint.name == "vec":
        values = column(elements, "vec") - constraint.bound
    elif constraint.name == "density":
        values = column(elements, "mass") * (1.0 - constraint.bound / column(elements, "mass_density"))
    else:
        return None
    return -constraint.sign * np.asarray(values, dtype=np.float64)


def _named(symbol: str) -> str:
    return f"amount_{symbol}"
