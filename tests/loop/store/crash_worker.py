"""A worker for the crash test: takes over, then claims and finishes until nothing is left.

Run as ``crash_worker.py DATABASE OWNER``; prints a line for every step.
"""

from __future__ import annotations

import sys
import time

from alloys.records import Measured, quantities
from loop.store import CampaignStore


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(path: str, owner: str) -> None:
    """Works until the queue is empty."""
    with CampaignStore.open(path, time.time) as store:
        store.release_leases(not_owner=owner)
        _say("ready")
        while store.open_jobs():
            for lease in store.claim(owner, 3):
                solidus = 2000.0 + int(lease.key[:4], 16) / 100
                store.finish(lease.key, lease.token, Measured(quantities({"solidus": solidus})))
                _say(lease.key)
    _say("empty")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
