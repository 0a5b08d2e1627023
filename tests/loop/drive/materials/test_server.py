"""Campaigns that share a materials table on a PostgreSQL server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from alloys.design import Design
from alloys.points.point import Point, PointKind
from loop.materials import MaterialsTable
from tests.loop.drive.materials.melting import melting_config, run
from tests.loop.loop_helpers import call


def test_a_table_on_a_server_answers_a_second_campaign_and_knows_its_voids(
    postgresql: sa.URL, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = str(postgresql.update_query_dict({"schema": "melting"}))
    first, asked = run(melting_config(tmp_path, "first", materials={"table": url}, iterations=0))
    with first:
        digest = first.store.dataset_digest()
    assert len(asked) == 6
    second, again = run(melting_config(tmp_path, "second", materials={"table": url, "known": "answer"}, iterations=0))
    with second:
        assert again == []
        assert second.store.dataset_digest() == digest
    with MaterialsTable.open(url) as table:
        drawn = Point(Design.parse("Nb50Ta50"), "", "", None, PointKind.GENERATED, "weights")
        table.add([drawn], who="Ada")
    capsys.readouterr()
    words = ("materials", "voids", "--campaign", "second", "--property", "solidus", "--table", url, "--json")
    code, told, said = call(capsys, *words)
    assert code == 0, said
    document = json.loads(told)
    assert document["materials"] == 7
    assert document["first"] == [{"formula": "Nb50Ta50", "property": "solidus", "route": "validation"}]
