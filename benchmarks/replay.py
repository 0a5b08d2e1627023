"""Replays of known pools: how much sooner each method finds the best 5 % than random looks do.

    python -m benchmarks.replay [--data ../shared/data] [--pools a,b] [--methods ours,rf-ei] [--seeds 20] [--looks 200]
        [--jobs 1] [--set KEY=VALUE]

The protocol is that of Liang et al., npj Comput. Mater. 7 (2021) 188: 2 random looks, then one at a time. ``--data``
holds published tables. The synthetic pools are random alloys under the project's closed forms, and quasi-random points
of functions with few inputs, with noise. A pool marked "design" was looked at while the method was made; the others
were not.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from botorch.test_functions.synthetic import Ackley, Hartmann, Levy, Rosenbrock, SyntheticTestFunction
from botorch.utils.sampling import draw_sobol_samples
from numpy.typing import NDArray

from alloys.composition import Composition
from alloys.design import Design
from alloys.intake.tables import read_rows
from alloys.physics import edge, linear
from alloys.physics.elements import known_elements
from loop.replay import metrics
from loop.replay.pool import ReplayPool, number, read_pool
from loop.replay.run import METHODS, Replay, ReplayPlan, replay, summary

BASELINES = ("gp-ard-ei", "gp-ard-lcb", "rf-ei")
LEVEL = 0.8
TEMPERATURE = r"PROPERTY: Test temperature ($^\circ$C)"
HEAT = ("Normalized Temperature", "Quenching Temperature", "Temperaing Temperature")
"""Headings of the steels' table, as they are spelt there, in °C."""


def hardness(data: Path) -> ReplayPool:
    """Vickers hardness of multi-principal-element alloys (Borg et al. 2020)."""
    return read_pool(data / "MPEA" / "MPEA_dataset.csv", "PROPERTY: HV")


def mechanical(column: str, low: float = 15, high: float = 35, *, heat: bool = False) -> Callable[[Path], ReplayPool]:
    """A property of the same, at temperatures in °C; at room temperature, if none are given."""

    def make(data: Path) -> ReplayPool:
        table = read_rows(data / "MPEA" / "MPEA_dataset.csv")
        kept = [row for row in table.rows if row[TEMPERATURE] and low <= float(row[TEMPERATURE]) <= high]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "MPEA.csv"
            with path.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, table.columns)
                writer.writeheader()
                writer.writerows(kept)
            return read_pool(path, column, features=("FORMULA", TEMPERATURE) if heat else ())

    return make


strength_measured = mechanical("PROPERTY: YS (MPa)")
"""Yield strength at room temperature."""


def oxidation(data: Path) -> ReplayPool:
    """Mass change of refractory alloys in hot air; small ones are sought."""
    path = data / "oxidation886" / "alloy_oxidation_886_202406.csv"
    inputs = ("Al", "Cr", "Hf", "Mo", "Nb", "Si", "Ta", "Ti", "V", "W", "Zr", "temperature", "time")
    return read_pool(path, "specific_mass_change", features=inputs, minimize=True)


def fatigue(data: Path) -> ReplayPool:
    """Fatigue strength of steels (NIMS; Xiong et al. 2020) by nine amounts in wt.% and three temperatures."""
    amounts, path = ("C", "Si", "Mn", "P", "S", "Ni", "Cr", "Cu", "Mo"), data / "steels" / "nims_fatigue.csv"
    target = "Fatigue Strength (10E7 Cycles)"
    return read_pool(path, target, features=(*amounts, *HEAT), basis="wt.%", balance="Fe")


def glass(data: Path) -> ReplayPool:
    """Glass transition of metallic glasses (Xiong et al. 2020)."""
    records = read_rows(data / "glasses" / "characteristic_temperatures.csv").rows
    designs = [Design(Composition.parse(str(row["Alloy"]))) for row in records]
    return ReplayPool.of("glasses", "Tg", designs, np.array([float(row["Tg"]) for row in records]))


def few(folder: str, target: str, inputs: Sequence[str], *, minimize: bool = False) -> Callable[[Path], ReplayPool]:
    """A published table by a few plain inputs."""

    def make(data: Path) -> ReplayPool:
        path = next(path for path in sorted((data / folder).glob("*.csv")))
        records = read_rows(path).rows
        rows = np.array([[number(record[name]) for name in (*inputs, target)] for record in records])
        rows = rows[np.isfinite(rows).all(axis=1)]
        return plain(str(path), target, rows[:, :-1], rows[:, -1], minimize=minimize)

    return make


def plain(
    source: str, target: str, inputs: NDArray[np.float64], answers: NDArray[np.float64], **more: Any
) -> ReplayPool:
    """A pool of plain inputs, shape ``(n, d)``."""
    rows = [{f"x{i + 1}": value for i, value in enumerate(row)} for row in inputs.tolist()]
    return ReplayPool.of(source, target, [Design.of(Composition.unknown(), row) for row in rows], answers, **more)


def points(function: SyntheticTestFunction, seed: int) -> Callable[[Path], ReplayPool]:
    """200 quasi-random points of a function that is to be minimised, with 10 % noise."""
    drawn = draw_sobol_samples(function.bounds.double(), n=200, q=1, seed=seed).squeeze(1)
    exact = function(drawn).numpy()
    noisy = exact + 0.1 * exact.std() * np.random.default_rng(seed).standard_normal(len(exact))
    return lambda data: plain("synthetic", "answer", drawn.numpy(), noisy, minimize=True)


def alloys(
    seed: int, answer: Callable[[tuple[str, ...], NDArray[np.float64]], NDArray[np.float64]]
) -> Callable[[Path], ReplayPool]:
    """400 random alloys of three to six of the nine elements under a closed form, with 10 % noise."""
    rng, elements = np.random.default_rng(seed), known_elements()
    fractions = np.zeros((400, len(elements)))
    for row in fractions:
        chosen = rng.choice(len(elements), rng.integers(3, 7), replace=False)
        row[chosen] = rng.dirichlet(np.full(len(chosen), 2.0))
    exact = answer(elements, fractions)
    noisy = exact + 0.1 * exact.std() * rng.standard_normal(len(exact))
    amounts = [dict(zip(elements, row, strict=True)) for row in (fractions * 1e6).round().astype(int).tolist()]
    designs = [Design(Composition.from_amounts(row)) for row in amounts]
    return lambda data: ReplayPool.of("synthetic", "answer", designs, noisy)


POOLS: dict[str, tuple[Callable[[Path], ReplayPool], bool]] = {
    "hardness": (hardness, False),
    "strength-measured": (strength_measured, False),
    "oxidation": (oxidation, False),
    "fatigue": (fatigue, False),
    "glass": (glass, False),
    "hartmann": (points(Hartmann(dim=3), 0), False),
    "ackley": (points(Ackley(dim=4), 1), False),
    "tensile-few": (few("steels", "Tensile Strength", ("C", "Cr", "Ni", HEAT[2])), False),
    "oxidation-few": (
        few("oxidation886", "specific_mass_change", ("Al", "Cr", "temperature", "time"), minimize=True), False,
    ),
    "tensile-measured": (mechanical("PROPERTY: UTS (MPa)"), True),
    "elongation": (mechanical("PROPERTY: Elongation (%)"), True),
    "strength-hot": (mechanical("PROPERTY: YS (MPa)", 100, 3000, heat=True), True),
    "hardness-few": (few("steels", "Hardness", ("C", "Mn", "Cr", HEAT[2])), True),
    "levy": (points(Levy(dim=5), 4), True),
    "rosenbrock": (points(Rosenbrock(dim=4), 3), True),
    "strength-synthetic": (alloys(0, lambda elements, x: edge.edge_strength(elements, x, 300.0)), True),
    "toughness-synthetic": (alloys(1, lambda elements, x: -linear.fracture_toughness(elements, x)), True),
}  # fmt: skip
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
    if not of(every):
        return "not known, ours did not get there within the looks"
    text = f"{of(every):.2f} ({np.quantile(drawn, 0.05):.2f} to {np.quantile(drawn, 0.95):.2f})"
    return text if reached else f"at least {text}"


def report(name: str, result: Replay, design: bool) -> None:
    """Prints one pool's lines."""
    pool, plan = result.pool, result.plan
    print(
        f"\n{name}{' (design)' if design else ''}: {len(pool)} rows, top {int(pool.best.sum())}, {len(pool.names)} "
        f"inputs, {plan.seeds} campaigns of {plan.looks} looks"
    )
    print("  method                  AF at 50 %  AF at 80 %  (5 to 95 %)      looks to 80 %  largest EF    CPU s")
    for method in result.found:
        row = summary(result, method)
        interval = " to ".join("-" if end is None else f"{end:.1f}" for end in row["interval"]["acceleration"]["0.8"])
        half, most = (row["acceleration"][key] for key in ("0.5", "0.8"))
        cells = ["-" if value is None else f"{value:.2f}" for value in (half, most)]
        print(
            f"  {method:<22}  {cells[0]:>10}  {cells[1]:>10}  {interval:<15}  {row['looks']['0.8'] or '-':>13}  "
            f"{row['enhancement_max']:>10.1f}  {row['seconds']:>7.0f}",
        )
    there = tuple(name for name in BASELINES if name in result.found)
    if "ours" in result.found and there:
        print(f"  ours over the best of {', '.join(there)}, AF at 80 %: {ratio(result, there)}", flush=True)


def main() -> None:
    """Prints the lines of every pool that is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pools", default=",".join(POOLS))
    parser.add_argument("--methods", default=",".join(METHODS), help="ratios need ours and the others")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--looks", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of the campaign of ours")
    given = parser.parse_args()
    for name in given.pools.split(","):
        make, design = POOLS[name]
        try:
            pool = make(given.data)
        except (OSError, ValueError, StopIteration) as error:
            print(f"\n{name}: left out, {error}")
            continue
        plan = ReplayPlan.of(pool, seeds=given.seeds, looks=min(given.looks, len(pool)))
        report(name, replay(pool, given.methods.split(","), plan, overrides=given.set, jobs=given.jobs), design)


if __name__ == "__main__":
    main()
