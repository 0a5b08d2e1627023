"""Replays of known pools: how much sooner each method finds the best 5 % than random looks do.

    python -m benchmarks.replay [--data ../shared/data] [--extra FOLDER] [--pools a,b] [--seeds 20] [--looks 200]
        [--without METHOD,METHOD]

The protocol is that of Liang et al., npj Comput. Mater. 7 (2021) 188: 2 random looks, then one at a time. ``--data``
holds the published tables of alloys; ``--extra`` may hold three pools of that paper, ``autoam.csv``, ``perovskite.csv``
and ``p3ht.csv``. The synthetic pools are random alloys under the project's closed forms, and quasi-random points of
functions with few inputs, with noise. A pool marked "design" was looked at while the method was made; the others were
not.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from botorch.test_functions.synthetic import Ackley, Hartmann, SyntheticTestFunction
from botorch.utils.sampling import draw_sobol_samples
from numpy.typing import NDArray

from alloys.physics import edge, linear
from alloys.physics.elements import known_elements
from alloys.physics.refractory import BUNDLE
from alloys.tables import read_rows
from surrogates.replay import metrics
from surrogates.replay.pool import ReplayPool, read_pool
from surrogates.replay.run import Replay, ReplayPlan, replay, summary

PLAIN = ("gp-ard-ei", "gp-ard-lcb")
DESCRIBED = ("gp-ard-ei+descriptors", "gp-ard-lcb+descriptors")
LEVEL = 0.8
TEMPERATURE = r"PROPERTY: Test temperature ($^\circ$C)"


def hardness(data: Path, extra: Path) -> ReplayPool:
    """Vickers hardness of multi-principal-element alloys (Borg et al. 2020)."""
    return read_pool(data / "MPEA" / "MPEA_dataset.csv", "PROPERTY: HV")


def strength_measured(data: Path, extra: Path) -> ReplayPool:
    """Yield strength at room temperature of the same."""
    columns, records = read_rows(data / "MPEA" / "MPEA_dataset.csv")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "strength.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            writer.writerows(r for r in records if r[TEMPERATURE] and 15 <= float(r[TEMPERATURE]) <= 35)
        return read_pool(path, "PROPERTY: YS (MPa)")


def oxidation(data: Path, extra: Path) -> ReplayPool:
    """Mass change of refractory alloys in hot air; small ones are sought."""
    path = data / "oxidation886" / "alloy_oxidation_886_202406.csv"
    inputs = ("Al", "Cr", "Hf", "Mo", "Nb", "Si", "Ta", "Ti", "V", "W", "Zr", "temperature", "time")
    return read_pool(path, "specific_mass_change", features=inputs, minimize=True)


def autoam(data: Path, extra: Path) -> ReplayPool:
    """Shape of printed lines (Liang et al. 2021)."""
    return read_pool(extra / "autoam.csv", "Score")


def perovskite(data: Path, extra: Path) -> ReplayPool:
    """Instability of halide perovskites (Liang et al. 2021); small ones are sought."""
    return read_pool(extra / "perovskite.csv", "Instability index", minimize=True)


def p3ht(data: Path, extra: Path) -> ReplayPool:
    """Conductivity of composites of a polymer and carbon nanotubes (Liang et al. 2021)."""
    return read_pool(extra / "p3ht.csv", "Conductivity (measured) (S/cm)")


def points(function: SyntheticTestFunction, seed: int) -> ReplayPool:
    """200 quasi-random points of a function that is to be minimised, with 10 % noise."""
    drawn = draw_sobol_samples(function.bounds.double(), n=200, q=1, seed=seed).squeeze(1)
    exact = function(drawn).numpy()
    noisy = exact + 0.1 * exact.std() * np.random.default_rng(seed).standard_normal(len(exact))
    names = [f"x{i + 1}" for i in range(function.dim)]
    return ReplayPool.of("synthetic", "answer", names, drawn.numpy(), noisy, minimize=True)


def hartmann(data: Path, extra: Path) -> ReplayPool:
    """Four basins in three inputs."""
    return points(Hartmann(dim=3), 0)


def ackley(data: Path, extra: Path) -> ReplayPool:
    """One basin with ripples in four inputs."""
    return points(Ackley(dim=4), 1)


def alloys(seed: int, answer: Callable[[tuple[str, ...], NDArray[np.float64]], NDArray[np.float64]]) -> ReplayPool:
    """400 random alloys of three to six of the nine elements under a closed form, with 10 % noise."""
    rng, elements = np.random.default_rng(seed), known_elements()
    fractions = np.zeros((400, len(elements)))
    for row in fractions:
        chosen = rng.choice(len(elements), rng.integers(3, 7), replace=False)
        row[chosen] = rng.dirichlet(np.full(len(chosen), 2.0))
    exact = answer(elements, fractions)
    noisy = exact + 0.1 * exact.std() * rng.standard_normal(len(exact))
    return ReplayPool.of(
        "synthetic", "answer", elements, fractions, noisy, descriptors=BUNDLE.describe(elements, fractions)
    )


def strength(data: Path, extra: Path) -> ReplayPool:
    """Edge-dislocation strength at 27 °C (Maresca and Curtin 2020)."""
    return alloys(0, lambda elements, x: edge.edge_strength(elements, x, 300.0))


def toughness(data: Path, extra: Path) -> ReplayPool:
    """Rice's K; small ones are sought."""
    return alloys(1, lambda elements, x: -linear.fracture_toughness(elements, x))


POOLS: dict[str, tuple[Callable[[Path, Path], ReplayPool], bool]] = {
    "hardness": (hardness, False),
    "strength-measured": (strength_measured, False),
    "perovskite": (perovskite, False),
    "p3ht": (p3ht, False),
    "ackley-synthetic": (ackley, False),
    "toughness-synthetic": (toughness, True),
    "strength-synthetic": (strength, True),
    "hartmann-synthetic": (hartmann, True),
    "autoam": (autoam, True),
    "oxidation": (oxidation, True),
}
"""Each pool, and whether it was looked at while the method was made."""


def ratio(result: Replay, baselines: tuple[str, ...]) -> str:
    """AF of ours over that of the better baseline, with 5th and 95th percentiles over resampled campaigns.

    A baseline that does not get there within the looks counts as if it did with the last: the ratio is then a lower
    bound. So is a campaign's in the percentiles.
    """
    curves = {name: result.fractions(name) for name in ("ours", *baselines)}
    seeds, last = result.plan.seeds, result.plan.looks

    def of(rows: NDArray[np.int64]) -> float:
        needed = {name: metrics.looks_to(curve[rows].mean(axis=0), LEVEL) for name, curve in curves.items()}
        return min(needed[name] or last for name in baselines) / (needed["ours"] or np.inf)

    rng, every = np.random.default_rng(0), np.arange(seeds)
    drawn = [of(rng.integers(seeds, size=seeds)) for _ in range(500)]
    reached = any(metrics.looks_to(curves[name].mean(axis=0), LEVEL) for name in baselines)
    text = f"{of(every):.2f} ({np.quantile(drawn, 0.05):.2f} to {np.quantile(drawn, 0.95):.2f})"
    return text if reached else f"at least {text}"


def report(name: str, result: Replay, design: bool) -> None:
    """Prints one pool's lines."""
    pool, plan = result.pool, result.plan
    print(
        f"\n{name}{' (design)' if design else ''}: {len(pool)} rows, top {int(pool.best.sum())}, {len(pool.names)} "
        f"inputs, {pool.descriptors.shape[1]} descriptors, {plan.seeds} campaigns of {plan.looks} looks"
    )
    print("  method                  AF at 50 %  AF at 80 %  (5 to 95 %)      looks to 80 %  largest EF  seconds")
    for method in result.found:
        row = summary(result, method)
        interval = " to ".join("-" if end is None else f"{end:.1f}" for end in row["interval"]["acceleration"]["0.8"])
        half, most = (row["acceleration"][key] for key in ("0.5", "0.8"))
        cells = ["-" if value is None else f"{value:.2f}" for value in (half, most)]
        print(
            f"  {method:<22}  {cells[0]:>10}  {cells[1]:>10}  {interval:<15}  {row['looks']['0.8'] or '-':>13}  "
            f"{row['enhancement_max']:>10.1f}  {row['seconds']:>7.0f}",
        )
    for baselines, words in ((PLAIN, "the better GP on plain inputs"), ((*PLAIN, *DESCRIBED), "the best GP of all")):
        if {"ours", *baselines} <= set(result.found):
            print(f"  ours over {words}, AF at 80 %: {ratio(result, baselines)}", flush=True)


def main() -> None:
    """Prints the lines of every pool that is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--extra", type=Path, default=Path("build/pools"))
    parser.add_argument("--pools", default=",".join(POOLS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--looks", type=int, default=200)
    parser.add_argument("--without", default="", help="methods left out; ratios need ours and the GPs")
    given = parser.parse_args()
    without = given.without.split(",")
    for name in given.pools.split(","):
        make, design = POOLS[name]
        try:
            pool = make(given.data, given.extra)
        except ValueError as error:
            print(f"\n{name}: left out, {error}")
            continue
        named = ["random", *PLAIN, *(DESCRIBED if pool.descriptors.shape[1] else ()), "rf-ei", "ours"]
        methods = [method for method in named if method not in without]
        plan = ReplayPlan.of(pool, seeds=given.seeds, looks=min(given.looks, len(pool)))
        report(name, replay(pool, methods, plan), design)


if __name__ == "__main__":
    main()
