"""Site fractions at which a phase is sampled, and the steps that its minima are searched by.

Phases with at most two sublattices that mix are sampled on a lattice. For more sublattices a lattice within the same
number of points has nearly only corners: they are sampled at their end members, along the disordered states, and at
quasi-random points. Where species carry charge, every point and every step is neutral.

References:
    J. H. Halton, Numer. Math. 2 (1960) 84: quasi-random points; the logarithms of uniform numbers, divided by
    their sum, are uniform on a simplex.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from validation.calphad.solving.phases.order import Ordering

Array = NDArray[np.float64]

MIN_SITE_FRACTION = 1e-10
LEAST_SITE_FRACTION = 0.5 * MIN_SITE_FRACTION
"""What a step may leave: points at the least of what is sampled lie a little below it, as each sublattice sums to 1."""
MAX_GRID = 3500
COARSE_GRID = 130
MAX_LATTICE = {1: 1, 2: 100, 3: 40}
LATTICE_SUBLATTICES = 2
"""The most sublattices that mix of which a lattice is sampled."""
CORNERS = 0.35
"""Share of the points that may be end members, and disordered states."""
SPARSE = 3.0
"""Power of the weights of half the quasi-random points, which lie nearer to corners and edges."""
SEED = 20260101
NEUTRAL = 1e-9
"""Charge per formula unit up to which a point counts as neutral."""
MAX_PAIRS = 4000
VERTICES_MIXED = 3


@dataclass(frozen=True, slots=True)
class Constitution:
    """What stands on the sublattices of a phase, by site fraction.

    Attributes:
        sizes: Site fractions in each sublattice, in order.
        charges: Charge per formula unit, ``(site fractions,)``; all 0 where the phase is neutral by itself.
        vacancies: Share of the lattice that is vacant, per site fraction, ``(site fractions,)``; all 0 where the phase
            holds atoms whatever its vacancies.
        ordering: How it orders, if it can.
    """

    sizes: tuple[int, ...]
    charges: Array
    vacancies: Array
    ordering: Ordering | None = None

    def sublattices(self) -> list[tuple[int, int]]:
        """Size and first place of each sublattice."""
        return [(size, sum(self.sizes[:index])) for index, size in enumerate(self.sizes)]


def simplex_lattice(species: int, denominator: int) -> Array:
    """All points with coordinates k/denominator on a simplex, shape ``(points, species)``."""
    if species == 1:
        return np.ones((1, 1))
    bars = np.array(list(combinations(range(denominator + species - 1), species - 1)), dtype=np.int64)
    edges = np.full((len(bars), 1), -1)
    last = np.full((len(bars), 1), denominator + species - 1)
    counts = np.diff(np.hstack([edges, bars, last]), axis=1) - 1
    return np.asarray(counts / denominator, dtype=np.float64)


def grid_of(constitution: Constitution, budget: int = MAX_GRID, seed: int = SEED) -> Array:
    """Site fractions that cover a phase, ``(points, site fractions)``; the same each time.

    Args:
        constitution: The phase.
        budget: About how many points.
        seed: Of the quasi-random points.
    """
    if constitution.charges.any():
        return _floored(_neutral(constitution, budget, seed), constitution.sizes)
    mixing = sum(size > 1 for size in constitution.sizes)
    if mixing <= LATTICE_SUBLATTICES and constitution.ordering is None:
        return _lattice(constitution.sizes, budget)
    some = int(CORNERS * budget)
    parts = [_end_members(constitution.sizes, some)]
    if constitution.ordering is not None:
        parts.append(_disordered(constitution, constitution.ordering, some))
    if mixing <= LATTICE_SUBLATTICES:
        parts.append(_lattice(constitution.sizes, budget // 2))
    parts.append(spread(constitution.sizes, max(budget - sum(map(len, parts)), budget // 4), seed))
    return _floored(np.vstack(parts), constitution.sizes)


def spread(sizes: Sequence[int], count: int, seed: int = SEED) -> Array:
    """Quasi-random site fractions, half of them uniform on each simplex and half nearer to its corners."""
    uniform = qmc.Halton(sum(sizes), rng=np.random.default_rng(seed)).random(count)
    weights = -np.log(np.maximum(uniform, MIN_SITE_FRACTION))
    weights[1::2] **= SPARSE
    return _floored(weights, sizes)


def steps_of(constitution: Constitution) -> Array:
    """Transfers that keep each sublattice full and the phase neutral, ``(steps, site fractions)``, largest entry 1."""
    moves: list[Array] = []
    charged: list[tuple[Array, float]] = []
    for size, start in constitution.sublattices():
        for i, j in combinations(range(start, start + size), 2):
            move = np.zeros(len(constitution.charges))
            move[i], move[j] = 1.0, -1.0
            charge = float(move @ constitution.charges)
            if abs(charge) > NEUTRAL:
                charged.append((move, charge))
            else:
                moves += [move, -move]
    for (one, first), (other, second) in combinations(charged, 2):
        both = one - other * first / second
        both /= np.abs(both).max()
        moves += [both, -both]
    if constitution.ordering is not None and not charged:
        moves += _exchanges(constitution.ordering, len(constitution.charges))
    return np.array(moves).reshape(len(moves), len(constitution.charges))


def _exchanges(ordering: Ordering, width: int) -> list[Array]:
    """Two species that change places between two sublattices, which leaves the composition as it is."""
    moves = []
    for (a, ratio), (b, other) in combinations(zip(ordering.places, ordering.ratios, strict=True), 2):
        for i, j in combinations(range(len(a)), 2):
            move = np.zeros(width)
            move[a[i]], move[a[j]] = other, -other
            move[b[i]], move[b[j]] = -ratio, ratio
            move /= max(ratio, other)
            moves += [move, -move]
    return moves


def without_copies(grid: Array, ordering: Ordering) -> Array:
    """The grid with each state once, where sublattices that change places give the same."""
    rows = grid[:, ordering.places]
    keys = rows @ np.sqrt(np.arange(2.0, 2.0 + rows.shape[2]))
    if len(ordering.places) == 4 and ordering.lattice == "BCC":
        inside = np.argsort(keys.reshape(-1, 2, 2), axis=2, kind="stable") + np.array([[0], [2]])
        pairs = np.take_along_axis(keys, inside.reshape(-1, 4), axis=1).reshape(-1, 2, 2)[:, :, 0]
        order = np.take_along_axis(inside, np.argsort(pairs, axis=1, kind="stable")[:, :, None], axis=1).reshape(-1, 4)
    else:
        order = np.argsort(keys, axis=1, kind="stable")
    sorted_grid = grid.copy()
    sorted_grid[:, ordering.places] = np.take_along_axis(rows, order[:, :, None], axis=1)
    _, first = np.unique(np.round(sorted_grid, 9), axis=0, return_index=True)
    return np.asarray(sorted_grid[np.sort(first)])


def _denominator(species: int, budget: int) -> int:
    best = 1
    while best < MAX_LATTICE.get(species, 40) and comb(best + species, species - 1) <= budget:
        best += 1
    return best


def _lattice(sizes: Sequence[int], budget: int) -> Array:
    active = [size for size in sizes if size > 1]
    share = int(budget ** (1.0 / max(len(active), 1)))
    grid = np.zeros((1, 0))
    for size in sizes:
        part = simplex_lattice(size, _denominator(size, share))
        grid = np.hstack([np.repeat(grid, len(part), axis=0), np.tile(part, (len(grid), 1))])
    return _floored(grid, sizes)


def _floored(grid: Array, sizes: Sequence[int]) -> Array:
    floored = np.maximum(grid, MIN_SITE_FRACTION)
    start = 0
    for size in sizes:
        block = floored[:, start : start + size]
        block /= block.sum(axis=1, keepdims=True)
        start += size
    return np.asarray(floored, dtype=np.float64)


def _end_members(sizes: Sequence[int], most: int) -> Array:
    """One species on each sublattice, ``(end members, site fractions)``; a quasi-random choice of too many."""
    if prod(sizes) <= most:
        chosen = np.array(list(product(*(range(size) for size in sizes))))
    else:
        uniform = qmc.Halton(len(sizes), rng=np.random.default_rng(SEED)).random(most)
        chosen = np.unique((uniform * np.array(sizes)).astype(np.int64), axis=0)
    return np.hstack([np.eye(size)[chosen[:, place]] for place, size in enumerate(sizes)])


def _disordered(constitution: Constitution, ordering: Ordering, budget: int) -> Array:
    """States in which the sublattices that can order hold the same."""
    first, held = ordering.places[0], set(ordering.places.ravel().tolist())
    free = [size if start not in held or start == first.min() else 1 for size, start in constitution.sublattices()]
    small = _lattice(free, budget)
    grid = np.ones((len(small), sum(constitution.sizes)))
    column = 0
    for (size, start), kept in zip(constitution.sublattices(), free, strict=True):
        if kept == size:
            grid[:, start : start + size] = small[:, column : column + size]
        column += kept
    for others in ordering.places[1:]:
        grid[:, others] = grid[:, first]
    return grid


def _neutral(constitution: Constitution, budget: int, seed: int) -> Array:
    """Neutral mixtures of end members: the corners of what is neutral, and points between them, ``(points, …)``.

    A phase whose charges cannot cancel has none.
    """
    corners = _end_members(constitution.sizes, int(CORNERS * budget))
    charge = corners @ constitution.charges
    positive, negative = corners[charge > NEUTRAL], corners[charge < -NEUTRAL]
    points = [corners[np.abs(charge) <= NEUTRAL]]
    pairs = list(product(range(len(positive)), range(len(negative))))
    rng = np.random.default_rng(seed)
    chosen = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    if len(pairs) > MAX_PAIRS:
        chosen = chosen[np.sort(rng.choice(len(pairs), MAX_PAIRS, replace=False))]
    plus, minus = positive[chosen[:, 0]], negative[chosen[:, 1]]
    share = (minus @ constitution.charges) / (minus @ constitution.charges - plus @ constitution.charges)
    points.append(share[:, None] * plus + (1.0 - share[:, None]) * minus)
    vertices = np.unique(np.round(np.vstack(points), 12), axis=0)
    if len(vertices) < 2:
        return np.asarray(vertices, dtype=np.float64)
    mixed = rng.integers(len(vertices), size=(budget, VERTICES_MIXED))
    weights = rng.dirichlet(np.full(VERTICES_MIXED, 0.8), budget)
    between = np.einsum("pv,pvs->ps", weights, vertices[mixed])
    return np.vstack([vertices[:: 1 + len(vertices) // budget], between])
