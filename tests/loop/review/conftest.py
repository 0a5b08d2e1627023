"""One answered campaign that pictures and pages of these tests show: two objectives, failures, spreads, predictions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loop.campaign import Campaign
from tests.loop.drive.test_campaign import ANSWERS
from tests.loop.loop_helpers import small_config

STRENGTH, DUCTILITY = "specific_yield_strength_1300c", "ductility_index"


def answer(campaign: Campaign, count: int) -> None:
    """Asks for designs, and answers them as if they had been measured: one is too soft to be feasible, one fails."""
    table = campaign.suggest(count)[["formula"]].assign(**ANSWERS)
    table[STRENGTH] = [20.0 + 3 * i for i in range(count)]
    table["solidus"] = [2200.0 if i == 0 else 2300.0 + 7 * i for i in range(count)]
    table["solidus_std"] = 4.0
    campaign.observe(table)


@pytest.fixture(scope="session")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    folder: Path = tmp_path_factory.mktemp("answered")
    with Campaign.open(small_config(folder, validator={"name": "external"})) as campaign:
        for count in (6, 4):
            answer(campaign, count)
        campaign.suggest(2)
        yield campaign
