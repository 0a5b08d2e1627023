"""Several validators and a table: what the first is known to have said teaches, and counts once when it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alloys.design import Design
from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.people.steering import add
from loop.store import JobState, check_store
from tests.loop.drive.materials.melting import melting_config, run, table_of


def _config(folder: Path, name: str, **changes: Any) -> CampaignConfig:
    """A draft and the truth by the same command, the truth for what melts high enough."""
    document = melting_config(folder, name).model_dump(by_alias=True)
    settings = document.pop("validator")["settings"]
    draft = {**settings, "properties": ["solidus"], "command": [*settings["command"], "draft"]}
    validators = [
        {"name": "script", "label": "draft", "settings": draft, "gates": ["solidus >= 2500"]},
        {"name": "script", "label": "truth", "settings": settings},
    ]
    materials = {"table": table_of(folder), **changes}
    whole = {**document, "validators": validators, "materials": materials, "iterations": 0}
    return CampaignConfig.model_validate(whole)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiers")


@pytest.fixture(scope="module")
def drafted(folder: Path) -> set[Design]:
    """Designs of a first campaign that its gate kept from the second validator."""
    campaign, _ = run(_config(folder, "first"))
    with campaign:
        rows = [row for row in campaign.view().rows if row.failure is None]
        found = {row.design for row in rows if "freezing_range" not in row.values}
    assert 0 < len(found) < len(rows)
    return found


def test_a_design_that_the_first_validator_knows_is_asked_of_the_second_alone_and_counts_once(
    folder: Path, drafted: set[Design]
) -> None:
    config = _config(folder, "second")
    with Campaign.open(config) as campaign:
        told = {row.design: {answer.tier for answer in row.answers} for row in campaign.view().rows}
        assert {design for design, tiers in told.items() if tiers == {0}} >= drafted
        wanted = min(drafted, key=str)
        add(campaign.store, wanted.composition.exactly(), who="Ada")
    campaign, asked = run(config)
    with campaign:
        assert wanted.canonical() not in asked
        (job,) = [job for job in campaign.store.jobs(JobState.DONE) if job.request.design == wanted]
        assert campaign.store.events(job.key)[-1].note.startswith("answered from the materials table, point ")
        (row,) = [row for row in campaign.view().rows if row.design == wanted]
        assert [answer.tier for answer in row.answers] == [0]
        assert row.iteration == 0
        assert check_store(campaign.store) == []


def test_a_taught_verdict_that_was_withdrawn_answers_nothing(folder: Path, drafted: set[Design]) -> None:
    config, wanted = _config(folder, "doubted"), min(drafted, key=str)
    with Campaign.open(config) as campaign:
        (taught,) = [each for each in campaign.store.observations() if each.observation.design == wanted]
        campaign.store.withdraw([taught.id], who="Ada", why="the crucible leaked")
        add(campaign.store, wanted.composition.exactly(), who="Ada")
    campaign, asked = run(config)
    with campaign:
        assert asked.count(wanted.canonical()) >= 1
