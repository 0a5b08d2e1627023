"""CALPHAD in three tables: melting points, solidus and liquidus against a reference, and speed.

Run ``python benchmarks/calphad.py [FACTS.csv]``. The facts table (alloy, solidus and liquidus in K) is looked
for beside the repository when no path is given, and that part is skipped when there is none.
"""

from __future__ import annotations

import csv
import re
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from validation.calphad import CalphadEngine, build_database  # noqa: E402

FACTS = ROOT.parent / "shared" / "facts" / "calphad_selfcheck_9element_tdb.csv"
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


def melting_points(engine: CalphadEngine) -> None:
    """Table 1: pure elements."""
    say("Pure elements: melting point, K (SGTE: Dinsdale 1991)")
    for element, expected in SGTE_K.items():
        found = engine.evaluate({element: 1.0})
        say(f"  {element:3s} {found.solidus:9.2f} {expected:7d} {found.solidus - expected:+6.2f}")


def against_facts(engine: CalphadEngine, path: Path) -> None:
    """Table 2: solidus and liquidus of the alloys of a facts table."""
    say(f"\nSolidus and liquidus, K, and difference from {path.name}")
    if not path.is_file():
        say("  skipped: no such table; give its path as the argument")
        return
    gaps: dict[str, list[float]] = {"solidus": [], "liquidus": []}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found = engine.evaluate(fractions(row["alloy"]))
            solidus = found.solidus - float(row["solidus_K_pycalphad"])
            liquidus = found.liquidus - float(row["liquidus_K_pycalphad"])
            gaps["solidus"].append(abs(solidus))
            gaps["liquidus"].append(abs(liquidus))
            seen = "+".join(name for name, _, _ in found.phases[1200.0])
            numbers = f"{found.solidus:8.1f} ({solidus:+6.1f}) {found.liquidus:8.1f} ({liquidus:+6.1f})"
            say(f"  {row['alloy']:20s} {numbers}  1200 C: {seen}")
    say(f"  median |difference|: solidus {median(gaps['solidus']):.1f} K, liquidus {median(gaps['liquidus']):.1f} K")


def shifted(alloy: dict[str, float], step: float) -> dict[str, float]:
    """The alloy with some of its first element moved to its last: other composition, same elements."""
    first, last = min(alloy), max(alloy)
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
    say("\nSeconds per alloy: solidus, liquidus, phases at 1200 and 1300 C; engine against cold equilibrium() calls")
    ratios = []
    for formula in SPEED_ALLOYS:
        alloy = fractions(formula)
        start = time.perf_counter()
        result = engine.evaluate(alloy)
        first = time.perf_counter() - start
        start = time.perf_counter()
        for step in (0.01, 0.02, 0.03):
            engine.evaluate(shifted(alloy, step))
        warm = (time.perf_counter() - start) / 3
        start = time.perf_counter()
        solidus, liquidus, calls = cold_answer(text, alloy)
        cold = time.perf_counter() - start
        ratios.append(cold / warm)
        times = f"first {first:5.2f}  warm {warm:5.3f}  cold {cold:5.2f} ({calls} calls)  ratio {cold / warm:6.1f}"
        apart = f"differ by {solidus - result.solidus:+.1f} and {liquidus - result.liquidus:+.1f} K"
        say(f"  {formula:12s} {times}  {apart}")
    say(f"  median ratio {median(ratios):.1f}, least {min(ratios):.1f}")


def main() -> None:
    """Print the three tables."""
    import warnings

    warnings.filterwarnings("ignore")
    start = time.perf_counter()
    text = build_database()
    engine = CalphadEngine(text)
    say(f"database built and read in {time.perf_counter() - start:.2f} s\n")
    speed(engine, text)
    say()
    melting_points(engine)
    against_facts(engine, Path(sys.argv[1]) if len(sys.argv) > 1 else FACTS)


if __name__ == "__main__":
    main()
