"""A campaign that runs is paused, resumed and stopped from another shell."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.store import ActKind, CampaignStore
from tests.loop.loop_helpers import call, small_config, write_config
from tests.loop.steering.running import closed, killed, melting_document, running


def test_a_running_campaign_waits_while_it_is_paused_and_stops_after_its_iteration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--directory", str(tmp_path / "campaigns"))
    with running(tmp_path, iterations=5) as run:
        run.until(lambda store: store.counts()["done"] > 1, "the first answers")
        code, _, err = call(capsys, "pause", "small", "--by", "Ada", "--why", "the furnace is needed", *where)
        assert (code, err) == (0, "paused: what runs is finished, and nothing new begins\n")
        run.until(lambda store: not store.counts()["running"], "what runs is finished")
        with CampaignStore.open(run.database) as store:
            before = store.counts()
            time.sleep(1.5)  # the driver looks each second
            assert store.counts() == before
            assert before["queued"] > 0
        assert json.loads(call(capsys, "status", "small", "--json", *where)[1])["state"] == "paused"
        code, _, err = call(capsys, "pause", "small", *where)
        assert code == 2
        assert "is paused already, by Ada: the furnace is needed (act 1)" in err
        code, _, err = call(capsys, "stop", "small", *where)
        assert code == 2
        assert "is paused: resume it first" in err
        assert call(capsys, "resume", "small", "--by", "Bob", *where)[::2] == (0, "it goes on\n")
        run.until(lambda store: store.iterations()[-1].index == 1, "the next proposal")
        code, out, _ = call(capsys, "stop", "small", "--by", "Ada", "--json", *where)
        told = json.loads(out)
        assert code == 0
        assert (told["act"], told["who"], told["kind"], told["detail"]) == (3, "Ada", "stop", {"after": 1})
        code, err = run.ended()
        assert code == 0, err
        assert "paused by Ada: the furnace is needed" in err
        assert "stopped after iteration 1 by Ada; the same command goes on from here" in err
    with CampaignStore.open(run.database) as store:
        assert closed(store) == len(store.iterations()) == 2
        assert [(act.kind, act.who) for act in store.acts()] == [("pause", "Ada"), ("resume", "Bob"), ("stop", "Ada")]
    code, out, _ = call(capsys, "status", "small", "--json", *where)
    assert json.loads(out)["state"] == "stopped"
    assert [act["kind"] for act in json.loads(out)["acts"]] == ["pause", "resume", "stop"]
    assert "Ada: pauses the campaign (the furnace is needed)" in call(capsys, "status", "small", *where)[1]
    assert call(capsys, "stop", "small", *where)[0] == 2  # nobody runs it


def test_a_paused_campaign_says_how_it_goes_on_and_a_killed_command_did_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = melting_document(tmp_path, iterations=0)
    path, where = write_config(tmp_path, **changes), ("--directory", str(tmp_path / "campaigns"))
    Campaign.open(small_config(tmp_path, **changes)).close()
    assert killed(["pause", "small", *where]) == -signal.SIGKILL
    with CampaignStore.open(tmp_path / "campaigns" / "small" / "campaign.db") as store:
        assert store.acts() == []
    assert call(capsys, "resume", "small", *where)[0] == 2
    assert call(capsys, "pause", "small", "--by", "Ada", *where)[0] == 0
    code, _, err = call(capsys, "run", str(path))
    assert code == 3
    assert "was paused by Ada; `alloyloop resume small --directory" in err
    assert call(capsys, "resume", "small", *where)[::2] == (0, "it goes on with the next `alloyloop run`\n")
    assert call(capsys, "run", str(path))[0] == 0
    code, _, err = call(capsys, "pause", "small", *where)
    assert code == 2
    assert "is finished; `alloyloop run CONFIG --iterations N` goes on with it" in err


def test_a_stop_outlives_the_kill_of_the_run_and_is_obeyed_once(tmp_path: Path) -> None:
    config = small_config(tmp_path, **melting_document(tmp_path, iterations=2))
    with Campaign.open(config) as campaign:
        store = campaign.store
        campaign.store.begin_iteration(0)
        campaign.store_batch(0, campaign.start())
        store.record_act(ActKind.STOP, {"after": 0}, who="Ada", after=0)
    with Campaign.open(config) as campaign:
        driver = Driver(campaign, LocalExecutor())
        driver.run(2)
        assert driver.ended == "stopped after iteration 0 by Ada; the same command goes on from here"
        assert closed(campaign.store) == len(campaign.store.iterations()) == 1
        again = Driver(campaign, LocalExecutor())
        again.run(1)
        assert (again.ended, closed(campaign.store)) == ("", 2)
