"""``python -m benchmarks.fuzz``: how many of N bad inputs are refused, how many break something, how many hang."""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.fuzz.run import SHARES, fuzz, report


def main() -> int:
    """Runs all cases and prints the table; status 1 where one broke something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="cases in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(SHARES), help="of input, with commas between")
    parser.add_argument(
        "--limit", type=float, default=10.0, help="seconds of processor time, or of waiting, after which a case hangs"
    )
    given = parser.parse_args()
    begun = time.perf_counter()
    results = fuzz(given.count, given.seed, given.kinds.split(","), given.limit)
    sys.stdout.write(report(results, time.perf_counter() - begun))
    return int(any(result.bad for result in results))


if __name__ == "__main__":
    sys.exit(main())
