"""A worker for the crash test: takes over, then takes and finishes jobs until nothing is left.

Run as ``crash_worker.py DATABASE OWNER``; prints a line for every step. A quarter of the jobs needs more memory, a
quarter two corrections.
"""

from __future__ import annotations

import sys
import time

from alloys.records import Failed, FailureKind, Measured, Verdict, quantities
from loop.store import CampaignStore, Job


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _verdict(job: Job) -> Verdict:
    kind, given = int(job.key[4], 16) % 4, job.adjustment
    if kind == 0 and not given.resources:
        return Failed(FailureKind.RESOURCE, "memory used up", ask={"memory_mb": 2000.0})
    if kind == 1 and len(given.corrections) < 2:
        return Failed(FailureKind.CORRECTABLE, "not converged", ask={"mixing": 0.1 / (len(given.corrections) + 1)})
    return Measured(quantities({"solidus": 2000.0 + int(job.key[:4], 16) / 100}))


def main(path: str, owner: str) -> None:
    """Works until the queue is empty."""
    with CampaignStore.open(path, time.time) as store:
        store.requeue_running(note=f"taken over by {owner}")
        _say("ready")
        while store.open_jobs():
            for job in store.take(owner, 3):
                store.finish(job.key, _verdict(job))
                _say(job.key)
    _say("empty")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
