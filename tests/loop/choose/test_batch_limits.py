"""A campaign whose batches are limited, with a generator, from its file to what it asks for."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alloys.design import Design
from alloys.errors import InputError
from loop.campaign import Campaign
from loop.config.reading import check_config
from loop.people.replacing import refuse_unfit
from tests.loop.loop_helpers import small_config, write_config
from tests.surrogates.helpers import truth

STRENGTH = "specific_yield_strength_1300c"


def _points(campaign: Campaign, suggested: pd.DataFrame) -> np.ndarray:
    return np.array([campaign.problem.space.point_of(Design.parse(formula)) for formula in suggested["formula"]])


def test_start_and_batches_take_no_more_than_there_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = small_config(
        tmp_path,
        objectives=[f"maximize {STRENGTH}"],
        constraints=["density <= 9"],
        reference_point={},
        batch_limits={"mass": {"Hf": 0.02, "W": 0.01}, "sample": 0.05, "distance": 4.0},
        validator={"name": "external"},
        batch=3,
    )
    with Campaign.open(config) as campaign:
        rules = config.batch_limits.rules(campaign.problem.space)
        start = campaign.suggest(6)
        points = _points(campaign, start)
        assert [rules.broken(points[i : i + 3]) for i in (0, 3)] == [[], []]
        campaign.observe(pd.DataFrame({"formula": start["formula"], STRENGTH: truth(points)[STRENGTH]}))
        suggested = campaign.suggest(3)
        points = _points(campaign, suggested)
        assert len(points) == 3
        assert rules.broken(points) == []
        heavy = Design.parse("Hf50Ta20W30")
        with pytest.raises(InputError, match=r"does not fit its batch: Hf would weigh .* kg, more than 0.02 kg"):
            refuse_unfit(campaign.store, config, campaign.problem, Design.parse(suggested["formula"][0]), heavy)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"mass": {"Xx": 1.0}, "sample": 0.1}, "batch_limits: mass: Xx is no element of the space; there are Cr, Hf"),
        ({"mass": {"W": 1.0}}, "mass and sample go together"),
        ({"mass": {"W": 0.0}, "sample": 0.1}, "greater than 0"),
        ({"distance": 99.0}, "of 20 designs were found that fit into one batch (99 at.% between"),
        ({"weight": 1.0}, "unknown key"),
    ],
)
def test_limits_that_cannot_be_kept_are_mistakes_of_the_file(
    tmp_path: Path, limits: dict[str, object], message: str
) -> None:
    _, mistakes = check_config(write_config(tmp_path, batch_limits=limits, batch=20))
    assert any(message in mistake for mistake in mistakes), mistakes
    assert all(mistake.startswith("line ") for mistake in mistakes)
