"""The report of a campaign with many results: seconds to write it, its size, and what Chromium says of it.

    python -m benchmarks.pages [--results 10000] [--by-hand 0]

Results are made up: random designs of the default space, answered by closed forms with a smooth error, in batches of a
hundred that were predicted before; of ``--by-hand`` more, nothing was predicted.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from alloys.records import Candidate, Observation, Prediction, Selection, ValidationRequest
from benchmarks.common.synthetic import truth
from loop.config.identity import open_store
from loop.config.reading import load_config
from loop.config.tiers import build_tiers
from loop.review.page.building import report_page
from loop.store import CampaignStore, DataEventKind
from loop.store.records import Result
from loop.view import config_of, view_of
from tests.support.browser import browser

BATCH = 100
CONFIG = Path("configs/refractory.yaml")


def filled(folder: Path, asked: int, by_hand: int) -> CampaignStore:
    """A campaign with so many results of its own batches, and so many that were brought by hand."""
    overrides = ["validator={name: external}", "tracking.enabled=false", f"directory={folder}"]
    config = load_config(CONFIG, overrides)
    tiers = build_tiers(config)
    store = open_store(config, tiers, [])
    problem = view_of(store, config).problem
    rng = np.random.default_rng(3)
    points = np.unique(problem.space.sample(7 * (asked + by_hand) + 1000, rng), axis=0)
    points = rng.permutation(points[problem.passes(points)])[: asked + by_hand]
    values = {name: column for name, column in truth(points).items() if name in problem.validated}
    designs = [problem.space.design(point) for point in points]
    told = [{name: float(column[i]) for name, column in values.items()} for i in range(len(points))]
    asked = min(asked, len(points))
    for index, first in enumerate(range(0, asked, BATCH)):
        store.begin_iteration(index)
        chosen = range(first, min(first + BATCH, asked))
        selections, requests = [], []
        for rank, i in enumerate(chosen):
            means = {name: value * float(1 + 0.02 * rng.normal()) for name, value in told[i].items()}
            stds = {name: 0.02 * abs(value) + 1e-6 for name, value in means.items()}
            origin = ("cvae", "neighbour", "random")[i % 3]
            selections.append(
                Selection(Candidate(designs[i], origin), rank, 0.0, "", Prediction(means, stds, 0.5, "made up"))
            )
            requests.append(ValidationRequest(designs[i], tiers[0].validator, tiers[0].fingerprint))
        store.store_batch(index, selections, requests, by_hand=True)
        nonces = {job.key: job.nonce for job in store.jobs(iteration=index)}
        rows = [Result(i, r.key, nonces[r.key], told[i], {}) for i, r in zip(chosen, requests, strict=True)]
        store.import_results(rows, source="made up", wanted=problem.validated)
        store.close_iteration(index)
    rows_by_hand = [Observation(designs[i], told[i], "made up") for i in range(asked, len(points))]
    if rows_by_hand:
        store.add_data(rows_by_hand, DataEventKind.ADD, who="nobody", detail={"file": "made up"})
    return store


def main() -> None:
    """Prints seconds and sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=int, default=10_000)
    parser.add_argument("--by-hand", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        begin = time.process_time()
        store = filled(folder, given.results, given.by_hand)
        print(
            f"{given.results} results asked for and {given.by_hand} by hand, made in {_since(begin):.0f} s of processor"
        )
        begin = time.process_time()
        view = view_of(store, config_of(store))
        print(
            f"read: {len(view.rows)} designs, {sum(row.feasible for row in view.rows)} feasible, {_since(begin):.1f} s"
        )
        begin = time.process_time()
        page = report_page(view, store, quick=True)
        print(f"report: {_since(begin):.1f} s, {len(page.encode()) / 1e6:.2f} MB")
        store.close()
        file = folder / "report.html"
        file.write_text(page, encoding="utf-8")
        with browser(folder / "profile") as opened:
            for width in (1280, 390):
                for dark in (False, True):
                    seconds = min(opened.open(file.as_uri(), width=width, dark=dark) for _ in range(3))
                    told = f"{seconds:.2f} s, {opened.too_wide} px too wide, console {opened.console()}"
                    print(f"{width} px, {'dark' if dark else 'light'}: {told}, axe {opened.violations()}")
        print(f"load {os.getloadavg()[0]:.1f}")


def _since(begin: float) -> float:
    return time.process_time() - begin


if __name__ == "__main__":
    main()
