"""SIGKILL over the processes of campaigns on a Ray cluster of their own: drivers, validators, trainers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.kills.disturbed import Tally
from loop.store import CampaignStore, NoCampaign, StoreError
from tests.support.forked import End, log_tail, warm_up, write_tiny
from tests.support.processes import command, environment
from tests.support.ray_workers import family, left_alive, workers

CHANGES: dict[str, object] = {"iterations": 5, "batch": 4, "start": {"validate": 16, "from_table": 0.5}}


def start_on_ray(folder: Path) -> subprocess.Popen[bytes]:
    """Begins, or goes on with, the campaign in a folder as a person does."""
    config = write_tiny(folder, cluster={"executor": "ray", "workers": 2}, **CHANGES)
    with (folder / "run.log").open("ab") as log:
        return subprocess.Popen(command(config), cwd=folder, env=environment(), stdout=log, stderr=log)


def _answers(folder: Path) -> tuple[int, int]:
    """How many results there are, and the most deaths of a job that is not answered."""
    try:
        with CampaignStore.open(folder / "campaigns" / "tiny" / "campaign.db") as store:
            return len(store.observations()), max((job.deaths for job in store.open_jobs()), default=0)
    except (NoCampaign, StoreError):
        return 0, 0


def strike_ray(drivers: int, others: int, rng: random.Random, tally: Tally) -> None:
    """Kills so many drivers, and so many validators and trainers, campaign after campaign."""
    if drivers + others < 1:
        return
    wanted = warm_up(**CHANGES)
    while drivers + others > 0:
        with tempfile.TemporaryDirectory() as name:
            hit = _campaign(Path(name), drivers, others, rng, tally)
            drivers, others = drivers - hit[0], others - hit[1]
            end = End.of(Path(name))
            tally.campaigns += 1
            tally.replicates += end.replicates
            tally.wrong += end.against(wanted)


def _campaign(folder: Path, drivers: int, others: int, rng: random.Random, tally: Tally) -> tuple[int, int]:
    """One campaign to its end; how many drivers and others were killed."""
    struck = [0, 0]
    for _ in range(100):
        driver = start_on_ray(folder)
        # A driver that is to die does so after so many kills of others.
        until = struck[1] + rng.randint(0, 6) if struck[0] < drivers else others
        struck[1] += _hunt(driver, folder, min(until, others) - struck[1], rng, tally)
        if struck[0] < drivers and driver.poll() is None:
            below = family(driver.pid)
            driver.send_signal(signal.SIGKILL)
            struck[0] += 1
            tally.killed("driver on Ray")
            tally.wrong += [f"{p.name()} outlived its driver" for p in left_alive(below)]
        if driver.wait() == 0:
            return struck[0], struck[1]
        if driver.returncode not in (1, -signal.SIGKILL):
            tally.wrong.append(f"exit status {driver.returncode}: {log_tail(folder, 2)}")
    raise RuntimeError(f"the campaign does not end: {log_tail(folder, 20)}")


def _hunt(driver: subprocess.Popen[bytes], folder: Path, kills: int, rng: random.Random, tally: Tally) -> int:
    """Kills validators and trainers of a driver until there were so many, or it ends.

    After a validator the next one is killed once a result has come, and none while a job has lost two: the third
    death sets a job aside, and five in a row pause the validator, which is as it should be but another campaign.
    """
    struck, answered = 0, -1
    while struck < kills and driver.poll() is None:
        time.sleep(rng.uniform(0.01, 0.1))
        found = workers(driver.pid)
        kind = "trainer" if found["trainer"] and rng.random() < 0.3 else "validator"
        if not found[kind]:
            continue
        results, deaths = _answers(folder)
        if kind == "validator" and (deaths > 1 or results == answered):
            continue
        with suppress(ProcessLookupError):
            os.kill(rng.choice(found[kind]).pid, signal.SIGKILL)
            tally.killed(f"{kind} on Ray")
            struck += 1
            answered = results if kind == "validator" else answered
    return struck
