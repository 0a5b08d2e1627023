"""What ran when: a lane for each slot, each trainer, the scorer and the driver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from matplotlib.figure import Figure

from alloys.errors import InputError
from loop.execute.spans import DRIVER, SCORER, SLOT, TRAINER, WAIT, Shares, Span
from loop.review.figures.browser import in_browser
from loop.review.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, below

_COLOURS = {
    "validate": BLUE,
    "train": ORANGE,
    "fit": "#999933",
    "propose": GREEN,
    "screen": PURPLE,
    "begin": SKY,
    "promote": "#882255",
    "record": "#44AA99",
    "close": VERMILION,
    "log": "#332288",
}
_ORDER = (SLOT, TRAINER, SCORER, DRIVER)
_UNITS = ((7200.0, 3600.0, "hours"), (300.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))
"""From how many seconds on time is told in which unit."""


@dataclass(frozen=True)
class TimelineData:
    """Spans of work by lane, in seconds since the first; who was idle."""

    lanes: tuple[str, ...]
    spans: tuple[Span, ...]
    idle: str

    @property
    def unit(self) -> tuple[float, str]:
        """Seconds of the unit in which time is told, and its name."""
        end = max(span.end for span in self.spans)
        return next((seconds, name) for least, seconds, name in _UNITS if end >= least)


def prepare(spans: Sequence[Span], shares: Shares | None) -> TimelineData:
    """The work that was recorded; what waits for others is no work.

    Raises:
        InputError: if there is none.
    """
    busy = [span for span in spans if span.name != WAIT]
    if not busy:
        raise InputError("nothing is recorded of what took how long; `alloyloop run` records it")
    start = min(span.begin for span in busy)
    shifted = tuple(Span(span.lane, span.name, span.begin - start, span.end - start) for span in busy)
    lanes = tuple(sorted({span.lane for span in busy}, key=_place))
    idle = "" if shares is None else f"slots idle {shares.idle:.1%} of the time, driver at work {shares.driver:.1%}"
    return TimelineData(lanes, shifted, idle)


def _place(lane: str) -> tuple[int, int, str]:
    """Slots by their number first, then trainers, the scorer and the driver."""
    kind, _, rest = lane.partition(" ")
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), int(rest) if rest.isdigit() else 0, rest)


def draw(data: TimelineData) -> Figure:
    """For paper."""
    figure = Figure(figsize=(8.6, 0.4 * max(3, len(data.lanes)) + 1.5), layout="constrained")
    axes = figure.add_subplot()
    seconds, unit = data.unit
    for name in dict.fromkeys(span.name for span in data.spans):
        colour, text = _COLOURS.get(name, GREY), name
        for row, lane in enumerate(data.lanes):
            own = [span for span in data.spans if (span.lane, span.name) == (lane, name)]
            bars = [(span.begin / seconds, (span.end - span.begin) / seconds) for span in own]
            if bars:
                image = len(bars) > 500
                axes.broken_barh(bars, (row - 0.38, 0.76), facecolors=colour, label=text, rasterized=image)
                text = "_nolegend_"
    axes.set_yticks(range(len(data.lanes)), data.lanes)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{unit} since the first work" + (f"; {data.idle}" if data.idle else ""))
    axes.grid(visible=False, axis="y")
    below(figure, *axes.get_legend_handles_labels(), columns=8)
    return figure


def draw_interactive(data: TimelineData) -> go.Figure:
    """For the browser."""
    figure, (seconds, unit) = go.Figure(), data.unit
    for name in dict.fromkeys(span.name for span in data.spans):
        own = [span for span in data.spans if span.name == name]
        lengths = [(span.end - span.begin) / seconds for span in own]
        told = [f"{span.lane}: {name}, {span.end - span.begin:.3g} s" for span in own]
        where = {"y": [span.lane for span in own], "base": [span.begin / seconds for span in own], "orientation": "h"}
        bar = go.Bar(
            x=lengths, name=name, hovertext=told, hoverinfo="text", marker_color=_COLOURS.get(name, GREY), **where
        )
        figure.add_trace(bar)
    lanes = {"categoryorder": "array", "categoryarray": list(data.lanes), "autorange": "reversed"}
    figure.update_layout(
        barmode="overlay", yaxis=lanes, xaxis={"title": f"{unit} since the first work; {data.idle}".rstrip("; ")}
    )
    return in_browser(figure, height=34 * len(data.lanes) + 190)
