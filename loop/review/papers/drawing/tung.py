"""The figures of Tung et al. 2022, drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter
from scipy.stats import norm

from generators.evaluation.reproduction.pictures.records import TungModel, TungPictures
from loop.review.figures.style import BLUE, GREY, ORANGE, SERIES, SKY, VERMILION, below
from loop.review.figures.words import number
from loop.review.papers.drawing.parts import (
    AMOUNT,
    alloys_in_plane,
    axis_label,
    element_legend,
    in_words,
    layers,
    stacked,
    violin,
)
from loop.review.papers.saying import in_unit, plain

DASHES = ("-", "--", ":", "-.")
GAP = 3
"""Bins between two panels of figure 11."""


def latents(models: Sequence[TungModel]) -> Figure:
    """Figure 7: by dimension, where the training alloys lie, beside the standard normal."""
    shown = [(model.name, model.latents) for model in models if model.latents is not None]
    figure = Figure(figsize=(8.4, 2.5 * len(shown)), layout="constrained")
    for axes, (name, found) in zip(figure.subplots(len(shown), 1, squeeze=False)[:, 0], shown, strict=True):
        count = len(found.dimensions)
        for place, one in enumerate(found.dimensions):
            violin(axes, place, one, 0.85)
        places = np.arange(count)
        axes.errorbar(
            places, [d.mean for d in found.dimensions], [d.std for d in found.dimensions], fmt="o", ms=3, c=BLUE, lw=1
        )
        reach = found.dimensions[0].high
        z = np.linspace(-min(reach, 3.5), min(reach, 3.5), 60)
        bell = 0.42 * norm.pdf(z) / norm.pdf(0)
        axes.fill_betweenx(z, count + 0.3 - bell, count + 0.3 + bell, color=ORANGE, lw=0, alpha=0.75)
        axes.set_xticks([*places, count + 0.3], [*(str(i + 1) for i in places), "N(0, 1)"], fontsize=8)
        axes.set(ylabel="latent", title=f"{name}: {found.active} of {count} dimensions tell alloys apart")
        axes.grid(visible=False, axis="x")
        axes.set_xlabel("dimension")
    return figure


def data(pictures: TungPictures) -> Figure:
    """Figure 9: the training alloys and both kinds of conditions."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.add_subplot()
    along, over = np.asarray(pictures.diagonal), np.asarray(pictures.domain)
    alloys_in_plane(axes, pictures)
    axes.plot(*along[:, :2].T, "o-", c=VERMILION, ms=4, lw=1, label=f"{len(along)} conditions together")
    axes.plot(*over[:, :2].T, "s", c=BLUE, ms=5, mfc="none", label=f"{len(over)} conditions independently")
    below(figure, *axes.get_legend_handles_labels())
    return figure


def parity(models: Sequence[TungModel], pictures: TungPictures) -> Figure:
    """Figure 10: the distribution of each property against its target along the diagonal."""
    asked = np.asarray(pictures.diagonal)
    names = pictures.names
    figure = Figure(figsize=(4.3 * len(names), 2.7 * len(models) + 0.4), layout="constrained")
    panels = figure.subplots(len(models), len(names), squeeze=False, sharex="col", sharey="col")
    for row, model in zip(panels, models, strict=True):
        for k, axes in enumerate(row):
            places = asked[:, k]
            for place, found in zip(places, model.diagonal.values[k], strict=True):
                violin(axes, place, found, 0.9 * np.ptp(places) / len(places))
            means = [found.mean for found in model.diagonal.values[k]]
            axes.plot(places, means, "o-", ms=2.5, lw=1, c=BLUE, label="mean of samples")
            axes.plot(places, places, "--", c=VERMILION, lw=1, label="asked")
            error = float(np.mean(model.diagonal.errors[k]))
            axes.set_title(f"{model.name}: MAPE {error:.2f} %", fontsize=9)
            axes.set_ylabel("samples", fontsize=8.5)
    for axes, name in zip(panels[-1], names, strict=True):
        axes.set_xlabel(f"asked: {axis_label(name)}")
    below(figure, *panels[0, 0].get_legend_handles_labels())
    return figure


def domain(model: TungModel, pictures: TungPictures) -> Figure:
    """Figure 11: where samples fall in the plane of two properties; a panel for each condition, where it lies."""
    asked, found = np.asarray(pictures.domain)[:, :2], model.domain
    sides = [np.unique(column) for column in asked.T]
    low, high, pitch = np.asarray(found.low), np.asarray(found.high), found.bins + GAP
    whole = np.full([pitch * len(side) - GAP for side in sides], np.nan)
    figure = Figure(figsize=(6.2, 5.6), layout="constrained")
    axes = figure.add_subplot()
    for k, condition in enumerate(asked):
        corner = [pitch * int(np.searchsorted(side, at)) for side, at in zip(sides, condition, strict=True)]
        counts = found.counted(k)
        whole[corner[0] : corner[0] + found.bins, corner[1] : corner[1] + found.bins] = counts / max(counts.max(), 1)
        first, second = corner + found.bins * (condition - low) / (high - low) - 0.5
        axes.plot(first, second, "o", ms=4.5, c=VERMILION)
        inside = corner[0] + 0.5, corner[1] + found.bins - 1.5
        axes.text(*inside, f"{found.errors[k]:.0f} %", fontsize=8, va="top")
        axes.add_patch(
            Rectangle((corner[0] - 0.5, corner[1] - 0.5), found.bins, found.bins, fill=False, ec=GREY, lw=0.6)
        )
    axes.imshow(whole.T, origin="lower", cmap=AMOUNT, vmin=0, vmax=1, interpolation="nearest")
    middles = [pitch * np.arange(len(side)) + found.bins / 2 for side in sides]
    axes.set_xticks(middles[0], [number(at, 3) for at in sides[0]])
    axes.set_yticks(middles[1], [number(at, 2) for at in sides[1]])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    axes.set(xlabel=f"asked: {axis_label(pictures.names[0])}", ylabel=f"asked: {axis_label(pictures.names[1])}")
    axes.set_title(
        f"{model.name}; every panel spans {in_unit(pictures.names[0], *found.low[:1], *found.high[:1])} and "
        f"{in_unit(pictures.names[1], *found.low[1:2], *found.high[1:2], digits=2)}",
        fontsize=9,
    )
    return figure


def curves(models: Sequence[TungModel], pictures: TungPictures) -> Figure:
    """Figure 12: MAPE and cosine similarity by condition along the diagonal."""
    figure = Figure(figsize=(8.6, 3.7), layout="constrained")
    left, right = figure.subplots(1, 2)
    places = np.asarray(pictures.diagonal)[:, 0]
    for k, model in enumerate(models):
        style = _style(k) | {"marker": "o" if model.published else "^", "ms": 3}
        left.plot(places, np.maximum(np.mean(model.diagonal.errors, axis=0), 1e-3), label=model.name, **style)
        right.plot(places, model.diagonal.cosine, **style)
    left.set(yscale="log", ylabel="MAPE over both properties, %")
    left.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_formatter(NullFormatter())
    right.set(ylabel="mean pairwise cosine", ylim=(0, 1.03))
    for axes in (left, right):
        axes.set_xlabel(f"asked: {axis_label(pictures.names[0])}")
    below(figure, *left.get_legend_handles_labels())
    return figure


def _style(place: int) -> dict[str, Any]:
    """The line of the model at a place: its colour, and dashes where the colours come again."""
    return {"color": SERIES[place % len(SERIES)], "ls": DASHES[place // len(SERIES) % len(DASHES)], "lw": 1.4}


def bars(models: Sequence[TungModel], pictures: TungPictures) -> Figure:
    """Figures 12 to 14: compositions at both ends of the diagonal."""
    figure = Figure(figsize=(7.6, 1.7 * len(models) + 1.1), layout="constrained")
    panels = figure.subplots(len(models), 2, sharey=True, squeeze=False)
    for row, model in zip(panels, models, strict=True):
        for axes, samples in zip(row, model.ends, strict=True):
            stacked(axes, samples.fractions, pictures.elements)
            axes.set_title(f"{model.name}: cosine {samples.cosine:.3f}", fontsize=8.5)
        row[0].set_ylabel("atomic fraction", fontsize=8.5)
    for axes, k in zip(panels[-1], (0, -1), strict=True):
        axes.set_xlabel(in_words(pictures.names, pictures.diagonal[k]), fontsize=8.5)
    element_legend(figure, pictures.elements, [samples.fractions for m in models for samples in m.ends])
    return figure


def paths(models: Sequence[TungModel], pictures: TungPictures) -> Figure:
    """Figures 15 to 17: compositions between two latents at one condition, and how far they miss it."""
    shown = [model for model in models if model.paths]
    wide = max(len(model.paths) for model in shown)
    figure = Figure(figsize=(2.9 * wide + 0.6, 2.9 * len(shown) + 0.9), layout="constrained")
    heights = [2.4, 1] * len(shown)
    panels = figure.subplots(2 * len(shown), wide, squeeze=False, height_ratios=heights, sharex=True)
    for k, model in enumerate(shown):
        for column, found in enumerate(model.paths):
            above, under = panels[2 * k, column], panels[2 * k + 1, column]
            layers(above, found.fractions, pictures.elements)
            above.set_title(f"{model.name}: {found.kind}", fontsize=7.5)
            off = 100 * (np.asarray(found.values) / np.asarray(pictures.path) - 1)
            share = np.linspace(0, 1, len(off))
            for name, values, colour in zip(pictures.names, off.T, (BLUE, ORANGE, SKY), strict=False):
                under.plot(share, values, c=colour, lw=1.3, label=plain(name))
            under.axhline(0, c=VERMILION, ls="--", lw=0.8)
            under.tick_params(labelsize=7)
        for axes in panels[2 * k : 2 * k + 2, len(model.paths) :].ravel():
            axes.set_axis_off()
        panels[2 * k, 0].set_ylabel("atomic fraction", fontsize=8)
        panels[2 * k + 1, 0].set_ylabel("off, %", fontsize=8)
    panels[-1, 0].set_xlabel("share of the way")
    element_legend(figure, pictures.elements, [found.fractions for model in shown for found in model.paths])
    return figure


def novelty(models: Sequence[TungModel]) -> Figure:
    """Figure 18: cosine of samples to the real alloy whose properties were asked for."""
    figure = Figure(figsize=(7.4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    for k, model in enumerate(models):
        edges = np.linspace(model.novelty.low, model.novelty.high, len(model.novelty.shares) + 1)
        told = f"{model.name}, mean {100 * model.novelty.mean:.1f} %"
        axes.stairs(100 * np.asarray(model.novelty.shares), edges, label=told, **_style(k))
    axes.set(xlabel="cosine to the real alloy whose properties were asked for", ylabel="samples, %", xlim=(0, 1))
    below(figure, *axes.get_legend_handles_labels(), columns=3)
    return figure
