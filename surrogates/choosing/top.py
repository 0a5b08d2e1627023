"""Active search: the candidates of a list that help most to find all of its best ones.

Who wants all of the top 5 % asks another question than who wants the single best: expected improvement leaves the
region where the second best lie. Each model places the edge of the top where the number of candidates that it expects
above is that of the top, so the chance to belong to it is uncertain where little is known. While many are still to be
found, the candidate with the highest chance is chosen: the one-step optimum of active search. Campaigns that then stay
where they found the others take long for the last ones. Of these, the candidate is chosen that has the highest sum of
its own chance, and of the chances that its answer is expected to leave for the best of the others, as many as are still
to be found. A longer horizon spends too much on learning: a model that is told more every time needs less of a plan.

References:
    Garnett et al., ICML 2012 (arXiv:1206.6406): active search.
    Jiang et al., ICML 2017 (PMLR 70:1714), eq. 7: a horizon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import log_ndtr, logsumexp, ndtr

from alloys.batches.rules import BatchRules
from alloys.problem import Problem
from alloys.space import Bools, Floats
from surrogates.choosing.picks import ChosenBatch, GreedyPicks, explained
from surrogates.choosing.screen import BatchContext, ObservedOutcomes, allowed
from surrogates.choosing.stream import Block
from surrogates.model.bayesian import Mixture
from surrogates.model.features import Described
from surrogates.model.gp import GP
from surrogates.model.surrogate import Surrogate
from surrogates.model.voting.votes import Voter, Votes
from surrogates.model.warps import Identity, Warp

Rows = NDArray[np.int64]

Joins = Callable[[Rows, Rows], Bools]
"""Which of some rows may join others in a batch."""


def every(rows: Rows, chosen: Rows) -> Bools:
    """All of them."""
    return np.ones(len(rows), dtype=np.bool_)


SHORT = 40
"""Candidates, the likeliest, whose answers are looked ahead of."""

FEW = 5
"""Candidates still to be found up to which it is looked ahead; beyond, the likeliest is chosen."""

LONG, LIKELY = 10_000, 2048
"""Candidates above which a batch is picked among the likeliest of them only, and how many these are: what one pick says
of all others costs as much as the fit."""

_BEYOND, _NEVER = 10.0, 1e-300
# Gauss-Hermite quadrature with three points: exact for polynomials of a normal variable up to the fifth degree.
_POINTS, _WEIGHTS = np.sqrt(3.0) * np.array([-1.0, 0.0, 1.0]), np.array([1.0, 4.0, 1.0]) / 6.0


def choose_top(
    surrogate: Surrogate,
    problem: Problem,
    candidates: Iterable[Block],
    context: BatchContext,
    known: ObservedOutcomes,
    *,
    q: int,
    share: float,
) -> ChosenBatch:
    """Chooses up to ``q`` candidates of a list for who wants all of its best ones.

    Args:
        surrogate: fitted on the observed designs.
        problem: its one objective, its constraints and its list.
        candidates: blocks of all designs of the list, each with who proposed it.
        context: what was validated and what is under way.
        known: what was validated, in the goal's terms.
        q: picks wanted.
        share: of the list that is sought, the observed and the pending ones included.
    """
    blocks = list(candidates)
    points = np.concatenate([block for block, _ in blocks])
    origins = np.concatenate([np.broadcast_to(np.asarray(o, dtype=np.object_), len(b)) for b, o in blocks])
    kept, fallen = allowed(problem, points, context.taken)
    free, pending = points[kept], context.pending
    described = surrogate.describe(problem.space.inputs(np.concatenate([free, pending])))
    search = Search(
        beliefs_of(surrogate, problem, described),
        known.values[problem.goal.objectives[0].name][known.feasible],
        surrogate.probability_feasible(described, problem),
        share,
    )
    rules = context.rules or BatchRules(problem.space)
    chosen = search.choose(
        q, np.arange(len(free), len(described)), lambda left, mine: rules.open(free[left], free[mine])
    )
    rows = np.array([row for row, _ in chosen], dtype=np.int64)
    scores = [float(np.log(chance + _NEVER)) for _, chance in chosen]
    greedy = GreedyPicks(free[rows], [str(label) for label in origins[kept][rows]], scores)
    picks = explained(surrogate, problem, greedy, mode="top")
    short = ""
    if len(rows) < q and rules:
        others = np.setdiff1d(np.arange(len(free)), rows)
        short = f"{len(rows)} of {q} designs: {rules.why(free[others], free[rows])}"
    counts = {"candidates": len(points), **fallen}
    return ChosenBatch(tuple(picks), "top", counts, {"sampled": 0.0}, short=short)


@dataclass(frozen=True, slots=True)
class Belief:
    """What one model thinks of ``N`` candidates, on its own scale.

    Attributes:
        weight: its share of the vote.
        sign: +1 where large answers are sought, else -1.
        means: of an answer, by its ``s`` members, shape ``(s, N)``.
        variances: of the noise-free answers, shape ``(s, N)``.
        noises: variances of the noise, shape ``(s, 1)``.
        base: what physics expects of each, on the property's scale, shape ``(N,)``.
        warp: from the residual of that to the model's scale.
        processes: its members, where they can be told an answer without fitting them anew; else none.
        inputs: as they see them, shape ``(N, d)``.
        told: how means moved for one standard deviation of each answer they were told, shape ``(s, t, N)``.
    """

    weight: float
    sign: int
    means: Floats
    variances: Floats
    noises: Floats
    base: Floats
    warp: Warp
    processes: tuple[GP, ...] = ()
    inputs: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    told: Floats | None = None

    @property
    def stds(self) -> Floats:
        """Standard deviations of answers, noise included, shape ``(s, N)``."""
        return np.sqrt(self.variances + self.noises)

    def margins(self, level: float) -> Floats:
        """How many standard deviations answers are expected beyond a level of the property, shape ``(s, N)``."""
        return np.asarray(self.sign * (self.means - self.warp.forward(level - self.base)) / self.stds)

    def log_chances(self, level: float) -> Floats:
        """Logarithm of the chance that an answer is beyond a level of the property, shape ``(N,)``."""
        return np.asarray(logsumexp(log_ndtr(self.margins(level)), axis=0) - np.log(len(self.means)))

    def steps(self, rows: Rows) -> Floats:
        """How far every mean moves where an answer is one standard deviation above its own, shape ``(s, c, N)``.

        The squares are what such an answer takes off the variances. None moves where the model cannot be told.
        """
        if not self.processes:
            return np.zeros((len(self.means), len(rows), self.means.shape[1]))
        covariances = np.stack([gp.covariance(self.inputs[rows], self.inputs) for gp in self.processes])
        if self.told is not None:
            covariances -= np.einsum("stc,stn->scn", self.told[:, :, rows], self.told)
        return np.asarray(covariances / self.stds[:, rows, None])

    def of(self, rows: Rows) -> Belief:
        """The belief on some of the candidates, before any answer is believed."""
        inputs = self.inputs[rows] if len(self.inputs) else self.inputs
        means, variances = self.means[:, rows], self.variances[:, rows]
        return replace(self, means=means, variances=variances, base=self.base[rows], inputs=inputs)

    def believing(self, row: int) -> Belief:
        """The belief once the answer at a row is its mean, for a batch."""
        steps = self.steps(np.array([row]))
        told = steps if self.told is None else np.concatenate([self.told, steps], axis=1)
        return replace(self, variances=np.maximum(self.variances - steps[:, 0] ** 2, 1e-10), told=told)


def beliefs_of(surrogate: Surrogate, problem: Problem, described: Described) -> list[Belief]:
    """What each model of the one objective thinks of candidates; one belief where it is computed from others."""
    objective = problem.goal.objectives[0]
    name, sign, nothing = objective.name, objective.sign, np.zeros(len(described))
    output = surrogate.outputs.get(name)
    if output is None or output.chained or output.gp is None:
        means, stds = surrogate.predict(described)
        mean = {**means, **problem.closed_forms(described.inputs)}[name]
        spread = stds.get(name, nothing)
        return [Belief(1.0, sign, mean[None], spread[None] ** 2 + 1e-12, np.zeros((1, 1)), nothing, Identity())]
    prior = described.prior_means()[name] if output.basis == "physics" else nothing
    inputs, model = surrogate.latent_inputs(described), output.gp
    if isinstance(model, Votes):
        return [_belief(voter, inputs, prior, sign) for voter in model.voters]
    every = np.arange(inputs.shape[1])
    mixture = model if isinstance(model, Mixture) else Mixture((model,))
    return [_belief(Voter("", 1.0, every, Identity(), mixture), inputs, prior, sign)]


def _belief(voter: Voter, inputs: Floats, base: Floats, sign: int) -> Belief:
    seen = inputs[:, voter.columns]
    processes = voter.model.members if isinstance(voter.model, Mixture) else ()
    members = processes or (voter.model,)
    means, stds = zip(*(member.predict(seen) for member in members), strict=True)
    noises = np.array([[member.noise_std**2] for member in members])
    return Belief(voter.weight, sign, np.array(means), np.array(stds) ** 2, noises, base, voter.warp, processes, seen)


@dataclass(frozen=True, slots=True)
class Search:
    """A list of ``N`` candidates that is searched.

    Attributes:
        beliefs: what each model thinks of them.
        seen: answers so far that satisfy the constraints, on the property's scale, shape ``(k,)``.
        allowed: chance that a candidate satisfies the constraints, shape ``(N,)``.
        share: the share of the list, the seen ones included, that is sought.
        placed: of candidates from a longer list, how many the top has there, and where each model places its edge.
    """

    beliefs: Sequence[Belief]
    seen: Floats
    allowed: Floats
    share: float
    placed: tuple[float, list[float]] | None = None

    def choose(self, count: int, pending: Rows, joins: Joins = every) -> list[tuple[int, float]]:
        """The next ``count`` candidates with the chance of each to be in the top, never one of the pending.

        Args:
            count: how many; fewer come back where no more may join.
            pending: rows that are waited for.
            joins: which rows may join those chosen.
        """
        if len(self.allowed) > LONG:
            search, rows = self.shortened(pending)
            places = {int(row): place for place, row in enumerate(rows)}
            waiting = np.array([places[int(row)] for row in pending], dtype=np.int64)
            found = search.choose(count, waiting, lambda left, mine: joins(rows[left], rows[mine]))
            return [(int(rows[place]), chance) for place, chance in found]
        search, picks = self, list[tuple[int, float]]()
        free = np.setdiff1d(np.arange(len(self.allowed)), pending)
        for row in pending:
            search = search.believing(int(row))
        while len(picks) < count:
            free = free[joins(free, np.array([row for row, _ in picks], dtype=np.int64))]
            if not len(free):
                break
            row, chance = search.worthiest(free)
            picks.append((row, chance))
            free, search = free[free != row], search.believing(row)
        return picks

    def believing(self, row: int) -> Search:
        """The search once a candidate is under way."""
        return replace(self, beliefs=[belief.believing(row) for belief in self.beliefs])

    def shortened(self, pending: Rows) -> tuple[Search, Rows]:
        """The search among the likeliest candidates and the pending ones, and which rows these are."""
        edges = self.edges()
        likely = np.argsort(-self.log_chances(edges), kind="stable")[:LIKELY]
        rows = np.union1d(likely, pending)
        beliefs = [belief.of(rows) for belief in self.beliefs]
        return replace(self, beliefs=beliefs, allowed=self.allowed[rows], placed=(self.wanted, edges)), rows

    @property
    def wanted(self) -> float:
        """How many candidates the top has, the seen ones included."""
        if self.placed is not None:
            return self.placed[0]
        return self.share * (len(self.seen) + float(self.allowed.sum()))

    def found(self, belief: Belief, level: float) -> int:
        """How many answers lie beyond a level."""
        return int((belief.sign * (self.seen - level) > 0).sum())

    def edges(self) -> list[float]:
        """Where each model places the edge of the top."""
        return [self.edge(belief) for belief in self.beliefs] if self.placed is None else self.placed[1]

    def log_chances(self, edges: Sequence[float]) -> Floats:
        """Logarithm of each candidate's chance to be in the top by all votes, shape ``(N,)``."""
        pairs = zip(self.beliefs, edges, strict=True)
        votes = [np.log(belief.weight + _NEVER) + belief.log_chances(level) for belief, level in pairs]
        return np.asarray(logsumexp(votes, axis=0) + np.log(self.allowed + _NEVER))

    def edge(self, belief: Belief) -> float:
        """The level of the property beyond which a model expects as many answers as are sought."""

        def excess(level: float) -> float:
            chances = self.allowed * ndtr(belief.margins(level)).mean(axis=0)
            return self.found(belief, level) + float(chances.sum()) - self.wanted

        ends = [belief.base + belief.warp.backward(belief.means + side * _BEYOND * belief.stds) for side in (-1.0, 1.0)]
        known = [float(value) for value in self.seen]
        low, high = min([*known, float(ends[0].min())]), max([*known, float(ends[1].max())])
        low, high = low - 0.01 * (high - low), high + 0.01 * (high - low)
        # The count of answers beyond is a step function: the root may be a jump, which is found as well.
        return float(brentq(excess, low, high, xtol=1e-6 * (high - low)))

    def worthiest(self, free: Rows) -> tuple[int, float]:
        """The free candidate to be looked at next, and its chance to be in the top."""
        edges = self.edges()
        pairs = list(zip(self.beliefs, edges, strict=True))
        chance = self.log_chances(edges)
        short = free[np.argsort(-chance[free], kind="stable")[:SHORT]]
        found = sum(belief.weight * self.found(belief, level) for belief, level in pairs)
        missing, best = max(round(self.wanted - found), 1), 0
        if missing <= FEW:
            ahead = self.expected_rest(edges, short, free, min(missing, max(len(free) - 1, 1)))
            best = int(np.argmax(np.exp(chance[short]) + ahead))
        return int(short[best]), float(np.exp(chance[short[best]]))

    def expected_rest(self, edges: Sequence[float], short: Rows, free: Rows, horizon: int) -> Floats:
        """Expected sum of the ``horizon`` highest chances of the other candidates once an answer is known.

        The answer is any of three quantiles, the same for all models. Edges stay where they are. A model that cannot
        be told does not change its mind.

        Args:
            edges: where each model places the edge of the top.
            short: the candidates whose answers are looked ahead of, shape ``(c,)``.
            free: the candidates that can be chosen, shape ``(f,)``.
            horizon: how many are counted, from 1.

        Returns:
            Shape ``(c,)``; zero where there is no other candidate.
        """
        chances = np.zeros((len(_POINTS), len(short), len(free)))
        for belief, level in zip(self.beliefs, edges, strict=True):
            if not belief.processes:
                chances += belief.weight * np.exp(belief.log_chances(level))[free]
                continue
            edge = belief.warp.forward(level - belief.base)[free]
            members = zip(belief.means, belief.variances, belief.noises, belief.steps(short), strict=True)
            for mean, variance, noise, steps in members:
                stds = np.sqrt(np.maximum(variance[free] - steps[:, free] ** 2, 0.0) + noise)
                means = mean[free] + _POINTS[:, None, None] * steps[:, free]
                chances += belief.weight / len(belief.means) * ndtr(belief.sign * (means - edge) / stds)
        chances *= self.allowed[free]
        chances[:, short[:, None] == free] = 0.0
        highest = np.partition(chances, -horizon, axis=2)[:, :, -horizon:].sum(axis=2)
        return np.asarray(_WEIGHTS @ highest)
