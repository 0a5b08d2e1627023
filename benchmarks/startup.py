"""What the command line takes to start: seconds of CPU of `--help` and `check`, beside a bare start of Python.

    python -m benchmarks.startup [--times 5]

The least of several starts counts, as others disturb it and nothing speeds it up.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BARE = [sys.executable, "-c", "import typer, numpy"]
STARTS = {
    "bare": BARE,
    "alloyloop --help": [sys.executable, "-m", "loop.cli", "--help"],
    "alloyloop check": [sys.executable, "-m", "loop.cli", "check", "configs/refractory.yaml"],
}
MOST_SECONDS = 1.0


def cpu_seconds(command: list[str]) -> float:
    """CPU seconds, user and system, of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Prints a line for each; status 1 where one takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    least = {name: min(cpu_seconds(command) for _ in range(times)) for name, command in STARTS.items()}
    print(f"seconds of CPU, the least of {times} starts; bare is `python -c '{BARE[-1]}'`")
    for name, seconds in least.items():
        print(f"{name:<18}{seconds:>7.2f} s {seconds / least['bare']:>6.1f} times a bare start")
    return int(max(least.values()) > MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
