"""Pictures of what an entrant drew, as PNG files, after the figures of Tung et al. 2022."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.style import context

from alloys.errors import InputError, first_line
from alloys.properties import PROPERTIES
from generators.evaluation.measures import element_correlation
from generators.evaluation.measuring import EntrantOutcome, EvaluationGround

log = logging.getLogger(__name__)

BARS = 10
"""Samples shown as composition bars."""


BEYOND = 0.15
"""Samples are shown as far beyond the data, as a share of the data's range."""


def save_figures(outcomes: Sequence[EntrantOutcome], ground: EvaluationGround, folder: Path) -> list[Path]:
    """Writes every figure of every entrant and returns the paths; what cannot be drawn is a warning.

    Raises:
        InputError: if the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for outcome in outcomes:
            try:
                drawn = figures(outcome, ground)
            except Exception as error:  # whatever a library raises: the numbers are worth more than pictures of them
                log.warning("pictures of %s cannot be drawn, and are left out: %s", outcome.name, first_line(error))
                continue
            for kind, content in drawn.items():
                path = folder / f"{outcome.name}_{kind}.png"
                path.write_bytes(content)
                written.append(path)
    except OSError as error:
        raise InputError(f"cannot write figures to {folder}: {error}") from error
    return written


@context("default")
def figures(outcome: EntrantOutcome, ground: EvaluationGround) -> dict[str, bytes]:
    """PNG files by kind, the same whatever a user's matplotlibrc says.

    They are ``parity``, ``domain`` (two properties or more), ``bars``, ``correlation`` and, of families with latents,
    ``path``.
    """
    found = {"parity": parity(outcome, ground)}
    if len(ground.data.names) > 1:
        found["domain"] = domain(outcome, ground)
    if outcome.paths:
        found["path"] = path(outcome, ground)
    return found | {"bars": bars(outcome, ground), "correlation": correlation(outcome, ground)}


def parity(outcome: EntrantOutcome, ground: EvaluationGround) -> bytes:
    """The distribution of each property against its target, along the diagonal (Tung 2022, figure 10)."""
    drawn, names = outcome.drawn["diagonal"], ground.data.names
    values = [ground.oracle(ground.data.space.fractions(rows)) for rows in drawn.points]
    figure = Figure(figsize=(5.5 * len(names), 5))
    for k, axes in enumerate(figure.subplots(1, len(names), squeeze=False)[0]):
        places = drawn.conditions[:, k]
        width = 0.8 * np.ptp(places) / len(places)
        kept = [i for i, rows in enumerate(values) if len(rows) > 1 and np.ptp(rows[:, k]) > 0]
        if kept:
            axes.violinplot([values[i][:, k] for i in kept], places[kept], widths=width, showextrema=False)
        means = [rows[:, k].mean() if len(rows) else np.nan for rows in values]
        axes.plot(places, means, "o-", ms=3, c="tab:blue", label="mean of samples")
        axes.plot(places, places, "--", c="tab:red", lw=1, label="target")
        axes.set_xlabel(f"target {_label(names[k])}")
        axes.set_ylabel(f"samples' {_label(names[k])}")
        axes.legend(fontsize=8)
    figure.suptitle(f"{outcome.name}: {outcome.metrics['mape_percent']:.2f} % mean error on the diagonal")
    return _png(figure)


def domain(outcome: EntrantOutcome, ground: EvaluationGround) -> bytes:
    """Where samples fall in the first two properties, condition by condition (Tung 2022, figure 11)."""
    drawn, names = outcome.drawn["domain"], ground.data.names
    columns = int(np.ceil(len(drawn.points) ** 0.5))
    lines = -(-len(drawn.points) // columns)
    figure = Figure(figsize=(2.4 * columns, 2.4 * lines), layout="constrained")
    low, high = ground.data.values[:, :2].min(axis=0), ground.data.values[:, :2].max(axis=0)
    low, high = low - BEYOND * (high - low), high + BEYOND * (high - low)
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)[::-1].ravel()
    for axes, rows, condition, far in zip(panels, drawn.points, drawn.conditions, ground.domain.far, strict=False):
        values = ground.oracle(ground.data.space.fractions(rows))
        axes.scatter(ground.data.values[:, 0], ground.data.values[:, 1], s=1, c="0.8")
        counts, x, y = np.histogram2d(values[:, 0], values[:, 1], bins=40, range=list(zip(low, high, strict=True)))
        axes.pcolormesh(x, y, np.ma.masked_equal(counts.T, 0), cmap="Blues", vmin=0)
        axes.plot(*condition[:2], "o", ms=4, c="tab:red", mfc="none" if far else "tab:red")
    figure.supxlabel(_label(names[0]))
    figure.supylabel(_label(names[1]))
    figure.suptitle(f"{outcome.name}: samples over the domain; grey: data, open circle: a condition far from data")
    return _png(figure)


def bars(outcome: EntrantOutcome, ground: EvaluationGround) -> bytes:
    """Compositions of the first samples at both ends of the diagonal (Tung 2022, figures 12 to 14)."""
    drawn, space = outcome.drawn["diagonal"], ground.data.space
    figure = Figure(figsize=(11, 4.5))
    colours = mpl.colormaps["tab20"](np.linspace(0, 1, max(20, space.dimension)))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, k in zip(panels, (0, len(drawn.points) - 1), strict=True):
        fractions = space.fractions(drawn.points[k][:BARS])
        bottom = np.zeros(len(fractions))
        for column, symbol, colour in zip(fractions.T, space.elements, colours, strict=False):
            axes.bar(np.arange(len(fractions)), column, bottom=bottom, color=colour, label=symbol)
            bottom += column
        asked = zip(ground.data.names, drawn.conditions[k], strict=True)
        axes.set_title(", ".join(f"{_label(name)}: {value:.3g}" for name, value in asked), fontsize=8)
        axes.set_xlabel("sample")
    panels[0].set_ylabel("atomic fraction")
    panels[1].legend(fontsize=7, ncols=2, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.suptitle(outcome.name)
    return _png(figure)


def correlation(outcome: EntrantOutcome, ground: EvaluationGround) -> bytes:
    """Correlations between elements' fractions, of real alloys and of samples under the data's conditions."""
    space, drawn = ground.data.space, outcome.drawn["data"]
    figure = Figure(figsize=(11, 5), layout="constrained")
    panels = figure.subplots(1, 2)
    made = space.fractions(drawn.together)
    for axes, rows, title in zip(panels, (ground.data.fractions, made), ("real", "generated"), strict=True):
        matrix = element_correlation(rows) if len(rows) else np.zeros((space.dimension, space.dimension))
        axes.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
        axes.set_xticks(range(space.dimension), space.elements, fontsize=7, rotation=90)
        axes.set_yticks(range(space.dimension), space.elements, fontsize=7)
        axes.set_title(title)
    figure.colorbar(mpl.cm.ScalarMappable(mpl.colors.Normalize(-1, 1), "RdBu_r"), ax=panels, shrink=0.8)
    figure.suptitle(f"{outcome.name}: agreement r = {outcome.metrics['correlation_r']:.3f}")
    return _png(figure)


def path(outcome: EntrantOutcome, ground: EvaluationGround) -> bytes:
    """Compositions between two latents under one condition, and their properties (Tung 2022, figures 15 to 17).

    Steps outside the space are left blank.
    """
    space, names = ground.data.space, ground.data.names
    figure = Figure(figsize=(4.2 * len(outcome.paths) + 1.5, 5.5), layout="constrained")
    panels = figure.subplots(2, len(outcome.paths), sharex=True, sharey="row", squeeze=False, height_ratios=(2, 1))
    colours = mpl.colormaps["tab20"](np.arange(space.dimension) % 20)
    for above, below, found in zip(*panels, outcome.paths, strict=True):
        inside = space.contains(found.points)
        share = np.linspace(0, 1, len(inside))
        fractions = np.where(inside[:, None], space.fractions(found.points), 0.0)
        above.stackplot(share, fractions.T, colors=colours, step="mid")
        values = np.full((len(inside), len(names)), np.nan)
        values[inside] = 100 * (ground.oracle(fractions[inside]) / found.condition - 1)
        for k, name in enumerate(names):
            below.plot(share, values[:, k], ".-", label=name)
        below.axhline(0, c="tab:red", ls="--", lw=1)
        below.set_xlabel("share of the way between two latents")
        asked = zip(names, found.condition, strict=True)
        above.set_title(", ".join(f"{_label(name)}: {value:.3g}" for name, value in asked), fontsize=8)
    panels[0, 0].set_ylabel("atomic fraction")
    panels[0, 0].set_ylim(0, 1)
    panels[1, 0].set_ylabel("off target, %")
    panels[1, 0].legend(fontsize=7)
    patches = [Patch(color=colour, label=symbol) for symbol, colour in zip(space.elements, colours, strict=True)]
    figure.legend(handles=patches, fontsize=7, loc="outside right upper")
    figure.suptitle(f"{outcome.name}: between two latents at one condition")
    return _png(figure)


def _label(name: str) -> str:
    return f"{name}, {PROPERTIES[name].unit}" if name in PROPERTIES else name


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, bbox_inches="tight", metadata={"Software": "alloyloop"})
    return stream.getvalue()
