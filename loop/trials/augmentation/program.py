"""Trains CTGAN on a table and draws from it: a program of its own, as the package needs an older pandas.

    python program.py IN.csv OUT.csv ROWS EPOCHS SEED

References:
    Xu, L. et al. (2019). Modeling tabular data using conditional GAN. NeurIPS 32: CTGAN.
"""

from __future__ import annotations

import sys


def main(source: str, target: str, rows: int, epochs: int, seed: int) -> None:
    """Reads columns of numbers, and writes so many rows of the same columns."""
    from ctgan import CTGAN  # isort: skip  # first: where it is broken, nothing else need be read

    import pandas
    import torch

    table = pandas.read_csv(source)
    torch.set_num_threads(1)
    model = CTGAN(epochs=epochs, enable_gpu=False)
    model.set_random_state(seed)
    model.fit(table)
    model.sample(rows).to_csv(target, index=False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
