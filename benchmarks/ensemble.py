"""Training several models at once against training them one after another.

    python -m benchmarks.ensemble [--families cvae,flow] [--models 1,5,16] [--precisions float32,bf16] [--epochs 60]

Both ways train the same seeds on the same rows for the same number of epochs, in turns within one run. On the CPU the
clock is the processor's, with one thread: on a quiet core a second of it is a second, and a shared machine does not
change the ratio. On CUDA it is the wall's.

What each training does alone either way, copying rows and looking at the samples, is taken out of the second ratio,
which is that of the epochs: a training of many epochs comes near to it.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import torch

from benchmarks.tables import Table, campaign_sized, published_sized
from generators.ensemble import train_many
from generators.train import train

REPEATS = 2
"""Times that each way is taken; the shorter counts."""


def seconds(work: Callable[[], object], device: str) -> float:
    """How long some work takes."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    start = clock()
    work()
    return clock() - start


def measure(family: str, table: Table, count: int, device: str, settings: dict[str, object]) -> tuple[float, float]:
    """Seconds of training one after another, and at once."""
    rows = (family, table.space, table.properties, table.points, table.values, settings)
    seeds = range(count)

    def one_by_one() -> None:
        for seed in seeds:
            train(*rows, seed=seed, device=device, threads=1)

    def at_once() -> None:
        train_many(*rows, seeds=seeds, device=device, threads=1)

    turns = [(seconds(one_by_one, device), seconds(at_once, device)) for _ in range(REPEATS)]
    return min(turn[0] for turn in turns), min(turn[1] for turn in turns)


def line(family: str, table: Table, count: int, device: str, settings: dict[str, object]) -> str:
    """Seconds both ways, the ratio of trainings, and that of epochs beyond the first."""
    loop, once = measure(family, table, count, device, settings)
    first_loop, first_once = measure(family, table, count, device, {**settings, "epochs": 1})
    return (
        f"{device:6s} {settings['precision']:9s} {table.name:26s} {family:10s} {count:6d}  {loop:13.2f}  {once:10.2f}"
        f"  {loop / once:9.2f}  {(loop - first_loop) / (once - first_once):6.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", default="cvae,flow")
    parser.add_argument("--models", default="1,5,16")
    parser.add_argument("--precisions", default="float32,bf16")
    parser.add_argument("--epochs", type=int, default=60)
    arguments = parser.parse_args()
    counts = [int(word) for word in arguments.models.split(",")]
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    print(f"{arguments.epochs} epochs; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the start")
    print("device precision table                      family     models  one by one, s  at once, s  trainings  epochs")
    for device in devices:
        for precision in arguments.precisions.split(","):
            settings = {"epochs": arguments.epochs, "patience": arguments.epochs, "retries": 0, "precision": precision}
            for table in (campaign_sized(), published_sized()):
                for family in arguments.families.split(","):
                    measure(family, table, 1, device, {**settings, "epochs": 1})
                    for count in counts:
                        print(line(family, table, count, device, settings), flush=True)


if __name__ == "__main__":
    main()
