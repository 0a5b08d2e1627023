"""What the best alloys are made of: stacked bars in the elements' colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure

from alloys.errors import InputError
from loop.review.figures.browser import in_browser
from loop.review.figures.results import best_rows
from loop.review.figures.style import INK, below, element_colours, ink_on
from loop.review.figures.words import formula_html, formula_text
from loop.view import View

BEST = 16


@dataclass(frozen=True)
class CompositionsData:
    """Shares in at.% by element, a row for each alloy; what the alloys are; their names for paper and browser."""

    shares: pd.DataFrame
    what: str
    names: tuple[str, ...]
    html: tuple[str, ...]

    @property
    def elements(self) -> list[str]:
        """The columns."""
        return [str(symbol) for symbol in self.shares.columns]


def prepare(view: View, upto: int | None = None, count: int = BEST) -> CompositionsData:
    """The best feasible alloys, or the newest batch where there are none.

    Raises:
        InputError: if there is no alloy to show.
    """
    last = max((row.iteration or 0 for row in view.rows), default=0) if upto is None else upto
    best = [
        row for row in best_rows(view, len(view.rows) if upto is not None else count) if (row.iteration or 0) <= last
    ]
    rows = best[:count] or [row for row in view.rows if row.iteration == last][:count]
    if not (view.space.elements and rows):
        raise InputError(f"campaign {view.config.name!r} has no alloys with elements to show")
    designs = [row.design for row in rows]
    what = "best feasible alloys" if best else f"batch of iteration {last}: none is feasible yet"
    shares = pd.DataFrame(100.0 * view.fractions(designs), columns=list(view.space.elements))
    return CompositionsData(shares, what, tuple(map(formula_text, designs)), tuple(map(formula_html, designs)))


def draw(data: CompositionsData) -> Figure:
    """For paper."""
    count = len(data.names)
    figure = Figure(figsize=(7.4, 0.32 * max(4, count) + 1.3), layout="constrained")
    axes = figure.add_subplot()
    colours = element_colours(data.elements)
    left, places = np.zeros(count), np.arange(count)
    for symbol in data.elements:
        share = data.shares[symbol].to_numpy()
        colour, hatch = colours[symbol]
        axes.barh(places, share, left=left, color=colour, hatch=hatch, edgecolor=INK, lw=0.4, label=symbol)
        for place, width in enumerate(share):
            if width >= 5.0 and not hatch:
                middle = left[place] + width / 2
                axes.text(middle, place, symbol, ha="center", va="center", fontsize=7.5, color=ink_on(colour))
        left += share
    axes.set(xlim=(0, 100), xlabel=f"at.%; {data.what}")
    axes.set_yticks(places, data.names, fontsize=8)
    axes.invert_yaxis()
    axes.grid(visible=False)
    below(figure, *axes.get_legend_handles_labels(), columns=12)
    return figure


def draw_interactive(data: CompositionsData) -> go.Figure:
    """For the browser."""
    figure = go.Figure()
    for symbol, (colour, hatch) in element_colours(data.elements).items():
        marker = {"color": colour, "line": {"color": "black", "width": 0.5}}
        marker |= {"pattern": {"shape": {"": "", "//": "/", "..": ".", "xx": "x"}[hatch]}}
        figure.add_trace(
            go.Bar(
                y=list(data.html),
                x=data.shares[symbol],
                name=symbol,
                orientation="h",
                marker=marker,
                hovertemplate="%{y}: %{x:.4g} at.%",
            )
        )
    figure.update_layout(barmode="stack", yaxis={"autorange": "reversed"}, xaxis={"title": f"at.%; {data.what}"})
    return in_browser(figure, height=26 * len(data.names) + 160)
