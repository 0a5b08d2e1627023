"""A campaign with a great many jobs and observations: what looking at it, listing its queue and going on cost.

    python -m benchmarks.scale [--observations 100000] [--jobs 1000000] [--folder FOLDER]

The jobs are random alloys of the default campaign's space. As many as there are observations are answered with random
numbers, in closed iterations of 250; all others are queued in one open iteration. The rows are put straight into the
tables of the campaign's database. With --folder the database is kept there, and found there the next time. Beside each
figure stands that of the same command for a campaign of 250 observations and 10 queued jobs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from alloys.design import Design
from alloys.records import UNADJUSTED, Measured, ValidationRequest, canonical_json, quantities
from benchmarks.imports import _alloys
from loop.campaign import Campaign
from loop.config.identity import DATABASE
from loop.config.reading import load_config
from loop.config.schema import CampaignConfig
from loop.store import CampaignStore
from loop.store.database.schema import iterations, job_events, jobs, observations, proposals, validators
from loop.summaries import summary_of
from loop.view import view_of

ROOT = Path(__file__).parents[1]
BATCH = 250
PAGE = 50_000
RANGES = {
    "solidus": (2000.0, 2800.0),
    "freezing_range": (50.0, 500.0),
    "bcc_fraction_1200c": (0.95, 1.0),
    "bcc_fraction_1300c": (0.95, 1.0),
    "yield_strength_1300c": (10.0, 250.0),
    "specific_yield_strength_1300c": (1.0, 30.0),
}
STEPS = {
    "status --json": ["status", "refractory", "--json"],
    "queue list --json": ["queue", "list", "refractory", "--json"],
    "queue list": ["queue", "list", "refractory"],
    "queue list --state needs_review": ["queue", "list", "refractory", "--state", "needs_review", "--json"],
    "queue list --iteration 0": ["queue", "list", "refractory", "--iteration", "0", "--json"],
}
RESUME = """
import sys, time
from pathlib import Path
from benchmarks.scale import config_of
from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor

class HandedOut(Exception):
    pass

class Slots(LocalExecutor):
    slots = 2

    def collect(self, timeout):
        raise HandedOut

begin = time.perf_counter()
with Campaign.open(config_of(Path(sys.argv[1]))) as campaign:
    opened, executor = time.perf_counter(), Slots()
    try:
        Driver(campaign, executor).run(1000)
    except HandedOut:
        handed = time.perf_counter()
    print(f"Campaign.open {opened - begin:.2f}, the driver's first turn, {executor.pending} jobs {handed - opened:.2f}")
"""
"""What `alloyloop run` does until the first validations are handed out: the executor takes them and does nothing."""


def config_of(folder: Path) -> CampaignConfig:
    """The default campaign, in a folder."""
    return load_config(ROOT / "configs" / "refractory.yaml", [f"directory={folder}", "tracking.enabled=false"])


@dataclass(frozen=True)
class Asked:
    """One job: its place, its question and its answer, if it has one."""

    iteration: int
    rank: int
    request: ValidationRequest
    values: dict[str, float] | None


def build(folder: Path, answered: int, total: int) -> None:
    """Makes the database."""
    config = config_of(folder)
    with Campaign.open(config) as campaign:
        tier = campaign.tiers[0]
    engine = sa.create_engine(f"sqlite:///{folder / config.name / DATABASE}")
    closed = -(-answered // BATCH)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
        rows = [_iteration(index, index < closed) for index in range(closed + 1)]
        connection.execute(sa.insert(iterations), rows)
        connection.execute(sa.insert(validators).values(name=tier.validator, failures=0, pauses=0, paused=False))
        page: list[Asked] = []
        for asked in _asked(config, tier.validator, tier.fingerprint, answered, total):
            page.append(asked)
            if len(page) == PAGE:
                _insert(connection, page)
                page = []
        _insert(connection, page)
    engine.dispose()
    with CampaignStore.open(folder / config.name / DATABASE) as store:
        _note(store)


def _note(store: CampaignStore) -> None:
    """Notes of the closed iterations what each came to, as a campaign does that closes it."""
    view = view_of(store)
    for iteration in store.iterations():
        if iteration.finished is not None:
            store.note_iteration(iteration.index, summary=summary_of(view, iteration.index))


def _iteration(index: int, closed: bool) -> dict[str, Any]:
    state = "closed" if closed else "validating"
    return {"index": index, "state": state, "started": 0.0, "finished": 1.0 if closed else None, "notes": "{}"}


def _asked(config: CampaignConfig, name: str, fingerprint: str, answered: int, total: int) -> Iterator[Asked]:
    rng = np.random.default_rng(1)
    closed = -(-answered // BATCH)
    for number, alloy in enumerate(islice(_alloys(config, total), total)):
        request = ValidationRequest(Design(alloy), name, fingerprint)
        if number < answered:
            values = {key: round(float(rng.uniform(*bounds)), 4) for key, bounds in RANGES.items()}
            yield Asked(number // BATCH, number % BATCH, request, values)
        else:
            yield Asked(closed, number - answered, request, None)


def _insert(connection: sa.Connection, page: list[Asked]) -> None:
    if not page:
        return
    connection.execute(sa.insert(jobs), [_job(asked) for asked in page])
    connection.execute(sa.insert(proposals), [_proposal(asked) for asked in page])
    events = [
        {"key": asked.request.key, "at": 0.0, "from_state": before, "to_state": after, "owner": "scale", "note": ""}
        for asked in page
        for before, after in [(None, "queued"), ("queued", "running"), ("running", "done")][
            : 1 if not asked.values else 3
        ]
    ]
    connection.execute(sa.insert(job_events), events)
    seen = [_observation(asked) for asked in page if asked.values]
    if seen:
        connection.execute(sa.insert(observations), seen)


def _job(asked: Asked) -> dict[str, Any]:
    request, done = asked.request, asked.values is not None
    verdict = canonical_json(Measured(quantities(asked.values or {}), 1.0).to_json()) if done else None
    zero = dict.fromkeys(("retries", "deaths", "conflicts", "waits", "raises", "corrections"), 0)
    named = {"validator": request.validator, "fingerprint": request.fingerprint, "verdict": verdict}
    what = {"key": request.key, "design": request.design.canonical(), "nonce": request.key[:36]}
    told = {"by_hand": False, "state": "done" if done else "queued", "attempts": int(done)}
    told |= {"iteration": asked.iteration, "rank": asked.rank}
    times = {"created": 0.0, "updated": 0.0, "adjustment": canonical_json(UNADJUSTED.to_json())}
    return {**what, **told, **times, **zero, **named}


def _proposal(asked: Asked) -> dict[str, Any]:
    design = asked.request.design
    place = {"iteration": asked.iteration, "rank": asked.rank, "score": 0.0, "why": "", "origin": "random"}
    return {**place, "design": design.canonical(), "job_key": asked.request.key, "tier": 0}


def _observation(asked: Asked) -> dict[str, Any]:
    what = {"job_key": asked.request.key, "iteration": asked.iteration, "source": asked.request.validator}
    told = {"design": asked.request.design.canonical(), "values": canonical_json(asked.values)}
    return {**what, **told, "replicate": False, "at": 0.0}


def measured(*command: str, folder: Path) -> tuple[float, float, str]:
    """Seconds and seconds of CPU of a Python command, and what it printed.

    Raises:
        RuntimeError: if it failed.
    """
    begin = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, *command], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, text


def look(folder: Path, what: str) -> str:
    """One command on one campaign, as a line."""
    if what == "resume":
        seconds, cpu, text = measured("-c", RESUME, str(folder), folder=folder)
        return f"{seconds:.2f} s ({cpu:.2f} s of CPU): {text.strip()}"
    seconds, cpu, text = measured("-m", "loop.cli", *STEPS[what], "--directory", str(folder), folder=folder)
    return f"{seconds:.2f} s ({cpu:.2f} s of CPU), {len(text) / 1024:.0f} KiB printed"


def main() -> None:
    """Prints a line for each command and campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--observations", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--only", choices=[*STEPS, "resume"], action="append")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        large, small = (given.folder or Path(name)).resolve() / "large", Path(name).resolve() / "small"
        if not large.exists():
            begin = time.perf_counter()
            build(large, given.observations, given.jobs)
            size = (large / "refractory" / DATABASE).stat().st_size / 2**20
            print(f"{given.jobs} jobs made in {time.perf_counter() - begin:.0f} s, {size:.0f} MiB", flush=True)
        build(small, BATCH, BATCH + 10)
        for what in given.only or [*STEPS, "resume"]:
            for label, folder in [("large", large), ("small", small)]:
                print(f"{what}, {label}: {look(folder, what)}", flush=True)


if __name__ == "__main__":
    main()
