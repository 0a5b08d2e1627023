"""Sampling for a target: many draws of a generator, moved onto the target, weighed, and picked.

For ``n`` compositions under a condition, ``draws * n`` candidates are drawn (``least`` at least) under conditions near
it. Each is projected onto the target and polished on the grid, its elements kept. Where too few can get there so, the
others give way to mixtures of two known alloys that have nearly the properties asked for: between them lie elements
together that the generator does not draw. Critics, one after another, say how
likely a candidate is one of the known alloys rather than one that would be picked so far (`generators.asking.critic`).
Picks are made without replacement by how near the target a candidate is and by the critics' odds. A limited share may
be copies of known alloys: nearly all of a small ball around a known alloy is copies, so that without any the samples
would miss it, and copies are kept for such balls.

References:
    Rubin, D. B. (1987). The calculation of posterior distributions by data augmentation: comment. J. Am. Stat.
        Assoc. 82, 543: sampling importance resampling.
    Kool, W., van Hoof, H. & Welling, M. (2019). Stochastic beams and where to find them. ICML, section 2.2: the
        largest of the log weights plus Gumbel noise are draws without replacement.
    Azadi, S. et al. (2019). Discriminator rejection sampling. ICLR.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from alloys.space import Bools, Floats, GridSpace, Points
from generators.asking.critic import log_odds
from generators.asking.refinement import Properties, refine, relative_errors
from generators.asking.spreading import chances, spread
from generators.interface import Sampler, Samples
from generators.likeness import Neighbourhood, copied
from generators.training.settings import CheckedSettings, number

Rows = NDArray[np.int64]
AUDIENCE = 500
"""RefinedDraws that a critic sees, at least, where there are."""

CHUNK = 4096
"""RefinedDraws refined at a time."""

PARENTS = 30
"""Known alloys nearest to a target, two of which are mixed."""

ARRIVED = 9.0
"""Squared errors, in widths, up to which a candidate is at its target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings(CheckedSettings):
    """How much is drawn and how it is chosen.

    Attributes:
        draws: candidates for each composition asked for.
        least: candidates for each condition, at least.
        spread: relative standard deviation of the conditions asked of the generator about the target.
        rounds: projection steps.
        width: relative error at which a candidate's weight has fallen to ``exp(-1/2)``.
        critics: critics of realism, each of what the ones before would let through; 0 for none.
        outside: log weight lost outside every ball of the known alloys, or with a pair of elements that never occurs
            together.
        copies: share of all picks of a call that may be copies of known alloys, while there are others.
        shy: a copy's weight falls with this power of the radius of the smallest ball that it lies in.
        small: radius of a ball up to which a copy loses nothing, as a distance between roots of fractions.
    """

    kind: ClassVar[str] = "target setting"

    draws: int = number(8, 1, 10_000)
    least: int = number(64, 1, 1_000_000)
    spread: float = number(0.03, 0.0, 1.0)
    rounds: int = number(3, 0, 1000)
    width: float = number(0.001, 1e-9, 100.0)
    critics: int = number(3, 0, 100)
    outside: float = number(3.0, 0.0, 1e6)
    copies: float = number(0.198, 0.0, 1.0)
    shy: float = number(1.0, 0.0, 1e6)
    small: float = number(0.05, 1e-9, 10.0)


@dataclass(frozen=True, slots=True)
class RefinedDraws:
    """Refined draws for some targets.

    Attributes:
        points: shape ``(m, d)``.
        features: the same as a critic sees them: fractions, then variables as models see them.
        owner: the target of each, shape ``(m,)``.
        weights: their log weights, shape ``(m,)``.
        copy: which are copies of known alloys, shape ``(m,)``.
    """

    points: Points
    features: Floats
    owner: Rows
    weights: Floats
    copy: Bools

    def of_each(self, targets: int) -> list[Rows]:
        """Rows of each target."""
        counts = np.bincount(self.owner, minlength=targets)
        return np.split(np.argsort(self.owner, kind="stable"), np.cumsum(counts)[:-1])


class TargetSampler:
    """A generator whose samples are refined and chosen for their targets."""

    def __init__(
        self,
        source: Sampler,
        space: GridSpace,
        known: Points,
        properties: Properties,
        settings: TargetSettings | None = None,
    ) -> None:
        """Remembers whom to ask.

        Args:
            source: draws candidates.
            space: the compositions allowed.
            known: real alloys, of more than 5 compositions, shape ``(n, d)``: the measure of realism.
            properties: the reference model, a surrogate, or a model learned from the known alloys alone
                (`generators.training.forward`), in the order of the conditions.
            settings: None for the defaults.
        """
        self.source, self.space, self.properties = source, space, properties
        self.settings = settings or TargetSettings()
        self.known = space.fractions(known)
        self.values = properties(space.inputs(known))
        self.near = Neighbourhood.of(np.unique(self.known, axis=0))
        self.beside = self._beside(known)

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        """Draws one composition for each condition, shape ``(m, p)``, NaN where nothing is asked.

        Equal conditions are answered together: their compositions differ where the candidates allow.
        """
        rng = np.random.default_rng(seed)
        filled = np.where(np.isnan(conditions), np.inf, conditions)  # rows with NaN are never equal
        asked, wanted, number = np.unique(filled, axis=0, return_inverse=True, return_counts=True)
        asked = np.where(np.isinf(asked), np.nan, asked)
        owner = np.repeat(np.arange(len(asked)), np.maximum(self.settings.least, self.settings.draws * number))
        wide = 1 + self.settings.spread * rng.standard_normal((len(owner), asked.shape[1]))
        drawn = self.source.sample(asked[owner] * wide, seed=int(rng.integers(2**31)))
        found = self._realistic(self._candidates(drawn.points, asked, owner[drawn.rows], number, rng), number, rng)
        answer = np.full(len(conditions), -1, dtype=np.int64)
        places = np.split(np.argsort(wanted.ravel(), kind="stable"), np.cumsum(number)[:-1])
        mine, allowance = found.of_each(len(asked)), float(rng.random())
        for k in rng.permutation(len(asked)):
            allowance += self.settings.copies * number[k]
            chosen = self.pick(found, mine[k], int(number[k]), int(allowance), rng)
            allowance -= float(found.copy[chosen].sum())
            answer[places[k][: len(chosen)]] = chosen
        rows = np.flatnonzero(answer >= 0)
        note = f"{len(owner) / max(1, len(conditions)):.3g} candidates for each composition"
        return Samples(found.points[answer[rows]], rows, drawn.first_draw_valid, note, drawn.draws)

    def _beside(self, points: Points) -> Floats:
        """Variables of points as models see them, shape ``(m, f)``; without columns where the space has none."""
        variables = self.space.variables
        return variables.encoded(variables.raw(points[:, self.known.shape[1] :]))

    def _candidates(
        self, points: Points, asked: Floats, owner: Rows, number: Rows, rng: np.random.Generator
    ) -> RefinedDraws:
        """Refined draws, weighed by how near they are to their targets and to known alloys."""
        settings = self.settings
        refined, misses = self._refined(points, asked[owner])
        lost = self._lost(refined, misses <= ARRIVED, owner, number)
        mixed, still = self._refined(self._mixtures(refined[lost], asked[owner[lost]], rng), asked[owner[lost]])
        better = (still < misses[lost]) | (still <= ARRIVED)
        refined[lost[better]], misses[lost[better]] = mixed[better], still[better]
        fractions = self.space.fractions(refined)
        tight = self.near.tightest(fractions)
        strange = np.isinf(tight) | ~self.near.knows(fractions)
        copy = self._copied(refined)
        needless = np.where(copy, np.log(np.clip(tight, settings.small, 1.0) / settings.small), 0.0)
        weights = -0.5 * misses - settings.outside * strange - settings.shy * needless
        return RefinedDraws(refined, self._features(refined), owner, weights, copy)

    def _features(self, points: Points) -> Floats:
        """Points as a critic sees them: fractions, then variables as models see them, shape ``(m, f)``."""
        return np.concatenate([self.space.fractions(points), self._beside(points)], axis=1)

    def _copied(self, points: Points) -> Bools:
        """Which points are copies of known alloys, shape ``(m,)``."""
        return copied(self.space.fractions(points), self.known, self._beside(points), self.beside)

    def _lost(self, points: Points, arrived: Bools, owner: Rows, number: Rows) -> Rows:
        """Points that did not arrive, or as another did, of targets with too few different new ones that arrived."""
        copy = self._copied(points)
        new = np.flatnonzero(arrived & ~copy)
        named = np.concatenate([owner[new, None], points[new]], axis=1)
        first = new[np.unique(named, axis=0, return_index=True)[1]]
        short = np.bincount(owner[first], minlength=len(number)) < number
        needless = short[owner] & ~(arrived & copy)
        needless[first] = False
        return np.flatnonzero(needless)

    def _refined(self, points: Points, targets: Floats) -> tuple[Points, Floats]:
        """Points moved towards their targets, and their squared errors in widths, shape ``(m,)``."""
        refined, misses = np.empty_like(points), np.empty(len(points))
        for i in range(0, len(points), CHUNK):
            part = slice(i, i + CHUNK)
            refined[part] = refine(self.space, points[part], targets[part], self.properties, self.settings.rounds)
            error = relative_errors(self.properties(self.space.inputs(refined[part])), targets[part])
            misses[part] = ((error / self.settings.width) ** 2).sum(axis=1)
        return refined, misses

    def _mixtures(self, points: Points, targets: Floats, rng: np.random.Generator) -> Points:
        """Two known alloys near each target, mixed at random; what lies outside the space stays the point that it was.

        Variables beside the composition stay too.
        """
        if not len(points):
            return points
        asked, which = np.unique(np.where(np.isnan(targets), np.inf, targets), axis=0, return_inverse=True)
        misses = [np.square(relative_errors(self.values, np.where(np.isinf(row), np.nan, row))).sum(1) for row in asked]
        near = np.array([np.argsort(each, kind="stable")[:PARENTS] for each in misses], dtype=np.int64)
        parents = near[which.ravel()[:, None], rng.integers(near.shape[1], size=(len(points), 2))]
        share = rng.random((len(points), 1))
        mixed = share * self.known[parents[:, 0]] + (1 - share) * self.known[parents[:, 1]]
        grid = self.space.alloys
        moved = np.concatenate([grid.round_to_grid(mixed), points[:, grid.dimension :]], axis=1)
        return np.where(self.space.contains(moved)[:, None], moved, points)

    def _realistic(self, found: RefinedDraws, number: Rows, rng: np.random.Generator) -> RefinedDraws:
        """The same, their weights raised by critics' log odds that each is a known alloy.

        The first critic looks at what would be picked without any, the next at what would be picked with those before:
        their odds add up. At least `AUDIENCE` candidates are shown where there are.
        """
        wanted = np.maximum(number, -(-AUDIENCE // max(1, len(number))))
        mine, known = found.of_each(len(number)), np.concatenate([self.known, self.beside], axis=1)
        for _ in range(self.settings.critics if len(found.points) else 0):
            shown = [
                self.pick(
                    found, rows, min(int(n), -(-len(rows) // 2)), int(self.settings.copies * n + rng.random()), rng
                )
                for rows, n in zip(mine, wanted, strict=True)
            ]
            odds = log_odds(found.features, found.features[np.concatenate(shown)], known, rng, self.known.shape[1])
            found = replace(found, weights=found.weights + odds)
        return found

    def pick(self, found: RefinedDraws, rows: Rows, n: int, copies: int, rng: np.random.Generator) -> Rows:
        """``n`` of some rows, their compositions distinct while they last, in random order; none of none.

        Copies of known alloys and other rows are drawn apart, so that the share of copies is kept.

        Args:
            found: candidates.
            rows: rows of one target.
            n: number wanted.
            copies: how many may be copies of known alloys, while there are others.
            rng: random numbers.
        """
        if not len(rows):
            return rows
        rows = rows[np.sort(np.unique(found.points[rows], axis=0, return_index=True)[1])]
        copied, other = rows[found.copy[rows]], rows[~found.copy[rows]]
        usual = float(chances(found.weights[rows], n)[found.copy[rows]].sum())
        some = max(0, min(int(usual + rng.random()), copies), min(n, len(rows)) - len(other))
        d = self.known.shape[1]
        drawn = [
            part[spread(chances(found.weights[part], k), found.features[part, :d], rng)]
            for part, k in ((copied, some), (other, n - some))
        ]
        chosen = rng.permutation(np.concatenate(drawn))[:n]
        again = rng.choice(chosen, size=n - len(chosen))
        return np.asarray(np.concatenate([chosen, again]), dtype=np.int64)
