"""More rows from few: neighbours of the training rows, their properties moved along a linear response.

A training set of a hundred alloys is too small for a network to learn what an element does to a property. A
copy of a row has some steps moved between two elements, or one element replaced by another, and stays in
the space; where one is replaced, one of the variables has another value too. Its properties are those of the row plus
``(x' - x) B``: ``B`` is a ridge regression of the properties on composition and variables, fitted to the training rows
alone, so nothing is used that the rows do not say.
Where leave-one-out errors show that a property is not nearly linear, ``B`` is zero for it, and copies with
a replaced element or another value do not know it.
"""

from __future__ import annotations

import numpy as np

from alloys.space import AlloySpace, Bools, Floats, GridSpace, Points
from alloys.space.drawing import exchanged
from alloys.space.variables import NOT_CHOSEN, Variables
from generators.training.ridge import ridge
from generators.training.settings import TrainingSettings

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
"""Ridge penalties tried, for fractions as features; variances of fractions in a space are about 0.01."""

TRUSTED = 0.5
"""Smallest leave-one-out share of the variance explained for a response to be used."""

FEWEST = 12
"""Smallest number of known values for a response to be fitted."""


def linear_response(features: Floats, values: Floats) -> tuple[Floats, Bools]:
    """Ridge slopes of each property on composition and variables, and which are trusted.

    Args:
        features: atomic fractions, and variables as models see them, shape ``(n, d)``.
        values: properties, shape ``(n, p)``, NaN where unknown.

    Returns:
        Slopes of shape ``(d, p)``, zero where not trusted, and trust of shape ``(p,)``.
    """
    slopes = np.zeros((features.shape[1], values.shape[1]))
    trusted = np.zeros(values.shape[1], dtype=np.bool_)
    for k in range(values.shape[1]):
        known = ~np.isnan(values[:, k])
        if known.sum() < FEWEST or np.ptp(values[known, k]) == 0:
            continue
        x, y = features[known], values[known, k]
        x, y = x - x.mean(axis=0), y - y.mean()
        slope, unseen = ridge(x, y, PENALTIES, mean_leverage=1 / len(y), least=1e-3)
        if 1 - float((unseen**2).sum()) / float((y**2).sum()) >= TRUSTED:
            slopes[:, k], trusted[k] = slope, True
    return slopes, trusted


def augment(
    space: GridSpace, points: Points, conditions: Floats, settings: TrainingSettings, rng: np.random.Generator
) -> tuple[Points, Floats]:
    """The rows and their copies, layer after layer.

    Args:
        space: the space; every copy lies in it.
        points: rows, shape ``(n, d)``.
        conditions: properties, shape ``(n, p)``, NaN where unknown.
        settings: how many copies and how different.
        rng: random numbers.

    Returns:
        Points of shape ``((copies + 1) n, d)`` and conditions of shape ``((copies + 1) n, p)``; the first
        ``n`` are the rows themselves. A copy that would leave the space is its row unchanged.
    """
    grid, variables = space.alloys, space.variables
    steps, places = np.split(points, [grid.dimension], axis=1)
    seen = variables.encoded(variables.raw(places))
    slopes, trusted = linear_response(np.concatenate([grid.fractions(steps), seen], axis=1), conditions)
    known = ~np.isnan(conditions)
    low = np.where(known, conditions, np.inf).min(axis=0)
    high = np.where(known, conditions, -np.inf).max(axis=0)
    all_points, all_conditions = [points], [conditions]
    for _ in range(settings.copies):
        replacing = rng.random(len(points)) < settings.replace
        swapped = np.where(replacing[:, None], exchanged(grid, steps, rng), steps)
        copy = _blurred(grid, _moved(grid, swapped, settings.jitter, rng), settings.noise, rng)
        chosen = np.where(replacing[:, None], _changed(variables, places, rng), places)
        change = variables.encoded(variables.raw(chosen)) - seen
        values = conditions + np.concatenate([grid.change(copy, steps), change], axis=1) @ slopes
        values = np.clip(values, low, high)
        other = ((copy > 0) != (steps > 0)).any(axis=1) | (chosen != places).any(axis=1)
        all_points.append(np.concatenate([copy, chosen], axis=1))
        all_conditions.append(np.where(other[:, None] & ~trusted, np.nan, values))
    return np.concatenate(all_points), np.concatenate(all_conditions)


def _changed(variables: Variables, places: Points, rng: np.random.Generator) -> Points:
    """Places ``(n, v)`` with one variable's drawn anew, and with it those that its value asks for."""
    if not len(variables):
        return places
    fresh = rng.integers([len(variable.values) for variable in variables], size=places.shape)
    changing = np.arange(len(variables)) == rng.integers(len(variables), size=(len(places), 1))
    return variables.settled(np.where(changing | (places == NOT_CHOSEN), fresh, places))


def _moved(space: AlloySpace, points: Points, most: int, rng: np.random.Generator) -> Points:
    """Each row with up to ``most`` steps moved between two present elements, where the space allows."""
    if not most or points.shape[1] < 2:
        return points
    rows = np.arange(len(points))
    order = np.argsort(np.where(points > 0, rng.random(points.shape), 2.0), axis=1)
    size = rng.integers(1, most + 1, size=len(points))
    changed = points.copy()
    changed[rows, order[:, 0]] -= size
    changed[rows, order[:, 1]] += size
    good = space.contains(changed) & ((changed > 0) == (points > 0)).all(axis=1)
    return np.where(good[:, None], changed, points)


def _blurred(space: AlloySpace, points: Points, noise: float, rng: np.random.Generator) -> Points:
    """Each row with lognormal noise on its fractions, where that stays in the space."""
    if not noise:
        return points
    fractions = space.fractions(points) * np.exp(noise * rng.standard_normal(points.shape))
    changed = space.round_to_grid(fractions / fractions.sum(axis=1, keepdims=True))
    good = space.contains(changed) & ((changed > 0) == (points > 0)).all(axis=1)
    return np.where(good[:, None], changed, points)
