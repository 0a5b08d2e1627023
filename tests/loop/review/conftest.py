"""Campaigns of all tests of what is shown: one that MLflow has, and one that was answered with failures and spreads."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.review.desk.tracker import Tracker
from tests.loop.drive.test_campaign import ANSWERS
from tests.loop.loop_helpers import small_config

STRENGTH, DUCTILITY = "specific_yield_strength_1300c", "ductility_index"


def answer(campaign: Campaign, count: int, *, failed: int = 0) -> None:
    """Asks for designs, and answers them as if they had been measured.

    The first melts too soon to be feasible; the validation of the last ones fails for good.
    """
    table = campaign.suggest(count)[["formula"]].assign(**ANSWERS)
    table[STRENGTH] = [20.0 + 3 * i for i in range(count)]
    table["solidus"] = [2200.0 if i == 0 else 2300.0 + 7 * i for i in range(count)]
    table["solidus_std"] = 4.0
    measured, rest = table.iloc[: count - failed], table.iloc[count - failed :]
    campaign.observe(pd.concat([measured, rest[["formula"]].assign(failure="cracked at 950 °C <b>twice</b>")]))


@pytest.fixture(scope="session")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    folder: Path = tmp_path_factory.mktemp("answered")
    with Campaign.open(small_config(folder, validator={"name": "external"})) as campaign:
        answer(campaign, 6)
        answer(campaign, 5, failed=1)
        campaign.store.correct(2, STRENGTH, 24.5, who="Ada", why="the dial says 24.5")
        campaign.suggest(2)
        yield campaign


@pytest.fixture(scope="session")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """It ran to its end, in a folder of an odd name; nothing may be changed in it."""
    folder = tmp_path_factory.mktemp("50% W? #1 'é")
    campaign = Campaign.open(small_config(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tracker = Tracker(campaign.store, campaign.config)
        Driver(campaign, LocalExecutor(), [tracker]).run(1)
        tracker.ended = True
        tracker.finish()
    return campaign
