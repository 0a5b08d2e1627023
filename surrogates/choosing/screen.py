"""From many candidates to a short list: exact rules first, then a cheap optimistic bound with some diversity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alloys.batches.rules import BatchRules
from alloys.distances import distances, places
from alloys.errors import InputError
from alloys.problem import Problem
from alloys.space import Bools, Floats, Points
from surrogates.choosing.matching import expected_gain, signed_moments
from surrogates.choosing.pareto import Front
from surrogates.model.features import Described
from surrogates.model.surrogate import Latent, Surrogate

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a batch is chosen.

    Attributes:
        short_list: candidates that the exact acquisition sees.
        floor: candidates less likely to be feasible than this drop out, once something feasible is known.
        optimism: standard deviations added to the objectives in the cheap bound.
        share: largest share of the short list that one set of elements may take before others had their turn.
        samples: quasi Monte Carlo samples of the exact acquisition; a power of two.
        polish: rounds in which every pick is moved to the best of its neighbours on the grid; 0 for none.
        polish_list: neighbours of all picks together that the exact acquisition sees in a round.
        block: candidates looked at together.
        wide: candidates that the quick screening keeps for the good one; a pool of no more has only the good one.
        check: candidates off the short list, drawn at random, that the exact acquisition sees after all, to say what
            the short list may have lost; 0 for none.
        starts: sets of elements whose best candidate is moved uphill on the bound; see `surrogates.choosing.ascent`.
        climb: most moves of each of them; 0 for none.
        top: the share of a list whose best are all sought, see `surrogates.choosing.top`; None for the best ones only.
    """

    short_list: int = 512
    floor: float = 0.1
    optimism: float = 1.0
    share: float = 0.34
    samples: int = 128
    polish: int = 3
    polish_list: int = 192
    block: int = 16384
    wide: int = 2048
    check: int = 64
    starts: int = 48
    climb: int = 20
    top: float | None = None

    def __post_init__(self) -> None:
        for name in ("short_list", "samples", "polish_list", "block", "wide", "starts"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("polish", "check", "climb"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} must be at least 0, got {getattr(self, name)}")
        if not (0 <= self.floor < 1 and 0 < self.share <= 1 and self.optimism >= 0):
            raise InputError(
                "0 <= floor < 1, 0 < share <= 1 and optimism >= 0 must hold, "
                f"but got ({self.floor}, {self.share}, {self.optimism})"
            )
        if self.top is not None and not 0 < self.top < 1:
            raise InputError(f"top must be between 0 and 1, got {self.top}")


@dataclass(frozen=True, slots=True)
class BatchContext:
    """What stands beside the candidates when a batch is chosen.

    Attributes:
        observed: validated alloys, shape ``(n, d)``.
        values: by property, shape ``(n,)``; NaN where unknown.
        pending: alloys under validation, shape ``(p, d)``.
        barred: others that must not be chosen, shape ``(b, d)``; they count as neither known nor under way.
        reference: the hypervolume's reference point, shape ``(objectives,)``, signed so that larger is better.
        rules: what the designs of the batch must keep together; nothing if None.
    """

    observed: Points
    values: Mapping[str, Floats]
    pending: Points
    barred: Points
    reference: Floats
    rules: BatchRules | None = None

    @property
    def taken(self) -> tuple[Points, ...]:
        """Alloys that must not be chosen."""
        return self.observed, self.pending, self.barred

    def check(self, problem: Problem) -> None:
        """Refuses what does not fit the problem.

        Raises:
            InputError: for wrong shapes, or a reference that is not finite.
        """
        dimension = problem.space.dimension
        for rows, what in zip(self.taken, ("observed", "pending", "barred"), strict=True):
            if rows.ndim != 2 or rows.shape[1] != dimension:
                raise InputError(f"{what} must have shape (n, {dimension}), got {rows.shape}")
        reference = self.reference
        if reference.shape != (len(problem.goal.objectives),) or not np.isfinite(reference).all():
            raise InputError(f"the reference needs one finite number per objective, got {reference.tolist()}")


@dataclass(frozen=True, slots=True)
class ObservedOutcomes:
    """What was validated, in the goal's terms; ``n`` rows.

    Attributes:
        values: by property of the goal, closed forms included, shape ``(n,)``; NaN where unknown.
        feasible: which rows satisfy every constraint.
        objectives: signed so that larger is better, shape ``(n, objectives)``.
    """

    values: Mapping[str, Floats]
    feasible: Bools
    objectives: Floats

    @classmethod
    def of(cls, problem: Problem, observed: Points, values: Mapping[str, Floats]) -> ObservedOutcomes:
        """Joins measured values with closed forms.

        Raises:
            InputError: if a property that needs validation has no column, or a column the wrong length or infinite.
        """
        goal, inputs = problem.goal, problem.space.inputs(observed)
        table = problem.closed_forms(inputs)
        for name in problem.validated:
            if name in values and np.shape(values[name]) == (len(observed),):
                table[name] = np.asarray(values[name], dtype=np.float64)
            else:
                raise InputError(f"{name} needs one value (NaN if unknown) for each of {len(observed)} observed rows")
            if np.isinf(table[name]).any():
                raise InputError(f"{name} has infinite values; write NaN where it is unknown")
        table |= problem.combined(table, inputs)
        holds = [constraint.holds(table[constraint.name]) for constraint in goal.constraints]
        feasible = np.all([np.ones(len(observed), dtype=np.bool_), *holds], axis=0)
        signed = [o.signed(table[o.name]) for o in goal.objectives]
        objectives = np.column_stack(signed) if signed else np.zeros((len(observed), 0))
        return cls(table, feasible & np.isfinite(objectives).all(axis=1), objectives)

    def feasibility_first(self, problem: Problem) -> bool:
        """Whether nothing feasible is known while validation answers some of the constraints."""
        return bool(problem.validated_constraints) and not bool(self.feasible.any())

    def unlike(self, problem: Problem, observed: Points, points: Points) -> Bools:
        """Which points ``(n, d)`` are as far from every feasible observed one as different designs, shape ``(n,)``."""
        known = places(problem.space, observed[self.feasible])
        return np.asarray((distances(places(problem.space, points), known) >= problem.goal.resolution).all(axis=1))

    def front(self) -> Floats:
        """Signed objectives of the feasible rows, shape ``(k, objectives)``."""
        return self.objectives[self.feasible]


def believed(surrogate: Surrogate, problem: Problem, context: BatchContext) -> Mapping[str, Floats]:
    """The observed values; of properties that scatter, what the model makes of them: a lucky one is not the best known.

    Properties scatter if they declare it or came with standard deviations.
    """
    noisy = [
        name
        for name, output in surrogate.outputs.items()
        if problem.properties[name].scatter or (output.gp is not None and output.gp.noise_given)
    ]
    if not noisy or not len(context.observed):
        return context.values
    means, _ = surrogate.predict(problem.space.inputs(context.observed))
    measured = {name: context.values[name] for name in noisy if name in context.values}
    return {**context.values, **{name: np.where(np.isnan(v), v, means[name]) for name, v in measured.items()}}


def allowed(problem: Problem, candidates: Points, taken: Sequence[Points]) -> tuple[Indices, dict[str, int]]:
    """Indices of the candidates that may be proposed at all, and how many fell out by which rule.

    In the space, not in ``taken``, no repetition (the first stays), and every constraint in closed form
    holds.
    """
    space = problem.space
    inside = np.flatnonzero(space.contains(candidates))
    seen = {key for rows in taken for key in space.keys(rows)}
    fresh = []
    for index, key in zip(inside, space.keys(candidates[inside]), strict=True):
        if key not in seen:
            seen.add(key)
            fresh.append(int(index))
    kept = np.array(fresh, dtype=np.int64)
    good = problem.passes(candidates[kept])
    lost = {
        "out_of_space": len(candidates) - len(inside),
        "duplicate": len(inside) - len(kept),
        "closed_form": int((~good).sum()),
    }
    return kept[good], lost


@dataclass(frozen=True, slots=True)
class Bound:
    """The cheap bound on ``m`` candidates, each of shape ``(m,)``.

    Attributes:
        value: chance of feasibility times optimistic hypervolume improvement, or the chance alone.
        chance: probability that validation succeeds and every constraint holds.
    """

    value: Floats
    chance: Floats

    def where(self, good: Bools) -> Bound:
        """The same, and nothing where not ``good``, shape ``(m,)``."""
        return Bound(self.value * good, self.chance * good)


def bound(surrogate: Surrogate, problem: Problem, described: Described, front: Front | None, optimism: float) -> Bound:
    """Scores candidates cheaply: each one alone, with independent marginals.

    Of a single property that should match, the optimistic improvement is the expected one.

    Without a front, as nothing feasible is known, the bound is the chance of feasibility alone.
    """
    latent = surrogate.latent(described)
    chance = surrogate.probability_feasible(described, problem, latent)
    if front is None:
        return Bound(chance, chance)
    if _matches_alone(problem):
        return Bound(chance * _gain_of_match(surrogate, problem, described, front, latent), chance)
    hopes = optimistic(surrogate, problem, described, optimism, latent)
    return Bound(chance * front.improvements(hopes), chance)


def _matches_alone(problem: Problem) -> bool:
    """Whether the one objective is to match, and is modelled."""
    objectives = problem.goal.objectives
    return len(objectives) == 1 and objectives[0].target is not None and not problem.has_closed_form(objectives[0].name)


def _gain_of_match(
    surrogate: Surrogate, problem: Problem, described: Described, front: Front, latent: Latent
) -> Floats:
    """The expected gain itself, shape ``(m,)``: a distance falls on both sides of the target, so that near it an
    optimistic one would say nothing of which candidate hits it."""
    (objective,) = problem.goal.objectives
    means, stds = surrogate.predict(described, latent)
    reach = float(-front.reference[0])
    best = min(float(-front.points.max(initial=-np.inf)), reach)
    # Once something matches there is no more to gain, but the likeliest to match still come first.
    return expected_gain(objective, means[objective.name], stds[objective.name], max(best, 1e-3 * reach))


def optimistic(
    surrogate: Surrogate, problem: Problem, described: Described, optimism: float, latent: Latent | None = None
) -> Floats:
    """Signed objectives with ``optimism`` standard deviations added, shape ``(m, objectives)``."""
    means, stds = surrogate.predict(described, latent)
    columns = []
    for objective in problem.goal.objectives:
        if problem.has_closed_form(objective.name):
            columns.append(objective.signed(problem.closed_form(objective.name, described.inputs)))
        else:
            mean, std = signed_moments(objective, means[objective.name], stds[objective.name])
            columns.append(mean + optimism * std)
    return np.column_stack(columns)


def shorten(present: Bools, scores: Bound, size: int, settings: Settings, *, floor: float) -> Indices:
    """Indices of the best ``size`` by the bound, best first, of those at or above the floor of feasibility.

    Where too few reach the floor, the likeliest ones fill up. No set of elements takes more than its share
    while other sets still have candidates.
    """
    scarce = int((scores.chance >= floor).sum()) < min(16, len(present))
    return ranked(present, scores, able_rows(scores, floor, size, scarce=scarce), size, settings)


def able_rows(scores: Bound, floor: float, size: int, *, scarce: bool) -> Bools:
    """Which candidates, shape ``(m,)``, may be on a short list: those at the floor, or the likeliest where scarce."""
    if not scarce:
        return np.asarray(scores.chance >= floor)
    able = np.zeros(len(scores.chance), dtype=np.bool_)
    able[np.argsort(-scores.chance, kind="stable")[: max(16, size // 4)]] = True
    return able


def ranked(present: Bools, scores: Bound, able: Bools, size: int, settings: Settings) -> Indices:
    """Indices of the best ``size`` able rows by the bound, best first, each set of elements first up to its share.

    ``present``, shape ``(m, elements)``, says which elements each row has.
    """
    order = np.argsort(-scores.value, kind="stable")
    order = order[able[order]]
    most = max(1, int(settings.share * size))
    counts: Counter[bytes] = Counter()
    first: list[int] = []
    later: list[int] = []
    for index, key in zip(order, (row.tobytes() for row in present[order]), strict=True):
        counts[key] += 1
        (first if counts[key] <= most else later).append(int(index))
    return np.array((first + later)[:size], dtype=np.int64)
