"""A campaign with one objective, from its start to its pictures; a fast truth answers in place of thermodynamics."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from alloys.design import Design
from loop.campaign import Campaign
from loop.review.explain import explain_document, explain_tables
from loop.review.figures import front, history
from loop.review.figures.results import results_of
from loop.review.report import best_tables, iteration_table, status_document
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


def test_a_value_is_matched_and_told_as_such(tmp_path: Path) -> None:
    config = small_config(
        tmp_path,
        objectives=["match solidus 2150"],
        constraints=["density <= 9"],
        reference_point={"solidus": 400.0},
        validator={"name": "external"},
    )
    with Campaign.open(config) as campaign:
        for count in (6, 3):
            suggested = campaign.suggest(count)
            campaign.observe(_answers(campaign, suggested))
        view = campaign.view()
        away = [abs(row.values["solidus"] - 2150) for row in view.rows if row.feasible]
        assert min(away) < min(away[:6]) / 3
        assert view.hypervolume(view.rows) == pytest.approx(400 - min(away))
        best = view.ranked()[0]
        assert abs(best.values["solidus"] - 2150) == min(away)
        picks = [p.selection for p in campaign.store.proposals(1)]
        assert all("to match 2150" in pick.why for pick in picks)
        told = explain_document(view, campaign.store.proposals(), picks[0].candidate.design)
        assert told["objectives"]["match solidus 2150"]["best_known"] == pytest.approx(
            min((row.values["solidus"] for row in view.before(1) if row.feasible), key=lambda t: abs(t - 2150))
        )
        assert "most of it by solidus" in str(explain_tables(told)[1])
        console = Console(width=100, file=io.StringIO(), record=True)
        console.print(best_tables(view, 3)[0])
        assert "→ 2150" in console.export_text()
        pictured = front.prepare(results_of(view))
        assert pictured.best.iloc[-1] == best.values["solidus"]
        labels = front.draw(pictured).axes[0].get_legend_handles_labels()[1]
        assert {"to match", "best so far"} <= set(labels)
        assert [shape.y0 for shape in front.draw_interactive(pictured).layout.shapes] == [2150]


def test_without_objectives_different_feasible_designs_are_looked_for_and_counted(tmp_path: Path) -> None:
    config = small_config(
        tmp_path,
        objectives=[],
        constraints=["density <= 10", "solidus >= 2350"],
        choice={"resolution": 5.0},
        reference_point={},
        validator={"name": "external"},
    )
    with Campaign.open(config) as campaign:
        for count in (6, 3):
            suggested = campaign.suggest(count)
            campaign.observe(_answers(campaign, suggested))
        view = campaign.view()
        found = view.different(view.rows)
        assert view.hypervolume(view.rows) == len(found) >= 2
        document = status_document(campaign.store, view)
        assert document["measure"] == "different feasible"
        assert [each["hypervolume"] for each in document["iterations"]][-1] == len(found)
        picks = [p.selection for p in campaign.store.proposals(1)]
        told = explain_document(view, campaign.store.proposals(), picks[0].candidate.design)
        assert told["mode"] in ("different", "feasibility")
        assert told["gain"] is None
        assert "judged by its" in str(explain_tables(told)[1])
        console = Console(width=100, file=io.StringIO(), record=True)
        console.print(best_tables(view, 3)[0])
        console.print(iteration_table(document["iterations"], document["measure"]))
        assert "different feasible" in console.export_text()
        assert front.draw_interactive(front.prepare(results_of(view))).data
        assert history.draw(history.prepare(view, campaign.store)).axes[0].get_ylabel() == "Different feasible alloys"
        assert repr(campaign).startswith("Campaign('small': any feasible design; 9 results")
