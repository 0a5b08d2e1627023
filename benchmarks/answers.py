"""What one answer of the models costs: CPU seconds of `predict` and `explain`, also as ratios to an earlier checkout.

    python -m benchmarks.answers [--results 64,400] [--before FOLDER] [--times 3]

The campaign is the default one with made-up results, added by a person. First calls learn hyperparameters, later ones
find them in the campaign's folder. The least of several calls counts, as others disturb them.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.common.synthetic import SPACE, observed

ROOT = Path(__file__).parents[1]
ASKED = "Mo20Nb40Ta15Ti20V5"
OBSERVE = """
import sys, pandas as pd
from pathlib import Path
from alloyloop import Campaign, load_config
config = load_config(Path(sys.argv[1]), ["validator.name=human"], directory=sys.argv[2], name="answers")
with Campaign.open(config) as campaign:
    campaign.observe(pd.read_csv(sys.argv[3]))
"""


def cpu_seconds(checkout: Path, *arguments: str) -> float:
    """CPU seconds, user and system, of one process that imports from a checkout."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(checkout)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=checkout, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(checkout: Path, results: int, times: int) -> dict[str, float]:
    """Seconds of each command in a campaign that the checkout itself has made, with so many results."""
    points, values, _ = observed(results)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "results.csv"
        formulas = [SPACE.design(point).formula for point in points]
        pd.DataFrame({"formula": formulas, **values}).to_csv(table, index=False)
        cpu_seconds(checkout, "-c", OBSERVE, "configs/refractory.yaml", folder, str(table))
        found = {}
        for command in ("predict", "explain"):
            call = ("-m", "loop.cli", command, "answers", ASKED, "--directory", folder)
            found[f"{command}, first call"] = cpu_seconds(checkout, *call)
            found[command] = min(cpu_seconds(checkout, *call) for _ in range(times))
    return found


def main() -> None:
    """Prints a line for each number of results and command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default="64,400")
    parser.add_argument("--before", type=Path, help="the folder of an earlier checkout")
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    for results in map(int, given.results.split(",")):
        now = measured(ROOT, results, given.times)
        before = measured(given.before.resolve(), results, given.times) if given.before else {}
        for name, seconds in now.items():
            ratio = f", before {before[name]:.2f} s: {before[name] / seconds:.1f} times" if name in before else ""
            print(f"{results} results, {name:<20}{seconds:>6.2f} CPU s{ratio}", flush=True)


if __name__ == "__main__":
    main()
