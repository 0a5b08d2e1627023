"""A campaign that begins with results of its own: repeats, foreign alloys, slips, files and other campaigns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from alloys.design import Design
from loop.campaign import Campaign
from loop.choose.ranking import fit_surrogate
from loop.review.explain import explain_document
from loop.review.predict import predict_document
from loop.review.report import best_document
from tests.loop.loop_helpers import small_config

GOAL: dict[str, Any] = {"objectives": ["maximize solidus"], "constraints": ["density <= 13"], "reference_point": {}}
ALLOY = "Nb30Ta30Ti40"


def _campaign(folder: Path, **changes: Any) -> Campaign:
    """One objective that people measure, beside a closed form."""
    return Campaign.open(small_config(folder, **{**GOAL, "validator": {"name": "external"}, **changes}))


def _frame(**measured: float) -> pd.DataFrame:
    return pd.DataFrame({"formula": list(measured), "solidus": list(measured.values())})


def test_a_repeat_counts_in_the_model_and_is_shown_with_its_scatter(tmp_path: Path) -> None:
    with _campaign(tmp_path) as campaign:
        campaign.observe(_frame(Nb30Ta30Ti40=2500.0, Mo20Nb30Ta30Ti20=2700.0))
        assert campaign.observe(_frame(Nb30Ta30Ti40=2520.0)).repeats == 1
        view = campaign.view()
        known = view.observed()
        assert sorted(known.values["solidus"]) == [2500.0, 2520.0, 2700.0]
        (row,) = [row for row in view.rows if row.design == Design.parse(ALLOY)]
        assert row.values["solidus"] == 2510.0
        told = {"std": pytest.approx(200**0.5), "measurements": 2}
        assert row.measured["solidus"].to_json() == told
        (predicted,) = predict_document(view, [Design.parse(ALLOY)])
        shown = predicted["properties"]["solidus"]
        assert {"mean": 2510.0, "source": "measured", **told}.items() <= shown.items()
        best = best_document(view, 2)[1]["properties"]["solidus"]
        assert {"value": 2510.0, **told}.items() <= best.items()
        explained = explain_document(view, campaign.store.proposals(), Design.parse(ALLOY))
        assert explained["measured"]["solidus"] == {"value": 2510.0, "unit": "K", **told}


def test_foreign_elements_and_points_off_the_grid_teach_and_are_no_part_of_the_front(tmp_path: Path) -> None:
    with _campaign(tmp_path) as campaign:
        inside = {"Nb30Ta30Ti40": 2500.0, "Mo20Nb30Ta30Ti20": 2700.0, "Nb40Ta20Ti40": 2400.0}
        campaign.observe(_frame(**inside))
        before = fit_surrogate(campaign.view()).digest
        campaign.observe(_frame(Nb40Ta30Al30=2950.0, **{"Nb30.5Ta29.5Ti40": 2960.0}))
        view = campaign.view()
        assert view.foreign == ("Al",)
        assert len(view.observed().designs) == 5
        assert fit_surrogate(view).digest != before
        ranked = best_document(view, 5)
        assert [entry["feasible"] for entry in ranked] == [True] * 3 + [False] * 2
        assert any("Al, outside the space" in entry.get("outside", "") for entry in ranked[3:])
        assert any("not on the grid" in entry.get("outside", "") for entry in ranked[3:])
        assert view.hypervolume(view.rows) == view.hypervolume([row for row in view.rows if not row.outside])
        assert len(campaign.suggest(2)) == 2
