"""Processor time of the warm engine against cold ``pycalphad.equilibrium`` calls for the same quantity."""

from __future__ import annotations

import multiprocessing
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from pycalphad import Database

from benchmarks.phase_equilibria.cases import AMOUNTS, Case, metals_of
from benchmarks.phase_equilibria.plain import equilibrate
from validation.calphad.errors import CalphadError
from validation.calphad.reading.tdbfile import read
from validation.calphad.solving.engine import CalphadEngine

KELVIN = 1000.0
STEPS = (0.01, 0.02, 0.03)
"""Mole fraction that goes from the first element to the last in the alloys that are timed."""
ENDS_K = (300.0, 4000.0)
"""Between which a bisection with plain calls looks for the solidus; it ends within 1 K."""
LIQUID = 1e-6
"""Mole fraction of liquid from which on an alloy counts as partly molten."""

QUANTITIES = ("phases at 1000 K", "solidus")


def speed(paths: Sequence[Path]) -> None:
    """A line for each database, and the median ratios."""
    print("processor seconds: first of a set of elements, warm, plain calls; ratio of the last two")
    ratios: dict[str, list[float]] = {name: [] for name in QUANTITIES}
    for path in paths:
        metals = metals_of(path)[:3]
        case = Case(str(path), dict(zip(metals, AMOUNTS[len(metals)], strict=True)), KELVIN)
        engine = CalphadEngine(read(path))
        for name, ask, cold in (
            (QUANTITIES[0], lambda alloy: alloy.at(KELVIN), _one_call),
            (QUANTITIES[1], lambda alloy: alloy.solidus, _bisection),
        ):
            try:
                first, warm, answer = _warm(engine, case, ask)
            except CalphadError as error:
                print(f"  {path.name:30s} {name:17s} refused: {error}", flush=True)
                continue
            seconds, said = _apart(cold, case, sorted(engine.liquids))
            ratios[name].append(seconds / warm)
            times = f"first {first:6.2f}  warm {warm:7.4f}  plain {seconds:6.2f}  ratio {seconds / warm:6.1f}"
            ours = f"ours {answer:.1f} K, plain {said}" if isinstance(answer, float) else said
            print(f"  {path.name:30s} {name:17s} {times}  {ours}", flush=True)
    for name, values in ratios.items():
        if values:
            print(f"median ratio, {name}: {median(values):.1f} of {len(values)}, least {min(values):.1f}")


def _warm(engine: Any, case: Case, ask: Callable[[Any], object]) -> tuple[float, float, object]:
    """Seconds of the first alloy of a set of elements, of the ones beside it on average, and the first one's answer."""
    first, *_, last = case.fractions
    seconds: list[float] = []
    answers: list[object] = []
    for step in (0.0, *STEPS):
        moved = {**case.fractions, first: case.fractions[first] - step, last: case.fractions[last] + step}
        start = time.process_time()
        answers.append(ask(engine.alloy(moved)))
        seconds.append(time.process_time() - start)
    return seconds[0], sum(seconds[1:]) / len(STEPS), answers[0]


def _apart(cold: Callable[[Any, Case, list[str]], str], case: Case, liquids: list[str]) -> tuple[float, str]:
    """Seconds of plain calls in a fresh process, the database parsed, and what came of them."""
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)

    def call() -> None:
        warnings.filterwarnings("ignore")
        database = Database.from_string(read(Path(case.file)), fmt="tdb")
        start = time.process_time()
        said = cold(database, case, liquids)
        writer.send((time.process_time() - start, said))

    child = context.Process(target=call)
    child.start()
    seconds, said = reader.recv()
    child.join()
    return float(seconds), str(said)


def _one_call(database: Any, case: Case, liquids: list[str]) -> str:
    """One equilibrium with pycalphad's own density."""
    return str(equilibrate(database, case, None).get("failure", ""))


def _bisection(database: Any, case: Case, liquids: list[str]) -> str:
    """The solidus by bisection of the amount of liquid; pycalphad itself keeps what it has compiled in this process."""
    low, high = ENDS_K
    calls = 0
    while high - low > 1.0:
        middle = 0.5 * (low + high)
        calls += 1
        sets = equilibrate(database, replace(case, kelvin=middle), None).get("sets", [])
        molten = sum(item["amount"] for item in sets if item["phase"] in liquids) > LIQUID
        low, high = (low, middle) if molten else (middle, high)
    return f"{high:.0f} K, {calls} calls"
