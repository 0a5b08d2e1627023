"""The front: every pair of objectives, or of one objective its best value so far."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from plotly.subplots import make_subplots

from loop.review.figures.browser import in_browser, scale_of
from loop.review.figures.results import Results, hover_texts, thinned
from loop.review.figures.style import BLUE, GREY, INK, MANY, TIME, below

_NUMBER = "number"
"""The column of the order in which results came, on which one objective is drawn."""
_SHOWN = 3
"""Properties that are held against each other where there are no objectives."""
_BARS = 400
"""Results beyond which error bars would be a cloud."""


@dataclass(frozen=True)
class FrontData:
    """The results, and which columns are held against each other."""

    results: Results
    frame: pd.DataFrame
    pairs: tuple[tuple[str, str], ...]

    @property
    def single(self) -> bool:
        """Whether there is one objective."""
        return len(self.results.objectives) == 1

    def text(self, column: str) -> str:
        """What is on an axis."""
        return "results, in the order in which they came" if column == _NUMBER else self.results.text(column)

    @property
    def best(self) -> pd.Series[float]:
        """The best feasible value so far of one objective, by the number of the result."""
        ((name, objective),) = self.results.objectives.items()
        signed = objective.signed(self.frame[name]).where(self.frame["feasible"])
        better = signed > signed.cummax().ffill().shift().fillna(-np.inf)
        return self.frame[name].where(better).ffill().set_axis(self.frame[_NUMBER]).dropna()

    @property
    def lined(self) -> bool:
        """Whether the front is a line: of two objectives, both extremes."""
        objectives = self.results.objectives.values()
        return len(objectives) == 2 and all(objective.target is None for objective in objectives)

    def target(self, column: str) -> tuple[float, float] | None:
        """What the property of an axis should match, if anything."""
        objective = self.results.objectives.get(column)
        return None if objective is None else objective.target

    @property
    def sorted_front(self) -> pd.DataFrame:
        """The front by its first property."""
        return self.frame[self.frame["front"]].sort_values(self.pairs[0][0])

    @property
    def ringed(self) -> str:
        """What rings mark where the front is no line."""
        return "front of all objectives" if self.results.objectives else "different feasible alloys"

    @property
    def step(self) -> str:
        """Where a line along a front of two objectives goes up."""
        return "pre" if next(iter(self.results.objectives.values())).sign > 0 else "post"


def prepare(results: Results) -> FrontData:
    """The results over the objectives, or without any over the first properties of the goal.

    Raises:
        InputError: if there are none.
    """
    names = list(results.objectives or results.properties)[: None if results.objectives else _SHOWN]
    frame = results.measured.assign(**{_NUMBER: np.arange(1, len(results.measured) + 1)})
    return FrontData(results, frame, tuple(combinations(names, 2)) or ((_NUMBER, names[0]),))


def draw(data: FrontData) -> Figure:
    """For paper."""
    count = len(data.pairs)
    columns = min(count, 3)
    lines = -(-count // columns)
    size = (6.8, 4.8) if count == 1 else (4.1 * columns + 0.6, 3.7 * lines + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    last = max(1, int(data.frame["iteration"].max()))
    norm = Normalize(0, last)
    for axes, pair in zip(panels, data.pairs, strict=False):
        _scatter(axes, data, pair, norm)
    for axes in panels[count:]:
        axes.set_visible(False)
    bar = figure.colorbar(ScalarMappable(norm, TIME), ax=list(panels[:count]), label="iteration", aspect=32, pad=0.02)
    bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    bar.outline.set_visible(False)
    below(figure, *panels[0].get_legend_handles_labels())
    return figure


def _scatter(axes: Any, data: FrontData, pair: tuple[str, str], norm: Normalize) -> None:
    x, y = pair
    for name, line, band in ((x, axes.axvline, axes.axvspan), (y, axes.axhline, axes.axhspan)):
        ends = data.target(name)
        if ends is not None:
            wide = ends[0] < ends[1]
            _ = (
                band(*ends, color=BLUE, alpha=0.2, lw=0, label="to match")
                if wide
                else line(ends[0], c=BLUE, lw=1.2, ls="--", zorder=0, label="to match")
            )
    good, bad = data.frame[data.frame["feasible"]], data.frame[~data.frame["feasible"]]
    image = len(data.frame) > MANY
    axes.scatter(
        bad[x], bad[y], s=16, facecolors="none", edgecolors=GREY, lw=0.8, label="not feasible", rasterized=image
    )
    if len(good) <= _BARS:
        stds = [None if k == _NUMBER else good[f"{k} std"].fillna(0.0).to_numpy() for k in pair]
        if any(std is not None and std.any() for std in stds):
            axes.errorbar(good[x], good[y], stds[1], stds[0], fmt="none", ecolor=GREY, elinewidth=0.8, zorder=1.5)
    axes.scatter(
        good[x], good[y], s=30, c=good["iteration"], cmap=TIME, norm=norm, label="feasible", zorder=2, rasterized=image
    )
    if data.single:
        best = data.best
        axes.step(best.index, best, where="post", c=INK, lw=1.2, label="best so far", zorder=1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    elif data.lined:
        front = data.sorted_front
        axes.step(front[x], front[y], where=data.step, c=INK, lw=1, label="front", zorder=1)
    else:
        front = data.sorted_front
        ring = {"s": 80, "facecolors": "none", "edgecolors": INK, "linewidths": 0.9}
        axes.scatter(front[x], front[y], label=data.ringed, zorder=3, **ring)
    axes.set_xlabel(data.text(x))
    axes.set_ylabel(data.text(y))


def draw_interactive(data: FrontData) -> go.Figure:
    """For the browser."""
    count = len(data.pairs)
    columns = min(count, 3)
    figure = make_subplots(-(-count // columns), columns, horizontal_spacing=0.09, vertical_spacing=0.12)
    shown = thinned(data.frame)
    last = max(1, int(data.frame["iteration"].max()))
    for place, (x, y) in enumerate(data.pairs):
        row, column = place // columns + 1, place % columns + 1
        for name, frame in (("not feasible", shown[~shown["feasible"]]), ("feasible", shown[shown["feasible"]])):
            marker: dict[str, Any] = {"size": 6, "color": GREY, "symbol": "circle-open"}
            if name == "feasible":
                bar = {"title": "iteration", "thickness": 14, "dtick": max(1, last // 8)}
                marker = {"size": 9, "color": frame["iteration"], "colorscale": scale_of(TIME), "cmin": 0, "cmax": last}
                marker |= {"showscale": place == 0, "colorbar": bar}
            said: dict[str, Any] = {
                "hovertext": hover_texts(data.results, frame),
                "hoverinfo": "text",
                "legendgroup": name,
            }
            said |= {f"error_{k}": _bars(frame, c) for k, c in (("x", x), ("y", y)) if name == "feasible"}
            trace = go.Scattergl(x=frame[x], y=frame[y], mode="markers", name=name, marker=marker, **said)
            figure.add_trace(trace.update(showlegend=place == 0), row, column)
        figure.add_trace(_line(data, x, y).update(showlegend=place == 0), row, column)
        for name, band in ((x, figure.add_vrect), (y, figure.add_hrect)):
            ends = data.target(name)
            if ends is not None:
                dash = {"color": BLUE, "dash": "dash", "width": 1.5}
                band(*ends, fillcolor=BLUE, opacity=0.25, line=dash, row=row, col=column)
        figure.update_xaxes(title_text=data.text(x), row=row, col=column)
        figure.update_yaxes(title_text=data.text(y), row=row, col=column)
    return in_browser(figure, height=460 * (-(-count // columns)))


def _bars(frame: pd.DataFrame, column: str) -> dict[str, Any]:
    if column == _NUMBER or len(frame) > _BARS or not frame[f"{column} std"].notna().any():
        return {"visible": False}
    return {"type": "data", "array": frame[f"{column} std"].fillna(0.0), "color": GREY, "thickness": 1, "width": 2}


def _line(data: FrontData, x: str, y: str) -> go.Scatter:
    if data.single:
        best = data.best
        line = {"x": best.index, "y": best, "name": "best so far"}
        return go.Scatter(**line, mode="lines", line={"shape": "hv", "color": "black", "width": 1.5}, hoverinfo="skip")
    front = data.sorted_front
    if data.lined:
        shape = "vh" if data.step == "pre" else "hv"
        line = {"x": front[x], "y": front[y], "name": "front", "mode": "lines"}
        return go.Scatter(**line, line={"shape": shape, "color": "black", "width": 1.5}, hoverinfo="skip")
    ring = {"symbol": "circle-open", "size": 15, "color": "black"}
    return go.Scatter(x=front[x], y=front[y], name=data.ringed, mode="markers", marker=ring, hoverinfo="skip")
