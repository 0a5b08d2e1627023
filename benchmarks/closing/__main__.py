"""What closing an iteration takes, everything written: CPU seconds of numbers, files and MLflow at 100 results.

    OMP_NUM_THREADS=1 python -m benchmarks.closing [--results 100] [--before CHECKOUT]

The default campaign runs in one process to its last iteration, which is closed with so many results. ``--before`` runs
the same in another checkout, whose numbers stand beside it. What is imported at the first close counts there alone;
what is written once, at the end of the campaign (pictures for paper, models), stands by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 3.0
BATCH, ITERATIONS = 8, 3

CAMPAIGN = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from loop.campaign import Campaign
from loop.config.reading import load_config
from loop.drive.driver import Driver
from loop.drive.run import Tracker
from loop.execute.local import LocalExecutor
from pathlib import Path

class Clock:
    def __init__(self, other=None):
        self.other, self.begun, self.times = other, 0.0, []
    def stage(self, iteration, text):
        if text == "closing":
            self.begun = time.process_time()
    def step(self, text): pass
    def progress(self, iteration, done, total): pass
    def closed(self, iteration, view):
        now = time.process_time()
        self.times.append(now - (self.other.begun + self.other.times[-1] if self.other else self.begun))

folder, validate, iterations = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
settings = [f"directory={folder}/campaigns", f"tracking.folder={folder}/mlruns", f"start.validate={validate}"]
config = load_config(Path("configs/refractory.yaml"), settings)
with Campaign.open(config) as campaign:
    tracker, files = Tracker(campaign.store, campaign.config), Clock()
    mlflow = Clock(files)
    Driver(campaign, LocalExecutor(), [files, tracker, mlflow]).run(iterations)
    begun = time.process_time()
    tracker.ended = True
    tracker.finish()
    end = time.process_time() - begun
    results = len(campaign.store.observations())
print(json.dumps({"results": results, "files": files.times, "mlflow": mlflow.times, "end": end}))
"""


def measured(checkout: Path, results: int) -> dict[str, float]:
    """CPU seconds by what is done, in a checkout of the program."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = [str(results - BATCH * ITERATIONS), str(ITERATIONS)]
        environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-W", "ignore", "-c", CAMPAIGN, folder, *sizes]
        done = subprocess.run(command, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        told = json.loads(done.stdout.splitlines()[-1])
    if told["results"] != results:
        raise RuntimeError(f"the campaign has {told['results']} results, not {results}")
    last, first = {name: told[name][-1] for name in ("files", "mlflow")}, {n: told[n][0] for n in ("files", "mlflow")}
    return {
        "numbers and files": last["files"],
        "MLflow": last["mlflow"],
        "a close": sum(last.values()),
        "the first close": sum(first.values()),
        "the end": told["end"],
    }


def main() -> int:
    """Prints a line for each; status 1 where a close takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=int, default=100)
    parser.add_argument("--before", type=Path, help="another checkout of the program")
    given = parser.parse_args()
    now = measured(ROOT, given.results)
    before = measured(given.before.resolve(), given.results) if given.before else {}
    print(f"CPU seconds of one process, {given.results} results" + (", and before" if before else ""))
    for name, seconds in now.items():
        beside = f"{before[name]:>8.2f} s{seconds / before[name]:>6.1f} times" if before else ""
        print(f"{name:<20}{seconds:>7.2f} s{beside}")
    return int(now["a close"] > MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
