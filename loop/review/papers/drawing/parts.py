"""What several pictures of the papers have in common: labels, distributions, compositions as bars and as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from alloys.properties import PROPERTIES
from generators.evaluation.reproduction.pictures.records import Grid, Histogram, PaperPictures, Row
from loop.review.figures.style import BLUE, GREY, INK, MANY, SKY, below, element_colours
from loop.review.figures.words import label
from loop.review.papers.saying import in_unit, plain

AMOUNT = LinearSegmentedColormap.from_list("amount", [to_rgba(SKY, 0.0), to_rgba(SKY), to_rgba(BLUE)])
"""From nothing to much; nothing lets the page shine through."""

SEEN = 0.005
"""Smallest atomic fraction that is drawn: narrower bars cannot be seen."""


def axis_label(name: str) -> str:
    """A property and its unit."""
    return label(PROPERTIES[name]) if name in PROPERTIES else name


def in_words(names: Sequence[str], values: Row) -> str:
    """A condition, a property a line; what is not asked is left out."""
    asked = [(name, value) for name, value in zip(names, values, strict=True) if np.isfinite(value)]
    return "\n".join(f"{plain(name)} {in_unit(name, value)}" for name, value in asked)


def alloys_in_plane(axes: Any, pictures: PaperPictures) -> None:
    """The training alloys by their first two properties."""
    values = np.asarray(pictures.values)
    axes.scatter(
        values[:, 0], values[:, 1], s=9, color=GREY, alpha=0.6, lw=0, rasterized=len(values) > MANY, label="alloys"
    )
    axes.set(xlabel=axis_label(pictures.names[0]), ylabel=axis_label(pictures.names[1]))


def violin(axes: Any, place: float, found: Histogram, width: float, colour: str = SKY, *, lying: bool = False) -> None:
    """A distribution as a shape around a place, as wide at its peak as told."""
    shares = np.asarray(found.shares)
    if not shares.any():
        return
    half = 0.5 * width * shares / shares.max()
    seen = np.flatnonzero(shares)
    rows = slice(max(int(seen[0]) - 1, 0), int(seen[-1]) + 2)
    fill = axes.fill_between if lying else axes.fill_betweenx
    fill(found.centres[rows], (place - half)[rows], (place + half)[rows], color=colour, lw=0, alpha=0.75)


def stacked(axes: Any, fractions: Grid, elements: Sequence[str]) -> None:
    """Compositions, shape ``(s, E)``, as stacked bars side by side."""
    rows, colours = np.asarray(fractions).reshape(len(fractions), -1), element_colours(elements)
    places, bottom = np.arange(len(rows)), np.zeros(len(rows))
    for symbol, column in zip(elements, rows.T, strict=False):
        seen = column >= SEEN
        colour, hatch = colours[symbol]
        axes.bar(places[seen], column[seen], 0.86, bottom[seen], color=colour, hatch=hatch, edgecolor=INK, lw=0.3)
        bottom = bottom + column
    axes.set(ylim=(0, 1), xlim=(-0.6, max(len(rows), 1) - 0.4), xticks=[])
    axes.grid(visible=False)


def layers(axes: Any, fractions: Grid, elements: Sequence[str]) -> None:
    """Compositions along a path, shape ``(steps, E)``, as layers from one end to the other."""
    rows, colours = np.asarray(fractions), element_colours(elements)
    share, bottom = np.linspace(0, 1, len(rows)), np.zeros(len(rows))
    for symbol, column in zip(elements, rows.T, strict=True):
        colour, hatch = colours[symbol]
        if column.max() >= SEEN:
            axes.fill_between(share, bottom, bottom + column, color=colour, hatch=hatch, edgecolor=INK, lw=0.3)
        bottom = bottom + column
    axes.set(ylim=(0, 1), xlim=(0, 1))
    axes.grid(visible=False)


def element_legend(figure: Figure, elements: Sequence[str], shown: Sequence[Grid], columns: int = 11) -> None:
    """The colours of the elements that are seen in some compositions, below all panels."""
    most = np.max([np.max(rows, axis=0) for rows in shown if len(rows)], axis=0, initial=0.0)
    colours = element_colours(elements)
    seen = [
        symbol for symbol, share in zip(elements, np.broadcast_to(most, len(elements)), strict=True) if share >= SEEN
    ]
    patches = [Patch(facecolor=colours[s][0], hatch=colours[s][1], edgecolor=INK, lw=0.3) for s in seen]
    below(figure, patches, seen, columns)


def columns(axes: Any, fractions: Grid, elements: Sequence[str]) -> Any:
    """Compositions, shape ``(s, E)``, each as a column in which a darker blue is more of an element."""
    rows = np.asarray(fractions).reshape(len(fractions), len(elements))
    image = axes.imshow(rows.T, cmap=AMOUNT, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(len(elements)), elements, fontsize=6.5)
    axes.set_xticks([])
    axes.grid(visible=False)
    return image
