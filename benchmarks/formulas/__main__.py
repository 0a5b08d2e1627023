"""How many looks find the most stable compounds of a list of 20,000: the campaign, a random forest, and chance.

    python -m benchmarks.formulas [--data ../shared/data/formulas/oqmd_formation_enthalpy.csv] [--half 0] [--seeds 3]
        [--size 20000] [--top 50] [--init 50] [--batch 50] [--looks 800] [--methods random,rf-ei,ours] [--set KEY=VALUE]

The table is OQMD's formation enthalpies (Saal et al., JOM 65 (2013) 1501). It is shuffled once and cut into disjoint
lists of ``--size``; ``--half 0`` is the reported one, ``--half 1`` the one on which settings were chosen. Every method
begins with the same random rows and looks at a batch at a time. The forest with expected improvement sees atomic
fractions (`loop.replay.peers`); as ``rf-ei+`` it is shown the descriptors of the campaign's physics instead: what of
the difference is theirs. The campaign is `loop.replay.ours`.
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

import numpy as np

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.intake.tables import read_rows
from alloys.physics.registry import get_physics
from alloys.space import Floats
from loop.replay.pool import ReplayPool
from loop.replay.run import ReplayPlan, replay

SHUFFLE = 20
LEVEL = 0.8
DESCRIBED = "rf-ei+"


class DescribedPool(ReplayPool):
    """A pool whose plain inputs are descriptors."""

    def plain(self) -> Floats:
        """Those of `generic`, each with mean 0 and standard deviation 1 over the pool, shape ``(N, d)``."""
        fractions = self.space.fractions(np.arange(len(self))[:, None])
        columns = get_physics("generic").describe(self.space.elements, fractions)
        spread = columns.std(axis=0)
        return np.asarray((columns - columns.mean(axis=0))[:, spread > 0] / spread[spread > 0])


def pool_of(path: Path, half: int, size: int, top: int) -> ReplayPool:
    """One of the disjoint lists of a table with the columns ``formula`` and ``target``.

    Raises:
        InputError: if the file is not there, or has too few rows.
    """
    rows = read_rows(path, "the table of formulas").rows
    order = np.random.default_rng(SHUFFLE).permutation(len(rows))[half * size : (half + 1) * size]
    if len(order) < size:
        raise InputError(f"{path}: {len(rows)} rows have no list number {half} of {size}; take a smaller --size")
    designs = [Design(Composition.parse(rows[i]["formula"])) for i in order]
    answers = np.array([float(rows[i]["target"]) for i in order])
    return ReplayPool.of(str(path), "formation enthalpy", designs, answers, minimize=True, share=top / size)


def main() -> None:
    """Prints one line for each method as it ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/formulas/oqmd_formation_enthalpy.csv"))
    for name, value in (("half", 0), ("seeds", 3), ("size", 20_000), ("top", 50)):
        parser.add_argument(f"--{name}", type=int, default=value)
    for name, value in (("init", 50), ("batch", 50), ("looks", 800)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--methods", default=f"random,rf-ei,{DESCRIBED},ours")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of the campaign of ours")
    given = parser.parse_args()
    pool = pool_of(given.data, given.half, given.size, given.top)
    plan = ReplayPlan.of(pool, init=given.init, batch=given.batch, seeds=given.seeds, looks=given.looks)
    best = int(pool.best.sum())
    print(f"list {given.half} of {len(pool)}; the {best} most stable; {plan}; {' '.join(given.set)}", flush=True)
    print("method        looks to 80 % by campaign    found at the end    CPU s", flush=True)
    for name in given.methods.split(","):
        described = DescribedPool(**{each.name: getattr(pool, each.name) for each in fields(pool)})
        played, of = ("rf-ei", described) if name == DESCRIBED else (name, pool)
        result = replay(of, [played], plan, overrides=given.set)
        enough = result.found[played] >= LEVEL * best
        looks = [str(int(row.argmax()) + 1) if row.any() else f"> {plan.looks}" for row in enough]
        found = ", ".join(str(int(row[-1])) for row in result.found[played])
        print(f"{name:<12}  {', '.join(looks):<27}  {found:<18}  {result.seconds[played]:.0f}", flush=True)
    print(f"random looks are expected to need {round(LEVEL * best * (len(pool) + 1) / (best + 1))}")


if __name__ == "__main__":
    main()
