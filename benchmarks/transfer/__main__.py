"""A campaign on one half of a table's papers, the other half as a foreign task: how many looks that saves.

    python -m benchmarks.transfer FILE [--property hardness] [--splits 5] [--first 0] [--seeds 2] [--looks 150]
        [--arms without,papers,shuffled,random] [--json FILE]

FILE is the table of published multi-principal-element alloys (Borg et al., Sci. Data 7 (2020) 430). Its papers are
split in two halves at random, by DOI. The distinct materials of one half are a list that is searched as `alloyloop
replay` does it: two random looks, then one at a time, until 80 % of the best twentieth are found. The other half's
points are a foreign task: as published (``papers``), with their values permuted (``shuffled``), drawn evenly between
the least and the largest (``random``), or turned upside down (``negated``). Every arm of a campaign begins with the
same looks. A campaign that did not get there within the looks counts as if it had with the last.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.points.point import Point
from alloys.points.published import read_published_points
from loop.other_sources import ForeignPoints
from loop.replay.columns import ANSWER
from loop.replay.ours import Ours, config_of_pool
from loop.replay.pool import ReplayPool

LEVEL, FIRST = 0.8, 2
ROOM = (15.0, 35.0)
"""Test temperatures of yield strengths, in °C."""

ARMS = ("without", "papers", "shuffled", "random", "negated")


def points_of(path: Path, name: str) -> list[Point]:
    """The published points of a property; of a strength, those at room temperature."""
    found = []
    for point in read_published_points(path).points:
        celsius = point.conditions.test_temperature
        room = celsius is not None and ROOM[0] <= celsius <= ROOM[1]
        if point.property_name == name and (room or name == "hardness"):
            found.append(point)
    return found


def split(points: Sequence[Point], seed: int) -> tuple[list[Point], list[Point]]:
    """Points of one half of the papers, and of the other."""
    papers = sorted({point.source for point in points})
    half = set(np.random.default_rng(seed).permutation(papers)[: len(papers) // 2].tolist())
    return [p for p in points if p.source in half], [p for p in points if p.source not in half]


def values_of(points: Sequence[Point]) -> NDArray[np.float64]:
    """Their values, shape ``(n,)``."""
    return np.array([point.value for point in points], dtype=np.float64)


def foreign(points: Sequence[Point], arm: str, seed: int) -> ForeignPoints | None:
    """The foreign task of an arm."""
    values, rng = values_of(points), np.random.default_rng([seed, 1])
    if arm == "without":
        return None
    if arm == "shuffled":
        values = rng.permutation(values)
    elif arm == "random":
        values = rng.uniform(values.min(), values.max(), len(values))
    elif arm == "negated":
        values = values.min() + values.max() - values
    return ForeignPoints(arm, tuple(point.design for point in points), {ANSWER: values})


def looks(pool: ReplayPool, seed: int, most: int) -> int:
    """Looks of a campaign until `LEVEL` of the best rows are found, at most ``most``."""
    best, method = pool.best, Ours(pool, config_of_pool(pool), seed)
    rows = np.random.default_rng(seed).permutation(len(pool))[:FIRST]
    while best[rows].sum() < LEVEL * best.sum() and len(rows) < most:
        rows = np.concatenate([rows, method.choose(rows, pool.values[rows], 1)])
    return len(rows)


def played(points: Sequence[Point], number: int, arms: Sequence[str], seeds: int, most: int) -> dict[str, Any]:
    """One split: looks by arm."""
    own, other = split(points, number)
    pool = ReplayPool.of("papers", "answer", [point.design for point in own], values_of(own))
    row: dict[str, Any] = {"split": number, "rows": len(pool), "top": int(pool.best.sum()), "foreign": len(other)}
    for arm in arms:
        begun = time.process_time()
        arena = replace(pool, foreign=foreign(other, arm, number))
        row[arm] = [looks(arena, 1000 * number + seed, min(most, len(pool))) for seed in range(seeds)]
        row[f"{arm}_seconds"] = round(time.process_time() - begun, 1)
    return row


def ratio(rows: Sequence[dict[str, Any]], arm: str) -> str:
    """Median looks with the task over those without, with 5th and 95th percentiles over resampled splits."""

    def of(some: Sequence[dict[str, Any]]) -> float:
        with_it, without = ([look for row in some for look in row[name]] for name in (arm, "without"))
        return float(np.median(with_it) / np.median(without))

    rng = np.random.default_rng(0)
    drawn = [of([rows[i] for i in rng.integers(len(rows), size=len(rows))]) for _ in range(1000)]
    means = np.mean([row[arm] for row in rows]) / np.mean([row["without"] for row in rows])
    return (
        f"{of(rows):.2f} of the median ({np.quantile(drawn, 0.05):.2f} to {np.quantile(drawn, 0.95):.2f}), "
        f"{means:.2f} of the mean"
    )


def main() -> None:
    """Prints a line for each split, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--property", default="hardness")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first split; settings were chosen on 100 to 105")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--looks", type=int, default=150)
    parser.add_argument("--arms", default="without,papers,shuffled,random")
    parser.add_argument("--json", type=Path, help="keeps each split as it ends")
    given = parser.parse_args()
    points, arms, rows = points_of(given.file, given.property), given.arms.split(","), list[dict[str, Any]]()
    for number in range(given.first, given.first + given.splits):
        row = played(points, number, arms, given.seeds, given.looks)
        rows.append(row)
        told = ", ".join(f"{arm} {row[arm]} ({row[f'{arm}_seconds']:.0f} s)" for arm in arms)
        print(
            f"split {number}: {row['rows']} materials, top {row['top']}, {row['foreign']} foreign; {told}", flush=True
        )
        if given.json is not None:
            given.json.write_text(json.dumps(rows))
    print(f"{given.property}: looks to {LEVEL:.0%} of the best twentieth, {len(rows)} splits x {given.seeds} campaigns")
    for arm in arms:
        every = [look for row in rows for look in row[arm]]
        low, middle, high = np.quantile(every, [0.05, 0.5, 0.95])
        beside = f"; {ratio(rows, arm)} without" if arm != "without" and "without" in arms else ""
        print(f"  {arm:<9} median {middle:.0f} ({low:.0f} to {high:.0f}){beside}")


if __name__ == "__main__":
    main()
