"""What descriptors cost, and what choosing among them is worth.

    python -m benchmarks.descriptors [--count 1000000]
    python -m benchmarks.descriptors --data ../shared/data [--tables hardness,strength] [--rows 20,40,80,160]
                                     [--repeats 8]

Without tables: seconds and memory of describing random alloys of nine elements, beside the same alloys' product with
a matrix of as many columns. With them: a Gaussian process is fitted on some rows of a published table and asked of up
to 250 others, with its inputs chosen, with the fractions alone, and with all descriptors and the fractions. Errors are
in standard deviations of the property; the surprise is the mean negative logarithm of the predictive density.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

import surrogates  # noqa: F401
from alloys.physics.registry import get_physics
from alloys.space import Floats
from benchmarks.descriptors.tables import DESIGN, NAMES, read
from surrogates.model.choice import Fit, choosing
from surrogates.model.features import Described, Scaling
from surrogates.model.gp import GP
from surrogates.model.sparse import fit_gp

ELEMENTS = tuple("Al Co Cr Cu Fe Mo Ni Ti V".split())
ASKED = 250
Rows = NDArray[np.int64]


def describe(count: int) -> None:
    """Descriptors of many alloys."""
    generic, rng = get_physics("generic"), np.random.default_rng(0)
    fractions = np.round(50 * rng.dirichlet(np.ones(len(ELEMENTS)), count))
    fractions /= fractions.sum(axis=1, keepdims=True)
    start = time.process_time()
    columns = generic.describe(ELEMENTS, fractions).shape[1]
    taken = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.process_time()
    _ = fractions @ rng.normal(size=(len(ELEMENTS), columns))
    product = time.process_time() - start
    print(f"{count} alloys, {columns} descriptors: {taken:.1f} CPU seconds, {peak:.2f} GiB at the peak; ", end="")
    print(f"{taken / product:.0f} times a product with a matrix")


def judged(fit: Fit[GP], inputs: Floats, values: Floats, rows: Rows, asked: Rows) -> tuple[float, float, float]:
    """Error in standard deviations, surprise, and rank correlation on the rows that are asked."""
    scaling = Scaling.fit(inputs[rows])
    known, truth = values[rows], values[asked]
    gp, _ = fit(scaling.apply(inputs[rows]), known, float(known.mean()), float(known.std()), 0.0, None)
    mean, std = gp.predict(scaling.apply(inputs[asked]))
    std, spread = np.hypot(std, gp.noise_std), truth.std()
    surprise = np.mean(0.5 * ((mean - truth) / std) ** 2 + np.log(std / spread))
    return (
        float(np.sqrt(np.mean((mean - truth) ** 2)) / spread), float(surprise), float(spearmanr(mean, truth).statistic)
    )  # fmt: skip


def compare(name: str, data: Path, sizes: list[int], repeats: int) -> None:
    """One table: a line for each number of rows and each way."""
    elements, fractions, values = read(name, data)
    generic = get_physics("generic")
    everything = Described.of(generic, elements, fractions).raw()
    ways: dict[str, tuple[Fit[GP], Floats]] = {
        "chosen": (choosing(generic, elements, fit_gp), everything),
        "fractions": (fit_gp, fractions),
        "everything": (fit_gp, everything),
    }
    for count in (size for size in sizes if size + 30 <= len(values)):
        found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
        for repeat in range(repeats):
            order = np.random.default_rng([repeat, count]).permutation(len(values))
            for way, (fit, inputs) in ways.items():
                found[way].append(judged(fit, inputs, values, order[:count], order[count : count + ASKED]))
        for way, scores in found.items():
            error, surprise, rank = np.mean(scores, axis=0)
            seen = " (design)" if name in DESIGN else ""
            print(
                f"{name + seen:<24}{count:>4} rows  {way:<11} error {error:.3f}  surprise {surprise:6.3f}  "
                f"rank correlation {rank:.3f}",
                flush=True,
            )


def main() -> None:
    """Prints the one or the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--tables", default=",".join(NAMES))
    parser.add_argument("--rows", default="20,40,80,160")
    parser.add_argument("--repeats", type=int, default=8)
    given = parser.parse_args()
    if given.data is None:
        describe(given.count)
        return
    for name in given.tables.split(","):
        compare(name, given.data, [int(size) for size in given.rows.split(",")], given.repeats)


if __name__ == "__main__":
    main()
