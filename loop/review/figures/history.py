"""How the search went: hypervolume or best value, beside a random arm, and what of each batch was feasible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from plotly.subplots import make_subplots

from alloys.errors import InputError
from alloys.goal import measure_of
from loop.review.figures.browser import in_browser
from loop.review.figures.style import BLUE, GREY, VERMILION, below
from loop.review.figures.words import label
from loop.store import CampaignStore
from loop.summaries import iteration_summaries
from loop.view import Row, View

POINTS = 60
"""Of the random arm."""


@dataclass(frozen=True)
class HistoryData:
    """How a campaign went on.

    Attributes:
        iterations: ``iteration``, ``results`` (designs validated so far), ``value``, ``feasible`` and ``validated`` of
            each closed iteration.
        random: ``results`` and ``value`` of a campaign that chose at random, from its first result on; None without.
        label: what the value is.
        arm: the name of that campaign.
    """

    iterations: pd.DataFrame
    random: pd.DataFrame | None
    label: str
    arm: str = ""


def prepare(view: View, store: CampaignStore, upto: int | None = None, beside: View | None = None) -> HistoryData:
    """The closed iterations, and the results of another campaign in the order in which they came.

    Args:
        view: the campaign.
        store: its database.
        upto: the last iteration that is shown; all if None.
        beside: a campaign of the same goal whose designs were not chosen by any model.

    Raises:
        InputError: if no iteration is closed, or the other campaign has another goal or nothing to show.
    """
    rows = [row for row in iteration_summaries(store, view) if row["hypervolume"] is not None]
    rows = [row for row in rows if upto is None or row["index"] <= upto]
    if not rows:
        raise InputError(f"campaign {view.config.name!r} has no closed iteration yet: there is no history to show")
    frame = pd.DataFrame(
        {
            "iteration": [row["index"] for row in rows],
            "results": np.cumsum([row["validated"] for row in rows]),
            "value": [_value(view, view.upto(row["index"])) if _single(view) else row["hypervolume"] for row in rows],
            "feasible": [row["feasible"] for row in rows],
            "validated": [row["validated"] for row in rows],
        }
    )
    what = f"{measure_of(view.goal.objectives)} alloys" if view.goal.any_feasible else measure_of(view.goal.objectives)
    if _single(view):
        text = label(view.problem.properties[view.goal.objectives[0].name])
        what = f"best {text[0].lower()}{text[1:]}"
    return HistoryData(frame, _arm(view, beside), what, "" if beside is None else beside.config.name)


def _single(view: View) -> bool:
    return len(view.goal.objectives) == 1


def _value(view: View, rows: Sequence[Row]) -> float:
    """Hypervolume, or the best feasible value of one objective; NaN where nothing is feasible."""
    if not _single(view):
        return view.hypervolume(rows)
    (objective,) = view.goal.objectives
    values = [row.values[objective.name] for row in rows if row.feasible]
    return max(values, key=objective.signed, default=np.nan)


def _arm(view: View, beside: View | None) -> pd.DataFrame | None:
    if beside is None:
        return None
    if beside.goal != view.goal:
        raise InputError(f"campaign {beside.config.name!r} has another goal, so that it cannot stand beside this one")
    rows = [row for row in beside.rows if row.iteration is not None]
    if not rows:
        raise InputError(f"campaign {beside.config.name!r} has no results yet")
    counts = np.unique(np.linspace(1, len(rows), POINTS).round().astype(int))
    return pd.DataFrame({"results": counts, "value": [_value(view, rows[:count]) for count in counts]})


def draw(data: HistoryData) -> Figure:
    """For paper."""
    figure = Figure(figsize=(6.8, 5.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, height_ratios=(2, 1))
    frame = data.iterations
    top.plot(frame["results"], frame["value"], "o-", c=BLUE, lw=1.5, ms=5, label="this campaign, after each iteration")
    if data.random is not None:
        top.plot(
            data.random["results"], data.random["value"], c=VERMILION, lw=1.5, ls="--", label=f"at random ({data.arm})"
        )
    top.set(xlabel="designs validated", ylabel=data.label[0].upper() + data.label[1:])
    top.set_xlim(left=0)
    top.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not data.label.startswith("best "):
        # A line at nought is seen above the axis.
        top.set_ylim(bottom=-0.03 * max(float(frame["value"].max()), 1e-9))
    share = frame["feasible"] / frame["validated"].clip(lower=1)
    bottom.bar(frame["iteration"], frame["validated"] > 0, color=GREY, alpha=0.25)
    bottom.bar(frame["iteration"], share, color=BLUE, alpha=0.85)
    few = len(frame) <= 20
    for place, value, feasible, count in zip(
        frame["iteration"], share, frame["feasible"], frame["validated"], strict=True
    ):
        if few:
            bottom.text(place, value + 0.02, f"{feasible}/{count}", ha="center", va="bottom", fontsize=8)
    bottom.set(xlabel="iteration", ylabel="feasible share\nof the batch", ylim=(0, 1.18 if few else 1.02))
    bottom.yaxis.set_major_formatter(PercentFormatter(1.0))
    bottom.set_yticks([0, 0.5, 1])
    bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    bottom.grid(visible=False, axis="x")
    below(figure, *top.get_legend_handles_labels())
    return figure


def draw_interactive(data: HistoryData) -> go.Figure:
    """For the browser."""
    frame = data.iterations
    figure = make_subplots(2, 1, row_heights=[0.68, 0.32], vertical_spacing=0.16)
    told = [f"iteration {i}: {v:.4g}" for i, v in zip(frame["iteration"], frame["value"], strict=True)]
    own = {"mode": "lines+markers", "line": {"color": BLUE}, "hovertext": told, "hoverinfo": "text"}
    figure.add_trace(go.Scatter(x=frame["results"], y=frame["value"], name="this campaign", **own), 1, 1)
    if data.random is not None:
        arm = {"mode": "lines", "line": {"color": VERMILION, "dash": "dash"}, "name": f"at random ({data.arm})"}
        figure.add_trace(go.Scatter(x=data.random["results"], y=data.random["value"], **arm), 1, 1)
    share = frame["feasible"] / frame["validated"].clip(lower=1)
    counts = [f"{f} of {n} feasible" for f, n in zip(frame["feasible"], frame["validated"], strict=True)]
    bars = {"marker_color": BLUE, "hovertext": counts, "hoverinfo": "text", "showlegend": False}
    figure.add_trace(go.Bar(x=frame["iteration"], y=share, name="feasible share", **bars), 2, 1)
    figure.update_xaxes(title_text="designs validated", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text=data.label, row=1, col=1)
    figure.update_xaxes(title_text="iteration", row=2, col=1)
    figure.update_yaxes(title_text="feasible share", range=[0, 1.02], tickformat=".0%", row=2, col=1)
    return in_browser(figure, height=560)
