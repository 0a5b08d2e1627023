"""The choice of a batch: expected constrained gain over a short list, greedy, with pending points and a polish on the
grid.

`surrogates.choosing.criterion` has what is expected, and its sources.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from alloys.batches.rules import BatchRules
from alloys.batches.shared import BatchLimits
from alloys.errors import InputError
from alloys.problem import Problem
from alloys.records import moved
from alloys.space import Floats, Points
from surrogates.choosing.ascent import BestPerElementSet, climb
from surrogates.choosing.criterion import AcquisitionSettings, Criterion
from surrogates.choosing.pareto import Front, pareto_mask
from surrogates.choosing.picks import ChosenBatch, GreedyPicks, explained
from surrogates.choosing.screen import BatchContext, ObservedOutcomes, Settings, allowed, believed, bound, shorten
from surrogates.choosing.stream import Block, RandomSample, Scored, ShortList, Spreader, in_blocks, spread_work
from surrogates.choosing.top import choose_top
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate

Indices = NDArray[np.int64]

Tell = Callable[[str], None]
"""Is told what is being done."""

_CHUNK = 32


def silent(text: str) -> None:
    """Tells nobody."""


def choose_batch(
    surrogate: Surrogate,
    problem: Problem,
    candidates: Iterable[Block],
    context: BatchContext,
    *,
    q: int = 8,
    seed: int = 0,
    settings: Settings | None = None,
    spreader: Spreader = spread_work,
    tell: Tell = silent,
) -> ChosenBatch:
    """Chooses up to ``q`` candidates for validation.

    Candidates outside the space, known, pending, repeated or breaking a constraint in closed form fall out. A
    cheap bound keeps a short list; a search uphill on the grid, from the best candidate of each set of elements, adds
    to it. From the list picks are taken greedily, each given the pending alloys and the picks before: by the
    expected gain in hypervolume, or in the one objective, where feasible, and by the probability that at least one of
    the batch is feasible while nothing feasible is known. Without objectives it is the expected number of feasible
    designs unlike those known that counts. Then each pick moves to its best neighbour on the grid where
    that is better. The same arguments give the same batch. Where all of the best of a list are sought, not the
    single best one, active search chooses instead: see `surrogates.choosing.top`.

    Candidates are looked at block by block and never held: a pool longer than ``settings.wide`` is screened by quick
    models first, and what these keep once more by the exact ones. Repetitions are found within a block, and of
    candidates that are still kept.

    Args:
        surrogate: fitted on the observed alloys.
        problem: objectives and constraints, and the space where picks must lie.
        candidates: blocks of them, each with who proposed it (one name, or one for each row).
        context: what was validated, what is under way, and the reference point.
        q: picks wanted; fewer come back where no more are found.
        seed: of the quasi Monte Carlo samples.
        settings: sizes and thresholds.
        spreader: who looks at the blocks of candidates; threads of this process if not given.
        tell: called with each step, in words, as it begins.

    Raises:
        InputError: for wrong shapes, or a property of the goal without a model.
    """
    context.check(problem)
    _check(surrogate, problem, q)
    known = ObservedOutcomes.of(problem, context.observed, believed(surrogate, problem, context))
    settings = settings or Settings()
    if settings.top is not None:
        return choose_top(surrogate, problem, candidates, context, known, q=q, share=settings.top)
    return _Chooser(surrogate, problem, context, known, seed, settings).choose(candidates, q, spreader, tell)


@dataclass(frozen=True, slots=True)
class _Chooser:
    surrogate: Surrogate
    problem: Problem
    context: BatchContext
    known: ObservedOutcomes
    seed: int
    settings: Settings

    @property
    def mode(self) -> str:
        if self.known.feasibility_first(self.problem):
            return "feasibility"
        return "different" if self.problem.goal.any_feasible else "improvement"

    def choose(self, candidates: Iterable[Block], q: int, spreader: Spreader, tell: Tell) -> ChosenBatch:
        """The whole way from candidates to explained picks."""
        tell("screening candidates")
        sample = RandomSample(self.settings.check + self.settings.short_list, self.problem.space.dimension, self.seed)
        blocks = in_blocks(candidates, self.problem.space, self.settings.block)
        pool, counts = self.screen(blocks, sample, spreader, tell)
        criterion = self.criterion(pool.described)
        chosen = self.together(pool, criterion, q, tell)
        if self.rules and len(chosen) < q:
            pool = self.widened(pool, sample)
            criterion = self.criterion(pool.described)
            chosen = self.together(pool, criterion, q, tell)
        first = pool.points[[row for row, _ in chosen]]
        labels = [str(pool.origins[row]) for row, _ in chosen]
        tell("checking what the short list may lose")
        lost = self.lost(criterion, first, sample.drawn(self.problem.space, pool.points, self.settings.check))
        points, scores = first, [score for _, score in chosen]
        for turn in range(self.settings.polish if len(points) else 0):
            tell(f"moving picks to better neighbours, round {turn + 1} of at most {self.settings.polish}")
            points, scores, better = self.polish(criterion, points, scores)
            if not better:
                break
        polished = (points != first).any(axis=1)
        labels = [moved(label) if new else label for label, new in zip(labels, polished, strict=True)]
        numbers = {**counts, "short_list": len(pool), "polished": int(polished.sum())}
        picks = explained(
            self.surrogate,
            self.problem,
            GreedyPicks(points, labels, scores),
            mode=self.mode,
        )
        return ChosenBatch(tuple(picks), self.mode, numbers, lost, criterion.notes, self.short(pool.points, points, q))

    @property
    def rules(self) -> BatchRules:
        """What the batch must keep together."""
        return self.context.rules or BatchRules(self.problem.space)

    def short(self, pool: Points, picks: Points, q: int) -> str:
        """Why the rules leave fewer picks ``(k, d)`` than wanted, of a pool ``(n, d)``; empty where they do not."""
        if len(picks) >= q or not self.rules:
            return ""
        others = pool[[key not in set(self.problem.space.keys(picks)) for key in self.problem.space.keys(pool)]]
        return f"{len(picks)} of {q} designs: {self.rules.why(others, picks)}"

    def widened(self, pool: Scored, sample: RandomSample) -> Scored:
        """A short list too narrow for the rules of the batch, with a random sample of all candidates behind it."""
        more = sample.drawn(self.problem.space, pool.points, self.settings.short_list)
        more = more[self.rules.open(more, more[:0])]
        return pool.join(self.scored(self.surrogate, more, np.full(len(more), "sample", dtype=np.object_)))

    @property
    def limits(self) -> BatchLimits:
        """How many values of a variable the batch may have."""
        return BatchLimits.of(self.problem.space)

    @property
    def floor(self) -> float:
        return self.settings.floor if self.mode == "improvement" else 0.0

    def screen(
        self, blocks: Iterator[Block], sample: RandomSample, spreader: Spreader, tell: Tell
    ) -> tuple[Scored, Counter[str]]:
        """The short list of all candidates, and how many were looked at and fell out by which rule.

        A few are looked at by the exact models, more by quick ones that keep a wider list for them. Quick ones also
        lead the search uphill.
        """
        ahead = list(itertools.islice(blocks, 2))
        many, quick = sum(len(points) for points, _ in ahead) > self.settings.wide, self.surrogate.quick()
        surrogate = quick if many else self.surrogate
        size = self.settings.wide if many else self.settings.short_list
        kept = ShortList(size, self.settings, self.floor, self.problem.space)
        best_of_each = BestPerElementSet(self.settings.starts)
        counts = Counter(dict.fromkeys(("candidates", "out_of_space", "duplicate", "closed_form", "climbed"), 0))
        for rows, fallen in spreader(partial(self.looked_at, surrogate), _drained(ahead, blocks)):
            counts.update(fallen)
            kept.add(rows)
            sample.add(rows.points)
            best_of_each.add(rows)
        counts["duplicate"] += kept.repeated
        tell("searching uphill")
        for rows in self.climbed(quick, best_of_each.rows):
            counts["climbed"] += len(rows)
            kept.add(rows if many else self.scored(self.surrogate, rows.points, rows.origins))
        best = kept.best()
        if best is None:
            best = self.scored(self.surrogate, self.context.observed[:0], np.zeros(0, dtype=np.object_))
        return (self.shortened(best.points, best.origins, self.settings.short_list) if many else best), counts

    def climbed(self, surrogate: Surrogate, starts: Scored | None) -> Iterator[Scored]:
        """The candidates that a search uphill on the bound passes, from the best ones, by this surrogate."""
        if starts is None or not self.settings.climb:
            return
        starts = self.scored(surrogate, starts.points, starts.origins)
        look = partial(self.looked_at, surrogate)
        yield from climb(starts, lambda block: look(block)[0], self.problem.space, self.settings.climb)

    def looked_at(self, surrogate: Surrogate, block: Block) -> tuple[Scored, dict[str, int]]:
        """A block's allowed candidates with their bound, and how many fell out by which rule."""
        points, origins = block
        kept, fallen = allowed(self.problem, points, self.context.taken)
        if self.rules:
            kept = kept[self.rules.open(points[kept], points[:0])]
        named = np.asarray(origins, dtype=np.object_)[kept]
        return self.scored(surrogate, points[kept], named), {"candidates": len(points), **fallen}

    def scored(self, surrogate: Surrogate, points: Points, origins: NDArray[np.object_]) -> Scored:
        """Allowed candidates ``(m, d)`` with their bound."""
        described = surrogate.describe(self.problem.space.inputs(points))
        front = Front(self.known.front(), self.context.reference) if self.mode == "improvement" else None
        scores = bound(surrogate, self.problem, described, front, self.settings.optimism)
        if self.mode == "different":
            scores = scores.where(self.known.unlike(self.problem, self.context.observed, points))
        return Scored(points, origins, described, scores)

    def shortened(self, points: Points, origins: NDArray[np.object_], size: int) -> Scored:
        """The short list of allowed candidates ``(m, d)``, by the exact models."""
        rows = self.scored(self.surrogate, points, origins)
        return rows.take(shorten(rows.present, rows.scores, size, self.settings, floor=self.floor))

    def lost(self, like: Criterion, picks: Points, others: Points) -> dict[str, float]:
        """Some candidates off the short list beside the picks of the short list, by the exact acquisition.

        See `ChosenBatch` for what comes back.
        """
        if not len(picks) or not len(others):
            return {"sampled": 0.0}
        described = self.surrogate.describe(self.problem.space.inputs(np.concatenate([picks, others])))
        criterion = self.criterion(described, like)
        alone = criterion.values(np.arange(len(described)))
        criterion.wait_for(range(len(picks) - 1))
        last = criterion.values(np.arange(len(picks) - 1, len(described)))
        return {
            "sampled": float(len(others)),
            "first": float(alone[0]),
            "best_alone": float(alone[len(picks) :].max()),
            "better_than_first": float((alone[len(picks) :] > alone[0]).sum()),
            "last": float(last[0]),
            "best_as_last": float(last[1:].max()),
            "better_than_last": float((last[1:] > last[0]).sum()),
        }

    def criterion(self, described: Described, like: Criterion | None = None) -> Criterion:
        """The acquisition over these alloys, then the pending ones, then the incumbents."""
        waiting, front = self.context.pending, self.context.observed[self._incumbents()]
        others = self.surrogate.describe(self.problem.space.inputs(np.concatenate([waiting, front])))
        wanted = AcquisitionSettings(
            self.context.reference, self.settings.samples, self.seed, feasibility=self.mode == "feasibility"
        )
        return Criterion.build(
            self.surrogate,
            self.problem,
            described.join(others),
            wanted,
            candidates=len(described),
            waiting=len(waiting),
            like=like,
        )

    def _incumbents(self) -> Indices:
        feasible = np.flatnonzero(self.known.feasible)
        if self.problem.goal.any_feasible:
            return feasible
        best = pareto_mask(self.known.objectives[feasible])
        return feasible[best]

    def greedy(self, pool: Scored, criterion: Criterion, q: int, tell: Tell) -> list[tuple[int, float]]:
        """Rows of the pool with their scores, one after the other.

        Candidates are looked at in the order of their last known value; as the gain of a candidate shrinks
        while the batch grows, those whose last value is below the best one found need no second look.
        """
        latest = np.full(len(pool.points), np.inf)
        chosen: list[tuple[int, float]] = []
        while len(chosen) < min(q, len(pool.points)):
            tell(f"pick {len(chosen) + 1} of {q}")
            criterion.wait_for([row for row, _ in chosen])
            if self.rules:
                latest[~self.rules.open(pool.points, pool.points[[row for row, _ in chosen]])] = -np.inf
                latest[[row for row, _ in chosen]] = -np.inf
                if np.isneginf(latest).all():
                    break
            best = _lazy_best(criterion, latest, chosen)
            chosen.append((best, float(latest[best])))
        return chosen

    def together(self, pool: Scored, criterion: Criterion, q: int, tell: Tell) -> list[tuple[int, float]]:
        """As `greedy`, of candidates that may stand in one batch: of a few values tried, those of the best batch."""
        chosen = self.greedy(pool, criterion, q, tell)
        ranked = pool.points[[row for row, _ in chosen]]
        if not self.limits or self.limits.hold(ranked):
            return chosen
        found = []
        for values in self.limits.openings(ranked):
            rows = np.flatnonzero(self.limits.fit(pool.points, values))
            part = pool.take(rows)
            picks = self.greedy(part, self.criterion(part.described, criterion), q, tell)
            worth = float(np.logaddexp.reduce([score for _, score in picks], initial=-np.inf))
            found.append((len(picks), worth, [(int(rows[row]), score) for row, score in picks]))
        return max(found, key=lambda each: each[:2])[2]

    def polish(self, like: Criterion, points: Points, scores: list[float]) -> tuple[Points, list[float], int]:
        """Moves each pick to its best neighbour on the grid, given the others; also says how many moved."""
        around = np.concatenate([self.problem.space.neighbours(row) for row in points])
        around = around[self.limits.fit(around, self.limits.standing(points))]
        kept, _ = allowed(self.problem, around, [*self.context.taken, points])
        pool = self.shortened(around[kept], np.full(len(kept), "", dtype=np.object_), self.settings.polish_list)
        first = len(pool.points)
        everything = np.concatenate([pool.points, points])
        picks = self.surrogate.describe(self.problem.space.inputs(points))
        criterion = self.criterion(pool.described.join(picks), like)
        rows, moved = list(range(first, first + len(points))), 0
        for k, start in enumerate(list(rows)):
            criterion.wait_for([row for i, row in enumerate(rows) if i != k])
            near = np.flatnonzero(
                self.problem.space.one_move_away(pool.points, points[k]) & ~np.isin(np.arange(first), rows)
            )
            if self.rules:
                near = near[
                    self.rules.open(pool.points[near], everything[[row for i, row in enumerate(rows) if i != k]])
                ]
            options = np.append(near, start)
            gains = criterion.values(options)
            best = int(np.argmax(gains))
            if gains[best] > gains[-1]:
                rows[k], moved = int(options[best]), moved + 1
                scores[k] = float(gains[best])
        return everything[rows], scores, moved


def _lazy_best(criterion: Criterion, latest: Floats, chosen: list[tuple[int, float]]) -> int:
    """Index of the best candidate; ``latest`` holds last values and is brought up to date where needed."""
    for row, _ in chosen:
        latest[row] = -np.inf
    fresh = np.zeros(len(latest), dtype=np.bool_)
    while True:
        order = np.argsort(-latest, kind="stable")
        todo = order[~fresh[order] & np.isfinite(latest[order]) | np.isposinf(latest[order])][:_CHUNK]
        best = order[fresh[order]][:1]
        if not len(todo) or (len(best) and latest[best[0]] >= latest[todo[0]]):
            return int(best[0]) if len(best) else int(order[0])
        latest[todo] = criterion.values(todo)
        fresh[todo] = True


def _drained(ahead: list[Block], rest: Iterator[Block]) -> Iterator[Block]:
    while ahead:
        yield ahead.pop(0)
    yield from rest


def _check(surrogate: Surrogate, problem: Problem, q: int) -> None:
    if q < 1:
        raise InputError(f"q must be at least 1, got {q}")
    if surrogate.elements != problem.space.elements:
        raise InputError(f"the surrogate knows {surrogate.elements}, the space has {problem.space.elements}")
    missing = [name for name in problem.validated if name not in surrogate.names]
    if missing:
        raise InputError(f"no model answers {', '.join(missing)}; modelled are {', '.join(surrogate.names)}")
