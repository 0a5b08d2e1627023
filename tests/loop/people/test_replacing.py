"""Another alloy in the place of a held one keeps to what its batch shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alloys.design import Design
from alloys.errors import InputError
from alloys.records import Candidate, Selection
from loop.campaign import Campaign
from loop.people.replacing import refuse_unfit
from tests.loop.loop_helpers import small_config, small_document

BATCH = [Design.parse(formula, {"furnace": 900}) for formula in ("Nb40Ta30Ti30", "Nb30Ta40Ti30", "Nb30Ta30Ti40")]


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    space = {**small_document(tmp_path)["space"], "variables": {"furnace": {"values": [900, 1000], "per_batch": 1}}}
    config = small_config(tmp_path, batch=3, space=space, validator={"name": "external"}, validation={"hold": True})
    with Campaign.open(config) as opened:
        opened.store.begin_iteration(0)
        opened.store_batch(0, [Selection(Candidate(d, "design"), i, 0.0, "a start") for i, d in enumerate(BATCH)])
        yield opened


def test_a_furnace_that_the_others_of_the_batch_do_not_have_is_refused(campaign: Campaign) -> None:
    other = Design.parse("Nb50Ta20Ti30", {"furnace": 1000})
    with pytest.raises(InputError, match=r"does not fit its batch: furnace may have 1 value\(s\) in a batch, not 900"):
        refuse_unfit(campaign.store, campaign.config, campaign.problem, BATCH[0], other)
    same = Design.parse("Nb50Ta20Ti30", {"furnace": 900})
    refuse_unfit(campaign.store, campaign.config, campaign.problem, BATCH[0], same)


def test_a_design_outside_the_space_is_refused(campaign: Campaign) -> None:
    with pytest.raises(InputError, match="furnace is 900 or 1000, not 950"):
        refuse_unfit(
            campaign.store,
            campaign.config,
            campaign.problem,
            BATCH[0],
            Design.of(BATCH[0].composition, {"furnace": 950}),
        )
