"""Compositions moved onto the properties that they were asked for, their elements and variables kept.

First the projection: Gauss-Newton steps among real fractions. Then the polish: small steps on the grid.

References:
    Csiszar, I. (1975). I-divergence geometry of probability distributions and minimization problems. Ann. Probab.
        3, 146: the projection onto linear constraints by exponential tilting.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from alloys.space import AlloySpace, Floats, GridSpace, Points

Properties = Callable[[Floats], Floats]
"""Properties, shape ``(m, p)``, of inputs, shape ``(m, k)``: atomic fractions, ``d`` of them, then variables, as
`Space.inputs` gives them. May have a method ``slopes``, see `slopes_of`."""


def relative_errors(values: Floats, targets: Floats) -> Floats:
    """Relative errors, 0 where nothing is asked, shape ``(m, p)``."""
    return np.asarray(np.where(np.isnan(targets), 0.0, values / targets - 1))


def refine(space: GridSpace, points: Points, targets: Floats, properties: Properties, rounds: int = 3) -> Points:
    """Rows of the space moved towards their targets: the elements stay, what would leave the space stays as it was.

    Args:
        space: the compositions allowed; variables beside them stay.
        points: shape ``(m, k)``.
        targets: shape ``(m, p)``, NaN where nothing is asked.
        properties: the reference model or surrogate.
        rounds: projection steps before the grid's.
    """
    grid, d = space.alloys, space.alloys.dimension
    moved = project(space.inputs(points), targets, properties, rounds, d)
    rounded = np.concatenate([grid.round_to_grid(moved[:, :d]), points[:, d:]], axis=1)
    best = _better(space, points, rounded, targets, properties)
    for _ in range(2):
        best = _better(space, best, polish(space, best, targets, properties), targets, properties)
    return best


def _better(space: GridSpace, old: Points, new: Points, targets: Floats, properties: Properties) -> Points:
    """Row by row the new where it is in the space and nearer to the target, else the old."""
    before, after = (np.square(relative_errors(properties(space.inputs(u)), targets)).sum(axis=1) for u in (old, new))
    return np.where((space.contains(new) & (after < before))[:, None], new, old)


def polish(space: GridSpace, points: Points, targets: Floats, properties: Properties, most: int = 3) -> Points:
    """The best small step on the grid between the four largest amounts, by the linear model, shape ``(m, k)``.

    Every step of at most ``most`` steps in three of them, the fourth keeping the sum, is tried; where there is a
    balance, it is the fourth.
    """
    inputs, grid, d = space.inputs(points), space.alloys, space.alloys.dimension
    values = properties(inputs)
    slopes = slopes_of(inputs, values, properties, d) / values[:, :, None]
    places = _largest(grid, points[:, :d])
    local = np.take_along_axis(slopes, places[:, None, :], axis=2)  # (m, p, 4)
    local = local * np.take_along_axis(grid.atoms_in_steps(points[:, :d]), places, axis=1)[:, None, :]
    steps = _steps(places.shape[1], most)
    each = steps[None]
    if grid.strides:
        each = steps * np.array(grid.strides)[places][:, None, :]
        each[:, :, -1] = -each[:, :, :-1].sum(axis=2)
        change = np.einsum("mpk,msk->msp", local, each / grid.total)
    else:
        change = np.einsum("mpk,sk->msp", local, steps / grid.total)
    left = relative_errors(values, targets)[:, None, :] + np.where(np.isnan(targets), 0.0, 1.0)[:, None, :] * change
    cost = (left**2).sum(axis=2)
    before = np.take_along_axis(points, places, axis=1)
    cost[(before[:, None, :] + each < 1).any(axis=2)] = np.inf
    chosen = np.broadcast_to(each, (len(points), *steps.shape))[np.arange(len(points)), np.argmin(cost, axis=1)]
    moved = points.copy()
    np.put_along_axis(moved, places, before + chosen, axis=1)
    return moved


def _largest(space: AlloySpace, points: Points) -> Points:
    """Places of the four largest amounts, the balance last; of fewer elements all of them, shape ``(m, <= 4)``."""
    if space.balance is None:
        return np.argsort(-points, axis=1, kind="stable")[:, :4]
    last = space.elements.index(space.balance)
    order = np.where(np.arange(points.shape[1]) == last, 1, -points)
    largest = np.argsort(order, axis=1, kind="stable")[:, : min(3, points.shape[1] - 1)]
    return np.concatenate([largest, np.full((len(points), 1), last)], axis=1)


def _steps(places: int, most: int) -> Points:
    """Small steps that keep the sum, no step among them, shape ``(s, places)``."""
    free = itertools.product(range(-most, most + 1), repeat=places - 1)
    rows = np.array([(*step, -sum(step)) for step in free], dtype=np.int64).reshape(-1, places)
    return rows[np.abs(rows[:, -1]) <= most]


def project(
    inputs: Floats, targets: Floats, properties: Properties, rounds: int = 8, elements: int | None = None
) -> Floats:
    """Compositions with the targets' properties, near the given ones in Kullback-Leibler divergence.

    Gauss-Newton steps by exponential tilting, ``c exp(D^T w)``: ``D_i = (df / d log c_i) / c_i`` by forward
    differences of the relative properties, ``w`` such that the linear model meets the target. Absent elements stay
    absent. Where the elements present cannot meet the target, the result is what the steps reached.

    Args:
        inputs: shape ``(m, k)``.
        targets: shape ``(m, p)``, NaN where nothing is asked.
        properties: the reference model or surrogate.
        rounds: number of steps.
        elements: how many columns of the inputs are fractions, ``d``; all of them if None. The others stay.

    Returns:
        Inputs, shape ``(m, k)``.
    """
    current = inputs.copy()
    p, d = targets.shape[1], current.shape[1] if elements is None else elements
    for _ in range(rounds):
        values = properties(current)
        aims = np.where(np.isnan(targets), values, targets)
        slopes = np.where(
            np.isnan(targets)[:, :, None], 0.0, slopes_of(current, values, properties, d) / aims[:, :, None]
        )
        fractions = current[:, :d]
        gram = np.einsum("mpd,md,mqd->mpq", slopes, fractions, slopes, optimize=True) + 1e-9 * np.eye(p)
        weights = np.linalg.solve(gram, ((aims - values) / aims)[:, :, None])[:, :, 0]
        step = np.einsum("mpd,mp->md", slopes, weights)
        fractions = fractions * np.exp(np.clip(step, -0.5, 0.5))
        current[:, :d] = fractions / fractions.sum(axis=1, keepdims=True)
    return current


def slopes_of(
    inputs: Floats, values: Floats, properties: Properties, elements: int | None = None, size: float = 1e-5
) -> Floats:
    """Derivatives along adding an element and scaling back to one, shape ``(m, p, d)``; zero where absent.

    The first ``elements`` of the inputs, ``d``, are fractions; all of them if None.
    """
    exact = getattr(properties, "slopes", None)
    if exact is not None:
        return np.asarray(exact(inputs))
    d = inputs.shape[1] if elements is None else elements
    slopes = np.zeros((*values.shape, d))
    for i in range(d):
        rows = np.flatnonzero(inputs[:, i] > 0)
        moved = inputs[rows]
        moved[:, i] += size
        moved[:, :d] /= 1 + size
        slopes[rows, :, i] = (properties(moved) - values[rows]) / size
    return slopes
