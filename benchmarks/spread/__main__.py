"""Screening by threads alone, and with the free CPUs of simulated nodes: raylets of this machine, one CPU each.

    python -m benchmarks.spread [--parts scaling,courtesy,lost,way,real] [--nodes 1 2 4 8] [--blocks 64]
                                [--seconds 0.5] [--candidates 200000]

scaling   blocks that wait a known time, over more and more nodes: speed against that of the threads.
courtesy  how long a validation waits for blocks where they hold the CPU of every node.
lost      a node is killed while it does a block: every block must be answered all the same, in order.
way       what a block costs on its way, by a work that does nothing and answers as much as screening does.
real      a pool to a batch of 8, which must be the same both ways. Nodes of one machine share its cores, so spreading
          can win nothing here; its processor seconds beside those of threads say what it costs.
Exits with 1 if a batch differs or a block is missing. All but `scaling` use the last number of nodes.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import surrogates  # noqa: F401
from alloys.space import Points
from benchmarks.common.synthetic import OBSERVED, SPACE, batch_of, observed, stream
from loop.execute.spreading import LEAST
from loop.execute.tasks import ValidationTask, ValidatorSpec
from surrogates.choosing.screen import Settings
from surrogates.choosing.stream import Block, Spreader, own_threads, spread_work
from tests.support.ray_nodes import Nodes, ray_nodes

BACK = 5_135_000
"""Bytes that come back of a block of 16,384 of the candidates of `benchmarks.common.synthetic`."""


@dataclass(frozen=True)
class Waiting:
    """A work that takes a known time and no processor; says of which block and where it was done."""

    seconds: float

    def __call__(self, block: Block) -> tuple[int, int]:
        time.sleep(self.seconds)
        return int(block[0][0, 0]), os.getpid()


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
    points: Points = np.zeros((rows, SPACE.dimension), dtype=np.int64)
    names = np.array(["random"] * rows, dtype=object)
    for number in range(count):
        yield points + number, names


def warm(spreader: Any, nodes: int) -> float:
    """Has a worker started on every node; seconds until all had answered."""
    begin, patient, seen = time.perf_counter(), replace(spreader, least=0, patience=600.0), set[int]()
    while len(seen - {os.getpid()}) < nodes:
        if time.perf_counter() - begin > 300:
            raise SystemExit("the nodes do not answer")
        seen |= {place for _, place in patient(Waiting(0.2), blocks(4 * nodes + 8))}
    return time.perf_counter() - begin


def waiting(spreader: Spreader, count: int, seconds: float) -> tuple[float, float]:
    """Seconds that so many blocks take, and the share of them done elsewhere.

    Raises:
        SystemExit: if an answer is missing.
    """
    begin = time.perf_counter()
    answers = list(spreader(Waiting(seconds), blocks(count)))
    if [number for number, _ in answers] != list(range(count)):
        raise SystemExit(f"answers are missing: {answers}")
    return time.perf_counter() - begin, sum(place != os.getpid() for _, place in answers) / count


def scaling(given: argparse.Namespace, cluster: Nodes, spreader: Any) -> None:
    """Blocks that wait, over more and more nodes."""
    if "scaling" not in given.parts:
        for _ in range(given.nodes[-1]):
            cluster.join()
        warm(spreader, given.nodes[-1])
        return
    alone, _ = waiting(spread_work, given.blocks, given.seconds)
    print(
        f"{given.blocks} blocks that wait {given.seconds:g} s: {own_threads()} threads alone {alone:.2f} s", flush=True
    )
    print(f"  the first {LEAST} are begun here whatever there is", flush=True)
    joined = 0
    for nodes in given.nodes:
        while joined < nodes:
            cluster.join()
            joined += 1
        started = warm(spreader, nodes)
        took, away = waiting(spreader, given.blocks, given.seconds)
        ideal = given.seconds * (LEAST / own_threads() + (given.blocks - LEAST) / (own_threads() + nodes))
        print(
            f"  and {nodes} nodes: {took:.2f} s, {alone / took:.2f} times the speed, at most {alone / ideal:.2f}; "
            f"{away:.0%} of the blocks were done there (the first answers of all nodes took {started:.1f} s)",
            flush=True,
        )


def lost(given: argparse.Namespace, cluster: Nodes, spreader: Any) -> None:
    """A node that dies with a block."""
    nodes, raylet = given.nodes[-1] + 1, cluster.join()
    warm(spreader, nodes)
    count = 24 * nodes
    whole, _ = waiting(spreader, count, given.seconds)

    def striking() -> Iterator[Block]:
        for number, block in enumerate(blocks(count)):
            if number == count // 2:
                os.kill(raylet, signal.SIGKILL)
            yield block

    begin = time.perf_counter()
    answers = [number for number, _ in spreader(Waiting(given.seconds), striking())]
    took = time.perf_counter() - begin
    if answers != list(range(count)):
        raise SystemExit(f"answers are missing: {answers}")
    print(
        f"{count} blocks on {nodes} nodes: {whole:.1f} s; one killed half-way: {took:.1f} s, all answered", flush=True
    )


def way(cluster: Nodes, spreader: Any, count: int) -> None:
    """What the way there and back costs."""
    eager = replace(spreader, least=0, patience=600.0)
    rows = Settings().block
    idle = cluster.processor_seconds()
    time.sleep(5.0)
    idle = (cluster.processor_seconds() - idle) / 5.0
    ray, own, begin = cluster.processor_seconds(), time.process_time(), time.perf_counter()
    away = sum(place != os.getpid() for _, place in eager(Nothing(BACK, os.getpid()), blocks(count, rows)))
    here = time.process_time() - own
    there = cluster.processor_seconds() - ray - idle * (time.perf_counter() - begin)
    print(
        f"{away} blocks of {rows} there and {BACK / 1e6:.1f} MB of answer back: {1000 * here / away:.0f} ms of "
        f"processor here and {1000 * there / away:.0f} ms in Ray's processes for each, beside {idle:.1%} of a core "
        "that they use anyway",
        flush=True,
    )


def courtesy(given: argparse.Namespace, executor: Any) -> None:
    """How long a validation takes that comes while blocks hold the CPU of every node."""
    nodes, seconds = given.nodes[-1], given.seconds
    idle = [validated(executor) for _ in range(4 * nodes)][-nodes:]
    screening = threading.Thread(target=waiting, args=(executor.spreader, 24 * nodes, seconds))
    screening.start()
    time.sleep(12 * seconds)
    busy = [validated(executor) for _ in range(8)]
    ended = not screening.is_alive()
    screening.join()
    print(
        f"a validation that takes nothing is answered after {max(idle):.2f} s; while {nodes} nodes screen, after "
        f"{sum(busy) / len(busy):.2f} s, {max(busy):.2f} s at most{' (screening had ended)' * ended}",
        flush=True,
    )


def validated(executor: Any) -> float:
    """Seconds that one validation takes."""
    begin = time.perf_counter()
    executor.submit(ValidatorSpec("reference", "{}"), ValidationTask("one", "Nb:1"))
    while not executor.collect(60.0):
        pass
    return time.perf_counter() - begin


def real(cluster: Nodes, spreader: Any, candidates: int) -> bool:
    """A pool to a batch both ways; whether it is the same."""
    data = observed()
    batches = []
    print(f"{candidates} candidates to a batch of 8, {OBSERVED} observations, nodes on the cores of the threads")
    for name, chosen in (("threads", spread_work), ("threads and nodes", spreader)):
        ray, own, begin = cluster.processor_seconds(), time.process_time(), time.perf_counter()
        batch = batch_of(data, stream(candidates), spreader=chosen)
        wall, here = time.perf_counter() - begin, time.process_time() - own
        there = cluster.processor_seconds() - ray
        batches.append(batch)
        print(f"  {name}: {wall:.1f} s; {here:.1f} CPU seconds here, {there:.1f} in Ray's processes", flush=True)
    same = batches[0] == batches[1]
    print(f"  the same batch: {same}")
    return same


def _sleep() -> None:
    time.sleep(1e6)


def _hold_the_head() -> None:
    """Takes the CPUs that the executor wants a cluster to begin with, so that all work goes to the nodes that join."""
    import ray

    ray.remote(num_cpus=2, max_retries=0)(_sleep).remote()


def main() -> None:
    """Prints the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default="scaling,courtesy,lost,way,real")
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--blocks", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--candidates", type=int, default=200_000)
    given = parser.parse_args()
    same = True
    with ray_nodes(cpus=2) as cluster:
        os.environ |= {**cluster.environment, "RAY_ADDRESS": cluster.address}
        from loop.config.schema import ClusterConfig
        from loop.execute.cluster import RayExecutor

        executor = RayExecutor(ClusterConfig(workers=1, timeout_seconds=2000.0))
        _hold_the_head()
        try:
            scaling(given, cluster, executor.spreader)
            if "courtesy" in given.parts:
                courtesy(given, executor)
            if "way" in given.parts:
                way(cluster, executor.spreader, given.blocks)
            if "real" in given.parts:
                same = real(cluster, executor.spreader, given.candidates)
            if "lost" in given.parts:
                lost(given, cluster, executor.spreader)
        finally:
            executor.close()
    raise SystemExit(not same)


if __name__ == "__main__":
    main()
