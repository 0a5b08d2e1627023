"""A campaign goes on with what may change, refuses the rest with what differs, and records another program."""

from __future__ import annotations

from pathlib import Path

import pytest

from alloys.errors import InputError
from loop.campaign import Campaign
from loop.config import identity
from loop.store import CampaignStore
from tests.loop.loop_helpers import small_config, small_document


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    Campaign.open(small_config(tmp_path)).close()
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        {"iterations": 9},
        {"validation": {"hold": True}},
        {"cluster": {"executor": "local", "timeout_seconds": 5.0}},
        {"tracking": {"enabled": False, "folder": "elsewhere"}},
    ],
)
def test_what_may_change(begun: Path, change: dict[str, object]) -> None:
    config = small_config(begun, **change)
    with Campaign.open(config) as campaign:
        assert campaign.config == config


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"batch": 3}, "batch: was 2, now 3"),
        ({"seed": 4}, "seed: was 0, now 4"),
        ({"surrogate": {"inference": "bayesian"}}, "surrogate.inference: was 'map', now 'bayesian'"),
        (
            {"constraints": [*small_document(Path())["constraints"][1:], "vec <= 4.9"]},
            "constraints: now without 'density <= 9', with 'vec <= 4.9'",
        ),
        (
            {"generator": {"family": "cae", "proposals": 200, "settings": {"epochs": 20}}},
            "generator.family: was 'cvae', now 'cae'",
        ),
        ({"validator": {"name": "external"}}, "validator.name: was 'calphad', now 'external'"),
        ({"reference_point": {}}, "reference_point.ductility_index: was 2.5, now not set"),
    ],
)
def test_the_rest_is_refused_with_what_differs(begun: Path, change: dict[str, object], line: str) -> None:
    with pytest.raises(InputError) as refused:
        Campaign.open(small_config(begun, **change))
    lines = str(refused.value).splitlines()
    assert f"  {line}" in lines
    assert lines[-1] == f"Only {identity.MAY_CHANGE} may change. Take it back, or use --name for a new campaign"
    Campaign.open(small_config(begun)).close()


def test_another_program_is_said_and_recorded(
    begun: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own = identity.code_version()
    with Campaign.open(small_config(begun)) as campaign:
        campaign.store.begin_iteration(0)
    assert not caplog.records
    for version in ("9.9.9+new", "9.9.9+new", own):
        monkeypatch.setattr(identity, "code_version", lambda version=version: version)
        Campaign.open(small_config(begun)).close()
    assert [record.args for record in caplog.records] == [(own, "9.9.9+new"), ("9.9.9+new", own)]
    with CampaignStore.open(begun / "campaigns" / "small" / "campaign.db") as store:
        assert store.campaign().code_version == own
        later = store.facts().code_versions
    assert [each.version for each in later] == ["9.9.9+new", own]


def test_before_the_first_iteration_it_is_recorded_with_that(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "code_version", lambda: "9.9.9+new")
    with Campaign.open(small_config(begun)) as campaign:
        campaign.store.begin_iteration(0)
        later = campaign.store.facts().code_versions
    assert [each.version for each in later] == ["9.9.9+new"]


def test_the_version_names_the_source() -> None:
    assert identity.code_version().partition("+")[2] != ""
    assert identity.code_version() == identity.code_version()
