"""Measurements that scatter: regret after 60 looks, with the standard deviations given to the surrogate and without.

    python -m benchmarks.noise [--data ../shared/data] [--pools a,b] [--seeds 12] [--first 0]

Half of the looks have a standard deviation of 5 % of the true value, the others of 20 %. 20 random looks, then five
batches of 8 by the loop's own surrogate and acquisition, over a pool of alloys whose true values are known. What counts
is the true value of the alloy that the model recommends: the one with the highest posterior mean among those looked at.
Regret is measured from the best of the pool, in per cent of the way there from the pool's mean. Both ways of a seed
begin with the same looks and the same noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wilcoxon

from alloys.design import Design
from alloys.goal import Goal
from alloys.mpea import read_mpea
from alloys.physics import edge, linear
from alloys.physics.elements import known_elements
from alloys.physics.generic import Generic
from alloys.problem import Problem
from alloys.space import AlloySpace, TableSpace
from surrogates.choosing.acquisition import choose_batch
from surrogates.choosing.screen import BatchContext, Settings
from surrogates.model.surrogate import Surrogate

Floats = NDArray[np.float64]
NAME = "yield_strength_1300c"
START, BATCH, LOOKS, SCATTER = 20, 8, 60, (0.05, 0.2)
POOL = Settings(polish=0, climb=0, check=0)


class Blind(Generic):
    """The generic bundle without closed forms, as these are asked for here."""

    closed_forms = {}  # noqa: RUF012


@dataclass(frozen=True, slots=True)
class Pool:
    """Alloys with true values: ``N`` of them."""

    space: TableSpace
    true: Floats

    @property
    def problem(self) -> Problem:
        """The largest value is sought."""
        return Problem(self.space, Goal.parse([f"maximize {NAME}"], []), Blind())


def drawn(elements: tuple[str, ...], seed: int, answer: Callable[[tuple[str, ...], Floats], Floats]) -> Pool:
    """800 random alloys under a function, moved to lie from 300 to 900."""
    space = AlloySpace.build(elements, count=(2, 5))
    points = np.unique(space.sample(1000, np.random.default_rng(seed)), axis=0)[:800]
    table = TableSpace(tuple(space.design(point) for point in points))
    true = answer(table.elements, table.fractions(np.arange(len(points))[:, None]))
    return Pool(table, 300 + 600 * (true - true.min()) / np.ptp(true))


def bumps(seed: int) -> Callable[[tuple[str, ...], Floats], Floats]:
    """Four hills on the simplex, as Hartmann's function has them on the cube."""
    rng = np.random.default_rng(seed)

    def answer(elements: tuple[str, ...], x: Floats) -> Floats:
        centres = rng.dirichlet(np.ones(len(elements)), 4)
        away = ((x[:, None, :] - centres) ** 2).sum(axis=2)
        return np.asarray(np.exp(-away / 0.06) @ np.array([1.0, 1.2, 3.0, 3.2]))

    return answer


def measured(data: Path, column: str) -> Pool:
    """A column of the published table of multi-principal-element alloys (Borg et al. 2020)."""
    rows = [(c, v[column]) for c, v in read_mpea(data / "MPEA" / "MPEA_dataset.csv").rows if column in v]
    return Pool(TableSpace(tuple(Design.of(c, {}) for c, _ in rows)), np.array([value for _, value in rows]))


CANTOR = tuple("Al Co Cr Cu Fe Ni".split())
POOLS: dict[str, tuple[Callable[[Path], Pool], bool]] = {
    "hardness": (lambda data: measured(data, "measured_hardness"), False),
    "strength": (lambda data: measured(data, "measured_yield_strength_room"), False),
    "edge": (lambda data: drawn(known_elements(), 0, lambda e, x: edge.edge_strength(e, x, 300.0)), False),
    "ductility": (lambda data: drawn(known_elements(), 1, lambda e, x: -linear.fracture_toughness(e, x)), False),
    "hills": (lambda data: drawn(CANTOR, 2, bumps(2)), False),
    "mismatch": (lambda data: drawn(CANTOR, 3, linear.size_mismatch), True),
    "hills-2": (lambda data: drawn(known_elements()[:5], 4, bumps(4)), True),
}
"""Each pool, and whether settings were chosen on it."""


def looked(pool: Pool, seed: int, *, given: bool) -> float:
    """Regret of one run, per cent."""
    rng, problem, count = np.random.default_rng(seed), pool.problem, len(pool.true)
    stds = pool.true * rng.choice(SCATTER, count)
    answers = np.clip(pool.true + stds * rng.standard_normal(count), 1.0, 9000.0)
    rows = rng.permutation(count)[:START]
    everything = np.arange(count, dtype=np.int64)[:, None]
    while True:
        fractions = pool.space.fractions(rows[:, None])
        surrogate = Surrogate.fit(
            problem.physics,
            pool.space.elements,
            fractions,
            {NAME: answers[rows]},
            stds={NAME: stds[rows]} if given else None,
        )
        if len(rows) >= LOOKS:
            best = rows[np.argmax(surrogate.predict(fractions)[0][NAME])]
            return float(100 * (pool.true.max() - pool.true[best]) / (pool.true.max() - pool.true.mean()))
        nothing = everything[:0]
        context = BatchContext(rows[:, None], {NAME: answers[rows]}, nothing, nothing, np.zeros(1))
        chosen = choose_batch(surrogate, problem, [(everything, "pool")], context, q=BATCH, seed=seed, settings=POOL)
        rows = np.concatenate([rows, [pick.point[0] for pick in chosen.picks]])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pools", default=",".join(name for name, (_, design) in POOLS.items() if not design))
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    print(
        f"{'pool':12s}{'median without':>16s}{'with':>8s}{'mean without':>16s}{'with':>8s}{'better':>8s}{'worse':>7s}",
        flush=True,
    )
    everything = []
    for name in given.pools.split(","):
        pool = POOLS[name][0](given.data)
        seeds = range(given.first, given.first + given.seeds)
        found = np.array([[looked(pool, seed, given=way) for way in (False, True)] for seed in seeds])
        everything.append(found)
        say(name, found)
    if len(everything) > 1:
        say("all", np.concatenate(everything))


def say(name: str, found: Floats) -> None:
    """One line of regrets ``(seeds, 2)``."""
    better, worse = (found[:, 1] < found[:, 0] - 1e-9).sum(), (found[:, 1] > found[:, 0] + 1e-9).sum()
    (before, after), (mean_before, mean_after) = np.median(found, axis=0), found.mean(axis=0)
    p = wilcoxon(found[:, 0], found[:, 1], alternative="greater").pvalue if better + worse else 1.0
    print(
        f"{name:12s}{before:16.1f}{after:8.1f}{mean_before:16.1f}{mean_after:8.1f}{better:8d}{worse:7d}  p {p:.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
