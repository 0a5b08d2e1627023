"""What is of PostgreSQL alone: where a campaign is, locks across hosts, a server that is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from alloys.errors import InputError
from loop.campaign import Campaign
from loop.store import CampaignBusy, CampaignStore, DriverLock, NoCampaign, StoreBusy, StoreError, UnknownSchema
from loop.store.database.postgresql import ServerLock, parse_url
from tests.loop.drive.test_campaign import ANSWERS
from tests.loop.loop_helpers import call, small_config
from tests.loop.store.store_helpers import Backend, begin, make


@pytest.fixture
def path(tmp_path, postgresql, backend):
    Backend.server = postgresql
    return tmp_path / "campaign.db"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("postgresql+psycopg://me:secret@host/db?schema=x", "holds no password: set PGPASSWORD"),
        ("mysql://me@host/db?schema=x", "got mysql://"),
        ("nonsense", "cannot read the URL 'nonsense'"),
        ("postgresql+psycopg://me@host/db", "needs the campaign database's schema"),
        ('postgresql+psycopg://me@host/db?schema=x"y', "needs the campaign database's schema"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(text, message):
    with pytest.raises(StoreError, match=message.replace("+", r"\+").replace("?", r"\?")):
        parse_url(text)


def test_a_schema_that_is_not_there_is_no_campaign(path, postgresql):
    path.write_text(f"{postgresql.update_query_dict({'schema': 'nothing'})}\n", encoding="utf-8")
    with pytest.raises(NoCampaign, match="no campaign in the schema 'nothing'"):
        CampaignStore.open(path)


def test_a_server_that_is_not_there_is_told(tmp_path):
    path = tmp_path / "campaign.url"
    path.write_text(f"postgresql+psycopg://me@/db?host={tmp_path}&schema=x\n", encoding="utf-8")
    with pytest.raises(StoreError, match="server cannot be reached"):
        CampaignStore.open(path)


def test_a_newer_schema_is_refused(path):
    with make(path) as store, store._write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(UnknownSchema, match="0999"):
        CampaignStore.open(path)


def test_a_writer_that_waits_too_long_is_told(path, monkeypatch):
    monkeypatch.setattr("loop.store.database.postgresql.BUSY_MILLISECONDS", 50)
    with (
        make(path) as store,
        store._write(),
        CampaignStore.open(path) as other,
        pytest.raises(StoreBusy, match="try again"),
    ):
        other.take("me")


def test_what_was_recorded_stays(path):
    with make(path) as store:
        begin(store, [1])
        with pytest.raises(sa.exc.IntegrityError, match="never changed or removed"), store._write() as connection:
            connection.exec_driver_sql("UPDATE job_events SET note = 'x'")
        with pytest.raises(sa.exc.IntegrityError, match="a job cannot make that move"), store._write() as connection:
            connection.exec_driver_sql("UPDATE jobs SET state = 'done', verdict = '{}'")


def test_one_driver_wherever_it_runs(tmp_path, postgresql):
    url = parse_url(str(postgresql), schema="lonely")
    with DriverLock(tmp_path / "one", url) as lock:
        with pytest.raises(CampaignBusy, match=r"in the schema 'lonely' is already driven by alloyloop .*@"):
            DriverLock(tmp_path / "two", url).acquire()
        other = ServerLock(parse_url(str(postgresql), schema="another"), lock.owner)
        other.acquire()
        other.release()
    with DriverLock(tmp_path / "two", url):
        pass


def test_a_campaign_on_a_server(tmp_path: Path, postgresql: sa.URL, capsys: pytest.CaptureFixture[str]) -> None:
    config = small_config(tmp_path, validator={"name": "human"}, state=str(postgresql))
    with Campaign.open(config) as campaign:
        formula = campaign.suggest(6)["formula"][0]
        campaign.observe(pd.DataFrame({"formula": [formula], **{name: [value] for name, value in ANSWERS.items()}}))
    folder = Path(config.directory) / config.name
    assert not (folder / "campaign.db").exists()
    code, out, _ = call(capsys, "status", "small", "--json", "--directory", config.directory)
    document = json.loads(out)
    assert (code, document["observations"], document["queue"]["awaiting_human"]) == (0, 1, 5)
    jobs = tmp_path / "jobs.csv"
    assert call(capsys, "queue", "export", "small", "--out", str(jobs), "--directory", config.directory)[0] == 0
    code, _, err = call(capsys, "queue", "import", "small", str(jobs), "--directory", config.directory)
    assert (code, "5 not filled in" in err) == (0, True)
    with Campaign.open(config) as again:
        assert len(again.pending()) == 5
    with pytest.raises(InputError, match="state: the campaign 'small' is at postgresql"):
        Campaign.open(small_config(tmp_path, validator={"name": "human"}))
