"""What a campaign's run says of itself in MLflow, for goals of every kind."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from loop.campaign import Campaign
from loop.review.desk.description import CampaignStanding, description
from tests.loop.loop_helpers import small_config

KNOWN = pd.DataFrame({"formula": ["Nb30Ta30Ti40", "Mo20Nb30Ta30Ti20"], "solidus": [2500.0, 2700.0]})


@pytest.mark.parametrize(
    ("objectives", "goal", "best"),
    [
        ([], "**Goal.** Find different feasible designs, with Solidus ≥ 2000 K.", "2 meet every constraint"),
        (["match solidus 2650"], "**Goal.** Bring Solidus to 2650 K, with", "2700 K"),
        (["match solidus 2450..2550"], "**Goal.** Bring Solidus to 2450 K to 2550 K, with", "2500 K"),
        (["minimize solidus"], "**Goal.** Minimize Solidus, with", "2500 K"),
        (["maximize solidus"], "**Goal.** Maximize Solidus, with", "2700 K"),
    ],
)
def test_the_description_says_what_is_sought_and_what_comes_nearest(
    tmp_path: Path, objectives: list[str], goal: str, best: str
) -> None:
    settings = {"objectives": objectives, "constraints": ["solidus >= 2000"], "reference_point": {}}
    with Campaign.open(small_config(tmp_path, validator={"name": "external"}, **settings)) as campaign:
        campaign.observe(KNOWN)
        text = description(CampaignStanding(campaign.view(), campaign.store, campaign.config, "running"))
    assert goal in text
    assert f"**Best:** {best}" in text
