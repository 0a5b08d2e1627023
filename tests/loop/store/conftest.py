"""The contract of the store is one suite, run in a file and on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loop.store.store_helpers import Backend

CONTRACT = {
    "test_store_acts",
    "test_store_answer",
    "test_store_campaign",
    "test_store_clock",
    "test_store_crash",
    "test_store_data",
    "test_store_imports",
    "test_store_machine",
    "test_store_people",
    "test_store_promotions",
    "test_store_queue",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of the contract twice, but for those of files."""
    module = metafunc.module.__name__.rpartition(".")[2]
    marked = any(mark.name == "files_only" for mark in metafunc.definition.iter_markers())
    if module in CONTRACT and not marked:
        metafunc.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where `make` puts databases."""
    name = str(getattr(request, "param", "sqlite"))
    Backend.server = request.getfixturevalue("postgresql") if name == "postgresql" else None
    yield name
    Backend.server = None
