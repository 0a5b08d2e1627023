"""CALPHAD in tables: speed, melting points, solidus and liquidus against a reference, and random alloys.

    python -m benchmarks.calphad [REFERENCE.csv] [--mixed] [--random 2000] [--workers 200] [--seed 2026]

The reference (alloy, solidus_k and liquidus_k in K) is `tests/golden/melting.csv` where no path is given.
``--random N`` prints only what became of N random alloys of the default space, ``--mixed`` only the speed of alloys of
three to six elements, ``--workers N`` only how much faster two processes are than one. Seconds are of the processor, so
that what runs beside hardly counts; those of ``--workers`` are of the clock.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from alloys.composition import Composition  # noqa: E402
from validation.calphad.own.database import build_database  # noqa: E402
from validation.calphad.solving.alloy import Alloy  # noqa: E402
from validation.calphad.solving.engine import CalphadEngine  # noqa: E402

MELTING = ROOT / "tests" / "golden" / "melting.csv"
SGTE_K = {"Cr": 2180, "Hf": 2506, "Mo": 2896, "Nb": 2750, "Ta": 3290, "Ti": 1941, "V": 2183, "W": 3695, "Zr": 2128}
SPEED_ALLOYS = ("NbMoTaW", "HfNbTaTiZr", "CrNbTiZr", "MoNbTaTiVW")


def fractions(formula: str) -> dict[str, float]:
    """Atomic fractions of a formula such as ``Nb45Ta25Ti15Hf15``."""
    parts = {element: float(count or 1) for element, count in re.findall(r"([A-Z][a-z]?)([\d.]*)", formula)}
    total = sum(parts.values())
    return {element: count / total for element, count in parts.items()}


def say(line: str = "") -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def evaluated(engine: CalphadEngine, fractions: dict[str, float]) -> Alloy:
    """An alloy of which solidus, liquidus and the phases at 1200 and 1300 °C are known."""
    alloy = engine.alloy(fractions)
    _ = alloy.solidus, alloy.at(1473.15), alloy.at(1573.15)
    return alloy


def melting_points(engine: CalphadEngine) -> None:
    """Table 1: pure elements."""
    say("Pure elements: melting point, K (SGTE: Dinsdale 1991)")
    for element, expected in SGTE_K.items():
        found = engine.alloy({element: 1.0})
        say(f"  {element:3s} {found.solidus:9.2f} {expected:7d} {found.solidus - expected:+6.2f}")


def against_reference(engine: CalphadEngine, path: Path) -> None:
    """Table 2: solidus and liquidus of the alloys of a reference."""
    say(f"\nSolidus and liquidus, K, and difference from {path.name}")
    gaps: dict[str, list[float]] = {"solidus": [], "liquidus": []}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found = engine.alloy(fractions(row["alloy"]))
            solidus = found.solidus - float(row["solidus_k"])
            liquidus = found.liquidus - float(row["liquidus_k"])
            gaps["solidus"].append(abs(solidus))
            gaps["liquidus"].append(abs(liquidus))
            seen = "+".join(item.phase for item in found.at(1473.15).sets)
            numbers = f"{found.solidus:8.1f} ({solidus:+6.1f}) {found.liquidus:8.1f} ({liquidus:+6.1f})"
            say(f"  {row['alloy']:20s} {numbers}  1200 C: {seen}")
    say(f"  median |difference|: solidus {median(gaps['solidus']):.1f} K, liquidus {median(gaps['liquidus']):.1f} K")


def shifted(alloy: dict[str, float], step: float) -> dict[str, float]:
    """The alloy with some of its largest amount moved to its smallest: other composition, same elements."""
    last, *_, first = sorted(alloy, key=lambda name: (alloy[name], name))
    return {**alloy, first: alloy[first] - step, last: alloy[last] + step}


def cold_answer(text: str, alloy: dict[str, float]) -> tuple[float, float, int]:
    """Solidus and liquidus by bisection to 1 K, and phases at two temperatures, by ``pycalphad.equilibrium`` alone.

    Returns:
        solidus and liquidus in K, and how many equilibria it took.
    """
    from pycalphad import Database, equilibrium
    from pycalphad import variables as v

    database = Database.from_string(text, fmt="tdb")
    components = [*sorted(name.upper() for name in alloy), "VA"]
    conditions = {v.P: 101325, v.N: 1, **{v.X(name): alloy[name.title()] for name in components[1:-1]}}
    calls = 0

    def liquid(kelvin: float) -> float:
        nonlocal calls
        calls += 1
        found = equilibrium(database, components, list(database.phases), {**conditions, v.T: kelvin})
        share = found.NP.where(found.Phase == "LIQUID").sum()
        return float(share)

    def bisect(limit: float) -> float:
        low, high = 1000.0, 3800.0
        while high - low > 1.0:
            middle = 0.5 * (low + high)
            low, high = (low, middle) if liquid(middle) > limit else (middle, high)
        return high

    solidus, liquidus = bisect(1e-6), bisect(1 - 1e-6)
    for kelvin in (1473.15, 1573.15):
        liquid(kelvin)
    return solidus, liquidus, calls


def speed(engine: CalphadEngine, text: str) -> None:
    """Table 3: the warm engine against cold ``pycalphad.equilibrium`` calls with the database only."""
    say("\nProcessor seconds per alloy: solidus, liquidus, phases at 1200 and 1300 C; against cold equilibrium() calls")
    ratios = []
    for formula in SPEED_ALLOYS:
        alloy = fractions(formula)
        start = time.process_time()
        result = evaluated(engine, alloy)
        first = time.process_time() - start
        start = time.process_time()
        for step in (0.01, 0.02, 0.03):
            evaluated(engine, shifted(alloy, step))
        warm = (time.process_time() - start) / 3
        start = time.process_time()
        solidus, liquidus, calls = cold_answer(text, alloy)
        cold = time.process_time() - start
        ratios.append(cold / warm)
        times = f"first {first:5.2f}  warm {warm:5.3f}  cold {cold:5.2f} ({calls} calls)  ratio {cold / warm:6.1f}"
        apart = f"differ by {solidus - result.solidus:+.1f} and {liquidus - result.liquidus:+.1f} K"
        say(f"  {formula:12s} {times}  {apart}")
    say(f"  median ratio {median(ratios):.1f}, least {min(ratios):.1f}")


def random_alloys(count: int, seed: int) -> list[Composition]:
    """Random alloys of the default campaign's space, those of the same elements together."""
    from loop.config.reading import load_config

    space = load_config(ROOT / "configs" / "refractory.yaml").space.build()
    points = space.sample(count, np.random.default_rng(seed))
    return sorted(
        (space.design(row).composition for row in points), key=lambda alloy: (alloy.elements, alloy.canonical())
    )


def mixed_speed(engine: CalphadEngine, text: str, seed: int) -> None:
    """Alloys of three to six of nine elements: warm rate on one core, and against cold equilibrium() calls."""
    by_size: dict[int, list[Composition]] = {}
    for alloy in random_alloys(400, seed):
        by_size.setdefault(len(alloy.elements), []).append(alloy)
    rng = np.random.default_rng(seed)
    warm = cold = count = 0.0
    for size, alloys in sorted(by_size.items()):
        picked = [alloys[place] for place in rng.choice(len(alloys), 4, replace=False)]
        for alloy in picked:
            evaluated(engine, shifted(alloy.fractions(), 0.01))  # compiles the system
            start = time.process_time()
            evaluated(engine, alloy.fractions())
            taken = time.process_time() - start
            warm, count = warm + taken, count + 1
            start = time.process_time()
            cold_answer(text, alloy.fractions())
            cold += time.process_time() - start
        say(f"  {size} elements: {count / warm:.1f} alloys/s, {cold / warm:.1f} x so far")
    say(f"  warm, {count:.0f} alloys of 3 to 6 elements: {count / warm:.1f} alloys/s on one core")
    say(f"  the same by cold equilibrium() calls: {cold / warm:.1f} x as long")


def two_workers(count: int, seed: int) -> None:
    """The same random alloys by one process and by two, each started for it."""
    from loop.execute.bulk_validation import answers
    from validation.registry import make_validator

    alloys = {str(alloy): alloy for alloy in random_alloys(count, seed)}
    validator = make_validator("calphad", {})
    seconds = []
    for jobs in (1, 2):
        start = time.perf_counter()
        answered = sum(1 for _ in answers(validator, alloys, jobs))
        seconds.append(time.perf_counter() - start)
        say(f"  {jobs} process(es): {answered} alloys in {seconds[-1]:.1f} s, {answered / seconds[-1]:.2f} alloys/s")
    say(f"  two are {seconds[0] / seconds[1]:.2f} x as fast as one")


def at_random(engine: CalphadEngine, count: int, seed: int) -> None:
    """What became of random alloys: answers, failures by class, steps of the retry ladder, seconds."""
    from validation.calphad.errors import CalphadError

    failures: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    alloys = random_alloys(count, seed)
    seconds = []
    for alloy in alloys:
        start = time.process_time()
        try:
            result = evaluated(engine, alloy.fractions())
            steps.update(step for _, step in result.retries)
        except CalphadError as error:
            failures[error.kind] += 1
            say(f"  {alloy}: {error}")
        except Exception as error:
            failures[f"unclassified: {type(error).__name__}"] += 1
            say(f"  {alloy}: {error!r}")
        seconds.append(time.process_time() - start)
    systems = len({alloy.elements for alloy in alloys})
    failed = sum(failures.values())
    say(f"{len(alloys)} random alloys of {systems} systems, seed {seed}, on one core")
    say(f"  answered {len(alloys) - failed}, failed {failed} ({failed / len(alloys):.2%}): {dict(failures)}")
    say(f"  equilibria that needed a retry, by the step that answered: {dict(steps)}")
    ordered = sorted(seconds)
    say(f"  {len(alloys) / sum(seconds):.1f} alloys/s, compiling included; seconds per alloy:")
    say(f"  median {median(seconds):.3f}, 99 % below {ordered[int(0.99 * len(ordered))]:.2f}, most {ordered[-1]:.2f}")


def main() -> None:
    """Prints the tables."""
    import warnings

    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference", type=Path, nargs="?", default=MELTING)
    parser.add_argument("--mixed", action="store_true")
    parser.add_argument("--random", type=int, metavar="N")
    parser.add_argument("--workers", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=2026)
    given = parser.parse_args()
    if given.workers is not None:
        two_workers(given.workers, given.seed)
        return
    start = time.perf_counter()
    text = build_database()
    engine = CalphadEngine(text)
    say(f"database built and read in {time.perf_counter() - start:.2f} s\n")
    if given.random is not None:
        at_random(engine, given.random, given.seed)
        return
    if given.mixed:
        mixed_speed(engine, text, given.seed)
        return
    speed(engine, text)
    mixed_speed(engine, text, given.seed)
    say()
    melting_points(engine)
    against_reference(engine, given.reference)


if __name__ == "__main__":  # processes that are spawned import this file
    main()
