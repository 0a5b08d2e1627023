"""What validating one alloy is expected to gain, taken apart: objectives, constraints, uncertainty, waiting alloys.

The gain is the constrained expected hypervolume improvement, by plain Monte Carlo from the joint posterior, of which
the criterion that chooses a batch is a smoothed logarithm.

References:
    Daulton, Balandat & Bakshy, NeurIPS 2020 and 2021 (expected hypervolume improvement, with constraints and with
    alloys under way).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.goal import Goal
from alloys.problem import Problem
from surrogates.choosing.pareto import improvements
from surrogates.explaining.attribution import coalitions, shapley
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SUCCESS = "success"
"""Beside the properties: whether validation succeeds, see `surrogates.model.failures`."""


@dataclass(frozen=True, slots=True)
class Gain:
    """The expected gain of one alloy, in units of the hypervolume.

    Attributes:
        expected: given the waiting alloys.
        error: standard error of the Monte Carlo mean.
        alone: as if nothing were waited for.
        at_mean: were the predicted means certain, as if nothing were waited for; the rest of ``alone`` is due to
            uncertainty.
        objectives: share of each objective in ``alone``, against the background; they sum to ``alone - baseline``.
        baseline: the gain with every objective at the background's values.
        without: by constraint, ``alone`` were that constraint not asked for.
        waiting: by position, what each waiting alloy by itself takes from ``alone``, shape ``(w,)``.
    """

    expected: float
    error: float
    alone: float
    at_mean: float
    objectives: Mapping[str, float]
    baseline: float
    without: Mapping[str, float]
    waiting: Floats


def draw(surrogate: Surrogate, problem: Problem, described: Described, samples: int, seed: int) -> dict[str, Floats]:
    """Joint posterior samples of the goal's properties in their own units, shape ``(samples, n)`` each.

    Once validations failed, `SUCCESS` is among them, which is positive where validation succeeds.

    Raises:
        InputError: if a property is neither modelled nor in closed form.
    """
    rng = np.random.default_rng(seed)
    inputs, priors = surrogate.latent_inputs(described), described.prior_means()
    drawn: dict[str, Floats] = {}
    found = {}
    sources = surrogate.sources
    for name in sorted(
        {*problem.validated, *sources} & set(surrogate.names), key=lambda name: (name not in sources, name)
    ):
        output = surrogate.outputs[name]
        mean, covariance = output.joint(inputs, priors)
        latent = mean + rng.standard_normal((samples, len(described))) @ _root(covariance).T
        if output.chained:
            tiled = np.tile(described.fractions, (samples, 1))
            derived = replace(described, fractions=tiled).derive(output.source, drawn[output.source].ravel())
            latent = latent + derived[name].reshape(latent.shape)
        drawn[name] = output.warp.backward(latent)
    if surrogate.failures is not None:
        mean, covariance = surrogate.failures.joint(described.raw())
        found[SUCCESS] = mean + rng.standard_normal((samples, len(described))) @ _root(covariance).T
    exact = problem.closed_forms(described.fractions)
    for name in problem.goal.names:
        if name in exact:
            found[name] = np.tile(exact[name], (samples, 1))
        elif name in drawn:
            found[name] = drawn[name]
        else:
            raise InputError(f"no model answers {name}; modelled are {', '.join(surrogate.names)}")
    return found


def gains_alone(
    surrogate: Surrogate,
    problem: Problem,
    described: Described,
    front: Floats,
    reference: Floats,
    samples: int,
    seed: int,
) -> Floats:
    """Expected gain of each of ``n`` alloys as if nothing were waited for, shape ``(n,)``."""
    drawn = draw(surrogate, problem, described, samples, seed)
    points, good = signed(problem.goal, drawn), kept(problem.goal, drawn)
    return np.asarray((_improve(points, front, reference) * good).mean(axis=0))


def gain_of(
    surrogate: Surrogate,
    problem: Problem,
    alloy: Floats,
    *,
    waiting: Floats,
    front: Floats,
    reference: Floats,
    background: Floats,
    samples: int = 512,
    seed: int = 0,
) -> Gain:
    """The gain of one alloy, taken apart.

    Args:
        surrogate: the model.
        problem: objectives and constraints.
        alloy: atomic fractions, shape ``(d,)``.
        waiting: alloys under way, shape ``(w, d)``.
        front: signed objectives of the feasible alloys, shape ``(k, m)``.
        reference: signed reference point, shape ``(m,)``.
        background: signed objectives of measured alloys, shape ``(b, m)``, with which objectives are compared.
        samples: of the posterior.
        seed: of the samples.
    """
    goal = problem.goal
    described = surrogate.describe(np.concatenate([alloy[None], waiting]))
    drawn = draw(surrogate, problem, described, samples, seed)
    points, good = signed(goal, drawn), kept(goal, drawn)
    raw = _improve(points[:, :1], front, reference)[:, 0]
    alone = raw * good[:, 0]
    others = range(1, len(described))
    left = [_given(points, good, alone, front, reference, [i]).mean() for i in others]
    expected = _given(points, good, alone, front, reference, list(others))
    objectives, baseline = _by_objective(goal, points[:, 0], good[:, 0], front, reference, background)
    return Gain(
        expected=float(expected.mean()),
        error=float(expected.std(ddof=1) / np.sqrt(samples)),
        alone=float(alone.mean()),
        at_mean=_at_mean(surrogate, problem, described.take(np.zeros(1, dtype=np.int64)), front, reference),
        objectives=objectives,
        baseline=baseline,
        without={
            str(c): float((raw * kept(_but(goal, k), drawn)[:, 0]).mean()) for k, c in enumerate(goal.constraints)
        },
        waiting=float(alone.mean()) - np.array(left, dtype=np.float64),
    )


def _but(goal: Goal, k: int) -> Goal:
    """The goal without its ``k``-th constraint."""
    return Goal(goal.objectives, goal.constraints[:k] + goal.constraints[k + 1 :])


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def signed(goal: Goal, drawn: Mapping[str, Floats]) -> Floats:
    """Objectives of samples of shape ``(samples, n)``, larger is better, shape ``(samples, n, objectives)``."""
    return np.stack([o.sign * drawn[o.name] for o in goal.objectives], axis=-1)


def kept(goal: Goal, drawn: Mapping[str, Floats]) -> Bools:
    """In which samples every constraint holds, shape ``(samples, n)``."""
    good = np.ones(next(iter(drawn.values())).shape, dtype=np.bool_)
    if SUCCESS in drawn:
        good &= drawn[SUCCESS] > 0
    for constraint in goal.constraints:
        good &= constraint.holds(drawn[constraint.name])
    return good


def _improve(points: Floats, front: Floats, reference: Floats) -> Floats:
    flat = points.reshape(-1, points.shape[-1])
    return improvements(flat, front.reshape(-1, len(reference)), reference).reshape(points.shape[:-1])


def _given(points: Floats, good: Bools, alone: Floats, front: Floats, reference: Floats, rows: list[int]) -> Floats:
    """The gain in each sample once these waiting rows have joined the front where they are feasible."""
    left = alone.copy()
    for s in np.flatnonzero((alone > 0) & good[:, rows].any(axis=1)):
        joined = [row for row in rows if good[s, row]]
        larger = np.concatenate([front.reshape(-1, len(reference)), points[s, joined]])
        left[s] = improvements(points[s, :1], larger, reference)[0]
    return left


def _at_mean(surrogate: Surrogate, problem: Problem, described: Described, front: Floats, reference: Floats) -> float:
    means, _ = surrogate.predict(described)
    goal, exact = problem.goal, problem.closed_forms(described.fractions)
    certain = {name: column[None] for name, column in {**means, **exact}.items()}
    return float((_improve(signed(goal, certain), front, reference) * kept(goal, certain))[0, 0])


def _by_objective(
    goal: Goal, points: Floats, good: Bools, front: Floats, reference: Floats, background: Floats
) -> tuple[dict[str, float], float]:
    """Shapley values of the objectives: absent ones take the background's values."""
    members = coalitions(len(goal.objectives))
    worth = []
    for told in members:
        mixed = np.where(told, points[:, None, :], background[None, :, :])
        worth.append((_improve(mixed, front, reference).mean(axis=1) * good).mean())
    shares = shapley(np.array(worth))
    return {o.name: float(share) for o, share in zip(goal.objectives, shares, strict=True)}, float(worth[0])
