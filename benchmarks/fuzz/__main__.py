"""``python -m benchmarks.fuzz``: how many of N inputs break something, hang, or get a wrong answer."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable

from tests.support.fuzz.databases import FOLDER
from tests.support.fuzz.run import DATABASE, KINDS, Result, fuzz, fuzz_kind, head, line


def main() -> int:
    """Runs all cases and prints the table; status 1 where one broke something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="cases in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--about", choices=KINDS, default="inputs", help="bad inputs, or reports, whose answer is known"
    )
    parser.add_argument("--kinds", help="of input, with commas between; all if none")
    parser.add_argument(
        "--limit", type=float, default=10.0, help="seconds of processor time, or of waiting, after which a case hangs"
    )
    parser.add_argument("--databases", metavar="FOLDER", help="of TDB files: these alone are changed and looked at")
    given = parser.parse_args()
    begun = time.perf_counter()
    print(head())
    bad: list[str] = []
    results: Iterable[Result] = fuzz(
        given.count, given.seed, given.kinds.split(",") if given.kinds else list(KINDS[given.about]), given.limit
    )
    if given.databases:
        os.environ[FOLDER] = given.databases
        results = [fuzz_kind(DATABASE, given.seed, range(given.count), given.limit)]
    for result in results:
        print(line(result), flush=True)
        bad += [f"{result.kind} {index}: {outcome}\n{message}" for index, outcome, message in result.bad]
    print(f"{given.count} cases in {time.perf_counter() - begun:.0f} s, {len(bad)} bad", *bad, sep="\n\n")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
