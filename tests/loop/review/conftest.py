"""One small campaign that MLflow has, for all tests of what is shown of it."""

from __future__ import annotations

import warnings

import pytest

from loop.campaign import Campaign
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.review.desk.tracker import Tracker
from tests.loop.loop_helpers import small_config


@pytest.fixture(scope="session")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """It ran to its end; nothing may be changed in it."""
    folder = tmp_path_factory.mktemp("tracked")
    campaign = Campaign.open(small_config(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tracker = Tracker(campaign.store, campaign.config)
        Driver(campaign, LocalExecutor(), [tracker]).run(1)
        tracker.ended = True
        tracker.finish()
    return campaign
