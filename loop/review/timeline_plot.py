"""The picture of what ran when: a lane for each slot, each trainer, the scorer and the driver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from loop.execute.spans import DRIVER, SCORER, SLOT, TRAINER, WAIT, Shares, Span
from loop.review.plots import png

_COLOURS = {
    "validate": "tab:blue",
    "train": "tab:orange",
    "fit": "tab:olive",
    "propose": "tab:green",
    "screen": "tab:purple",
    "begin": "tab:cyan",
    "promote": "tab:pink",
    "record": "tab:gray",
    "close": "tab:red",
    "log": "tab:brown",
    WAIT: "0.92",
}
_ORDER = (SLOT, TRAINER, SCORER, DRIVER)


def _place(lane: str) -> tuple[int, int, str]:
    """Slots by their number first, then trainers, the scorer and the driver."""
    kind, _, rest = lane.partition(" ")
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), int(rest) if rest.isdigit() else 0, rest)


def timeline_plot(spans: Sequence[Span], shares: Shares | None, title: str) -> bytes:
    """Bars of time by lane, a PNG file.

    Args:
        spans: what is shown; the first begins at 0 s.
        shares: who was idle, for the title.
        title: whose spans they are.
    """
    lanes = sorted({span.lane for span in spans}, key=_place)
    figure = Figure(figsize=(10, 0.42 * max(3, len(lanes)) + 1.6))
    axes: Any = figure.add_subplot()
    start = min((span.begin for span in spans), default=0.0)
    shown: set[str] = set()
    for row, lane in enumerate(lanes):
        for name in sorted({span.name for span in spans if span.lane == lane}):
            bars = [(s.begin - start, s.end - s.begin) for s in spans if (s.lane, s.name) == (lane, name)]
            label = None if name in shown else name
            colour, width = _COLOURS.get(name, "black"), 0.0 if name == WAIT else 0.2
            axes.broken_barh(bars, (row - 0.4, 0.8), facecolors=colour, edgecolor="white", lw=width, label=label)
            shown.add(name)
    axes.set_yticks(range(len(lanes)), lanes)
    axes.invert_yaxis()
    axes.set_xlabel("s")
    words = "" if shares is None else f": slots idle {shares.idle:.1%}, driver at work {shares.driver:.1%}"
    axes.set_title(f"{title}{words}", fontsize=10)
    if shown:
        axes.legend(
            ncols=len(shown), fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.55 / figure.get_figheight())
        )
    return png(figure)
