"""The materials table leaves and is served: what the validators of Croissant and OPTIMADE say, and what it costs.

    python -m benchmarks.materials.exchange [--points 100000] [--mpea MPEA_dataset.csv]

The points are the random ones of `benchmarks.materials`; with `--mpea`, those of the published table. A bundle is
written twice and compared, checked (`mlcroissant` reads its records, which are held against the lines of its tables),
and its CSV is read again. The server runs as the command does, in a process of its own; `optimade-validator` judges
it, and questions are asked three times, of which the slowest is told.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import psutil

from alloys.points.exported import read_exported
from alloys.points.published import read_published_points
from benchmarks.materials.__main__ import made_up
from loop.materials import MaterialsTable, PointQuery
from loop.materials.bundle.checking import check_bundle
from loop.materials.bundle.writing import write_bundle

FILTERS = (
    "",
    'elements HAS ALL "Nb","W"',
    'elements HAS ONLY "Nb","Ta","W"',
    "_alloyloop_yield_strength.value > 1500 AND nelements<4",
    'chemical_formula_reduced CONTAINS "NbTa"',
)


def _timed(what: str, work: Callable[[], Any]) -> Any:
    began = time.process_time()
    found = work()
    print(f"{what:58s} {time.process_time() - began:8.2f} CPU s")
    return found


def _exported(table: MaterialsTable, folder: Path) -> None:
    written = _timed("a bundle", lambda: write_bundle(table, PointQuery(), folder / "one"))
    write_bundle(table, PointQuery(), folder / "two")
    names = [path.relative_to(folder / "one") for path in (folder / "one").rglob("*") if path.is_file()]
    same = all((folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes() for name in names)
    print(f"  {written.points} points, {written.sources} sources, licences unknown of {written.unknown_licences}")
    print(f"  written again, its {len(names)} files are {'the same' if same else 'OTHERS'}")
    checked = _timed("checked, with mlcroissant", lambda: check_bundle(folder / "one"))
    print(f"  {checked.records} records read, {len(checked.problems)} problems, {len(checked.warnings)} warnings")
    back = _timed("its CSV read again", lambda: read_exported(folder / "one" / "data" / "points.csv"))
    keys = [stored.point.key for stored in table.points()]
    print(f"  keys {'the same' if [point.key for point in back.points] == keys else 'OTHERS'}")


@contextmanager
def _served(path: Path) -> Iterator[tuple[str, psutil.Process]]:
    words = ["-W", "ignore", "-m", "loop.cli", "materials", "serve", "--port", "0", "--table", str(path)]
    server = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        told = server.stderr.readline().strip()
        process = psutil.Process(server.pid)
        seconds, size = sum(process.cpu_times()[:2]), process.memory_info().rss / 2**20
        print(f"{told.partition(', at')[0]}; {seconds:.1f} CPU s, {size:.0f} MiB")
        yield told.partition(" at ")[2].partition("/structures")[0], process
    finally:
        server.terminate()
        server.communicate()


def _asked(address: str, process: psutil.Process) -> None:
    for filter_ in FILTERS:
        slowest, found = 0.0, 0
        words = urlencode({"page_limit": 20, **({"filter": filter_} if filter_ else {})})
        for _ in range(3):
            before = sum(process.cpu_times()[:2])
            with urlopen(f"{address}/structures?{words}", timeout=600) as answer:
                found = json.load(answer)["meta"]["data_returned"]
            slowest = max(slowest, sum(process.cpu_times()[:2]) - before)
        print(f"  {filter_ or '(all)':56s} {slowest:8.2f} CPU s, {found} materials")


def _validated(address: str) -> None:
    program = str(Path(sys.executable).with_name("optimade-validator"))
    done = subprocess.run(
        [program, address, "--json", "--random-seed", "0"], capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout[done.stdout.index("{") :])
    print(f"optimade-validator: status {done.returncode}")
    for kind in ("", "optional_"):
        print(f"  {kind}tests: passed {told[kind + 'success_count']}, failed {told[kind + 'failure_count']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100_000, help="random ones")
    parser.add_argument("--mpea", type=Path, help="the published table, in their place")
    asked = parser.parse_args()
    told = read_published_points(asked.mpea).points if asked.mpea else islice(made_up(), asked.points)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "materials.db"
        with MaterialsTable.open(path, create=True) as table:
            table.add(told, who="benchmark")
            _exported(table, Path(folder))
        with _served(path) as (address, process):
            _asked(address, process)
            _validated(address)


if __name__ == "__main__":
    main()
