"""How long each family trains and how many valid samples it draws in a second.

    python -m benchmarks.generators.sampling [--families a,b] [--precisions float32,bf16]

On the CPU, one thread, and on CUDA where present. The table has 500 rows of 22 elements, the settings are those for so
many. Samples are drawn through `sample`, decoding and the space's checks included, 2,000 for each of 20 conditions in
one call, after a first call that is not counted; the best of three counts. A processor second is what a second would be
on a quiet core: the figure to read where the machine was shared.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import torch

from benchmarks.common.tables import published_sized
from generators.registry import family_names, make, preset
from generators.training.neural import NeuralGenerator

CONDITIONS = 20
EACH = 2000


def clocks() -> tuple[float, float]:
    """Wall and processor seconds."""
    return time.perf_counter(), time.process_time()


def since(start: tuple[float, float]) -> tuple[float, float]:
    """Wall and processor seconds since a reading of the clocks."""
    wall, processor = clocks()
    return wall - start[0], processor - start[1]


def measure(family: str, device: str, precision: str) -> str:
    """One line of the table."""
    table = published_sized()
    settings = {**preset(family, len(table.points)), "precision": precision}
    model = make(family, table.space, table.properties, settings)
    assert isinstance(model, NeuralGenerator)
    start = clocks()
    report = model.fit(table.points, table.values, seed=0, device=device, threads=1)
    trained = since(start)
    model.to(device)
    asked = np.repeat(table.values[:CONDITIONS], EACH, axis=0)
    model.sample(asked[:100], seed=0)
    best = [np.inf, np.inf]
    for seed in range(3):
        start = clocks()
        drawn = model.sample(asked, seed=seed)
        best = [min(pair) for pair in zip(best, since(start), strict=True)]
    count = len(drawn.points)
    return (
        f"{family:10s} {device:5s} {precision:8s} {len(report.train_losses):6d} {trained[0]:9.1f} {trained[1]:9.1f} "
        f"{drawn.first_draw_valid:7.3f} {count / best[0]:11.0f} {count / best[1]:11.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", default=",".join(family_names()))
    parser.add_argument("--precisions", default="float32")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    print(f"{published_sized().name}; one thread, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the start")
    print(f"{'':25s} {'epochs':>6s} {'training seconds':>19s} {'valid':>7s} {'valid samples in a second':>23s}")
    print(f"{'':25s} {'':6s} {'wall':>9s} {'processor':>9s} {'first':>7s} {'wall':>11s} {'processor':>11s}")
    for device in devices:
        for precision in arguments.precisions.split(","):
            for family in arguments.families.split(","):
                print(measure(family, device, precision), flush=True)


if __name__ == "__main__":
    main()
