"""Campaigns of past schemas: copied, brought up to date and gone on with; or left as they were, and the reason told.

The revision after the newest one is made here, as a revision of Alembic's in a folder of the test's.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from loop.campaign import Campaign
from loop.store import CampaignStore, DriverLock, StoreError, UnknownSchema, check_store
from loop.store.database import upgrade as upgrade_module
from loop.store.database.engine import VERSIONS, head_revision
from loop.store.database.upgrade import BACKUP_MADE, backup
from tests.loop.store import golden_campaign
from tests.loop.store.store_helpers import Backend, begin, make

ROOT = Path(__file__).parents[4]
CAMPAIGNS = sorted(golden_campaign.FOLDER.glob("*.sql"))
SERVERS = sorted((golden_campaign.FOLDER.parent / "postgresql").glob("*.sql"))
NOW = head_revision()
NEXT = f"{int(NOW) + 1:04d}"
REVISION = '''
"""The next schema, of a test's."""

import os
import signal

import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{now}"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("jobs", sa.Column("priority", sa.Integer, nullable=False, server_default="0"))
    op.create_table("notes", sa.Column("note", sa.Text, nullable=False))
    op.execute("INSERT INTO notes SELECT 'upgraded ' || name FROM campaign")
    {last}
'''
Next = Callable[..., None]


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def _load(dump: Path, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))


@pytest.fixture
def following(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Next:
    """Makes the next revision known, ending with a given statement."""

    def known(last: str = "pass") -> None:
        folder = tmp_path / "versions"
        folder.mkdir(exist_ok=True)
        text = REVISION.replace("{last}", last).replace("{now}", NOW).replace("{next}", NEXT)
        (folder / f"r{NEXT}_next.py").write_text(text, encoding="utf-8")
        monkeypatch.setattr("loop.store.database.engine.VERSIONS", [*VERSIONS, folder])
        assert head_revision() == NEXT

    return known


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A campaign's database of the newest schema, with jobs."""
    path = tmp_path / "campaign" / "campaign.db"
    path.parent.mkdir()
    with make(path) as store:
        begin(store, [1, 2, 3])
    return path


def _copies(path: Path) -> list[Path]:
    beside = (path.name, f"{path.name}-journal", "driver.lock")  # a journal without pages may stay after a kill
    return sorted(p for p in path.parent.iterdir() if p.name not in beside)


# Past campaigns ---------------------------------------------------------------------------------------------


def test_there_is_a_campaign_of_every_schema() -> None:
    versions = {path.name[1:5] for folder in VERSIONS for path in folder.glob("r[0-9]*.py")}
    assert {dump.stem.removeprefix("revision_") for dump in CAMPAIGNS} == versions
    assert {dump.stem.removeprefix("revision_") for dump in SERVERS} == versions - {NOW}


@pytest.mark.filterwarnings("ignore")  # what fits and trains warns of four rows
@pytest.mark.parametrize("dump", CAMPAIGNS, ids=lambda dump: dump.stem)
def test_a_past_campaign_is_opened_and_goes_on(dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "campaigns" / "golden" / "campaign.db"
    path.parent.mkdir(parents=True)
    _load(dump, path)
    _goes_on(golden_campaign.opened(), path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dump", SERVERS, ids=lambda dump: dump.stem)
def test_a_past_campaign_on_a_server_goes_on(
    dump: Path, tmp_path: Path, postgresql: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(BACKUP_MADE, dump.stem.removeprefix("revision_"))
    engine = sa.create_engine(postgresql)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS golden CASCADE")
        connection.connection.cursor().execute(dump.read_text(encoding="utf-8"))
    engine.dispose()
    path = tmp_path / "campaigns" / "golden" / "campaign.url"
    path.parent.mkdir(parents=True)
    path.write_text(f"{postgresql.update_query_dict({'schema': 'golden'})}\n", encoding="utf-8")
    _goes_on(golden_campaign.opened(state=str(postgresql)), path)
    with CampaignStore.open(path) as store, store._read() as connection:
        query = "SELECT indexdef FROM pg_indexes WHERE tablename = 'jobs' AND schemaname = 'golden'"
        made = " ".join(connection.execute(sa.text(query)).scalars())
    assert "(state, iteration, rank)" in made
    assert "UNIQUE INDEX uq_jobs_place" in made


def _goes_on(opened: Campaign, path: Path) -> None:
    """The golden campaign takes an answer, closes its iteration and proposes the next."""
    with opened as campaign:
        assert campaign.store.dataset_digest() == "85c3cca5809278ea8ffea5ca0b50c6f0f950efc9fabf3e9b48c41daa643eb791"
        (waiting,) = campaign.pending()["formula"]
        assert len(campaign.store.observations()) == 6
        campaign.observe(golden_campaign.measured([waiting]))
        assert [iteration.state for iteration in campaign.store.iterations()] == ["closed", "closed"]
        assert campaign.store.facts().reference_point is not None
        formulas = list(campaign.suggest(2)["formula"])
        assert len({waiting, *formulas}) == 3
        assert check_store(campaign.store) == []
    with CampaignStore.open(path) as store:
        assert [len(store.proposals(index)) for index in range(3)] == [4, 3, 2]


# Up to date -------------------------------------------------------------------------------------------------


def test_an_older_schema_is_copied_and_brought_up_to_date(old: Path, following: Next) -> None:
    before, content = _dump(old), old.read_bytes()
    following()
    with CampaignStore.open(old) as store, store._read() as connection:
        assert connection.execute(sa.text("SELECT note FROM notes")).scalar() == "upgraded test"
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == NEXT
    (copy,) = _copies(old)
    assert re.fullmatch(rf"campaign\.schema-{NOW}-[0-9a-f]{{12}}\.db", copy.name)
    assert _dump(copy) == before
    assert copy.read_bytes()[100:] == content[100:]  # the header counts changes
    with CampaignStore.open(old):
        assert _copies(old) == [copy]  # no second one


def test_a_campaign_with_its_jobs_is_the_same_after(old: Path, following: Next) -> None:
    with CampaignStore.open(old) as store:
        before = (store.jobs(), store.proposals(), store.dataset_digest())
    following()
    with CampaignStore.open(old) as store:
        assert (store.jobs(), store.proposals(), store.dataset_digest()) == before
        assert len(store.take("me", 3)) == 3


def test_the_copy_has_what_only_the_journal_held(old: Path, following: Next) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("INSERT INTO validators VALUES ('of the journal', 0, 0, 0, NULL, NULL)")
        connection.commit()
        copy = backup(old, NOW)
    with closing(sqlite3.connect(copy)) as connection:
        assert ("of the journal",) in connection.execute("SELECT name FROM validators").fetchall()


def test_copies_of_different_content_stay_side_by_side(old: Path) -> None:
    first = backup(old, NOW)
    assert backup(old, NOW) == first
    with CampaignStore.open(old) as store:
        begin(store, [7], index=1)
    other = backup(old, NOW)
    assert _copies(old) == sorted([first, other])


# Or left as it was ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["raise RuntimeError('half-way')", "op.execute('UPDATE nothing SET x = 1')"])
def test_a_failed_upgrade_leaves_the_original(old: Path, following: Next, last: str) -> None:
    before = _dump(old)
    following(last)
    for _ in range(2):
        with pytest.raises(StoreError, match=f"could not be brought from schema {NOW} to {NEXT}") as refused:
            CampaignStore.open(old)
    (copy,) = _copies(old)
    assert str(copy) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert _dump(old) == before == _dump(copy)
    following()
    CampaignStore.open(old).close()
    assert _copies(old) == [copy]


KILLED = """
import sys
from pathlib import Path
from loop.store import CampaignStore
from loop.store.database import engine

engine.VERSIONS.append(Path(sys.argv[2]))
CampaignStore.open(sys.argv[1])
"""


def test_an_upgrade_that_is_killed_leaves_the_original(
    old: Path, following: Next, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _dump(old)
    following("os.kill(os.getpid(), signal.SIGKILL)")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", KILLED, str(old), str(tmp_path / "versions")]
    killed = subprocess.run(words, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    monkeypatch.undo()
    with CampaignStore.open(old) as store:  # the version that does not know the next one
        assert len(store.jobs()) == 3
    assert _dump(old) == before
    (copy,) = _copies(old)
    assert _dump(copy) == before


def test_without_a_copy_nothing_is_upgraded(old: Path, following: Next, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _dump(old)
    following()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upgrade_module, "_copy", full)
    with pytest.raises(StoreError, match=r"no copy of it could be made .*No space left"):
        CampaignStore.open(old)
    assert _copies(old) == []
    assert _dump(old) == before


def test_a_damaged_database_is_not_taken_for_a_copy(old: Path) -> None:
    content = bytearray(old.read_bytes())
    content[-4096:] = b"\xff" * 4096
    old.write_bytes(content)
    with pytest.raises(StoreError, match="no copy of it could be made"):
        backup(old, NOW)
    assert _copies(old) == []


HOLD = """
import sys
from loop.store import DriverLock

with DriverLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_campaign_that_another_process_drives_is_not_upgraded(old: Path, following: Next) -> None:
    following()
    before = _dump(old)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", HOLD, str(old.parent)]
    with subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match=rf"is driven by .* pid {driver.pid} .*; let it end"):
            CampaignStore.open(old)
        assert _dump(old) == before
        driver.communicate()
    with DriverLock(old.parent):  # this process may
        CampaignStore.open(old).close()
    assert len(_copies(old)) == 1


def test_a_newer_schema_is_refused_and_left_as_it_is(
    old: Path, following: Next, monkeypatch: pytest.MonkeyPatch
) -> None:
    following()
    CampaignStore.open(old).close()
    before = old.read_bytes()
    monkeypatch.undo()
    with pytest.raises(UnknownSchema, match=f"has schema revision '{NEXT}', which this version does not know"):
        CampaignStore.open(old)
    assert old.read_bytes() == before


# On a server ------------------------------------------------------------------------------------------------


def test_a_server_is_upgraded_once_its_operator_has_a_backup(
    tmp_path: Path, postgresql: sa.URL, following: Next, monkeypatch: pytest.MonkeyPatch
) -> None:
    Backend.server = postgresql
    path = tmp_path / "campaign.url"
    with make(path) as store:
        begin(store, [1, 2])
    following()
    for wrong in (None, NEXT, "yes"):
        if wrong is not None:
            monkeypatch.setenv(BACKUP_MADE, wrong)
        with pytest.raises(StoreError, match=rf"Its backup is its operator's: .* {BACKUP_MADE}={NOW}"):
            CampaignStore.open(path)
    monkeypatch.setenv(BACKUP_MADE, NOW)
    following("raise RuntimeError('half-way')")
    with pytest.raises(StoreError, match="half-way; it is as it was: use the version"):
        CampaignStore.open(path)
    following()
    with CampaignStore.open(path) as store, store._read() as connection:
        assert connection.execute(sa.text("SELECT note FROM notes")).scalar() == "upgraded test"
        assert len(store.jobs()) == 2
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".db"] == []
