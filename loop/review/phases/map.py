"""A map of the phases between two alloys, with the boundaries of its regions and their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.style import context
from numpy.typing import NDArray
from scipy import ndimage

from loop.review.phases.style import SIZE, save
from loop.review.phases.units import Degrees

Region = tuple[str, ...]
Mask = NDArray[np.bool_]

SHADES = ListedColormap(["#f4cccc", "#cfe2f3", "white"])
"""Of regions without an equilibrium, of one phase, and of several."""
FINE = 600
"""Cells of the raster in which regions are looked for, each way."""
SLIVER = 150
"""A region of fewer cells has no name of its own: it is thinner than a line."""


@context("default")
def draw_section(found: Any, title: str, horizontal: str, degrees: Degrees, path: Path) -> None:
    """Draws `validation.calphad.diagrams.section.Section`.

    Args:
        found: the section.
        title: between which alloys, from which database.
        horizontal: what its amounts are.
        degrees: the scale of temperature.
        path: the file; ``.png``, ``.svg`` or ``.pdf``.
    """
    figure = Figure(figsize=(SIZE[0], SIZE[1] + 0.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.add_subplot()
    low, high = degrees.of(found.kelvin[0]), degrees.of(found.kelvin[-1])
    pieces = list(_pieces(found))
    shades = np.full((FINE, FINE), 2)
    for region, mask in pieces:
        shades[mask] = min(len(region), 2)
    axes.imshow(
        shades, extent=(0.0, 1.0, low, high), origin="lower", aspect="auto", cmap=SHADES, vmin=0, vmax=2,
        interpolation="nearest",
    )  # fmt: skip
    lines = [[(x, degrees.of(t)) for x, t in (b.start, b.end)] for b in found.boundaries]
    axes.add_collection(LineCollection(lines, colors="black", lw=1, capstyle="round"))
    axes.set_xlabel(horizontal)
    axes.set_ylabel(f"temperature, {degrees.unit}")
    axes.set_title(f"{title}\nshaded: one phase", fontsize=10)
    figure.draw_without_rendering()
    _Names(axes, pieces).write()
    save(figure, path)


def _pieces(found: Any) -> Iterator[tuple[Region, Mask]]:
    """Each connected region, with its cells of the raster: what boundaries close off, by the points known in it."""
    low, span = np.array([0.0, found.kelvin[0]]), np.array([1.0, found.kelvin[-1] - found.kelvin[0]])

    def cells(points: Any) -> tuple[NDArray[np.int64], ...]:
        scaled = (np.asarray(points, dtype=float) - low) / span * FINE
        column, row = np.clip(scaled.astype(np.int64), 0, FINE - 1).T
        return row, column

    walls = np.zeros((FINE, FINE), dtype=bool)
    for boundary in found.boundaries:
        start, end = np.array(boundary.start), np.array(boundary.end)
        steps = int(np.abs((end - start) / span).max() * 3 * FINE) + 2
        walls[cells(start + np.linspace(0.0, 1.0, steps)[:, None] * (end - start))] = True
    parts, count = ndimage.label(~walls)
    votes: dict[int, Counter[Region]] = {part: Counter() for part in range(count + 1)}
    for part, region in zip(parts[cells(list(found.regions))], found.regions.values(), strict=True):
        votes[int(part)][region] += 1
    # A wall belongs to the nearest part, so that no gap shows beside a line.
    nearest = ndimage.distance_transform_edt(walls, return_distances=False, return_indices=True)
    whole = parts[tuple(nearest)]
    for part in range(1, count + 1):
        if votes[part]:
            yield votes[part].most_common(1)[0][0], whole == part


class _Names:
    """Names of regions in a picture, none on a line or on another."""

    def __init__(self, axes: Any, pieces: list[tuple[Region, Mask]]) -> None:
        self._axes, self._pieces = axes, pieces
        frame = axes.get_window_extent()
        self._step = np.array([frame.height, frame.width]) / FINE
        self._taken = np.zeros((FINE, FINE), dtype=bool)
        self._numbered: dict[Region, int] = {}

    def write(self) -> None:
        """Writes into each region its phases where there is room, else a number that is told below."""
        for region, mask in sorted(self._pieces, key=lambda piece: -piece[1].sum()):
            if mask.sum() >= SLIVER:
                self._name(mask, region or ("no equilibrium",))
        if self._numbered:
            told = [f"{number}: {' + '.join(region)}" for region, number in self._numbered.items()]
            rows = ["     ".join(told[k : k + 3]) for k in range(0, len(told), 3)]
            self._axes.figure.supxlabel("\n".join(rows), fontsize=7.5, ha="left", x=0.08)

    def _name(self, mask: Mask, region: Region) -> None:
        inside = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        for text in (" + ".join(region), " +\n".join(region), ""):
            box = self._box(text or "00")
            room = self._room(mask, box)
            if text and not room.any():
                continue
            middle = np.unravel_index(int((inside + FINE * room).argmax()), inside.shape)
            shown = text or str(self._numbered.setdefault(region, len(self._numbered) + 1))
            self._put(shown, middle if room.any() else self._beside(middle, box), middle, box)
            return

    def _beside(self, middle: Any, box: NDArray[np.int64]) -> Any:
        """The nearest place in any region that has room, for the number of a region that has none."""
        room = np.logical_or.reduce([self._room(mask, box) for _, mask in self._pieces])
        rows, columns = np.nonzero(room)
        if not len(rows):
            return middle
        nearest = int(((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2).argmin())
        return rows[nearest], columns[nearest]

    def _put(self, text: str, place: Any, middle: Any, box: NDArray[np.int64]) -> None:
        (x, y), target = (((p[1] + 0.5) / FINE, (p[0] + 0.5) / FINE) for p in (place, middle))
        line = {"arrowstyle": "-", "lw": 0.6, "shrinkA": 0, "shrinkB": 0} if tuple(place) != tuple(middle) else None
        self._axes.annotate(
            text, target, (x, y), "axes fraction", "axes fraction",
            fontsize=8, ha="center", va="center", arrowprops=line,
        )  # fmt: skip
        (top, left), (height, width) = (np.array(place) - box // 2).clip(0), box
        self._taken[top : top + height, left : left + width] = True

    def _box(self, text: str) -> NDArray[np.int64]:
        label = self._axes.text(0.5, 0.5, text, fontsize=8, transform=self._axes.transAxes)
        size = label.get_window_extent(self._axes.figure.canvas.get_renderer())
        label.remove()
        return np.asarray(np.ceil(np.array([size.height + 8.0, size.width + 8.0]) / self._step).astype(np.int64))

    def _room(self, mask: Mask, box: NDArray[np.int64]) -> Mask:
        """The cells around which a box lies in a region and on no other name."""
        free = (mask & ~self._taken).astype(np.uint8)
        return np.asarray(ndimage.minimum_filter(free, size=tuple(box), mode="constant", cval=0) > 0)
