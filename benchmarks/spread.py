"""Screening by threads alone, and with the free CPUs of simulated nodes: raylets of this machine, one CPU each.

    python -m benchmarks.spread [--nodes 1 2 4 8] [--blocks 64] [--seconds 0.5] [--candidates 200000]

For each number of nodes, blocks that wait a known time: speed against that of the threads, and how it could be at most.
Then what a block costs on its way, by a work that does nothing and answers as much as screening does. At last a
real pool to a batch of 8, which must be the same both ways; nodes of one machine share its cores, so there spreading
can win nothing, and its processor seconds beside those of threads say what it costs. Exits with 1 if batches differ.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import surrogates  # noqa: F401
from alloys.space import Units
from benchmarks.ray_nodes import Nodes, ray_nodes
from benchmarks.synthetic import GOAL, OBSERVED, REFERENCE, SPACE, observed, stream
from surrogates.acquisition import choose_batch
from surrogates.screen import Settings
from surrogates.stream import Block, Spreader, own_threads, spread_work

BACK = 5_135_000
"""Bytes that come back of a block of 16,384 of the candidates of `benchmarks.synthetic`."""


@dataclass(frozen=True)
class Waiting:
    """A work that takes a known time and no processor; says where it was done."""

    seconds: float

    def __call__(self, block: Block) -> int:
        time.sleep(self.seconds)
        return os.getpid()


@dataclass(frozen=True)
class Nothing:
    """A work that answers so many bytes, elsewhere at once, and where it was done."""

    size: int
    home: int

    def __call__(self, block: Block) -> tuple[np.ndarray[Any, Any], int]:
        if os.getpid() == self.home:
            time.sleep(1.0)
        return np.zeros(self.size, dtype=np.uint8), os.getpid()


def blocks(count: int, rows: int = 1) -> Iterator[Block]:
    """Blocks as screening has them."""
    units: Units = np.zeros((rows, SPACE.dimension), dtype=np.int64)
    names = np.array(["random"] * rows, dtype=object)
    for number in range(count):
        yield units + number, names


def warm(spreader: Any, nodes: int) -> float:
    """Has a worker started on every node; seconds until all had answered."""
    begin, patient, seen = time.perf_counter(), replace(spreader, least=0, patience=600.0), set[int]()
    while len(seen - {os.getpid()}) < nodes:
        if time.perf_counter() - begin > 300:
            raise SystemExit("the nodes do not answer")
        seen |= set(patient(Waiting(0.2), blocks(4 * nodes + 8)))
    return time.perf_counter() - begin


def waiting(spreader: Spreader, count: int, seconds: float) -> tuple[float, float]:
    """Seconds that so many blocks take, and the share of them done elsewhere."""
    begin = time.perf_counter()
    places = list(spreader(Waiting(seconds), blocks(count)))
    return time.perf_counter() - begin, sum(place != os.getpid() for place in places) / count


def scaling(given: argparse.Namespace, cluster: Nodes, spreader: Any) -> None:
    """Blocks that wait, over more and more nodes."""
    alone, _ = waiting(spread_work, given.blocks, given.seconds)
    print(
        f"{given.blocks} blocks that wait {given.seconds:g} s: {own_threads()} threads alone {alone:.2f} s", flush=True
    )
    joined = 0
    for nodes in given.nodes:
        while joined < nodes:
            cluster.join()
            joined += 1
        started = warm(spreader, nodes)
        took, away = waiting(spreader, given.blocks, given.seconds)
        most = (own_threads() + nodes) / own_threads()
        print(
            f"  and {nodes} nodes: {took:.2f} s, {alone / took:.2f} times the speed, at most {most:g}; "
            f"{away:.0%} of the blocks were done there (the first answers of all nodes took {started:.1f} s)",
            flush=True,
        )


def way(cluster: Nodes, spreader: Any, count: int) -> None:
    """What the way there and back costs."""
    eager = replace(spreader, least=0, patience=600.0)
    rows = Settings().block
    ray, own, begin = cluster.processor_seconds(), time.process_time(), time.perf_counter()
    away = sum(place != os.getpid() for _, place in eager(Nothing(BACK, os.getpid()), blocks(count, rows)))
    wall, here = time.perf_counter() - begin, time.process_time() - own
    there = cluster.processor_seconds() - ray
    print(
        f"{away} blocks of {rows} there and {BACK / 1e6:.1f} MB of answer back: {1000 * wall / away:.0f} ms, "
        f"{1000 * here / away:.0f} ms of processor here, {1000 * there / away:.0f} ms in Ray's processes, for each",
        flush=True,
    )


def real(cluster: Nodes, spreader: Any, candidates: int) -> bool:
    """A pool to a batch both ways; whether it is the same."""
    units, values, surrogate = observed()
    batches = []
    print(f"{candidates} candidates to a batch of 8, {OBSERVED} observations, nodes on the cores of the threads")
    for name, chosen in (("threads", spread_work), ("threads and nodes", spreader)):
        ray, own, begin = cluster.processor_seconds(), time.process_time(), time.perf_counter()
        batch = choose_batch(
            surrogate,
            GOAL,
            SPACE,
            observed=units,
            values=values,
            pending=units[:0],
            candidates=stream(candidates),
            reference=REFERENCE,
            spreader=chosen,
        )
        wall, here = time.perf_counter() - begin, time.process_time() - own
        there = cluster.processor_seconds() - ray
        batches.append(batch)
        print(f"  {name}: {wall:.1f} s; {here:.1f} CPU seconds here, {there:.1f} in Ray's processes", flush=True)
    same = batches[0] == batches[1]
    print(f"  the same batch: {same}")
    return same


def main() -> None:
    """Prints all three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--blocks", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--candidates", type=int, default=200_000)
    given = parser.parse_args()
    with ray_nodes() as cluster:
        os.environ |= {**cluster.environment, "RAY_ADDRESS": cluster.address}
        from loop.cluster import RayExecutor

        executor = RayExecutor(None, "local", 1, 2000.0)
        try:
            scaling(given, cluster, executor.spreader)
            way(cluster, executor.spreader, given.blocks)
            same = real(cluster, executor.spreader, given.candidates)
        finally:
            executor.close()
    raise SystemExit(not same)


if __name__ == "__main__":
    main()
