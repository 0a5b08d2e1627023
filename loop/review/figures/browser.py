"""What interactive pictures have in common: how they look, and how they become a page."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from loop.review.figures.style import GREY


def scale_of(colours: Any, steps: int = 12) -> list[list[Any]]:
    """A colour map of matplotlib as plotly takes it."""
    from matplotlib.colors import to_hex

    return [[i / (steps - 1), to_hex(colours(i / (steps - 1)))] for i in range(steps)]


def in_browser(figure: go.Figure, height: int = 500) -> go.Figure:
    """A picture with the settings of all: white, a legend below, no template of the user's."""
    axis = {"gridcolor": "rgba(140,140,140,0.25)", "zeroline": False, "linecolor": GREY, "ticks": "outside"}
    figure.update_layout(
        template="none",
        height=height,
        font={"family": "DejaVu Sans, Verdana, Arial, sans-serif", "size": 12},
        margin={"l": 70, "r": 30, "t": 30, "b": 60},
        legend={"orientation": "h", "yanchor": "top", "y": -70 / height, "x": 0},
        hoverlabel={"align": "left"},
    )
    figure.update_xaxes(automargin=True, **axis)
    figure.update_yaxes(automargin=True, **axis)
    return figure
