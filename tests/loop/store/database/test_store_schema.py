"""Migrations, past schemas, pragmas."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from loop.store import CampaignStore, Facts, IterationNotes, StoreBusy, StoreError, UnknownSchema, check_store
from loop.store.database.engine import Database, head_revision, journal_settings, wal_is_safe
from loop.store.states import MOVES, move_text
from tests.loop.store.store_helpers import begin, make, measured, take_one
from tests.support.database import write_past_the_store

GOLDEN = Path(__file__).parents[1] / "golden"


def _statements(path: Path) -> dict[str, str]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in rows}


def _load(dump: Path, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))


@pytest.mark.parametrize("dump", sorted(GOLDEN.glob("*.sql")), ids=lambda path: path.stem)
def test_migrations_end_at_the_schema_of_a_new_database(dump, tmp_path):
    make(tmp_path / "new.db").close()
    _load(dump, tmp_path / "old.db")
    CampaignStore.open(tmp_path / "old.db").close()
    assert _statements(tmp_path / "old.db") == _statements(tmp_path / "new.db"), (
        "schema.py and the migrations differ: add a revision in loop/store/database/migrations, and a dump of the "
        "schema before it in tests/loop/store/golden"
    )


def test_the_trigger_holds_the_table_of_moves(tmp_path):
    make(tmp_path / "campaign.db").close()
    trigger = _statements(tmp_path / "campaign.db")["tr_jobs_moves"]
    wanted = {move_text(source, target) for source in MOVES if source for target in MOVES[source]}
    assert set(re.findall(r"'([a-z_]+>[a-z_]+)'", trigger)) == wanted


def test_the_manual_has_the_table_of_moves():
    text = (Path(__file__).parents[4] / "docs/howto/queue.md").read_text(encoding="utf-8")
    table = text.partition("## States")[2].partition("\n\nThe table")[0]
    told = {}
    for line in table.strip().splitlines()[2:]:
        source, targets = line.strip("| ").split(" | ")
        told[source.strip("`")] = set(re.findall("`([a-z_]+)`", targets))
    moves = {str(source or "new"): {str(target) for target in MOVES[source] - {source}} for source in MOVES}
    assert told == {source: targets for source, targets in moves.items() if targets}


def test_there_is_a_golden_of_every_schema():
    versions = Path(__file__).parents[4] / "loop/store/database/migrations/versions"
    revisions = {path.name[1:5] for path in versions.glob("r[0-9]*.py")}
    assert {path.stem.removeprefix("revision_") for path in GOLDEN.glob("*.sql")} == revisions
    assert head_revision() == max(revisions)


@pytest.mark.parametrize("dump", sorted(GOLDEN.glob("*.sql")), ids=lambda path: path.stem)
def test_a_database_of_a_past_schema_opens(dump, tmp_path):
    path = tmp_path / "campaign.db"
    _load(dump, path)
    with CampaignStore.open(path) as store:
        assert store.campaign().name == "golden"
        assert [job.state for job in store.jobs()] == ["done", "failed", "retry_wait", "running", "queued"]
        assert len(store.observations()) == 3
        assert len(store.observations(include_replicates=True)) == 4
        assert store.iteration(0).notes == IterationNotes()
        assert store.facts() == Facts()
        assert [p.selection.prediction is None for p in store.proposals(0)] == [True, False, True, False]
        assert check_store(store) == []
        assert store.dataset_digest() == "b319c5f66ddc0480138f11b4c723ba3a36a344611b1e656de8da073be569102f"


@pytest.mark.parametrize("revision", ["0999", "nonsense"])
def test_a_newer_schema_is_refused_and_left_as_it_is(tmp_path, revision):
    path = tmp_path / "campaign.db"
    make(path).close()
    write_past_the_store(path, "UPDATE alembic_version SET version_num = ?", (revision,))
    before = path.read_bytes()
    with pytest.raises(UnknownSchema, match=revision):
        CampaignStore.open(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["campaign.db"]


def test_another_database_is_refused(tmp_path):
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE runs (id INTEGER)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="names no schema revision"):
        CampaignStore.open(path)
    with pytest.raises(StoreError, match="with tables runs"):
        make(path)


def test_a_damaged_database_is_told_in_one_line(tmp_path):
    path = tmp_path / "campaign.db"
    make(path).close()
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        CampaignStore.open(path)


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
    ],
)
def test_write_ahead_logs_only_where_they_are_safe(version, safe):
    assert wal_is_safe(version) is safe
    assert journal_settings(version) == (("wal", "FULL") if safe else ("delete", "EXTRA"))


def test_every_connection_has_its_pragmas(tmp_path):
    mode, level = journal_settings(sqlite3.sqlite_version_info)
    with make(tmp_path / "campaign.db") as store, store._read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": mode,
        "synchronous": {"FULL": 2, "EXTRA": 3}[level],
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_a_database_in_another_journal_mode_is_changed_back(tmp_path):
    path = tmp_path / "campaign.db"
    make(path).close()
    mode = journal_settings(sqlite3.sqlite_version_info)[0]
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {'wal' if mode == 'delete' else 'delete'}")
    connection.close()
    with CampaignStore.open(path) as store, store._read() as transaction:
        assert transaction.exec_driver_sql("PRAGMA journal_mode").scalar() == mode


def test_a_writer_that_waits_too_long_is_told(tmp_path, monkeypatch):
    path = tmp_path / "campaign.db"
    make(path).close()
    monkeypatch.setattr("loop.store.database.engine.BUSY_MILLISECONDS", 20)
    with CampaignStore.open(path) as store, store._write(), pytest.raises(StoreBusy, match="try again"):
        store.begin_iteration(0)


def _interrupted_write(store):
    with store._write() as connection:
        connection.execute(sa.text("UPDATE jobs SET attempts = 9"))
        raise KeyboardInterrupt


def test_an_interrupted_write_leaves_nothing(tmp_path):
    with make(tmp_path / "campaign.db") as store:
        (key,) = begin(store, [1])
        take_one(store)
        before = store.jobs()
        with pytest.raises(KeyboardInterrupt):
            _interrupted_write(store)
        assert store.jobs() == before
        assert store.finish(key, measured()) == "done"


def test_the_engine_takes_any_url(tmp_path):
    database = Database(sa.make_url(f"sqlite:///{tmp_path / 'x.db'}"))
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    database.close()
