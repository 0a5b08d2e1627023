"""The map of compositions: elements at the corners of a polygon, each alloy at the centre of its amounts.

The place of an alloy is ``sum_i x_i v_i`` with the corners ``v_i``: the affine projection of the simplex, which is
linear and the same for every campaign of these elements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Wedge

from alloys.errors import InputError
from alloys.space import Floats
from loop.review.figures.browser import in_browser, scale_of
from loop.review.figures.results import Results, hover_texts, thinned
from loop.review.figures.style import GREY, INK, MANY, TIME, below, element_colours, ink_on

RADIUS = 0.06
"""Of the pies."""


@dataclass(frozen=True)
class MapData:
    """Results with their places ``x`` and ``y``, and the corners of the elements.

    Attributes:
        results: what is known.
        frame: its rows, with ``x`` and ``y``.
        corners: by element.
        shares: atomic fractions of the rows, by element.
    """

    results: Results
    frame: pd.DataFrame
    corners: dict[str, tuple[float, float]]
    shares: pd.DataFrame

    @property
    def coloured(self) -> str:
        """The property that colours tell: the first of the goal."""
        return next(iter(self.results.properties))

    @property
    def apart(self) -> list[Any]:
        """Rows of the front, from the first objective's best on if any, whose pies do not lie on each other."""
        front = self.frame[self.frame["front"]]
        for objective in self.results.objectives.values():
            signed = objective.signed(front[objective.name])
            front = front.loc[signed.sort_values(ascending=False, kind="stable").index]
            break
        chosen: list[Any] = []
        for index, place in zip(front.index, front[["x", "y"]].to_numpy(), strict=True):
            others = self.frame.loc[chosen, ["x", "y"]].to_numpy()
            if (np.hypot(*(others - place).T) > 2 * RADIUS).all():
                chosen.append(index)
        return chosen

    @property
    def outline(self) -> Floats:
        """The polygon, shape ``(n, 2)``."""
        return np.array(list(self.corners.values()))


def prepare(results: Results) -> MapData:
    """The results on the map.

    Raises:
        InputError: if there are none, or fewer than three elements.
    """
    view, elements = results.view, results.view.space.elements
    if len(elements) < 3:
        raise InputError(f"a map needs three elements or more; this campaign has {', '.join(elements) or 'none'}")
    frame = results.measured
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(elements)) / len(elements)
    corners = np.column_stack([np.cos(angles), np.sin(angles)])
    shares = view.fractions(list(frame["design"]))
    places = shares @ corners
    return MapData(
        results,
        frame.assign(x=places[:, 0], y=places[:, 1]),
        {symbol: (float(x), float(y)) for symbol, (x, y) in zip(elements, corners, strict=True)},
        pd.DataFrame(shares, index=frame.index, columns=list(elements)),
    )


def draw(data: MapData) -> Figure:
    """For paper: the front as pies in the elements' colours."""
    figure = Figure(figsize=(6.6, 5.8), layout="constrained")
    axes = figure.add_subplot(aspect="equal")
    axes.axis("off")
    axes.add_patch(Polygon(data.outline, fill=False, edgecolor=GREY, lw=0.9))
    frame = data.frame
    good, bad = frame[frame["feasible"]], frame[~frame["feasible"]]
    norm = _range(data)
    image = len(frame) > MANY
    axes.scatter(
        bad["x"], bad["y"], s=14, facecolors="none", edgecolors=GREY, lw=0.8, rasterized=image, label="not feasible"
    )
    axes.scatter(
        good["x"], good["y"], s=24, c=good[data.coloured], cmap=TIME, norm=norm, rasterized=image, label="feasible"
    )
    colours = element_colours(list(data.corners))
    for symbol, (x, y) in data.corners.items():
        box = {"boxstyle": "circle,pad=0.35", "facecolor": colours[symbol][0], "edgecolor": INK, "lw": 0.7}
        axes.text(1.1 * x, 1.1 * y, symbol, ha="center", va="center", bbox=box, color=ink_on(colours[symbol][0]))
    for index in data.apart:
        _pie(axes, data, index, colours)
    axes.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))
    figure.colorbar(ScalarMappable(norm, TIME), ax=axes, label=data.results.text(data.coloured), aspect=32, pad=0.01)
    below(figure, *axes.get_legend_handles_labels())
    if data.apart:
        axes.set_title("pies: elements of alloys on the front", fontsize=8.5)
    return figure


def _pie(axes: Any, data: MapData, index: Any, colours: dict[str, tuple[str, str]]) -> None:
    (x, y), start = data.frame.loc[index, ["x", "y"]], 90.0
    for symbol, share in data.shares.loc[index].items():
        if share > 0:
            colour, hatch = colours[str(symbol)]
            style: dict[str, Any] = {"facecolor": colour, "hatch": hatch, "edgecolor": INK, "lw": 0.5}
            axes.add_patch(Wedge((x, y), RADIUS, start - 360.0 * share, start, zorder=3, **style))
            start -= 360.0 * share


def _range(data: MapData) -> Normalize:
    good = data.frame.loc[data.frame["feasible"], data.coloured]
    values = good if len(good) else data.frame[data.coloured]
    return Normalize(float(values.min()), float(values.max()))


def draw_interactive(data: MapData) -> go.Figure:
    """For the browser."""
    outline = np.vstack([data.outline, data.outline[:1]])
    edge = {"mode": "lines", "line": {"color": GREY, "width": 1}, "hoverinfo": "skip", "showlegend": False}
    figure = go.Figure(go.Scatter(x=outline[:, 0], y=outline[:, 1], **edge))
    shown, norm = thinned(data.frame), _range(data)
    kinds: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
        "not feasible": (shown[~shown["feasible"]], {"size": 7, "color": GREY, "symbol": "circle-open"}),
        "feasible": (shown[shown["feasible"] & ~shown["front"]], {"size": 9}),
        "front": (shown[shown["front"]], {"size": 14, "line": {"color": "black", "width": 1.5}}),
    }
    for name, (frame, marker) in kinds.items():
        if name != "not feasible":
            bar = {"title": data.results.text(data.coloured), "thickness": 14}
            marker |= {
                "color": frame[data.coloured],
                "colorscale": scale_of(TIME),
                "cmin": norm.vmin,
                "cmax": norm.vmax,
            }
            marker |= {"showscale": name == "feasible", "colorbar": bar}
        told = {"hovertext": hover_texts(data.results, frame), "hoverinfo": "text"}
        figure.add_trace(go.Scattergl(x=frame["x"], y=frame["y"], mode="markers", name=name, marker=marker, **told))
    colours = element_colours(list(data.corners))
    for symbol, (x, y) in data.corners.items():
        box = {"bgcolor": colours[symbol][0], "bordercolor": "black", "font": {"color": ink_on(colours[symbol][0])}}
        figure.add_annotation(x=1.1 * x, y=1.1 * y, text=f"<b>{symbol}</b>", showarrow=False, borderpad=4, **box)
    in_browser(figure, height=620)
    figure.update_xaxes(visible=False, range=[-1.3, 1.3])
    return figure.update_yaxes(visible=False, range=[-1.3, 1.3], scaleanchor="x")
