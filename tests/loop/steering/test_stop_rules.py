"""A campaign that has done enough by its own rules ends, says why, and goes on with another limit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alloys.composition import Composition
from loop.campaign import Campaign
from loop.config.reading import check_config
from loop.store import CampaignStore, check_store
from tests.loop.loop_helpers import call, small_config, write_config
from tests.loop.steering.running import MELTING, melting_document

FORMULAS = [f"Mo{mo}Nb{100 - mo - ta}Ta{ta}" for mo in range(10, 70, 10) for ta in range(10, 50, 10) if mo + ta < 90]


def _melting(formula: str) -> float:
    return sum(MELTING[symbol] * share for symbol, share in Composition.parse(formula).fractions().items())


def _document(folder: Path, **changes: Any) -> dict[str, Any]:
    """The melting campaign over a list, of which generators take no part."""
    (folder / "list.csv").write_text("\n".join(["formula", *FORMULAS]) + "\n", encoding="utf-8")
    space = {"kind": "table", "file": str(folder / "list.csv")}
    document = melting_document(folder, space=space, iterations=9, constraints=[], **changes)
    document["validator"]["cost"] = 10.0
    return document


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a campaign that starts with four alloys, and goes on in batches of two."""
    folder = tmp_path_factory.mktemp("stopping")
    return write_config(folder, **_document(folder))


def _run(capsys: pytest.CaptureFixture[str], path: Path, *stop: str) -> tuple[str, int, list[str]]:
    """Runs it with rules: what it says at the end, how many alloys were asked for, and every end that is recorded."""
    code, _, err = call(capsys, "run", str(path), *(word for rule in stop for word in ("--set", f"stop.{rule}")))
    assert code == 0, err
    with CampaignStore.open(path.parent / "campaigns" / "small" / "campaign.db") as store:
        assert check_store(store) == []
        ends = [f"{act.who}: {act.detail['rule']} before {act.detail['before']}" for act in store.acts()]
        return err.splitlines()[-1], len(store.proposals()), ends


def test_each_rule_ends_the_run_is_recorded_once_and_another_limit_lets_it_go_on(
    campaign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        said, asked, ends = _run(capsys, campaign, "validations=7")
        assert said.startswith(
            "stopped before iteration 2 by stop.validations: 6 of at most 7 are asked for, a batch has"
        )
        assert (asked, ends) == (6, ["small: validations before 2"])
    said, asked, ends = _run(capsys, campaign, "validations=70", "cost=95")
    assert "by stop.cost: 80 of at most 95 is spent, a batch costs 20; another limit lets it go on" in said
    assert (asked, ends[1:]) == (8, ["small: cost before 3"])
    said, asked, _ = _run(capsys, campaign, "hours=0.000001")
    assert "by stop.hours: it ran for" in said
    said, asked, _ = _run(capsys, campaign, "target=[liquidus >= 2700, density <= 20]")
    assert "keeps liquidus >= 2700 and density <= 20" in said
    said, asked, ends = _run(capsys, campaign, "gain=0.99")
    assert "by stop.gain: the best candidate is expected to add" in said
    assert (asked, ends[-1]) == (8, "small: gain before 3")
    status = json.loads(call(capsys, "status", "small", "--json", "--directory", str(campaign.parent / "campaigns"))[1])
    assert status["state"] == "stopped"
    assert [act["kind"] for act in status["acts"]] == ["end"] * 5


def test_rules_say_when_and_not_what(campaign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, asked, _ = _run(capsys, campaign, "no_gain=2")
    assert "by stop.no_gain: 2 iterations added next to nothing to" in said
    best = max(map(_melting, FORMULAS))
    with CampaignStore.open(campaign.parent / "campaigns" / "small" / "campaign.db") as store:
        stopped = [p.selection.candidate.design for p in store.proposals()]
        assert max(_melting(design.formula) for design in stopped) == pytest.approx(best)
    free = write_config(tmp_path, **_document(tmp_path))
    assert call(capsys, "run", str(free), "--set", f"iterations={(asked - 4) // 2}")[0] == 0
    with CampaignStore.open(tmp_path / "campaigns" / "small" / "campaign.db") as store:
        assert [p.selection.candidate.design for p in store.proposals()] == stopped


def test_rules_are_no_part_of_what_a_campaign_is_and_mistakes_in_them_are_named(campaign: Path, tmp_path: Path) -> None:
    ruled = small_config(campaign.parent, **_document(campaign.parent, stop={"validations": 5, "cost": 3.0}))
    free = _document(campaign.parent)
    del free["validator"]["cost"]
    assert ruled.digest == small_config(campaign.parent, **free).digest
    stop = {"target": ["liquidus >= 2000", "melting >= 3"], "cost": 5.0, "validations": 0}
    told = "\n".join(str(m) for m in check_config(write_config(tmp_path, **{**free, "stop": stop}))[1])
    assert "stop.validations" in told
    told = "\n".join(
        str(m) for m in check_config(write_config(tmp_path, **{**free, "stop": {**stop, "validations": 1}}))[1]
    )
    assert "stop: target: " in told
    assert "melting" in told
    assert "no validator has a cost" in told
    with Campaign.open(ruled) as by_hand:  # a person who asks for more gets more
        assert len(by_hand.suggest(2)) >= 1
