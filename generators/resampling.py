"""Sampling for a target: many draws of a generator, moved onto the target, weighted, and picked to differ.

For ``n`` compositions under a condition, ``draws * n`` candidates are made (``least`` at least): most by the
generator, asked for conditions near it, a share by perturbing known alloys whose properties are near. Each is
projected onto the target and polished on the grid, its elements kept. Each known alloy has a share of the picks that
falls with the distance of its properties from the target; the candidates about it divide that share by how near they
are to it and to the target, so that neither the generator's favourites nor crowded corners take all. Picks are made
without replacement, and those unlike every earlier pick go before the others. The result is in random order.

References:
    Rubin, D. B. (1987). The calculation of posterior distributions by data augmentation: comment. J. Am. Stat.
        Assoc. 82, 543: sampling importance resampling.
    Csiszar, I. (1975). I-divergence geometry of probability distributions and minimization problems. Ann. Probab.
        3, 146: the projection onto linear constraints by exponential tilting.
    Kool, W., van Hoof, H. & Welling, M. (2019). Stochastic beams and where to find them. ICML, section 2.2: the
        largest of the log weights plus Gumbel noise are draws without replacement.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.space import Bools, Floats, Space, Units
from generators.base import Samples
from generators.critic import log_odds
from generators.evaluation.measures import COPY, directions, nearest_cosine
from generators.evaluation.realism import ALIKE, Neighbourhood

Rows = NDArray[np.int64]
Properties = Callable[[Floats], Floats]
"""Properties, shape ``(m, p)``, of fractions, shape ``(m, d)``."""

AUDIENCE = 500
"""Candidates that a critic sees, at least, where there are."""

CHUNK = 4096
"""Candidates refined at a time."""


class Source(Protocol):
    """What draws candidates: the part of `generators.base.Generator` that is used."""

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        """Draws one composition for each condition, shape ``(m, p)``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """How much is drawn and how it is chosen.

    Attributes:
        draws: candidates for each composition asked for.
        least: candidates for each condition, at least.
        spread: relative standard deviation of the conditions asked of the generator about the target.
        known: share of the candidates that are perturbed known alloys.
        noise: their noise, as the standard deviation of the logarithm of a fraction.
        rounds: projection steps.
        width: relative error at which a candidate's weight has fallen to ``exp(-1/2)``.
        nearby: relative distance of properties at which a known alloy's share has.
        reach: distance from a known alloy, in radii of its ball, at which a candidate's part of that share has.
        doubt: number of candidates that a known alloy must have about it to be given half of its share.
        outside: log weight lost outside every ball, or with a pair of elements that never occurs together.
        copies: share of the picks that may be copies of known alloys, while there are others.
        shy: log weight lost by a copy, to others about the same known alloy.
        critics: critics of realism, each of what the ones before would let through; 0 for none.
        share: whether known alloys of like properties share the picks; else candidates compete all together.
        unlike: times the picks wanted, the candidates among which those unlike every earlier one go first.
    """

    draws: int = 8
    least: int = 128
    spread: float = 0.03
    known: float = 0.0
    noise: float = 0.2
    rounds: int = 3
    width: float = 0.001
    nearby: float = 0.065
    reach: float = 0.33
    doubt: float = 0.03
    outside: float = 3.0
    copies: float = 0.18
    shy: float = 0.5
    unlike: float = 2.0
    critics: int = 3
    share: bool = True

    def __post_init__(self) -> None:
        least = {
            "draws": 1,
            "least": 1,
            "rounds": 0,
            "spread": 0,
            "known": 0,
            "noise": 0,
            "outside": 0,
            "copies": 0,
            "shy": 0,
        }
        least |= {"unlike": 1}
        wrong = [f"{name} >= {low}" for name, low in least.items() if not getattr(self, name) >= low]
        wrong += [f"{name} > 0" for name in ("width", "nearby", "reach", "doubt") if not getattr(self, name) > 0]
        if self.known > 1:
            wrong.append("known <= 1")
        if wrong:
            got = ", ".join(f"{name}={getattr(self, name)}" for name in (rule.split()[0] for rule in wrong))
            raise InputError(f"{' and '.join(wrong)} must hold, but got {got}")


class TargetSampler:
    """A generator whose samples are refined and chosen for their targets."""

    def __init__(
        self, source: Source, space: Space, known: Units, properties: Properties, settings: TargetSettings | None = None
    ) -> None:
        """Remembers whom to ask.

        Args:
            source: draws candidates.
            space: the compositions allowed.
            known: real alloys, shape ``(n, d)`` with ``n > 5``: the measure of realism.
            properties: the reference model or surrogate, in the order of the conditions.
            settings: None for the defaults.
        """
        self.source, self.space, self.properties = source, space, properties
        self.settings = settings or TargetSettings()
        self.known = space.fractions(known)
        self.near = Neighbourhood.of(self.known)
        self.values = properties(self.known)

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        """Draws one composition for each condition, shape ``(m, p)``, NaN where nothing is asked.

        Equal conditions are answered together: their compositions differ where the candidates allow.
        """
        rng = np.random.default_rng(seed)
        asked, wanted, number = np.unique(conditions, axis=0, return_inverse=True, return_counts=True, equal_nan=True)
        wanted = wanted.ravel()
        owner = np.repeat(np.arange(len(asked)), np.maximum(self.settings.least, self.settings.draws * number))
        drawn, owner = self._drawn(asked, owner, rng)
        units, weights = self._candidates(drawn.units, asked[owner])
        weights = weights + self._realism(units, owner, weights, number, rng)
        answer = np.full(len(conditions), -1, dtype=np.int64)
        allowance = float(rng.random())
        for k in rng.permutation(len(asked)):
            mine, places = np.flatnonzero(owner == k), np.flatnonzero(wanted == k)
            allowance += self.settings.copies * len(places)
            chosen, used = self.pick(units[mine], weights[mine], asked[k], len(places), int(allowance), rng)
            allowance -= used
            answer[places[: len(chosen)]] = mine[chosen]
        rows = np.flatnonzero(answer >= 0)
        note = f"{len(owner) / max(1, len(conditions)):.3g} candidates for each composition"
        return Samples(units[answer[rows]], rows, drawn.first_draw_valid, note, drawn.draws)

    def _drawn(self, asked: Floats, owner: Rows, rng: np.random.Generator) -> tuple[Samples, Rows]:
        """Candidates as drawn, and the row of ``asked`` each is for; what is said of first draws is the generator's."""
        settings = self.settings
        local = rng.random(len(owner)) < settings.known
        ours, theirs = owner[local], owner[~local]
        wide = 1 + settings.spread * rng.standard_normal((len(theirs), asked.shape[1]))
        drawn = self.source.sample(asked[theirs] * wide, seed=int(rng.integers(2**31)))
        start = np.empty(len(ours), dtype=np.int64)
        for k in np.unique(ours):
            share = self._shares(asked[k])
            mine = np.flatnonzero(ours == k)
            start[mine] = rng.choice(len(share), size=len(mine), p=share / share.sum())
        near = self._perturbed(start, rng)
        units, rows = np.concatenate([drawn.units, near]), np.concatenate([theirs[drawn.rows], ours])
        valid = drawn.first_draw_valid if len(theirs) else float("nan")
        return Samples(units, rows, valid, draws=drawn.draws + len(ours)), rows

    def _shares(self, target: Floats) -> Floats:
        """How much each known alloy counts for a target, by the distance of their properties, shape ``(n,)``."""
        away = (np.nan_to_num(self.values / target - 1) ** 2).sum(axis=1)
        return np.asarray(np.exp(-0.5 * (away - away.min()) / self.settings.nearby**2))

    def _perturbed(self, rows: Rows, rng: np.random.Generator) -> Units:
        """Known alloys with lognormal noise on their fractions; as they are where that leaves the space."""
        fractions = self.known[rows] * np.exp(
            self.settings.noise * rng.standard_normal((len(rows), len(self.known[0])))
        )
        units = self.space.round_to_grid(fractions / fractions.sum(axis=1, keepdims=True))
        return np.where(self.space.contains(units)[:, None], units, self.space.round_to_grid(self.known[rows]))

    def _candidates(self, units: Units, targets: Floats) -> tuple[Units, Floats]:
        """Refined candidates and how far they are from the targets, in widths, as log weights."""
        found = [np.empty((0, units.shape[1]), dtype=np.int64)]
        weights = [np.empty(0)]
        for i in range(0, len(units), CHUNK):
            some, target = units[i : i + CHUNK], targets[i : i + CHUNK]
            refined = refine(self.space, some, target, self.properties, self.settings.rounds)
            error = _errors(self.properties(self.space.fractions(refined)), target)
            found.append(refined)
            weights.append(-0.5 * ((error / self.settings.width) ** 2).sum(axis=1))
        return np.concatenate(found), np.concatenate(weights)

    def _realism(self, units: Units, owner: Rows, close: Floats, number: Rows, rng: np.random.Generator) -> Floats:
        """Log odds, by critics one after another, that each candidate is a known alloy, shape ``(m,)``.

        The first critic looks at what would be picked without any, the next at what would be picked with those before:
        their odds add up. At least `AUDIENCE` candidates are shown where there are.

        Args:
            units: candidates, shape ``(m, d)``.
            owner: the target of each, shape ``(m,)``.
            close: their log weights for meeting it, shape ``(m,)``.
            number: compositions wanted for each target, shape ``(c,)``.
            rng: random numbers.
        """
        odds = np.zeros(len(units))
        if not self.settings.critics or not len(units):
            return odds
        fractions = self.space.fractions(units)
        copy = nearest_cosine(fractions, self.known) >= COPY
        wanted = np.maximum(number, -(-AUDIENCE // len(number)))
        mine = np.split(np.argsort(owner, kind="stable"), np.cumsum(np.bincount(owner, minlength=len(number)))[:-1])
        for _ in range(self.settings.critics):
            chance = close + odds + rng.gumbel(size=len(units))
            shown = [self._first(rows, chance, copy, n) for rows, n in zip(mine, wanted, strict=True)]
            odds = odds + log_odds(fractions, fractions[np.concatenate(shown)], self.known, rng)
        return odds

    def _first(self, rows: Rows, chance: Floats, copy: Bools, n: int) -> Rows:
        """The ``n`` of some rows with the largest chance, copies as limited, at most half of all."""
        order = rows[np.argsort(-chance[rows], kind="stable")]
        late = copy[order] & (np.cumsum(copy[order]) > max(1.0, self.settings.copies * n))
        return order[~late][: min(n, -(-len(rows) // 2))]

    def pick(
        self, units: Units, close: Floats, target: Floats, n: int, copies: int, rng: np.random.Generator
    ) -> tuple[Rows, int]:
        """Rows of ``n`` candidates, distinct while they last, in random order; and how many are copies.

        Args:
            units: candidates of one target, shape ``(m, d)``.
            close: their log weights for meeting it, shape ``(m,)``.
            target: shape ``(p,)``.
            n: number wanted.
            copies: how many may be copies of known alloys, while there are others.
            rng: random numbers.
        """
        if not len(units):
            return np.empty(0, dtype=np.int64), 0
        first = np.unique(units, axis=0, return_index=True)[1]
        fractions = self.space.fractions(units[first])
        chance = self._chances(fractions, close[first], target)
        order = np.argsort(-(chance + rng.gumbel(size=len(first))), kind="stable")
        copy = nearest_cosine(fractions[order], self.known) >= COPY
        late = copy & (np.cumsum(copy) > copies)
        order = np.concatenate([order[~late], order[late]])
        order = _unlike_first(order, directions(fractions), round(self.settings.unlike * n))
        chosen = first[order[:n]]
        chosen = np.concatenate([chosen, rng.choice(chosen, size=n - len(chosen))])
        used = int((nearest_cosine(self.space.fractions(units[chosen]), self.known) >= COPY).sum())
        return np.asarray(rng.permutation(chosen), dtype=np.int64), used

    def _chances(self, fractions: Floats, close: Floats, target: Floats) -> Floats:
        """Log weights."""
        settings = self.settings
        tight = self.near.tightest(fractions)
        strange = np.isinf(tight) | ~self.near.knows(fractions)
        copy = nearest_cosine(fractions, self.known) >= COPY
        needless = np.where(copy, np.log(np.clip(tight, settings.reach, 1.0) / settings.reach), 0.0)
        return np.asarray(close - settings.outside * strange - settings.shy * needless)


def _unlike_first(order: Rows, lines: Floats, window: int) -> Rows:
    """The order with its first ``window`` rows rearranged: those unlike every earlier one first."""
    soon = order[:window]
    free = np.ones(len(soon), dtype=np.bool_)
    first = np.zeros(len(soon), dtype=np.bool_)
    for i in range(len(soon)):
        if free[i]:
            first[i] = True
            free &= lines[soon] @ lines[soon[i]] < ALIKE
    return np.concatenate([soon[first], soon[~first], order[window:]])


def _errors(values: Floats, targets: Floats) -> Floats:
    """Relative errors, 0 where nothing is asked, shape ``(m, p)``."""
    return np.asarray(np.where(np.isnan(targets), 0.0, values / targets - 1))


def refine(space: Space, units: Units, targets: Floats, properties: Properties, rounds: int = 3) -> Units:
    """Rows of the space moved towards their targets: the elements stay, what would leave the space stays as it was.

    Args:
        space: the compositions allowed.
        units: shape ``(m, d)``.
        targets: shape ``(m, p)``, NaN where nothing is asked.
        properties: the reference model or surrogate.
        rounds: projection steps before the grid's.
    """
    moved = project(space.fractions(units), targets, properties, rounds)
    best = _better(space, units, space.round_to_grid(moved), targets, properties)
    for _ in range(2):
        best = _better(space, best, polish(space, best, targets, properties), targets, properties)
    return best


def _better(space: Space, old: Units, new: Units, targets: Floats, properties: Properties) -> Units:
    """Row by row the new where it is in the space and nearer to the target, else the old."""
    before, after = (np.square(_errors(properties(space.fractions(u)), targets)).sum(axis=1) for u in (old, new))
    return np.where((space.contains(new) & (after < before))[:, None], new, old)


def polish(space: Space, units: Units, targets: Floats, properties: Properties, most: int = 3) -> Units:
    """The best small step on the grid between the four largest amounts, by the linear model, shape ``(m, d)``.

    Every step of at most ``most`` units in three of them, the fourth keeping the sum, is tried.
    """
    fractions = space.fractions(units)
    values = properties(fractions)
    slopes = slopes_of(fractions, values, properties) / values[:, :, None]
    places = np.argsort(-units, axis=1, kind="stable")[:, :4]
    steps = _steps(places.shape[1], most)
    local = np.take_along_axis(slopes, places[:, None, :], axis=2)  # (m, p, k)
    change = np.einsum("mpk,sk->msp", local, steps / space.total)
    left = _errors(values, targets)[:, None, :] + np.where(np.isnan(targets), 0.0, 1.0)[:, None, :] * change
    cost = (left**2).sum(axis=2)
    after = np.take_along_axis(units, places, axis=1)[:, None, :] + steps
    cost[(after < 1).any(axis=2)] = np.inf
    chosen = steps[np.argmin(cost, axis=1)]
    moved = units.copy()
    np.put_along_axis(moved, places, np.take_along_axis(units, places, axis=1) + chosen, axis=1)
    return moved


def _steps(places: int, most: int) -> Units:
    """Small steps that keep the sum, no step among them, shape ``(s, places)``."""
    free = itertools.product(range(-most, most + 1), repeat=places - 1)
    rows = np.array([(*step, -sum(step)) for step in free], dtype=np.int64).reshape(-1, places)
    return rows[np.abs(rows[:, -1]) <= most]


def project(fractions: Floats, targets: Floats, properties: Properties, rounds: int = 8) -> Floats:
    """Compositions with the targets' properties, near the given ones in Kullback-Leibler divergence.

    Gauss-Newton steps by exponential tilting, ``c exp(D^T w)``: ``D_i = (df / d log c_i) / c_i`` by forward
    differences of the relative properties, ``w`` such that the linear model meets the target. Absent elements stay
    absent. Where the elements present cannot meet the target, the result is what the steps reached.

    Args:
        fractions: shape ``(m, d)``.
        targets: shape ``(m, p)``, NaN where nothing is asked.
        properties: the reference model or surrogate.
        rounds: number of steps.
    """
    current = fractions.copy()
    p = targets.shape[1]
    for _ in range(rounds):
        values = properties(current)
        aims = np.where(np.isnan(targets), values, targets)
        slopes = np.where(np.isnan(targets)[:, :, None], 0.0, slopes_of(current, values, properties) / aims[:, :, None])
        gram = np.einsum("mpd,md,mqd->mpq", slopes, current, slopes, optimize=True) + 1e-9 * np.eye(p)
        weights = np.linalg.solve(gram, ((aims - values) / aims)[:, :, None])[:, :, 0]
        step = np.einsum("mpd,mp->md", slopes, weights)
        current = current * np.exp(np.clip(step, -0.5, 0.5))
        current /= current.sum(axis=1, keepdims=True)
    return current


def slopes_of(fractions: Floats, values: Floats, properties: Properties, size: float = 1e-5) -> Floats:
    """Derivatives along adding an element and scaling back to one, shape ``(m, p, d)``; zero where absent."""
    exact = getattr(properties, "slopes", None)
    if exact is not None:
        return np.asarray(exact(fractions))
    slopes = np.zeros((*values.shape, fractions.shape[1]))
    for i in range(fractions.shape[1]):
        rows = np.flatnonzero(fractions[:, i] > 0)
        moved = fractions[rows]
        moved[:, i] += size
        slopes[rows, :, i] = (properties(moved / (1 + size)) - values[rows]) / size
    return slopes
