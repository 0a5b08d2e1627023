"""Pictures of a campaign: what is on their axes, for one, two and three objectives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from alloys.goal import Goal
from loop.campaign import Campaign
from loop.review.plots import composition_plot, pareto_figure, pareto_plot
from loop.view import View
from tests.loop.drive.test_campaign import ANSWERS
from tests.loop.loop_helpers import small_config

STRENGTH, DUCTILITY, DENSITY = "specific_yield_strength_1300c", "ductility_index", "density"


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    config = small_config(tmp_path_factory.mktemp("plots"), validator={"name": "external"})
    with Campaign.open(config) as campaign:
        for count in (6, 2):
            table = campaign.suggest(count)[["formula"]].assign(**ANSWERS)
            table[STRENGTH] = [20.0 + 3 * i for i in range(count)]
            campaign.observe(table)
        return campaign.view()


def _with_goal(view: View, *objectives: str) -> View:
    goal = Goal.parse(objectives, view.config.constraints, view.problem.physics.properties)
    return replace(view, problem=replace(view.problem, goal=goal))


def _said(figure: Figure) -> list[tuple[str, str]]:
    return [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes if axes.get_visible()]


def test_two_objectives_span_a_plane_with_the_front_as_a_line(view: View) -> None:
    figure = pareto_figure(_with_goal(view, f"maximize {STRENGTH}", f"maximize {DUCTILITY}"), 1)
    assert _said(figure) == [("strength/density 1300 °C, MPa·cm3/g", "D γs/γus")]
    (legend,) = figure.legends
    assert "front" in [text.get_text() for text in legend.get_texts()]
    assert all(axes.get_legend() is None for axes in figure.axes)  # it stands below, not over the curves


def test_three_objectives_have_a_panel_for_each_pair_and_one_front(view: View) -> None:
    three = _with_goal(view, f"maximize {STRENGTH}", f"maximize {DUCTILITY}", f"minimize {DENSITY}")
    figure = pareto_figure(three, 1)
    assert len(_said(figure)) == 3
    assert {label for pair in _said(figure) for label in pair} == {
        "strength/density 1300 °C, MPa·cm3/g",
        "D γs/γus",
        "density, g/cm3",
    }
    assert all(not axes.lines for axes in figure.axes)
    points = [three.goal.signed_objectives(row.values) for row in three.rows if row.feasible]
    front = [
        p
        for p in points
        if p and not any(q and q != p and all(a >= b for a, b in zip(q, p, strict=True)) for q in points)
    ]
    for axes in figure.axes:
        (ringed,) = [group for group in axes.collections if group.get_label() == "front of all objectives"]
        assert len(ringed.get_offsets()) == len(front) > 0


def test_one_objective_is_drawn_over_whole_iterations(view: View) -> None:
    figure = pareto_figure(_with_goal(view, f"maximize {STRENGTH}"), 1)
    ((across, _),) = _said(figure)
    assert across == "iteration"
    (axes,) = figure.axes
    assert all(float(tick).is_integer() for tick in axes.get_xticks())
    (best,) = axes.lines
    assert list(best.get_ydata()) == [35.0, 35.0]


def test_the_same_data_give_the_same_file(view: View, tmp_path: Path) -> None:
    for plot in (pareto_plot, composition_plot):
        assert plot(view, 1) == plot(view, 1)
        (tmp_path / "picture.png").write_bytes(plot(view, 1))
        assert plt.imread(tmp_path / "picture.png").shape[0] > 100
