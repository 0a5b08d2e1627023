"""Parity: what was predicted of each alloy before it was measured, against what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from plotly.subplots import make_subplots

from alloys.errors import InputError
from alloys.properties import Property
from loop.review.figures.browser import in_browser
from loop.review.figures.results import Results, hover_texts, thinned
from loop.review.figures.style import BLUE, INK, MANY, VERMILION, below
from loop.review.figures.words import number, title, unit
from surrogates.model.calibration import HALF_WIDTH, NOMINAL, Score, score

_BARS = 150
"""Predictions beyond which intervals would be a cloud."""


KINDS = ((True, BLUE, "o", "inside its interval"), (False, VERMILION, "D", "outside its interval"))
"""Whether the interval held, and how that looks."""


@dataclass(frozen=True)
class ParityData:
    """Predictions that were made before the measurement, by property.

    Attributes:
        results: what is known.
        frames: rows of it with ``measured``, ``std``, ``predicted``, ``half`` (of the 90 % interval) and ``inside``.
        scores: how good they were.
    """

    results: Results
    frames: dict[str, pd.DataFrame]
    scores: dict[str, Score]

    def verdict(self, name: str) -> str:
        """How often the intervals held, and the error, in a line."""
        found, about = self.scores[name], self.results.properties[name]
        inside = int(self.frames[name]["inside"].sum())
        error = f"{number(found.rmse, 3)} {unit(about.unit)}".strip()
        return f"{NOMINAL:.0%} intervals hold {inside} of {found.count}; RMS error {error}"


def prepare(results: Results) -> ParityData:
    """What the surrogate predicted of the batches that it chose.

    Raises:
        InputError: if nothing was predicted and measured yet.
    """
    view = results.view
    frames, scores = {}, {}
    for name in view.problem.validated:
        if name not in results.properties:
            continue
        frame = results.frame.dropna(subset=[name, f"{name} predicted", f"{name} predicted std"])
        frame = frame[frame[f"{name} predicted std"] > 0]
        if frame.empty:
            continue
        means, stds, truth = (frame[f"{name}{key}"] for key in (" predicted", " predicted std", ""))
        half = HALF_WIDTH * stds
        columns = {"measured": truth, "std": frame[f"{name} std"], "predicted": means, "half": half}
        frames[name] = frame.assign(**columns, inside=(truth - means).abs() <= half)
        scores[name] = score(means.to_numpy(), stds.to_numpy(), truth.to_numpy())
    if not frames:
        raise InputError(
            f"campaign {view.config.name!r} has no alloy yet that was predicted before it was measured; there are some "
            "from iteration 1 on"
        )
    return ParityData(results, frames, scores)


def draw(data: ParityData) -> Figure:
    """For paper."""
    count = len(data.frames)
    columns = min(count, 3)
    lines = -(-count // columns)
    figure = Figure(figsize=(5.4, 5.0) if count == 1 else (3.7 * columns, 3.9 * lines + 0.3), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (name, frame) in zip(panels, data.frames.items(), strict=False):
        about = data.results.properties[name]
        _panel(axes, frame, about, image=len(frame) > MANY)
        axes.set_title(f"{title(about)}\n{data.verdict(name)}", fontsize=8, loc="left")
        told = f", {unit(about.unit)}" if unit(about.unit) else ""
        axes.set_xlabel(f"measured{told}")
        axes.set_ylabel(f"predicted{told}")
    for axes in panels[count:]:
        axes.set_visible(False)
    handles = {label: h for axes in panels[:count] for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    below(figure, list(handles.values()), list(handles))
    return figure


def _panel(axes: Any, frame: pd.DataFrame, about: Property, *, image: bool) -> None:
    low, high = _ends(frame)
    axes.axline((low, low), (high, high), color=INK, lw=0.8, label="equal")
    for inside, colour, marker, label in KINDS:
        rows = frame[frame["inside"] == inside]
        if rows.empty:
            continue
        x, y = rows["measured"], rows["predicted"]
        if len(frame) <= _BARS:
            bars = {"fmt": "none", "ecolor": colour, "elinewidth": 0.8, "alpha": 0.6}
            axes.errorbar(x, y, _interval(rows, about), rows["std"].fillna(0.0), **bars)
        axes.scatter(x, y, s=22, c=colour, marker=marker, label=label, zorder=2, rasterized=image)
    axes.set(xlim=(low, high), ylim=(low, high), box_aspect=1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))


def _ends(frame: pd.DataFrame) -> tuple[float, float]:
    """Of both axes: the measured and predicted values, with some room."""
    numbers = frame[["measured", "predicted"]].to_numpy()
    low, high = float(numbers.min()), float(numbers.max())
    room = max(0.06 * (high - low), min(float(frame["half"].median()), high - low)) or 0.01 * max(abs(high), 1e-6)
    return low - room, high + room


def _interval(rows: pd.DataFrame, about: Property) -> Any:
    """How far the interval reaches below and above, but not beyond what the property can be; shape ``(2, n)``."""
    mean, half = rows["predicted"], rows["half"]
    down, up = half.clip(upper=(mean - about.low).clip(lower=0.0)), half.clip(upper=(about.high - mean).clip(lower=0.0))
    return np.array([down, up])


def draw_interactive(data: ParityData) -> go.Figure:
    """For the browser."""
    count = len(data.frames)
    columns = min(count, 3)
    titles = [f"{title(data.results.properties[n])}<br><sub>{data.verdict(n)}</sub>" for n in data.frames]
    figure = make_subplots(-(-count // columns), columns, subplot_titles=titles, vertical_spacing=0.2)
    for place, (name, frame) in enumerate(data.frames.items()):
        row, column = place // columns + 1, place % columns + 1
        shown = thinned(frame)
        ends = _ends(frame)
        line = go.Scatter(
            x=ends, y=ends, mode="lines", line={"color": "black", "width": 1}, name="equal", hoverinfo="skip"
        )
        figure.add_trace(line.update(showlegend=place == 0), row, column)
        about = data.results.properties[name]
        for inside, colour, _, label in KINDS:
            rows = shown[shown["inside"] == inside]
            bars = {"type": "data", "color": colour, "thickness": 1, "width": 0, "visible": len(frame) <= _BARS}
            trace = go.Scatter(
                x=rows["measured"], y=rows["predicted"], mode="markers", name=label, legendgroup=label,
                marker={"color": colour, "size": 8}, showlegend=place == 0,
                error_y=bars | dict(zip(("arrayminus", "array"), _interval(rows, about), strict=True)),
                error_x=bars | {"array": rows["std"].fillna(0.0)},
                hovertext=hover_texts(data.results, rows), hoverinfo="text",
            )  # fmt: skip
            figure.add_trace(trace, row, column)
        told = unit(about.unit)
        figure.update_xaxes(title_text=f"measured, {told}".rstrip(", "), row=row, col=column)
        figure.update_yaxes(title_text=f"predicted, {told}".rstrip(", "), row=row, col=column)
    in_browser(figure, height=430 * (-(-count // columns)))
    return figure.update_layout(margin={"t": 60})
