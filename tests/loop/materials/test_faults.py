"""Files that are none, are damaged or of tomorrow, disks that are full, and rows that somebody else wrote."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from alloys.errors import InputError
from alloys.points.point import PointSource
from loop.materials import MaterialsTable, NoMaterialsTable, PointQuery
from loop.store import CampaignStore, NoCampaign, StoreError, StoreUnwritable, UnknownSchema
from tests.loop.materials.test_table import EVERY, HOT, STRONG
from tests.support.database import write_past_the_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "materials.db"
    with MaterialsTable.open(file, create=True) as table:
        table.add(EVERY, who="ada")
    return file


def unguarded(path: Path) -> None:
    """Takes the guards of its rows away."""
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
    connection.close()


@pytest.mark.parametrize("revision", ["m0999", "nonsense"])
def test_a_schema_of_tomorrow_is_refused_and_left_as_it_is(path: Path, revision: str) -> None:
    write_past_the_store(path, "UPDATE materials_schema SET revision = ?", (revision,))
    before = path.read_bytes()
    for create in (False, True):
        with pytest.raises(UnknownSchema, match=f"{revision}.*it was left as it is"):
            MaterialsTable.open(path, create=create)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_damaged_file_is_told_in_one_line(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)
    with pytest.raises(StoreError, match="the materials table is damaged"):
        MaterialsTable.open(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sources SET name = CAST(x'ff' AS TEXT) WHERE id = 1",
        "UPDATE points SET variables = 'x'",
        "UPDATE points SET value = 'x' WHERE value IS NOT NULL",
        "UPDATE materials SET composition = 'Nb:x' WHERE id = 1",
        "UPDATE points SET conditions = 99",
    ],
)
def test_rows_that_are_no_points_any_more_are_told_in_one_line(path: Path, statement: str) -> None:
    unguarded(path)
    write_past_the_store(path, statement)
    with pytest.raises(StoreError, match="the materials table is damaged"), MaterialsTable.open(path) as table:
        list(table.points())


def test_a_schema_that_nobody_can_read_is_told(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(b"CREATE TABLE additions", b"CREATE TABLE\xbbadditions"))
    with pytest.raises(StoreError, match="the materials table is damaged"):
        MaterialsTable.open(path)


def test_a_file_that_lost_its_end_is_told(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 8192 * 4096])
    with pytest.raises(StoreError, match="the materials table is damaged"), MaterialsTable.open(path) as table:
        table.problems()


@pytest.mark.parametrize("create", [False, True])
def test_what_is_no_table_is_left_as_it_is(tmp_path: Path, create: bool) -> None:
    (tmp_path / "a.csv").write_text("formula,x\n", encoding="utf-8")
    for place in (tmp_path / "a.csv", tmp_path):
        with pytest.raises(NoMaterialsTable):
            MaterialsTable.open(place, create=create)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "formula,x\n"


@pytest.mark.parametrize("place", ["pipe", " ", "/dev/zero", "/dev/null"])
def test_what_is_no_ordinary_file_is_refused_at_once(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    for create in (False, True):
        with pytest.raises(NoMaterialsTable):
            MaterialsTable.open(place, create=create)
    assert [one.name for one in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory", "a%20b?c#d.db", "-x;'\".db", "漢😀.db"])
def test_a_name_of_any_letters_is_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with MaterialsTable.open(name, create=True) as table:
        table.add(EVERY, who="ada")
    assert [one.name for one in tmp_path.iterdir()] == [name]
    with MaterialsTable.open(tmp_path / name) as table:
        assert table.last() == len(EVERY)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_texts_that_no_database_holds_are_refused_wherever_they_stand(path: Path, text: str) -> None:
    sources = [PointSource("x", title=text), PointSource("x", licence=text), PointSource(text)]
    given: list[dict[str, Any]] = [{"who": text}, *({"who": "ada", "sources": [one]} for one in sources)]
    with MaterialsTable.open(path) as table:
        for how in given:
            with pytest.raises(InputError, match="has letters that no database holds"):
                table.add([replace(STRONG, value=930.0)], **how)
        assert table.last() == len(EVERY)


def test_an_empty_file_is_no_table_until_points_are_added(tmp_path: Path) -> None:
    path = tmp_path / "materials.db"
    path.touch()
    with pytest.raises(NoMaterialsTable, match="there is no materials table at"):
        MaterialsTable.open(path)
    with MaterialsTable.open(path, create=True) as table:
        assert table.last() == 0


def test_a_table_is_no_campaign(path: Path) -> None:
    with pytest.raises(NoCampaign, match="is not a campaign database"):
        CampaignStore.open(path)


def test_a_disk_that_is_full_is_told_and_nothing_is_added(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MaterialsTable.open(path) as table:
        with table.read() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        many = [replace(HOT, value=100.0 + i / 7) for i in range(3000)]
        with pytest.raises(StoreUnwritable, match=r"the materials table cannot be written.*full"):
            table.add(many, who="ada")
        assert table.last() == len(EVERY)
        assert table.problems() == []


def test_a_file_that_cannot_be_written_can_be_read(path: Path) -> None:
    with MaterialsTable.open(path) as table:
        with table.read() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")
        assert [one.point for one in table.points(PointQuery(until=1))] == [STRONG]
        with pytest.raises(StoreUnwritable, match=r"the materials table cannot be written.*readonly"):
            table.add([replace(STRONG, value=930.0)], who="ada")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE points SET value = 930 WHERE id = 1", "point 1 says something else than when it was added"),
        ("UPDATE points SET value = -5 WHERE id = 1", "point 1: .*-5"),
        ("DELETE FROM points WHERE id = 3", "points has 5 rows, and numbers up to 6"),
        ("UPDATE systems SET low = low + 1 WHERE id = 1", "material 1, .*is not of the system"),
        ("UPDATE points SET source = 99 WHERE id = 2", "points 2 names a row of sources that is not there"),
    ],
)
def test_rows_that_somebody_else_changed_are_named(path: Path, statement: str, told: str) -> None:
    unguarded(path)
    write_past_the_store(path, statement)
    with MaterialsTable.open(path) as table, pytest.raises(AssertionError, match=told):
        assert "\n".join(table.problems()) == ""


def test_on_a_server_who_may_only_read_is_told_so(postgresql: sa.URL) -> None:
    url = postgresql.update_query_dict({"schema": "readable"})
    with MaterialsTable.open(url.render_as_string(), create=True) as table:
        table.add(EVERY, who="ada")
        with table.write() as connection:
            connection.exec_driver_sql("CREATE ROLE reader LOGIN")
            connection.exec_driver_sql("GRANT USAGE ON SCHEMA readable TO reader")
            connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA readable TO reader")
    theirs = url.set(username="reader").render_as_string()
    with MaterialsTable.open(theirs, create=True) as table:
        assert [one.point for one in table.points()] == [*EVERY]
        with pytest.raises(StoreError, match="the materials table's server does not allow it: permission denied"):
            table.add([replace(STRONG, value=930.0)], who="bob")
    with pytest.raises(StoreError, match="does not allow it: permission denied for database"):
        MaterialsTable.open(
            url.set(username="reader").update_query_dict({"schema": "x"}).render_as_string(), create=True
        )


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    for place in (f"postgresql://me@/db?host={tmp_path}", "postgresql://me@nowhere.invalid/db"):
        with pytest.raises(StoreError, match="the materials table's server cannot be reached"):
            MaterialsTable.open(place)
