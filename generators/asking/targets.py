"""Conditions to ask a generator for: beyond the present front, inside the constraints, the rest open.

Each target starts from a row of the front, drawn evenly.

- **Objectives** are pushed from that row's values by ``step x weight x observed range`` in their good
  direction: the step is uniform in ``[0, reach]``, the weights a random direction whose largest entry is
  1. An objective unknown in that row starts from its observed median. One that should match a value or a range
  is asked for just that, evenly in a range.
- **Constrained properties** that are no objective are set inside their bounds: between the bound and
  ``depth`` of the way from it to the best value observed, evenly. Where nothing observed satisfies the
  bound, it is the bound itself. Between two bounds it is anywhere. A constrained objective is pushed,
  and held to its bounds.
- **Every other property** is missing, but with probability ``extra`` it is asked for as in the row the
  target started from, where known.

Numpy only; nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.goal import Constraint, Goal, count_dominating
from alloys.space import Floats

Rows = NDArray[np.int64]


def front_rows(names: Sequence[str], goal: Goal, observed: Floats) -> Rows:
    """The rows that targets start from.

    They are the feasible rows that no other feasible row beats in every objective. A row with an unknown
    constrained value is not feasible. Where none is feasible: the rows of least total violation, each
    constraint's violation in units of its observed range, an unknown value counting as the
    worst known one and at least one range. A row with an unknown objective is left out, unless all are such.

    Args:
        names: the columns.
        goal: objectives and constraints.
        observed: values, shape ``(n, p)``, NaN where unknown.

    Returns:
        Row numbers, increasing, at least one.

    Raises:
        InputError: for names that are no column, or no rows.
    """
    values = _checked(names, goal, observed)
    _, _, span = _extremes(values)
    columns = [objective.signed(values[:, names.index(objective.name)]) for objective in goal.objectives]
    signed = np.array(columns).reshape(len(columns), len(values)).T
    complete = ~np.isnan(signed).any(axis=1)
    if not complete.any():
        complete = np.ones(len(values), dtype=np.bool_)
    violation = np.zeros(len(values))
    for constraint in goal.constraints:
        k = names.index(constraint.name)
        short = np.maximum(-constraint.margin(values[:, k]), 0.0) / span[k]
        unknown = np.isnan(values[:, k])
        violation += np.where(unknown, max(1.0, short[~unknown].max(initial=0.0)), short)
    violation = np.where(complete, violation, np.inf)
    rows = np.flatnonzero(violation <= violation.min() + 1e-12)
    better = np.nan_to_num(signed[rows], nan=-np.inf)
    best = [count_dominating(better, point) == 0 for point in better]
    return np.asarray(rows[best], dtype=np.int64)


def beyond_front(
    names: Sequence[str],
    goal: Goal,
    observed: Floats,
    m: int,
    rng: np.random.Generator,
    *,
    front: Rows | None = None,
    reach: float = 0.3,
    depth: float = 0.5,
    extra: float = 0.2,
) -> Floats:
    """Random conditions beyond the present front.

    The rules are in the module's text.

    Args:
        names: the columns.
        goal: objectives and constraints.
        observed: values, shape ``(n, p)``, NaN where unknown.
        m: number of targets.
        rng: random numbers.
        front: rows to start from; None or none for those of `front_rows`.
        reach: largest step, as a share of the observed range.
        depth: how far inside a bound a target may lie.
        extra: probability that another property is asked for.

    Returns:
        Conditions, shape ``(m, p)``, NaN where nothing is asked.

    Raises:
        InputError: for names that are no column, no rows, or rows that are not there.
    """
    values = _checked(names, goal, observed)
    if front is None or not len(front):
        front = front_rows(names, goal, observed)
    start = _starts(values, front, m, rng)
    asked = np.where(rng.random(start.shape) < extra, start, np.nan)
    wanted, constraints = {objective.name for objective in goal.objectives}, goal.constraints
    for name in dict.fromkeys(constraint.name for constraint in constraints if constraint.name not in wanted):
        asked[:, names.index(name)] = _inside(name, constraints, values[:, names.index(name)], m, depth, rng)
    for objective, push in zip(goal.objectives, _pushes(len(goal.objectives), m, reach, rng), strict=True):
        k = names.index(objective.name)
        if objective.target is None:
            pushed = _pushed(start[:, k], objective.sign * push, values[:, k])
        else:
            pushed = rng.uniform(*objective.target, size=m)
        asked[:, k] = np.clip(pushed, *_bounds(objective.name, constraints))
    return asked


def _starts(values: Floats, front: Rows, m: int, rng: np.random.Generator) -> Floats:
    """Rows of the front, drawn evenly, shape ``(m, p)``."""
    if m < 0:
        raise InputError(f"the number of targets must not be negative, got {m}")
    if np.min(front) < 0 or np.max(front) >= len(values):
        raise InputError(f"rows of the front must lie in 0 to {len(values) - 1}, got {list(front)[:8]}")
    return np.asarray(values[rng.choice(np.asarray(front), size=m)])


def _pushed(start: Floats, push: Floats, column: Floats) -> Floats:
    """Values moved by a push in observed ranges, from the observed median where unknown; shapes ``(m,)``."""
    known = column[~np.isnan(column)]
    if not len(known):
        return np.full(len(start), np.nan)
    middle = float(np.median(known))
    width = float(np.ptp(known)) or max(abs(middle), 1e-12)
    return np.asarray(np.where(np.isnan(start), middle, start) + push * width)


def _pushes(count: int, m: int, reach: float, rng: np.random.Generator) -> Floats:
    """Steps in random directions, shape ``(count, m)``, each in ``[0, reach]``."""
    weights = rng.exponential(size=(count, m))
    return np.asarray(rng.uniform(0, reach, size=m) * weights / weights.max(axis=0, initial=1e-300))


def _inside(
    name: str, constraints: Sequence[Constraint], column: Floats, m: int, depth: float, rng: np.random.Generator
) -> Floats:
    """Values at or inside the bounds of one property, shape ``(m,)``."""
    floor, ceiling = _bounds(name, constraints)
    chance = rng.random(m)
    if np.isfinite(floor) and np.isfinite(ceiling):
        return np.asarray(floor + chance * (ceiling - floor))
    known = column[~np.isnan(column)]
    if np.isfinite(floor):
        return np.asarray(floor + chance * depth * max(float(known.max(initial=floor)) - floor, 0.0))
    return np.asarray(ceiling - chance * depth * max(ceiling - float(known.min(initial=ceiling)), 0.0))


def _bounds(name: str, constraints: Sequence[Constraint]) -> tuple[float, float]:
    floor = max((c.bound for c in constraints if c.name == name and c.sign > 0), default=-np.inf)
    ceiling = min((c.bound for c in constraints if c.name == name and c.sign < 0), default=np.inf)
    return floor, ceiling


def _extremes(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Smallest and largest known value of each column and the range between, 1 where that is nothing."""
    known = ~np.isnan(values)
    low = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    spread = high > low
    return low, high, np.where(spread, np.where(spread, high, 1.0) - np.where(spread, low, 0.0), 1.0)


def _checked(names: Sequence[str], goal: Goal, observed: Floats) -> Floats:
    values = np.asarray(observed, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(names) or not len(values):
        columns = ", ".join(names)
        raise InputError(f"observed values must have rows and the columns {columns}, got shape {values.shape}")
    if np.isinf(values).any():
        raise InputError("observed values must be finite or NaN")
    stray = sorted(set(goal.names) - set(names))
    if stray:
        raise InputError(f"no column for {', '.join(stray)}; available are {', '.join(names)}")
    return values
