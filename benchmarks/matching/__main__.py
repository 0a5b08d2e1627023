"""Looks until one of the rows nearest to a wanted value is seen, in tables whose answers are known.

    python -m benchmarks.matching --data ../shared/data [--pools fatigue,hardness] [--seeds 5] [--looks 40]

Three ways search the same list from the same random looks, one at a time: ``match`` models the property and takes the
distance of its posterior (``match answer VALUE``); ``distance`` models the distance itself as a property that is to be
minimized, which is what one would do without such a goal; ``random`` looks anywhere. Models, acquisition and settings
are the campaign's defaults for both of the first. Wanted are values at quantiles of the answers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.replay import fatigue, hardness
from loop.replay.columns import ANSWER
from loop.replay.ours import Ours, config_of_pool
from loop.replay.peers import RandomSearch
from loop.replay.pool import ReplayPool

POOLS: dict[str, Callable[[Path], ReplayPool]] = {"fatigue": fatigue, "hardness": hardness}
QUANTILES = (0.1, 0.5, 0.9)
NEAREST, FIRST = 3, 5
"""Rows that count as a match, and random looks to begin with."""


def looks_of(pool: ReplayPool, wanted: float, way: str, seed: int, most: int) -> int:
    """Looks until one of the nearest rows is seen; one more than ``most`` where none is."""
    away = np.abs(pool.answers - wanted)
    near = set(np.argsort(away, kind="stable")[:NEAREST].tolist())
    rows = np.random.default_rng(seed).choice(len(pool), FIRST, replace=False)
    answers = away if way == "distance" else pool.answers
    search: Ours | RandomSearch = RandomSearch(np.zeros((len(pool), 1)), np.random.default_rng([seed, 1]))
    if way != "random":
        reference = 1.1 * float(away[rows].max())
        goal = f"match {ANSWER} {wanted!r}" if way == "match" else f"minimize {ANSWER}"
        given = [f"objectives=['{goal}']", f"reference_point={{{ANSWER}: {reference!r}}}", "choice={}"]
        config = config_of_pool(pool, [*given, "surrogate.inference=map"])
        search = Ours(replace(pool, minimize=False, answers=answers), config, seed)
    while not near & set(rows.tolist()):
        if len(rows) >= most:
            return most + 1
        rows = np.append(rows, search.choose(rows, answers[rows], 1))
    return len(rows)


def main() -> None:
    """Prints a row for each table and wanted value."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pools", default=",".join(POOLS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--looks", type=int, default=40)
    given = parser.parse_args()
    print(f"looks until one of the {NEAREST} nearest rows is seen, {FIRST} random ones first; median (all seeds)")
    for name in given.pools.split(","):
        pool = POOLS[name](given.data)
        for quantile in QUANTILES:
            wanted = float(np.quantile(pool.answers, quantile))
            by_chance = (len(pool) + 1) / (NEAREST + 1)
            print(
                f"{name} ({len(pool)} rows), {wanted:.5g} (quantile {quantile:g}); chance {by_chance:.0f}", flush=True
            )
            for way in ("match", "distance", "random"):
                begun = time.perf_counter()
                found = [looks_of(pool, wanted, way, seed, given.looks) for seed in range(given.seeds)]
                told = ", ".join(f">{given.looks}" if looks > given.looks else str(looks) for looks in found)
                seconds = time.perf_counter() - begun
                print(f"  {way:<9} {np.median(found):5.1f} ({told}); {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
