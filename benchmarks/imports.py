"""Ten thousand results of people through ``alloyloop queue export`` and ``import``: seconds and memory.

    python -m benchmarks.imports [--results 10000]

The campaign is of the default configuration with the validator `human`; its jobs are random alloys of the space, its
answers random numbers. The file is imported twice: the second time changes nothing.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from alloys.composition import Composition
from alloys.design import Design
from alloys.records import Candidate, Selection, ValidationRequest
from loop.config.identity import open_store
from loop.config.reading import load_config
from loop.config.schema import CampaignConfig
from loop.config.tiers import build_tiers
from loop.store import CampaignStore

ROOT = Path(__file__).parents[1]
BATCH = 50_000
LOW, HIGH = {"solidus": 2000.0, "freezing_range": 50.0}, {"solidus": 3000.0, "freezing_range": 400.0}


def fill_queue(folder: Path, results: int) -> None:
    """Makes the campaign and its jobs, all of which await people."""
    config = load_config(ROOT / "configs" / "refractory.yaml", ["validator.name=human", f"directory={folder}"])
    with open_store(config, build_tiers(config), []) as store:
        alloys = _alloys(config, results)
        for index, begin in enumerate(range(0, results, BATCH)):
            chosen = [next(alloys) for _ in range(min(BATCH, results - begin))]
            store.begin_iteration(index)
            selections = [
                Selection(Candidate(Design(alloy), "random"), rank, 0.0, "") for rank, alloy in enumerate(chosen)
            ]
            requests = [ValidationRequest(Design(alloy), "human", "external") for alloy in chosen]
            store.store_batch(index, selections, requests, by_hand=True)


def _alloys(config: CampaignConfig, number: int) -> Iterator[Composition]:
    space, rng = config.space.build(), np.random.default_rng(0)
    seen: set[bytes] = set()
    while len(seen) < number:
        for points in space.sample(10_000, rng):
            key = points.tobytes()
            if key not in seen:
                seen.add(key)
                yield space.design(points).composition


def answer(jobs: Path, results: Path) -> None:
    """Fills in a file as a laboratory would."""
    rng = np.random.default_rng(1)
    with jobs.open(newline="", encoding="utf-8") as source, results.open("w", newline="", encoding="utf-8") as target:
        reader, writer = csv.reader(source), csv.writer(target)
        header = next(reader)
        writer.writerow(header)
        places = [(i, name.split(" [")[0]) for i, name in enumerate(header) if " [" in name and "_std" not in name]
        std = header.index("solidus_std [K]")
        for row in reader:
            for place, name in places:
                row[place] = f"{rng.uniform(LOW.get(name, 0.0), HIGH.get(name, 1.0)):.6g}"
            row[std] = "15"
            writer.writerow(row)


def measured(*arguments: str) -> tuple[float, float, float, str]:
    """Seconds, seconds of CPU and peak resident memory (MiB) of a command line, and what it said.

    Raises:
        RuntimeError: if it failed.
    """
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "loop.cli", "queue", *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    text = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(text)
    seconds = time.perf_counter() - begin
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, " ".join(text.split())


def main() -> None:
    """Prints a line for each step, and exits with 1 if results are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.perf_counter()
        fill_queue(folder, given.results)
        print(f"{given.results} jobs made in {time.perf_counter() - begin:.0f} s", flush=True)
        where = ("--directory", str(folder))
        jobs, results = folder / "jobs.csv", folder / "results.csv"
        print(_line("export", measured("export", "refractory", "--out", str(jobs), *where)), flush=True)
        answer(jobs, results)
        print(f"the filled-in file has {results.stat().st_size / 2**20:.0f} MiB", flush=True)
        for what in ("import", "the same file again"):
            print(_line(what, measured("import", "refractory", str(results), *where)), flush=True)
        with CampaignStore.open(folder / "refractory" / "campaign.db") as store:
            done = store.counts()["done"]
    print(f"{done} jobs are done")
    raise SystemExit(done != given.results)


def _line(what: str, step: tuple[float, float, float, str]) -> str:
    seconds, cpu, peak, text = step
    return f"{what}: {seconds:.0f} s ({cpu:.0f} s of CPU), peak {peak:.0f} MiB: {text.split(' written')[0]}"


if __name__ == "__main__":
    main()
