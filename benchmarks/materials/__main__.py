"""A materials table with a great many points: what filling it, looking at it and starting from it cost.

    python -m benchmarks.materials [--points 1000000] [--table FILE] [--url POSTGRESQL_URL [--server PID]]

The points are random: of materials of two to six elements, half of them of the nine of the default campaign; of what
papers measure and of what validators and models say; a fifth are designs that a generator drew. They are added as any
points are, 250,000 at a time. A table that has them already is used as it is. Each question is asked three times by new
connections; told are the seconds of the slowest, and of the processor: those of a server on this machine are among them
where its process is named.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from alloys.composition import Composition
from alloys.design import Design
from alloys.points.point import MEASURED, Point, PointConditions, PointKind, PointSource
from loop.config.reading import load_config
from loop.materials import MaterialsTable, PointQuery
from loop.materials.finding import ValueRange, find_materials, resembling
from loop.people.filling.needs import Needs
from loop.people.filling.routes import find_voids

ROOT = Path(__file__).resolve().parents[2]
NINE = ("Cr", "Hf", "Mo", "Nb", "Ta", "Ti", "V", "W", "Zr")
OTHERS = ("Al", "B", "C", "Co", "Cu", "Fe", "Ga", "Mg", "Mn", "N", "Ni", "Pd", "Re", "Sc", "Si", "Sn", "Y", "Zn")
PAPERS = {"yield_strength": "MPa", "tensile_strength": "MPa", "hardness": "HV", "elongation": "%", "grain_size": "µm"}
PROGRAMS = {"solidus": "K", "yield_strength_1300c": "MPa", "density": "g/cm3", "shear_modulus": "GPa"}
RANGES = {"elongation": (0.1, 60), "density": (4, 18), "shear_modulus": (20, 150), "solidus": (1200, 3200)}
ROUTES = ("cast", "cast and annealed", "HIP", "wrought", "powder", "")
PHASES = ("BCC", "FCC", "BCC+Laves", "")
SHARES = {PointKind.LITERATURE: 0.1, PointKind.VALIDATION: 0.25, PointKind.PREDICTED: 0.45, PointKind.GENERATED: 0.2}
AT_ONCE = 250_000
POINTS_OF_A_MATERIAL = 5


def _material(rng: np.random.Generator) -> Composition:
    palette = NINE if rng.random() < 0.5 else NINE + OTHERS
    chosen = rng.choice(len(palette), size=rng.integers(2, 7), replace=False)
    cuts = rng.multinomial(20 - len(chosen), np.full(len(chosen), 1 / len(chosen))) + 1
    return Composition.from_amounts({palette[place]: int(n) for place, n in zip(chosen, cuts, strict=True)})


def made_up(seed: int = 0) -> Iterator[Point]:
    """Random points without end."""
    rng = np.random.default_rng(seed)
    kinds, shares = [*SHARES], [*SHARES.values()]
    while True:
        design = Design(_material(rng))
        for kind_number in rng.choice(len(kinds), size=rng.integers(1, 2 * POINTS_OF_A_MATERIAL), p=shares):
            yield _point(design, kinds[kind_number], rng)


def _point(design: Design, kind: PointKind, rng: np.random.Generator) -> Point:
    if kind is PointKind.GENERATED:
        return Point(design, "", "", None, kind, f"generator {rng.integers(10_000)}")
    properties = PAPERS if kind is PointKind.LITERATURE else PROGRAMS
    name = [*properties][rng.integers(len(properties))]
    value = round(float(rng.uniform(*RANGES.get(name, (50, 1500)))), 6)
    if kind is not PointKind.LITERATURE:
        return Point(design, name, properties[name], value, kind, f"{kind} {rng.integers(50)}", 0.01 * value)
    conditions = PointConditions(
        test_temperature=float(rng.choice([25, 600, 800, 1000, 1200])),
        processing=ROUTES[rng.integers(len(ROUTES))],
        phase=PHASES[rng.integers(len(PHASES))],
        test="compression",
    )
    return Point(design, name, properties[name], value, kind, f"10.1000/{rng.integers(5000)}", None, conditions)


def _fill(table: MaterialsTable, wanted: int) -> None:
    """Adds points until there are as many as wanted."""
    source = made_up()
    began, used, was = time.perf_counter(), 0.0, table.last()
    while (there := table.last()) < wanted:
        points = [*islice(source, min(AT_ONCE, wanted - there))]
        start = time.process_time()
        table.add(points, sources=[PointSource(p.source, "A paper", 2020) for p in points[:100]], who="benchmark")
        used += time.process_time() - start
    if wanted > was:
        print(
            f"{wanted - was:,} points added: {time.perf_counter() - began:.0f} s with making them up, "
            f"{used:.0f} s of the processor to add them"
        )


def questions(busiest: Composition, last: int) -> dict[str, Callable[[MaterialsTable], Any]]:
    """What people and campaigns ask, by what it is called."""
    nine = frozenset(NINE)
    hot = PointQuery(elements=nine, properties=("yield_strength",), test_temperature=(900, 1100))
    solid = PointQuery(elements=nine, properties=("yield_strength_1300c", "solidus"), kinds=MEASURED, until=last)
    verdicts = PointQuery(kinds=(PointKind.VALIDATION,), sources=("validation 7",), until=last)

    goal = Needs.of_config(load_config(ROOT / "configs" / "refractory.yaml"))
    measured = Needs.of_names([*PAPERS][:4])

    def read(table: MaterialsTable, *queries: PointQuery) -> int:
        return sum(1 for query in queries for _ in table.points(query))

    return {
        "open it, and its last point": lambda table: table.last(),
        "show: a material's points": lambda table: read(table, PointQuery(composition=busiest)),
        "show: nothing known, what is like it": lambda table: len(
            resembling(table, Composition.from_amounts({"Nb": 1, "Ta": 1, "W": 97}))
        ),
        "find: all materials": lambda table: find_materials(table, PointQuery()).materials,
        "find: elements, property, temperature": lambda table: find_materials(table, hot).materials,
        "find: values of a property in a range": lambda table: (
            find_materials(table, PointQuery(properties=("solidus",)), ValueRange(3000, None)).materials
        ),
        "voids of the default campaign's goal": lambda table: find_voids(table, goal).lacking().sum(),
        "voids of four measured properties": lambda table: find_voids(table, measured).lacking().sum(),
        "campaign start: verdicts, literature at 1000 °C": lambda table: read(table, verdicts, hot),
        "all measured points of nine elements": lambda table: read(table, solid),
        "their digest": lambda table: table.digest(solid)[:12],
        "digest of everything": lambda table: table.digest(PointQuery())[:12],
    }


def processor(server: int | None) -> float:
    """Seconds of the processor, of this process and of a server with its children that have ended."""
    if server is None:
        return time.process_time()
    fields = Path(f"/proc/{server}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return time.process_time() + sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _busiest(table: MaterialsTable) -> Composition:
    found = find_materials(table, PointQuery(), limit=1)
    return found.first[0].composition


def measure(where: str, wanted: int, server: int | None = None) -> None:
    """Fills a table and asks it."""
    with MaterialsTable.open(where, create=True) as table:
        _fill(table, wanted)
        busiest, last = _busiest(table), table.last()
        materials = find_materials(table, PointQuery(), limit=1).materials
    size = f", {Path(where).stat().st_size / 1e6:.0f} MB" if Path(where).is_file() else ""
    print(f"{last:,} points of {materials:,} materials{size}\n{'question':50}{'seconds':>9}{'processor':>11}  answer")
    time.sleep(1.0 if server else 0.0)
    for name, ask in questions(busiest, last).items():
        tell_slowest(name, partial(_of_table, where, ask), server)


def _of_table(where: str, ask: Callable[[MaterialsTable], Any]) -> Any:
    with MaterialsTable.open(where) as table:
        return ask(table)


def tell_slowest(name: str, ask: Callable[[], Any], server: int | None = None) -> None:
    """Asks three times, and prints the most seconds and processor that it took, and the answer."""
    taken = []
    for _ in range(3):
        began, used = time.perf_counter(), processor(server)
        answer = ask()
        seconds = time.perf_counter() - began
        time.sleep(0.5 if server else 0.0)  # until the server has buried the process of this connection
        taken.append((seconds, processor(server) - used))
    print(f"{name:50}{max(t for t, _ in taken):9.2f}{max(u for _, u in taken):11.2f}  {answer}", flush=True)


def main() -> None:
    """Measures a file, or a server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--table", help="a file that is kept")
    parser.add_argument("--url", help="of a PostgreSQL server: postgresql://USER@HOST/DATABASE?schema=NAME")
    parser.add_argument("--server", type=int, metavar="PID", help="of the server's first process, on this machine")
    given = parser.parse_args()
    print(f"python -m benchmarks.materials {' '.join(sys.argv[1:]).replace(given.url or chr(0), 'URL')}")
    if given.table or given.url:
        measure(given.url or given.table, given.points, given.server)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(str(Path(folder) / "materials.db"), given.points)


if __name__ == "__main__":
    main()
