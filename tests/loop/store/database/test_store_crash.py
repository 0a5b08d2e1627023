"""Several workers, and SIGKILL at random moments, lose nothing and double nothing."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loop.store import CampaignStore, check_store
from tests.loop.store.store_helpers import begin, make, measured

HERE = Path(__file__).parent
JOBS = 60
KILLS = 6


def _start(path: Path, owner: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE / "crash_worker.py"), str(path), owner],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[3])},
    )


def _kill_at_a_random_moment(path: Path, owner: str, rng: random.Random) -> None:
    with _start(path, owner) as process:
        assert process.stdout is not None
        for _ in range(rng.randint(1, 8)):
            process.stdout.readline()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=rng.uniform(0, 0.08))
        process.kill()


def test_killed_workers_lose_and_double_nothing(tmp_path):
    rng = random.Random()
    path, quiet = tmp_path / "killed.db", tmp_path / "quiet.db"
    for each in (path, quiet):
        with make(each) as store:
            begin(store, range(JOBS))
    for number in range(KILLS):
        _kill_at_a_random_moment(path, f"driver-{number}", rng)
        with CampaignStore.open(path) as store:
            assert check_store(store) == []
    for each in (path, quiet):
        with _start(each, "last") as process:
            output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
    with CampaignStore.open(path) as store, CampaignStore.open(quiet) as reference:
        assert store.counts()["done"] == JOBS
        assert check_store(store) == []
        assert len(store.observations(include_replicates=True)) == JOBS
        assert store.dataset_digest() == reference.dataset_digest()
        for one, other in zip(store.jobs(), reference.jobs(), strict=True):
            assert one.adjustment == other.adjustment
        assert {(job.raises, job.corrections) for job in store.jobs()} == {(0, 0), (1, 0), (0, 2)}
        assert store.close_iteration(0).state == "closed"


def _work(path: Path, owner: str) -> list[str]:
    done = []
    with CampaignStore.open(path) as store:
        while taken := store.take(owner, 2):
            done += [mine.key for mine in taken if store.finish(mine.key, measured()) == "done"]
    return done


def test_workers_at_the_same_time_never_share_a_job(tmp_path):
    path = tmp_path / "campaign.db"
    with make(path) as store:
        keys = begin(store, range(24))
    with ThreadPoolExecutor(3) as pool:
        shares = list(pool.map(lambda owner: _work(path, owner), "abc"))
    assert sorted(key for share in shares for key in share) == sorted(keys)
    with CampaignStore.open(path) as store:
        assert check_store(store) == []
        assert len(store.observations(include_replicates=True)) == len(keys)
