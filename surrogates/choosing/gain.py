"""What validating one alloy is expected to gain, taken apart: objectives, constraints, uncertainty, waiting alloys.

The gain is the constrained expected hypervolume improvement, by plain Monte Carlo from the joint posterior, of which
the criterion that chooses a batch is a smoothed logarithm.

References:
    Daulton, Balandat & Bakshy, NeurIPS 2020 and 2021 (expected hypervolume improvement, with constraints and with
    alloys under way).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alloys.errors import InputError
from alloys.goal import Goal
from alloys.problem import Problem
from alloys.space import Bools, Floats
from surrogates.choosing.fronts import Fronts
from surrogates.choosing.packing import PackedFront
from surrogates.choosing.pareto import Front
from surrogates.explaining.attribution import coalitions, shapley
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate

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
            tiled = np.tile(np.arange(len(described)), samples)
            derived = described.take(tiled).derive(output.source, drawn[output.source].ravel())
            latent = latent + derived[name].reshape(latent.shape)
        drawn[name] = output.warp.backward(latent)
    if surrogate.failures is not None:
        mean, covariance = surrogate.failures.joint(described.raw())
        found[SUCCESS] = mean + rng.standard_normal((samples, len(described))) @ _root(covariance).T
    exact = problem.closed_forms(described.inputs)
    drawn |= problem.combined(drawn, described.inputs)
    for name in problem.goal.names:
        if name in exact:
            found[name] = np.tile(exact[name], (samples, 1))
        elif name in drawn:
            found[name] = drawn[name]
        else:
            raise InputError(f"no model answers {name}; modelled are {', '.join(surrogate.names)}")
    return found


@dataclass(frozen=True, slots=True)
class SampledOutcomes:
    """Joint posterior samples of ``n`` alloys in the goal's terms.

    Attributes:
        points: objectives, larger is better, shape ``(samples, n, objectives)``; without any the designs' places.
        good: in which samples every constraint holds, shape ``(samples, n)``.
    """

    points: Floats
    good: Bools

    @classmethod
    def of(cls, goal: Goal, drawn: Mapping[str, Floats]) -> SampledOutcomes:
        """From samples of the properties, shape ``(samples, n)`` each, as `draw` gives them."""
        good = kept(goal, drawn)
        parts = [o.signed(drawn[o.name]) for o in goal.objectives]
        return cls(np.stack(parts, axis=-1) if parts else np.zeros((*good.shape, 0)), good)

    @classmethod
    def at(cls, places: Floats, goal: Goal, drawn: Mapping[str, Floats]) -> SampledOutcomes:
        """The same without objectives, of designs at places ``(n, k)``."""
        good = kept(goal, drawn)
        return cls(np.broadcast_to(places, (len(good), *places.shape)), good)

    def gains(self, front: Front | PackedFront) -> Floats:
        """What each alloy alone adds to a front in each sample, shape ``(samples, n)``."""
        return front.improvements(self.points) * self.good

    def gains_beside(self, rows: Sequence[int], front: Front | PackedFront, gains: Floats, changed: Bools) -> Floats:
        """The gains once some alloys have joined the front where they are feasible, shape ``(samples, n)``.

        Args:
            rows: these alloys.
            front: without them.
            gains: before they joined, shape ``(samples, n)``.
            changed: the samples to look at again, shape ``(samples,)``; the others stay as they are.
        """
        gains = gains.copy()
        points, good = self.points[changed] - front.reference, self.good[changed]
        fronts: Fronts = front.fronts.repeated(len(points))
        for row in rows:
            fronts = fronts.joined(points[:, row], good[:, row])
        gains[changed] = fronts.gains(points, good)
        return gains


def gains_alone(
    surrogate: Surrogate, problem: Problem, described: Described, front: Front, samples: int, seed: int
) -> Floats:
    """Expected gain of each of ``n`` alloys as if nothing were waited for, shape ``(n,)``."""
    drawn = draw(surrogate, problem, described, samples, seed)
    return np.asarray(SampledOutcomes.of(problem.goal, drawn).gains(front).mean(axis=0))


def gain_of(
    surrogate: Surrogate,
    problem: Problem,
    alloy: Floats,
    front: Front,
    *,
    waiting: Floats,
    background: Floats,
    samples: int = 512,
    seed: int = 0,
) -> Gain:
    """The gain of one alloy, taken apart.

    Args:
        surrogate: the model.
        problem: objectives and constraints.
        alloy: its inputs, as `Space.inputs` gives them, shape ``(d,)``.
        front: what is known, and the reference point.
        waiting: alloys under way, shape ``(w, d)``.
        background: signed objectives of measured alloys, shape ``(b, m)``, with which objectives are compared.
        samples: of the posterior.
        seed: of the samples.
    """
    goal = problem.goal
    described = surrogate.describe(np.concatenate([alloy[None], waiting]))
    drawn = draw(surrogate, problem, described, samples, seed)
    outcomes = SampledOutcomes.of(goal, drawn)
    raw = front.improvements(outcomes.points[:, :1])[:, 0]
    alone = raw * outcomes.good[:, 0]

    def beside(rows: list[int]) -> Floats:
        changed = (alone > 0) & outcomes.good[:, rows].any(axis=1)
        return outcomes.gains_beside(rows, front, np.tile(alone[:, None], (1, len(described))), changed)[:, 0]

    others = list(range(1, len(described)))
    expected = beside(others)
    objectives, baseline = _by_objective(goal, outcomes, front, background)
    without = {str(c): float((raw * kept(_but(goal, k), drawn)[:, 0]).mean()) for k, c in enumerate(goal.constraints)}
    return Gain(
        expected=float(expected.mean()),
        error=float(expected.std(ddof=1) / np.sqrt(samples)),
        alone=float(alone.mean()),
        at_mean=_at_mean(surrogate, problem, described.take(np.zeros(1, dtype=np.int64)), front),
        objectives=objectives,
        baseline=baseline,
        without=without,
        waiting=float(alone.mean()) - np.array([beside([i]).mean() for i in others], dtype=np.float64),
    )


def _but(goal: Goal, k: int) -> Goal:
    """The goal without its ``k``-th constraint."""
    return Goal(goal.objectives, goal.constraints[:k] + goal.constraints[k + 1 :])


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def kept(goal: Goal, drawn: Mapping[str, Floats]) -> Bools:
    """In which samples every constraint holds, shape ``(samples, n)``."""
    good = np.ones(next(iter(drawn.values())).shape, dtype=np.bool_)
    if SUCCESS in drawn:
        good &= drawn[SUCCESS] > 0
    for constraint in goal.constraints:
        good &= constraint.holds(drawn[constraint.name])
    return good


def _at_mean(surrogate: Surrogate, problem: Problem, described: Described, front: Front) -> float:
    means, _ = surrogate.predict(described)
    certain = {name: column[None] for name, column in {**means, **problem.closed_forms(described.inputs)}.items()}
    return float(SampledOutcomes.of(problem.goal, certain).gains(front)[0, 0])


def _by_objective(
    goal: Goal, outcomes: SampledOutcomes, front: Front, background: Floats
) -> tuple[dict[str, float], float]:
    """Shapley values of the objectives: absent ones take the background's values."""
    worth = []
    for told in coalitions(len(goal.objectives)):
        mixed = np.where(told, outcomes.points[:, 0, None, :], background[None, :, :])
        worth.append((front.improvements(mixed).mean(axis=1) * outcomes.good[:, 0]).mean())
    shares = shapley(np.array(worth))
    return {o.name: float(share) for o, share in zip(goal.objectives, shares, strict=True)}, float(worth[0])
