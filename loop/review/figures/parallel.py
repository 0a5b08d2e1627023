"""Parallel coordinates: amounts and properties of every design, each design a line."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from loop.review.figures.browser import in_browser
from loop.review.figures.results import Results, thinned
from loop.review.figures.style import BLUE, GREY, MANY, VERMILION, below
from loop.review.figures.words import label, number

KINDS = (("not feasible", GREY, 0.7, 0.5), ("feasible", BLUE, 0.9, 0.6), ("front", VERMILION, 1.6, 0.95))
"""Name, colour, width and opacity of the lines, from the back to the front."""


@dataclass(frozen=True)
class ParallelData:
    """Columns of numbers, and the kind of each row as a place in `KINDS`."""

    table: pd.DataFrame
    kinds: pd.Series[int]

    @property
    def ends(self) -> pd.DataFrame:
        """The lowest and the highest value of each column; apart from each other."""
        low, high = self.table.min(), self.table.max()
        flat = high <= low
        return pd.DataFrame({"low": low.where(~flat, low - 0.5), "high": high.where(~flat, high + 0.5)})


def prepare(results: Results) -> ParallelData:
    """Amounts in at.%, variables that are numbers, and the goal's properties of what was measured in full.

    Raises:
        InputError: if there is nothing of that.
    """
    view = results.view
    frame = results.measured.dropna(subset=list(results.properties))
    frame = thinned(results.measured if frame.empty else frame)
    designs = list(frame["design"])
    amounts = 100.0 * view.fractions(designs)
    columns = {f"{symbol}, at.%": amounts[:, i] for i, symbol in enumerate(view.space.elements)}
    for j, variable in enumerate(view.space.variables):
        if variable.is_number:
            columns[label(view.problem.properties[variable.name])] = view.chosen(designs)[:, j]
    columns |= {results.text(name): frame[name].to_numpy() for name in results.properties}
    table = pd.DataFrame(columns, index=frame.index).dropna(axis=1, how="all")
    return ParallelData(table, frame["feasible"].astype(int) + (frame["feasible"] & frame["front"]).astype(int))


def draw(data: ParallelData) -> Figure:
    """For paper."""
    ends = data.ends
    scaled = ((data.table - ends["low"]) / (ends["high"] - ends["low"])).to_numpy()
    count = scaled.shape[1]
    figure = Figure(figsize=(max(6.5, 0.72 * count + 1.2), 4.8), layout="constrained")
    axes = figure.add_subplot()
    handles = []
    for place, (_, colour, width, opacity) in enumerate(KINDS):
        rows = scaled[(data.kinds == place).to_numpy()]
        lines = [np.column_stack([np.arange(count), row]) for row in rows]
        handles.append(LineCollection(lines, colors=colour, lw=width, alpha=opacity, rasterized=len(lines) > MANY))
        axes.add_collection(handles[-1])
    axes.set(xlim=(-0.3, count - 0.7), ylim=(-0.08, 1.08), yticks=[])
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", alpha=0.7)
    axes.spines[["left", "bottom"]].set_visible(False)
    for place, (low, high) in enumerate(ends.to_numpy()):
        axes.text(place, 1.02, number(high, 3), ha="center", va="bottom", fontsize=8)
        axes.text(place, -0.02, number(low, 3), ha="center", va="top", fontsize=8)
    slant: dict[str, Any] = {"rotation": 32, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(count), ["\n".join(wrap(str(name), 24)) for name in data.table], **slant)
    axes.tick_params(axis="x", length=0)
    below(figure, handles, [name for name, *_ in KINDS])
    return figure


def draw_interactive(data: ParallelData) -> go.Figure:
    """For the browser, where ranges are chosen along the axes."""
    order = data.kinds.sort_values(kind="stable").index
    table, low, high = data.table.loc[order], data.ends["low"], data.ends["high"]
    ranges = zip(table, low, high, strict=True)
    axes = [{"label": name, "values": table[name], "range": [first, last]} for name, first, last in ranges]
    colours = [[(i + k) / 3, colour] for i, (_, colour, *_) in enumerate(KINDS) for k in (0, 1)]
    line = {"color": data.kinds.loc[order], "colorscale": colours, "cmin": -0.5, "cmax": 2.5, "showscale": True}
    ticks = {"tickvals": [0, 1, 2], "ticktext": [name for name, *_ in KINDS], "thickness": 14}
    figure = go.Figure(go.Parcoords(line=line | {"colorbar": ticks}, dimensions=axes, labelangle=-25))
    return in_browser(figure, height=520).update_layout(margin={"t": 110, "l": 80})
