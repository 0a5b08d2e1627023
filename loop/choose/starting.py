"""Iteration 0: known alloys and a space-filling design, chosen before anything is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from alloys.batches.rules import BatchRules
from alloys.batches.shared import BatchLimits
from alloys.design import Design
from alloys.errors import InputError
from alloys.problem import Problem
from alloys.records import Candidate, Selection
from alloys.space import Points
from alloys.spread import spread_out, sum_of_sizes
from loop.choose.seeds import seed_for

_WIDER = 20
"""Random designs are so many times more where only some of them fit together in a batch."""


@dataclass(frozen=True, slots=True)
class StartPlan:
    """How many designs are validated first.

    Attributes:
        count: in all.
        share: of them that come from the table.
        batch: designs that stand together, where a batch is limited; all of them if None.
        rules: what the designs of a batch must keep together; nothing if None.
        least: so many must be had; all of them if None.
    """

    count: int
    share: float
    batch: int | None = None
    rules: BatchRules | None = None
    least: int | None = None


def initial_design(
    problem: Problem, table: Sequence[Design], plan: StartPlan, seed: int, *, seen: Sequence[Design] = ()
) -> list[Selection]:
    """Iteration 0: known alloys and a space-filling design, all of which satisfy the closed-form constraints.

    Known alloys are rounded to the grid and chosen far apart from each other (greedy maximin in at.%); the rest
    are random designs of the space, chosen likewise. Where too few known alloys pass, the design fills up.
    What was seen already is not asked for again. Where a batch may have only some values of a variable, or has other
    rules, the design is one of several batches, each with values of its own.

    Raises:
        InputError: if too few designs are in the space and satisfy the closed-form constraints.
    """
    limits = BatchLimits.of(problem.space)
    rng = np.random.default_rng(seed_for(seed, 0, "design"))
    answered = _rows(problem, seen)
    known = _without(_passing(problem, table), answered)
    known = known[rng.permutation(len(known))]
    pool = _random_designs(problem, rng, max(2000, 50 * plan.count) * (_WIDER if limits else 1))
    batch = plan.batch if (limits or plan.rules) and plan.batch else plan.count
    count_of_runs = ceil(plan.count / batch) if batch else 1
    runs = limits.runs(pool, count_of_runs, rng) if limits and plan.count else [()] * count_of_runs
    chosen: list[_Chosen] = []
    for number, allowed in enumerate(runs):
        mine, others = known[limits.fit(known, allowed)], pool[limits.fit(pool, allowed)]
        count = min(batch, plan.count - number * batch)
        counts = (round(count * plan.share), count)
        if plan.rules:
            chosen += _within(plan.rules, (mine, others), chosen, answered, counts)
        else:
            chosen += _far_apart(problem, (mine, others), chosen, answered, counts)
    if len(chosen) < (plan.count if plan.least is None else plan.least):
        of_batches = " and the limits of their batches; allow more in a batch" if plan.rules else ""
        raise InputError(
            f"only {len(chosen)} of {plan.count} starting compositions satisfy the rules of the space and the "
            f"closed-form constraints{of_batches}; widen the space, loosen constraints or lower start.validate"
        )
    return [
        Selection(Candidate(problem.space.design(point), origin), rank, 0.0, why)
        for rank, (point, origin, why) in enumerate(chosen)
    ]


_Chosen = tuple[Points, str, str]
"""A point, who proposed it, and why it was chosen."""


def _far_apart(
    problem: Problem,
    choice: tuple[Points, Points],
    before: Sequence[_Chosen],
    answered: Points,
    counts: tuple[int, int],
) -> list[_Chosen]:
    """Designs of a batch, far from each other and from those before.

    Args:
        problem: its space says how far.
        choice: known alloys and random designs, each shape ``(n, d)``.
        before: what was chosen for other batches.
        answered: what is known already, shape ``(a, d)``.
        counts: how many are wanted of the known ones, and in all.
    """
    at, (known, pool) = problem.space.coordinates, choice
    taken = _stacked(problem, [point for point, _, _ in before])
    first = spread_out(at(known), counts[0], sum_of_sizes, chosen=at(taken))
    chosen = [(known[i], "table", "a known alloy, far from the others chosen") for i in first]
    taken = np.concatenate([taken, _stacked(problem, [point for point, _, _ in chosen]), answered])
    for i in spread_out(at(pool), counts[1] - len(chosen), sum_of_sizes, chosen=at(taken)):
        chosen.append((pool[i], "design", "space-filling start"))
    return chosen


def _within(
    rules: BatchRules,
    choice: tuple[Points, Points],
    before: Sequence[_Chosen],
    answered: Points,
    counts: tuple[int, int],
) -> list[_Chosen]:
    """As `_far_apart`, one after the other, of those that keep the rules of the batch with those before.

    Where far ones leave no room for the last of them, the batch is packed more closely.
    """
    at, chosen = rules.space.coordinates, list[_Chosen]()
    whys = ("table", "a known alloy, far from the others chosen"), ("design", "space-filling start")
    for points, wanted, why in zip(choice, counts, whys, strict=True):
        free = points
        while len(chosen) < wanted:
            mine = np.array([point for point, _, _ in chosen], dtype=np.int64).reshape(-1, rules.space.dimension)
            free = free[rules.open(free, mine)]
            taken = np.concatenate([*(point[None] for point, _, _ in before), mine, answered])
            rows = spread_out(at(free), 1, sum_of_sizes, chosen=at(taken))
            if not rows:
                break
            chosen.append((free[rows[0]], *why))
    if len(chosen) < counts[1]:
        others = np.concatenate([*(point[None] for point, _, _ in before), answered])
        packed = rules.packed(_without(np.concatenate(choice), others), counts[1])
        if len(packed) > len(chosen):
            return [(point, *whys[int(not (choice[0] == point).all(axis=1).any())]) for point in packed]
    return chosen


def _passing(problem: Problem, table: Sequence[Design]) -> Points:
    """The points that designs round to and that satisfy the closed-form constraints, each once, shape ``(n, d)``."""
    known = np.unique(_rows(problem, table), axis=0)
    return known[problem.passes(known)]


def _without(points: Points, others: Points) -> Points:
    fresh = [not any((row == old).all() for old in others) for row in points]
    return points[np.array(fresh, dtype=np.bool_)]


def _rows(problem: Problem, designs: Sequence[Design]) -> Points:
    """The points that designs round to, as far as there are some, shape ``(n, d)``."""
    return _stacked(problem, [point for point in map(problem.space.nearest, designs) if point is not None])


def _stacked(problem: Problem, points: Sequence[Points]) -> Points:
    return np.array(points, dtype=np.int64).reshape(-1, problem.space.dimension)


def _random_designs(problem: Problem, rng: np.random.Generator, wanted: int) -> Points:
    """Random designs that satisfy the closed-form constraints, shape ``(n, d)``."""
    found: list[Points] = []
    total = 0
    for _ in range(50):
        points = problem.space.sample(4000, rng)
        points = points[problem.passes(points)]
        found.append(points)
        total += len(points)
        if total >= wanted:
            break
    return np.concatenate(found)[:wanted]
