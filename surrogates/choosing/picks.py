"""The alloys chosen for validation, with what is expected of them and why they were chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alloys.goal import Goal, Objective
from alloys.problem import Problem
from alloys.properties import Property
from alloys.space import Points
from surrogates.model.surrogate import Surrogate


@dataclass(frozen=True, slots=True)
class Pick:
    """One alloy chosen for validation.

    Attributes:
        point: the design in the space, whole numbers of shape ``(d,)``.
        origin: who proposed it; ``"polish of ORIGIN"`` where it was moved on the grid.
        rank: 0 for the first.
        score: logarithm of the acquisition, given the picks before it; where polish moved it, given all the others;
            that of the chance to be among the best of a list where these are sought.
        means: predictions of the modelled properties, and the closed forms that the goal names.
        stds: standard deviations of the modelled properties as validation will tell them, its scatter included.
        probability_feasible: chance that validation succeeds and every constraint holds.
        why: the reasons in words.
    """

    point: tuple[int, ...]
    origin: str
    rank: int
    score: float
    means: Mapping[str, float]
    stds: Mapping[str, float]
    probability_feasible: float
    why: str


@dataclass(frozen=True, slots=True)
class ChosenBatch:
    """The picks, best first, and what became of the candidates.

    Attributes:
        picks: at most as many as were asked for.
        mode: ``"top"`` where all of the best of a list are sought; else ``"feasibility"`` while nothing feasible is
            known, then ``"improvement"``, or ``"different"`` without objectives.
        counts: candidates looked at, fallen out by rule, on the short list, polished.
        lost: what the short list may have lost: candidates off it that were ``sampled``, of which
            ``better_than_first`` are better alone than the first pick and ``better_than_last`` better than the last
            pick beside the others; with the log acquisition of ``first`` and the sample's ``best_alone``, of
            ``last`` and the sample's ``best_as_last``. All before polish.
        notes: approximations that were made, in words.
        short: why the rules of the batch leave fewer picks than were asked for, in words; empty where they do not.
    """

    picks: tuple[Pick, ...]
    mode: str
    counts: Mapping[str, int]
    lost: Mapping[str, float]
    notes: tuple[str, ...] = ()
    short: str = ""


@dataclass(frozen=True, slots=True)
class GreedyPicks:
    """The picks, best first, before they are explained; ``k`` of them.

    Attributes:
        points: shape ``(k, d)``.
        labels: where each comes from.
        scores: log acquisition of each.
    """

    points: Points
    labels: Sequence[str]
    scores: Sequence[float]


def explained(surrogate: Surrogate, problem: Problem, chosen: GreedyPicks, *, mode: str) -> list[Pick]:
    """The picks with predictions and reasons.

    Args:
        surrogate: what was known when they were chosen.
        problem: space, objectives and constraints.
        chosen: the picks.
        mode: what was looked for, as in `ChosenBatch`.
    """
    if not len(chosen.points):
        return []
    described = surrogate.describe(problem.space.inputs(chosen.points))
    latent = surrogate.latent(described)
    means, _ = surrogate.predict(described, latent)
    _, stds = surrogate.predict(described, latent, noise=True)
    everything = {**means, **problem.closed_forms(described.inputs)}
    chances = surrogate.constraint_probabilities(described, problem)
    total = surrogate.probability_feasible(described, problem)
    picks = []
    for i, (row, label, score) in enumerate(zip(chosen.points, chosen.labels, chosen.scores, strict=True)):
        single = {name: float(column[i]) for name, column in everything.items()}
        spread = {name: float(column[i]) for name, column in stds.items()}
        tight = min(chances, key=lambda name: chances[name][i]) if chances else ""
        head = _aim(problem.goal, score, mode)
        hopes = ", ".join(
            f"{o.name} {_number(problem.properties[o.name], single, spread)}{_wish(o)}" for o in problem.goal.objectives
        )
        text = "; ".join(part for part in (head, hopes and f"expects {hopes}") if part)
        text += f"; P(feasible) {total[i]:.2f}; from {label}"
        if tight:
            text += f"; tightest constraint {tight} {_number(problem.properties[tight], single, spread)}"
            text += f" (holds with probability {chances[tight][i]:.2f})"
        numbers = tuple(int(value) for value in row)
        picks.append(Pick(numbers, label, i, score, single, spread, float(total[i]), text))
    return picks


def _aim(goal: Goal, score: float, mode: str) -> str:
    if mode == "top":
        return f"one of the best of the list with a chance of {math.exp(score):.2f}"
    if mode == "feasibility":
        return "nothing feasible is known yet, chosen to be feasible"
    if mode == "different":
        return f"feasible and unlike those known with a chance of {math.exp(score):.2f}"
    kind = "hypervolume gain" if len(goal.objectives) > 1 else "gain"
    return f"log expected {kind} {score:.2f}"


def _wish(objective: Objective) -> str:
    return "" if objective.target is None else f" to match {str(objective).split()[-1]}"


def _number(row: Property, means: Mapping[str, float], stds: Mapping[str, float]) -> str:
    spread = f" ± {stds[row.name]:.3g}" if row.name in stds else ""
    return f"{means[row.name]:.4g}{spread}" + (f" {row.unit}" if row.unit != "1" else "")
