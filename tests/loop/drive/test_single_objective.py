"""A campaign with one objective, from its start to its pictures; a fast truth answers in place of thermodynamics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alloys.design import Design
from loop.campaign import Campaign
from tests.loop.loop_helpers import small_config
from tests.surrogates.helpers import truth

STRENGTH = "specific_yield_strength_1300c"


def _answers(campaign: Campaign, suggested: pd.DataFrame) -> pd.DataFrame:
    points = np.array([campaign.problem.space.point_of(Design.parse(formula)) for formula in suggested["formula"]])
    values = truth(points)
    return pd.DataFrame(
        {"formula": suggested["formula"], **{name: values[name] for name in campaign.view().problem.validated}}
    )


def test_one_objective_is_improved_upon_under_its_constraints(tmp_path: Path) -> None:
    config = small_config(
        tmp_path,
        objectives=[f"maximize {STRENGTH}"],
        constraints=["density <= 9", "solidus >= 1700"],
        reference_point={STRENGTH: 0.0},
        validator={"name": "external"},
    )
    best = []
    with Campaign.open(config) as campaign:
        for count in (6, 2, 2):
            suggested = campaign.suggest(count)
            campaign.observe(_answers(campaign, suggested))
            view = campaign.view()
            best.append(max((row.values[STRENGTH] for row in view.rows if row.feasible), default=0.0))
            assert view.hypervolume(view.rows) == pytest.approx(best[-1])
        assert best[2] > 1.2 * best[0] > 0
        for index in (1, 2):
            assert campaign.store.iteration(index).notes.screening.mode == "improvement"
            picks = [p.selection for p in campaign.store.proposals(index)]
            assert len(picks) == 2
            assert all(pick.why.startswith("log expected gain") for pick in picks)
            assert "pareto.png" in {artifact.name for artifact in campaign.store.artifacts(index)}
        assert view.ranked()[0].values[STRENGTH] == best[2]
