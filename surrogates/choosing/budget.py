"""Chooses the alloys for an expensive validation: expected gain per second, within a budget.

The value of an alloy is what its validation at the highest fidelity is expected to gain, given what the cheaper ones
said of it: the expected constrained hypervolume improvement, beside those that were chosen before it (Daulton,
Balandat & Bakshy, NeurIPS 2020), or, while nothing feasible is known, the chance that it is the first feasible one.
The rule takes alloys greedily by value per cost while the budget lasts, the cost-benefit rule for a submodular
value (Leskovec et al., KDD 2007, section 3.2). It can end far from the best where a cheap alloy of little value
keeps out a costly one of much. So the greedy rule by value alone is tried too, and the better of the two is taken, as
there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alloys.distances import places_of_inputs
from alloys.errors import InputError
from alloys.problem import Problem
from alloys.space import Floats
from surrogates.choosing.gain import SampledOutcomes, draw
from surrogates.choosing.packing import PackedFront
from surrogates.choosing.pareto import Front
from surrogates.model.surrogate import Surrogate

MOST = 256
"""Alloys that are looked at together; of more, those most likely to be feasible."""


@dataclass(frozen=True, slots=True)
class ChosenWithinBudget:
    """An alloy that was chosen for an expensive validation.

    Attributes:
        row: its row.
        value: expected gain, given those before it: hypervolume, or probability while nothing feasible is known.
        seconds: what asking is expected to take.
    """

    row: int
    value: float
    seconds: float

    @property
    def per_hour(self) -> float:
        """Value per hour."""
        return 3600.0 * self.value / self.seconds


def select_within_budget(
    surrogate: Surrogate,
    problem: Problem,
    fractions: Floats,
    seconds: Sequence[float],
    budget: float,
    front: Front | PackedFront,
    *,
    samples: int = 128,
    seed: int = 0,
) -> list[ChosenWithinBudget]:
    """Chooses alloys while the budget lasts; those without value in any sample are never chosen.

    Args:
        surrogate: at the highest fidelity, given everything that is known.
        problem: objectives and constraints.
        fractions: the alloys, shape ``(n, d)``.
        seconds: expected cost of each.
        budget: seconds that may be spent.
        front: the alloys confirmed as feasible; while it is empty, the chance of the first one counts.
        samples: of the joint posterior.
        seed: of the samples.

    Returns:
        the chosen ones, in the order of choice.

    Raises:
        InputError: if a cost is not positive, or there is not one for each alloy.
    """
    costs = np.asarray(seconds, dtype=np.float64)
    if costs.shape != (len(fractions),) or not (costs > 0).all():
        raise InputError(f"a positive cost for each of {len(fractions)} alloys is needed, got {list(seconds)[:8]}")
    described = surrogate.describe(fractions)
    rows = np.flatnonzero(costs <= budget)
    if not len(rows):
        return []
    if len(rows) > MOST:
        chance = surrogate.probability_feasible(described.take(rows), problem)
        rows = np.sort(rows[np.argsort(-chance, kind="stable")[:MOST]])
    drawn = draw(surrogate, problem, described.take(rows), samples, seed)
    outcomes = SampledOutcomes.of(problem.goal, drawn)
    if problem.goal.any_feasible:
        outcomes = SampledOutcomes.at(places_of_inputs(problem.space, fractions[rows]), problem.goal, drawn)
    # Where all cost the same the two rules are one.
    rules = (True, False) if np.ptp(costs[rows]) > 0 else (True,)
    plans = [_greedy(outcomes, front, costs[rows], budget, by_cost=by_cost) for by_cost in rules]
    totals = [sum(value for _, value in plan) for plan in plans]
    best = plans[-1] if totals[-1] > totals[0] * (1 + 1e-9) else plans[0]
    return [ChosenWithinBudget(int(rows[i]), value, float(costs[rows[i]])) for i, value in best]


def _greedy(
    outcomes: SampledOutcomes, front: Front | PackedFront, costs: Floats, budget: float, *, by_cost: bool
) -> list[tuple[int, float]]:
    """Alloys and their values in the order of choice."""
    chosen: list[tuple[int, float]] = []
    left = np.ones(len(costs), dtype=np.bool_)
    gains = outcomes.gains(front) if len(front.points) else outcomes.good.astype(np.float64)
    while (able := left & (costs <= budget)).any():
        values = gains.mean(axis=0)
        score = np.where(able, values / costs if by_cost else values, -1.0)
        best = int(np.argmax(score))
        if values[best] <= 0.0:
            break
        chosen.append((best, float(values[best])))
        budget -= costs[best]
        left[best] = False
        changed = gains[:, best] > 0.0
        if len(front.points):
            gains = outcomes.gains_beside([row for row, _ in chosen], front, gains, changed)
        else:
            gains = np.where(changed[:, None], 0.0, gains)
    return chosen
