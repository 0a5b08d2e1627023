"""The benchmark of warm starts judges a generator by alloys that it has not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from alloys.composition import Composition
from benchmarks.warm import step_of
from loop.campaign import Campaign
from tests.loop.loop_helpers import small_config


def _answers(formulas: list[str]) -> pd.DataFrame:
    """Answers that depend on the alloy, made up."""
    heavy = np.array([float(Composition.parse(formula).fractions().get("W", 0)) for formula in formulas])
    made = {"solidus": 1900 + 700 * heavy, "freezing_range": 150 + 100 * heavy}
    return pd.DataFrame({"formula": formulas, **made, **{f"bcc_fraction_{c}c": 1.0 for c in (1200, 1300)}})


def test_the_benchmark_asks_about_alloys_not_seen(tmp_path: Path) -> None:
    goal = {"objectives": ["maximize solidus"], "constraints": ["freezing_range <= 300"], "reference_point": {}}
    generator = {"families": {"cvae": {"epochs": 5, "retries": 0}}, "proposals": 40, "guided": False}
    with Campaign.open(small_config(tmp_path, validator={"name": "external"}, generator=generator, **goal)) as campaign:
        for count in (6, 2):
            campaign.observe(_answers(list(campaign.suggest(count)["formula"])))
        view = campaign.view()
        step = step_of(view, campaign.config, 1)
        asked = [row for row in view.rows if row.iteration == 1]
        assert len(asked) == 2
        np.testing.assert_array_equal(step.next_points, view.in_space([row.design for row in asked]))
        assert step.next_values[:, step.known.names.index("solidus")].tolist() == [r.values["solidus"] for r in asked]
        seen = set(view.space.keys(step.known.points))
        assert not seen & set(view.space.keys(step.next_points))
        earlier = view.in_space([row.design for row in view.upto(0)])
        assert set(view.space.keys(earlier)) <= seen
