"""What is told of failures and of the tries that are left."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from alloys.records import Failed
from loop.people.queue_report import job_table, show_document
from loop.store import CampaignStore
from tests.loop.store.store_helpers import (
    CAPACITY,
    CORRECTABLE,
    INFRASTRUCTURE,
    NO_MORE,
    SUSPECT,
    begin,
    make,
    take_one,
)


def _listed(store: CampaignStore) -> str:
    text = StringIO()
    Console(width=250, file=text).print(job_table(store.jobs()))
    return text.getvalue()


@pytest.mark.parametrize(
    ("verdict", "left", "told"),
    [
        (INFRASTRUCTURE, 3, "infrastructure (3 more tries): the machine went away"),
        (CAPACITY, None, "capacity (tried again as often as it takes): no licence is free"),
        (CORRECTABLE, 5, "correctable (5 more tries): it did not converge"),
        (NO_MORE, 0, "resource: memory used up, and no more is allowed"),
    ],
)
def test_the_tries_that_are_left(tmp_path: Path, verdict: Failed, left: int | None, told: str) -> None:
    with make(tmp_path / "campaign.db") as store:
        (key,) = begin(store, [1])
        store.finish(take_one(store).key, verdict)
        document = show_document(store, key)
        assert (document["error_class"], document["failures"], document["tries_left"]) == (verdict.kind, 1, left)
        assert document["events"][-1]["error_class"] == verdict.kind
        assert told in _listed(store)


def test_a_class_without_tries_has_none_left_to_tell(tmp_path: Path) -> None:
    with make(tmp_path / "campaign.db") as store:
        (key,) = begin(store, [1])
        store.finish(take_one(store).key, SUSPECT)
        assert "tries_left" not in show_document(store, key)
        assert "suspect: solidus above liquidus" in _listed(store)
