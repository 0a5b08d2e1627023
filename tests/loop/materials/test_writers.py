"""Several writers of one table, killed at random: what was acknowledged is there once, in its place for ever."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.materials.writers import kill_writers


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_killed_writers_lose_and_double_nothing(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    place = str(tmp_path / "materials.db")
    if backend == "postgresql":
        server: sa.URL = request.getfixturevalue("postgresql")
        place = server.update_query_dict({"schema": "killed_writers"}).render_as_string()
    found = kill_writers(place, tmp_path, writers=3, batches=12, kills=8, seed=random.randrange(10**6))
    assert found.kills >= 1  # how many there are before all is written depends on the machine
    assert found.acknowledged >= 3 * 12 * 18
    assert (found.lost, found.twice, found.strange, found.moved) == (0, 0, 0, 0)
    assert found.problems == ()
