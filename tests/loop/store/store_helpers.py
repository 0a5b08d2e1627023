"""What the tests of the store share: a clock and nonces under control, small batches, a fast folder."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alloys.composition import Composition
from alloys.design import Design
from alloys.records import (
    Candidate,
    Failed,
    FailureKind,
    Measured,
    Prediction,
    Selection,
    ValidationRequest,
    quantities,
)
from loop.store import CampaignStore, Job

# Memory-backed where there is such a folder: these tests commit thousands of times.
FAST = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None


class Backend:
    """Where `make` puts databases: in files, or on a PostgreSQL server."""

    server: sa.URL | None = None


INFRASTRUCTURE = Failed(FailureKind.INFRASTRUCTURE, "the machine went away")
PHYSICS = Failed(FailureKind.PHYSICS, "no solidus below the boiling point")
CAPACITY = Failed(FailureKind.CAPACITY, "no licence is free")
RESOURCE = Failed(FailureKind.RESOURCE, "memory used up", ask={"memory_mb": 2000.0})
NO_MORE = Failed(FailureKind.RESOURCE, "memory used up, and no more is allowed")
CORRECTABLE = Failed(FailureKind.CORRECTABLE, "it did not converge", ask={"mixing": 0.02})
SUSPECT = Failed(FailureKind.SUSPECT, "solidus above liquidus")


class Clock:
    """A clock that moves when told to; unix seconds."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Nonces:
    """Nonces t1, t2, ..."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        return f"t{next(self._numbers)}"


def alloy(number: int) -> Design:
    """One composition per number."""
    return Design(Composition.from_amounts({"Nb": 100 + number, "W": 100}))


def request(number: int) -> ValidationRequest:
    return ValidationRequest(alloy(number), "calphad", "settings-1")


def selection(number: int, rank: int) -> Selection:
    prediction = Prediction({"solidus": 2400.0}, {"solidus": 60.0}, 0.25, "gp-1") if rank % 2 else None
    return Selection(Candidate(alloy(number), "cvae"), rank, 1.0 / (rank + 1), "near the limit", prediction)


def measured(value: float = 2500.0, **more: float) -> Measured:
    return Measured(quantities({"solidus": value, **more}), 0.5, {"phases": ["BCC"]})


def make(path: Path, clock: Clock | None = None, **more: Any) -> CampaignStore:
    """A new campaign at that path, or on the server of the test."""
    if Backend.server is not None and not path.exists():
        schema = f"test_{uuid.uuid4().hex}"
        path.write_text(f"{Backend.server.update_query_dict({'schema': schema})}\n", encoding="utf-8")
    given: dict[str, Any] = {"name": "test", "config": {"b": [1], "a": 2.5}, "seed": 7, "code_version": "0.1.0"}
    return CampaignStore.create(path, clock=clock or Clock(), nonces=Nonces(), **{**given, **more})


def begin(store: CampaignStore, numbers: Sequence[int], index: int = 0, **more: bool) -> list[str]:
    """Begins an iteration with those alloys and returns the keys of its jobs, by rank."""
    store.begin_iteration(index)
    selections = [selection(number, rank) for rank, number in enumerate(numbers)]
    return [p.key for p in store.store_batch(index, selections, [request(number) for number in numbers], **more)]


def take_one(store: CampaignStore, owner: str = "me") -> Job:
    (mine,) = store.take(owner)
    return mine
