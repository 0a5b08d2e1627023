"""Seconds to the first job that `alloyloop run` hands out, and of a set of elements, the first time and the second.

    python -m benchmarks.second_start FILE Al Mg Si Cu Zn Fe [--kilobytes 500] [--ray]

The database is enlarged to so many kB by copies of its phases under other names, with their parameters. The first start
finds an empty cache folder, the second what the first one kept; each begins a campaign of its own. Processor seconds
are those of the process and of all that it started and waited for; Ray's own processes are counted apart.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import yaml

from benchmarks.second_start.measured import FIRST_JOB
from validation.calphad.reading.tdbfile import read

ROOT = Path(__file__).parents[2]
SETS = 3, 4, 6
"""Sizes of the sets of elements that are built."""
_COMMAND = re.compile(r"\s*(?:\$[^\n]*\n\s*)*(PHASE|CONSTITUENT|PARAMETER)\b", re.IGNORECASE)
_NAME = {
    "PARAMETER": re.compile(r"(\(\s*)(\w+)"),
    "PHASE": re.compile(r"(PHASE\s+)(\w+)", re.IGNORECASE),
    "CONSTITUENT": re.compile(r"(CONSTITUENT\s+)(\w+)", re.IGNORECASE),
}
_UNIQUE = re.compile(r"GAS|LIQ", re.IGNORECASE)


def enlarged(text: str, size: int) -> str:
    """The database with copies of its crystals until it has so many characters."""
    return text + "\n" + "".join(_copies(text, size - len(text)))


def _copies(text: str, missing: int) -> Iterator[str]:
    for number in count(1):
        for command in text.split("!"):
            found = _COMMAND.match(command)
            name = _NAME[found[1].upper()].search(command, found.start(1)) if found else None
            if missing <= 0:
                return
            if found is None or name is None or _UNIQUE.match(name[2]):
                continue
            copy = f" {command[found.start(1) : name.end(2)]}_C{number}{command[name.end(2) :]} !\n"
            missing -= len(copy)
            yield copy


def document(tdb: Path, elements: list[str], folder: Path) -> dict[str, object]:
    """A campaign on the database."""
    return {
        "name": "second",
        "space": {"elements": elements, "step": 0.01, "lower": 0.01, "upper": 0.9, "count": [3, 4]},
        "physics": "generic",
        "objectives": ["maximize solidus"],
        "constraints": ["freezing_range <= 300"],
        "start": {"validate": 8, "from_table": 0},
        "validator": {"name": "calphad", "settings": {"tdb": str(tdb)}},
        "tracking": {"folder": str(folder / "mlruns")},
    }


def measured(program: str, *arguments: str, cache: Path) -> dict[str, float]:
    """What a program prints, in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ALLOYLOOP_CACHE": str(cache), "STARTED": repr(time.time())}
    command = [sys.executable, "-W", "ignore", "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def starts(config: Path, folder: Path, executor: str) -> None:
    """Prints a line for each of two starts."""
    before = 0.0
    for number in ("first", "second"):
        given = ("--set", f"cluster.executor={executor}", "--set", f"directory={folder / executor / number}")
        row = measured(FIRST_JOB, "run", str(config), *given, cache=folder / f"cache_{executor}")
        ratio = f", {before / row['processor']:.1f} times less" if before else ""
        before = row["processor"]
        told = f"{row['wall']:.1f} s, {row['processor']:.2f} s of processor{ratio}"
        more = f"; Ray's processes {row['ray']:.1f} s" if executor == "ray" else ""
        print(f"{executor} {number} start: first job after {told}{more}; load {os.getloadavg()[0]:.1f}", flush=True)


def models(tdb: Path, elements: list[str], cache: Path) -> None:
    """Prints a line for each set of elements."""
    program = "from benchmarks.second_start.measured import models; models()"
    for size in SETS:
        chosen = elements[:size]
        first, second = (measured(program, str(tdb), *chosen, cache=cache)["seconds"] for _ in range(2))
        print(f"{'-'.join(chosen):<20} {first:.2f} s, then {second:.2f} s: {first / second:.1f} times less", flush=True)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("elements", nargs="+")
    parser.add_argument("--kilobytes", type=int, default=500)
    parser.add_argument("--ray", action="store_true", help="on Ray too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tdb, config = folder / "large.tdb", folder / "second.yaml"
        tdb.write_text(enlarged(read(given.file), 1000 * given.kilobytes), encoding="utf-8")
        config.write_text(yaml.safe_dump(document(tdb, given.elements, folder)), encoding="utf-8")
        print(f"{given.file.name}, enlarged to {tdb.stat().st_size / 1000:.0f} kB, {', '.join(given.elements)}")
        for executor in ("local", *(["ray"] if given.ray else [])):
            starts(config, folder, executor)
        print("processor seconds of all phases of a set of elements, with gradients and Hessians:")
        models(tdb, given.elements, folder / "cache_models")


if __name__ == "__main__":
    main()
