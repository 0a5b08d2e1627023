"""How phases are told apart in print and by colour-blind people: colour, dashes and markers; and names at the lines."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.style import context
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.files import write_atomic

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
"""Okabe and Ito's, without yellow, which is too pale on paper (https://jfly.uni-koeln.de/color)."""
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "X", "p", "<", ">")
FORMATS = (".png", ".svg", ".pdf")
SIZE = (7.0, 4.6)

_FAR_PX = 5.0
"""How far a name stands from its line."""
_OFFERED = 60
"""Places along a line at which its name may stand."""
_OVERLAP = 1000.0
"""What it costs a name to lie on another one, beside 1 for each point of a line below it."""


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A line of a picture with its name, in units of the axes; NaN where it is not drawn."""

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]


def looks(index: int) -> dict[str, Any]:
    """Colour, dashes and marker of a line by its number; the next ones differ in all three."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "ls": DASHES[index % len(DASHES)],
        "marker": MARKERS[index % len(MARKERS)],
    }


def check_picture(path: Path) -> None:
    """Refuses a file name whose ending is no picture's.

    Raises:
        InputError: naming the endings that are.
    """
    if path.suffix not in FORMATS:
        raise InputError(f"a picture is written as {', '.join(FORMATS)}; got {path}")


def save(figure: Figure, path: Path) -> None:
    """Writes a picture, its form by the file's ending."""
    stream = io.BytesIO()
    # No creation date: the same data give the same file.
    dated = {".png": {"Software": "alloyloop"}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with context(["default", {"svg.hashsalt": "alloyloop"}]):
        figure.savefig(stream, format=path.suffix[1:], dpi=160, bbox_inches="tight", metadata=dated[path.suffix])
    write_atomic(path, stream.getvalue(), mode=0o644)


def name_lines(axes: Any, lines: Sequence[NamedLine], styles: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes the name of each line beside it, where it covers no other name and as few lines as possible."""
    lines = [NamedLine(r.name, r.x[np.isfinite(r.y)], r.y[np.isfinite(r.y)]) for r in lines]
    renderer: Any = FigureCanvasAgg(axes.figure).get_renderer()
    axes.figure.draw_without_rendering()
    frame = axes.get_window_extent(renderer)
    points = np.vstack([_dense(axes.transData.transform(np.column_stack([row.x, row.y]))) for row in lines])
    taken: list[Bbox] = []
    for row in sorted(lines, key=lambda row: np.ptp(row.x)):
        text = axes.annotate(
            row.name, (row.x[0], row.y[0]), textcoords="offset points", xytext=(0, 0), fontsize=8,
            color=styles[row.name]["color"], ha="center", va="center", annotation_clip=False,
        )  # fmt: skip
        size = text.get_window_extent(renderer)
        place, anchor = _best_place(axes, row, (size.width, size.height), frame, points, taken)
        away = place.get_points().mean(axis=0) - axes.transData.transform(anchor)
        text.xy, text.xyann = anchor, tuple(away * 72.0 / axes.figure.dpi)
        taken.append(place)


def _best_place(
    axes: Any,
    row: NamedLine,
    size: tuple[float, float],
    frame: Bbox,
    points: NDArray[np.float64],
    taken: Sequence[Bbox],
) -> tuple[Bbox, tuple[float, float]]:
    """Where a name of this size in pixels stands best, and the point of its line that it stands at."""
    width, height = size
    best: tuple[float, Bbox, tuple[float, float]] | None = None
    chosen = np.unique(np.linspace(0, len(row.x) - 1, _OFFERED).round().astype(int))
    for index, right, up in product(chosen, (-1, 0, 1), (-1, 0, 1)):
        if right == up == 0:
            continue
        anchor = (float(row.x[index]), float(row.y[index]))
        x, y = axes.transData.transform(anchor)
        middle = x + right * (width / 2 + _FAR_PX), y + up * (height / 2 + _FAR_PX)
        box = Bbox.from_bounds(middle[0] - width / 2, middle[1] - height / 2, width, height)
        cost = _cost(box, frame, points, taken) + 0.2 * abs(index - len(row.x) / 2) / len(row.x) + 0.1 * (up < 1)
        if best is None or cost < best[0]:
            best = (cost, box, anchor)
    assert best is not None
    return best[1], best[2]


def _cost(box: Bbox, frame: Bbox, points: NDArray[np.float64], taken: Sequence[Bbox]) -> float:
    inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
    low, high = np.array(box.min), np.array(box.max)
    covered = ((points >= low - 1.0) & (points <= high + 1.0)).all(axis=1).sum()
    return float(covered) + _OVERLAP * (not inside) + _OVERLAP * sum(box.overlaps(other) for other in taken)


def _dense(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """A line in pixels, with a point about every second pixel."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(pixels, axis=0).T))])
    fine = np.arange(0.0, along[-1] + 2.0, 2.0)
    return np.column_stack([np.interp(fine, along, pixels[:, k]) for k in (0, 1)])
