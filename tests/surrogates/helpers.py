"""A truth that is fast: the physics prior plus a smooth error, and phases by a sigmoid of the demixing margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from alloys.goal import Goal
from alloys.physics.refractory import BUNDLE
from alloys.physics.solution import demixing_margin
from alloys.problem import Problem
from alloys.space import AlloySpace, Points
from surrogates.choosing.table import Table
from surrogates.model.surrogate import Surrogate

Floats = NDArray[np.float64]

SPACE = AlloySpace.build("Cr Hf Mo Nb Ta Ti V W Zr".split(), limits=[("Cr", 0.10, "Zr")])
GOAL = Goal.parse(
    ["maximize specific_yield_strength_1300c", "maximize ductility_index"],
    [
        "density <= 9",
        "vec <= 5.0",
        "solidus >= 2273",
        "freezing_range <= 300",
        "bcc_fraction_1200c >= 0.99",
        "bcc_fraction_1300c >= 0.99",
    ],
)
PROBLEM = Problem(SPACE, GOAL, BUNDLE)
REFERENCE = np.array([0.0, 1.5])


def wanted(objectives: Sequence[str], constraints: Sequence[str] = ()) -> Problem:
    """The problem with another goal."""
    return replace(PROBLEM, goal=Goal.parse(objectives, constraints))


def prior_means(fractions: Floats) -> Mapping[str, Floats]:
    """What the physics expects of compositions of the space."""
    return BUNDLE.prior_means(SPACE.elements, fractions, BUNDLE.describe(SPACE.elements, fractions))


def truth(points: Points) -> dict[str, Floats]:
    """What "validation" answers, by property, shape ``(n,)``; about 60 K of smooth error in the solidus."""
    fractions = SPACE.fractions(points)
    draw = np.random.default_rng(7)
    matrix = draw.normal(size=(SPACE.dimension, SPACE.dimension))
    error = 120 * np.einsum("ni,ij,nj->n", fractions, matrix + matrix.T, fractions)
    priors = prior_means(fractions)
    solidus = priors["solidus"] + error + 20
    name = "specific_yield_strength_1300c"
    margins = {c: demixing_margin(SPACE.elements, fractions, c + 273.15) - 0.15 for c in (1200, 1300)}
    return {
        "solidus": solidus,
        "freezing_range": np.maximum(priors["freezing_range"] - 0.5 * error, 5.0),
        name: np.asarray(BUNDLE.derive("solidus", solidus, SPACE.elements, fractions)[name]),
        **{f"bcc_fraction_{c}c": np.clip(1.0 + 1.5 * np.minimum(m, 0), 0.3, 1.0) for c, m in margins.items()},
    }


def drawn_outputs(table: Table, samples: int) -> Floats:
    """Samples of the table's outputs, each row drawn by itself, shape ``(samples, N, m)``."""
    normal = np.random.default_rng(0).standard_normal((samples, *table.means.shape))
    return table.outputs(np.arange(len(table.means)), table.means + table.deviations * normal)


def closed_form_ok(points: Points) -> NDArray[np.bool_]:
    """Which rows hold every constraint in closed form."""
    return PROBLEM.passes(points)


def feasible(points: Points) -> NDArray[np.bool_]:
    """Which rows hold every constraint in truth."""
    values, good = truth(points), closed_form_ok(points)
    for constraint in GOAL.constraints:
        if constraint.name in values:
            good &= constraint.holds(values[constraint.name])
    return good


@cache
def pool() -> Points:
    """Some 1,000 alloys that hold the constraints in closed form, the first two feasible, in a fixed order."""
    points = SPACE.sample(6000, np.random.default_rng(11))
    points = points[closed_form_ok(points)]
    good = feasible(points)
    first = np.flatnonzero(good)[:2]
    rest = np.setdiff1d(np.arange(len(points)), np.flatnonzero(good)[:2])
    return np.concatenate([points[first], points[rest]])


@cache
def fitted(count: int = 30) -> Surrogate:
    """A surrogate of the first rows of the pool."""
    points = pool()[:count]
    return Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), truth(points))
