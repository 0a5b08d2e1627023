"""Several validators in one campaign: gates, hours, what is recorded, and interruptions."""

from __future__ import annotations

import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from alloys.design import Design
from alloys.errors import InputError
from alloys.records import Failed
from loop.campaign import Campaign
from loop.choose.promotion import expected_seconds, standings
from loop.config.reading import check_config
from loop.config.schema import CampaignConfig
from loop.config.tiers import build_tiers
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.store import CampaignStore, IterationState, JobState, check_store
from loop.view import View, config_of, view_of
from tests.loop.loop_helpers import ROOT, Interrupting, StoppedError, small_config, small_document
from validation.people import People

EXAMPLE = ROOT / "configs" / "tiers.yaml"

# The draft says a liquidus; the dear one says it again, 100 K lower, with the solidus.
_COMMAND = """
import json, sys
MELTING = {"Cr": 2180, "Hf": 2506, "Mo": 2896, "Nb": 2750, "Ta": 3290, "Ti": 1941, "V": 2183, "W": 3695, "Zr": 2128}
request = json.load(sys.stdin)
verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
mean = sum(fraction * MELTING[symbol] for symbol, fraction in request["composition"].items())
if sys.argv[1] == "picky" and "Nb" in request["composition"]:
    verdict["failure"] = {"class": "physics", "message": "no crucible holds it"}
    sys.exit(json.dump(verdict, sys.stdout))
values = {"liquidus": mean} if sys.argv[1] == "draft" else {"liquidus": mean - 100.0, "solidus": mean - 300.0}
verdict["properties"] = {name: {"value": value, "unit": "K", "std": 25.0} for name, value in values.items()}
json.dump(verdict, sys.stdout)
"""
GATE, BOUND = 2450.0, 2400.0


def document(folder: Path, **changes: Any) -> dict[str, Any]:
    """Closed forms, then a draft, then a dear command that fits twice into an iteration."""
    command = folder / "melting.py"
    command.write_text(_COMMAND)

    def script(kind: str, *properties: str) -> dict[str, Any]:
        told = {"command": [sys.executable, str(command), kind], "properties": list(properties), "files": []}
        return {**told, "expected_seconds": 1.0, "run": {"least_free_mb": 1}}

    validators = [
        {"name": "reference"},
        {"name": "script", "label": "draft", "settings": script("draft", "liquidus"), "gates": [f"liquidus >= {GATE}"]},
        {
            "name": "script",
            "label": "dear",
            "settings": script("dear", "liquidus", "solidus"),
            "hours": 2.5,
            "seconds": 3600.0,
        },
    ]
    goal = {
        "objectives": ["maximize liquidus", "maximize ductility_index"],
        "constraints": ["density <= 12", f"liquidus >= {BOUND}", "solidus >= 2100"],
        "reference_point": {"liquidus": 2300.0, "ductility_index": 1.5},
    }
    whole = small_document(folder, **goal, validators=validators, **changes)
    del whole["validator"]
    return whole


def lab(**settings: Any) -> dict[str, Any]:
    """The changes that make an entry people's."""
    return {"name": "human", "settings": settings}


def config(folder: Path, **changes: Any) -> CampaignConfig:
    return CampaignConfig.model_validate(document(folder, **changes))


def finished(folder: Path, **changes: Any) -> Campaign:
    campaign = Campaign.open(config(folder, **changes))
    Driver(campaign, LocalExecutor()).run(campaign.config.iterations)
    return campaign


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return finished(tmp_path_factory.mktemp("tiers"))


def told(view: View, tier: int) -> dict[Any, dict[str, float]]:
    """What one validator said, by alloy."""
    return {row.design: dict(a.values) for row in view.rows for a in row.answers if a.tier == tier}


def test_what_fails_a_gate_never_reaches_the_dear_one(done: Campaign) -> None:
    view = done.view()
    first, draft, dear = (told(view, tier) for tier in range(3))
    assert len(first) == 8
    assert set(draft) == {alloy for alloy, values in first.items() if values["density"] <= 12}
    assert set(dear) < {alloy for alloy, values in draft.items() if values["liquidus"] >= GATE}
    assert any(values["liquidus"] < GATE for values in draft.values())
    assert len(dear) == 4


def test_the_hours_hold_in_every_iteration_and_the_rounds_are_recorded(done: Campaign) -> None:
    for index in (0, 1):
        rounds = done.store.iteration(index).notes.promotions
        assert rounds[-1].asked == 0
        dear = [each.validators["dear"] for each in rounds]
        assert sum(each.asked for each in dear) == 2
        assert sum(each.seconds for each in dear) == 7200.0
        asked = [p for p in done.store.promotions(index) if p.tier == 2]
        assert len(asked) == 2
        for proposal in asked:
            assert "an hour" in proposal.selection.why
            prediction = proposal.selection.prediction
            assert prediction is not None
            assert set(prediction.means) == {"liquidus", "solidus"}
    assert [len(done.store.proposals(index)) for index in (0, 1)] == [6, 2]


def test_each_answer_keeps_its_validator_and_its_spread(done: Campaign) -> None:
    assert [tier.label for tier in done.view().tiers] == ["reference", "draft", "dear"]
    for row in done.view().rows:
        kinds = {answer.tier: answer for answer in row.answers}
        if 2 in kinds:
            assert kinds[2].stds == {"liquidus": 25.0, "solidus": 25.0}
            assert row.values["liquidus"] == kinds[2].values["liquidus"] == kinds[1].values["liquidus"] - 100.0
            assert row.confirmed["liquidus"] == row.values["liquidus"]
        elif 1 in kinds:
            assert row.values["liquidus"] == kinds[1].values["liquidus"]
            assert "liquidus" not in row.confirmed
            assert not row.feasible
    assert any(row.feasible for row in done.view().rows)


def test_nothing_is_asked_twice_and_the_history_is_sound(done: Campaign) -> None:
    jobs = done.store.jobs()
    asked = [(job.request.design, job.request.validator, job.request.fingerprint) for job in jobs]
    assert len(set(asked)) == len(asked)
    assert {job.state for job in jobs} == {JobState.DONE}
    assert {it.state for it in done.store.iterations()} == {IterationState.CLOSED}
    assert check_store(done.store) == []


def test_the_past_is_seen_as_it_was(done: Campaign) -> None:
    view = done.view()
    then = view.upto(0)
    assert all((a.iteration or 0) == 0 for row in then for a in row.answers)
    assert len(then) == 6
    levels = {label: len(data.designs) for label, data in view.fidelities()}
    assert levels == {"draft": len(told(view, 1)), "dear": 4}


def test_the_view_needs_no_validator(done: Campaign) -> None:
    with CampaignStore.open(done.folder / "campaign.db") as store:
        assert config_of(store).science() == done.config.science()
        assert view_of(store).rows == done.view().rows


@pytest.mark.parametrize("stop_at", [19, 37])
def test_interrupted_among_the_dear_ones_it_ends_the_same(done: Campaign, tmp_path: Path, stop_at: int) -> None:
    settings = {"validators": document(done.folder.parents[1])["validators"]}
    told = CampaignConfig.model_validate({**document(tmp_path), **settings})
    campaign = Campaign.open(told)
    with pytest.raises(StoppedError):
        Driver(campaign, Interrupting(campaign, stop_at)).run(1)
    campaign.close()
    with Campaign.open(told) as again:
        Driver(again, LocalExecutor()).run(1)
        assert again.store.dataset_digest() == done.store.dataset_digest()
        assert check_store(again.store) == []


def test_without_hours_all_that_passed_are_asked(tmp_path: Path) -> None:
    whole = document(tmp_path, iterations=0)
    whole["validators"][2] |= {"hours": None}
    with Campaign.open(CampaignConfig.model_validate(whole)) as campaign:
        Driver(campaign, LocalExecutor()).run(0)
        draft, dear = told(campaign.view(), 1), told(campaign.view(), 2)
        assert set(dear) == {alloy for alloy, values in draft.items() if values["liquidus"] >= GATE}
        # A person's result stands above what validators said, and takes no job's place.
        alloy = next(iter(draft))
        added = campaign.observe(pd.DataFrame({"formula": [str(alloy)], "liquidus": [2999.0]}))
        assert added.repeats == 1
        row = next(row for row in campaign.view().rows if row.design == alloy)
        assert row.values["liquidus"] == row.confirmed["liquidus"] == 2999.0


def test_a_failure_of_the_dear_one_is_kept_and_is_not_asked_again(tmp_path: Path) -> None:
    whole = document(tmp_path, iterations=0)
    dear = whole["validators"][2]
    dear |= {"hours": None, "settings": {**dear["settings"], "command": [*dear["settings"]["command"][:2], "picky"]}}
    with Campaign.open(CampaignConfig.model_validate(whole)) as campaign:
        Driver(campaign, LocalExecutor()).run(0)
        view = campaign.view()
        asked = [row for row in view.rows if any(answer.tier == 2 for answer in row.answers)]
        failed = [row for row in asked if "Nb" in row.design.composition.elements]
        assert failed
        for row in asked:
            assert row.failure == ("no crucible holds it" if row in failed else None)
            assert ("solidus" in row.values) is (row not in failed)
        assert not any(row.feasible for row in failed)
        assert all("liquidus" in row.values for row in failed)
        assert standings(view, campaign.store, campaign.tiers) == []


def test_measured_seconds_are_medians_of_what_is_finished(done: Campaign) -> None:
    tier = replace(done.tiers[1], measured=True)
    seconds = expected_seconds(tier, done.store)
    times = [job.verdict.seconds for job in done.store.jobs() if job.key in _keys(done, 1) and job.verdict]
    assert len(times) >= 3
    assert seconds[0] == statistics.median(times)
    unasked = replace(tier, validator="unasked", seconds=7.0)
    assert expected_seconds(unasked, done.store) == {0: 7.0}
    assert expected_seconds(done.tiers[2], done.store) == {0: 3600.0}


def _keys(campaign: Campaign, tier: int) -> set[str]:
    return {proposal.key for proposal in campaign.store.promotions() if proposal.tier == tier}


def test_one_validator_keeps_the_configurations_digest(tmp_path: Path) -> None:
    science = small_config(tmp_path).science()
    assert "validators" not in science
    assert science["validator"] == {"name": "calphad", "settings": {}}
    several = config(tmp_path).science()
    assert "validator" not in several
    assert [tier["name"] for tier in several["validators"]] == ["reference", "script", "script"]
    assert all("run" not in tier["settings"] for tier in several["validators"])


def test_the_gates_are_the_goals_unless_others_are_given(tmp_path: Path) -> None:
    tiers = build_tiers(config(tmp_path))
    assert [[str(gate) for gate in tier.gates] for tier in tiers] == [["density <= 12"], ["liquidus >= 2450"], []]
    assert [tier.seconds for tier in tiers] == [pytest.approx(1e-3), 1.0, 3600.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({2: lab(properties=["hardness"])}, "validators.2: unknown property 'hardness'; declare one of your own"),
        ({2: lab(properties=[])}, "properties of 'dear' must be a list of different names, at least one, got []"),
        ({2: lab(properties=["solidus", "solidus"])}, "must be a list of different names"),
        ({2: lab(properties="solidus")}, "must be a list of different names, at least one, got 'solidus'"),
        ({2: lab(furnace=2)}, "validators.2: unknown settings of 'dear': furnace; people have one, properties"),
        ({2: {**lab(), "seconds": "measured"}}, "nobody takes the time that people need; give seconds as a number"),
        ({2: {**lab(), "seconds": None}}, "hours need the expected seconds of one answer, which it does not declare"),
        ({1: lab(properties=["solidus"])}, "the gate 'liquidus >= 2450' is on what 'human' does not answer"),
        ({1: {**lab(), "gates": None, "label": None}, 2: {**lab(), "label": None}}, "two validators are called human"),
        ({0: {"hours": 1.0}}, "the first validator is asked for the whole batch"),
        ({1: {"gates": ["solidus >= 2000"]}}, "the gate 'solidus >= 2000' is on what 'script' does not answer"),
        ({1: {"label": "dear"}}, "two validators are called dear"),
        ({2: {"gates": ["solidus >= 2000"]}}, "gates of the last validator"),
        ({2: {"hours": 0.5}}, "hours = 0.5 are too few for one answer of 3600 s"),
        ({2: {"settings": {"command": ["none-such"], "properties": ["solidus"]}}}, "none-such"),
        ({2: {"when": "late"}}, "validators.2.when: unknown key; known here are name, label"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, changes: dict[int, dict[str, Any]], message: str) -> None:
    whole = document(tmp_path)
    for i, change in changes.items():
        whole["validators"][i] |= change
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False))
    mistakes = check_config(path)[1]
    assert any(message in mistake for mistake in mistakes), mistakes
    lines = path.read_text().splitlines()
    start = next(i for i, text in enumerate(lines, 1) if text == "validators:")
    assert all(int(mistake.split(":")[0].removeprefix("line ")) >= start for mistake in mistakes)


def test_people_have_an_identity_of_their_own(tmp_path: Path) -> None:
    whole = document(tmp_path)
    first, second = dict(whole["validators"][2], **lab()), dict(whole["validators"][2], **lab(properties=["solidus"]))
    whole["validators"][1:] = [first, {**first, "label": "furnace"}, {**second, "label": "press"}]
    tiers = build_tiers(CampaignConfig.model_validate(whole))
    assert [tier.by_hand for tier in tiers] == [False, True, True, True]
    assert [tier.properties for tier in tiers[1:]] == [("liquidus", "solidus")] * 2 + [("solidus",)]
    assert len({tier.fingerprint for tier in tiers}) == 4
    assert tiers[3].seconds == 3600.0
    people = People("human", "press", {"solidus": "K"})
    assert people.fingerprint == tiers[3].fingerprint
    assert people.description.units == {"solidus": "K"}
    people.check(["Nb", "Xe"])
    verdict = people.validate(Design.parse("NbTaW"))
    assert isinstance(verdict, Failed)
    assert "people (press) answer" in verdict.message
    assert not tiers[1].passes({"liquidus": 3000.0})
    assert tiers[1].passes({"liquidus": 3000.0, "solidus": 2900.0})


def test_one_validator_or_several_but_not_both(tmp_path: Path) -> None:
    path = tmp_path / "both.yaml"
    path.write_text(yaml.safe_dump({**document(tmp_path), "validator": {"name": "calphad"}}))
    assert any("give either validator or validators" in mistake for mistake in check_config(path)[1])


def test_the_same_validator_twice_is_refused(tmp_path: Path) -> None:
    whole = document(tmp_path)
    whole["validators"][2]["settings"] = whole["validators"][1]["settings"]
    with pytest.raises(InputError, match="the same one with the same settings"):
        build_tiers(CampaignConfig.model_validate(whole))


def test_the_example_has_no_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert check_config(EXAMPLE)[1] == []
