"""The figures of Debnath et al. 2021, drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure

from generators.evaluation.reproduction.pictures.records import (
    AskedPicture,
    DebnathModel,
    DebnathPictures,
    EnsemblePicture,
    Histogram,
)
from loop.review.figures.style import BLUE, INK, MANY, ORANGE, SKY, VERMILION
from loop.review.papers.drawing.parts import alloys_in_plane, axis_label, columns

CORRELATION = LinearSegmentedColormap.from_list(
    "correlation", [to_rgba(BLUE), (0.5, 0.5, 0.5, 0.0), to_rgba(VERMILION)]
)
"""Blue below, red above, and nothing in the middle, as in the paper; the page shines through."""


def ensembles(model: DebnathModel, pictures: DebnathPictures) -> Figure:
    """Figure 4: correlations of elements, numbers of elements and samples; real above generated."""
    figure = Figure(figsize=(10.2, 6.6), layout="constrained")
    panels = figure.subplots(2, 3, width_ratios=(1.15, 1, 1))
    for row, name, found in zip(panels, ("real", model.name), (pictures.data, model.ensemble), strict=True):
        image = _correlation(row[0], found, pictures.elements)
        row[0].set_title(f"{name}: correlations", fontsize=9)
        places = np.arange(1, len(found.counts) + 1)
        seen = np.flatnonzero(np.asarray(pictures.data.counts) + np.asarray(model.ensemble.counts))
        row[1].bar(places, 100 * np.asarray(found.counts), color=BLUE, width=0.8)
        row[1].set(xlim=(0.4, max(int(seen.max()) + 1, 8) + 0.6), xlabel="number of elements", ylabel="alloys, %")
        row[1].set_title(f"{name}: elements in an alloy", fontsize=9)
        density = columns(row[2], found.fractions, pictures.elements)
        row[2].set_title(f"{name}: {len(found.fractions)} alloys", fontsize=9)
    _bar(figure, image, panels[:, 0], "correlation")
    _bar(figure, density, panels[:, 2], "atomic fraction")
    return figure


def _correlation(axes: Any, found: EnsemblePicture, elements: Sequence[str]) -> Any:
    matrix = np.asarray(found.correlation)
    np.fill_diagonal(matrix, np.nan)
    image = axes.imshow(matrix, cmap=CORRELATION, vmin=-0.4, vmax=0.4, interpolation="nearest")
    axes.set_xticks(range(len(elements)), elements, fontsize=6.5, rotation=90)
    axes.set_yticks(range(len(elements)), elements, fontsize=6.5)
    axes.grid(visible=False)
    return image


def _bar(figure: Figure, image: Any, panels: Any, text: str) -> None:
    bar = figure.colorbar(image, ax=panels, shrink=0.5, pad=0.02)
    bar.set_label(text, fontsize=8)
    bar.ax.tick_params(labelsize=7)


def parity(models: Sequence[DebnathModel], pictures: DebnathPictures) -> Figure:
    """Figure 5: each property of one sample for every alloy of the data against what was asked."""
    asked, names = np.asarray(pictures.values), pictures.names
    figure = Figure(figsize=(4.1 * len(names), 3.3 * len(models)), layout="constrained")
    panels = figure.subplots(len(models), len(names), squeeze=False, sharex="col", sharey="col")
    for row, model in zip(panels, models, strict=True):
        got = np.asarray(model.parity.values)
        for k, axes in enumerate(row):
            axes.scatter(asked[:, k], got[:, k], s=8, color=BLUE, alpha=0.5, lw=0, rasterized=len(asked) > MANY)
            ends = [asked[:, k].min(), asked[:, k].max()]
            axes.plot(ends, ends, "--", c=VERMILION, lw=1)
            axes.set_title(f"{model.name}: MAPE {model.parity.mape[k]:.2f} %", fontsize=9)
            axes.set_ylabel("generated", fontsize=8.5)
    for axes, name in zip(panels[-1], names, strict=True):
        axes.set_xlabel(f"asked: {axis_label(name)}")
    return figure


def moduli(model: DebnathModel, pictures: DebnathPictures) -> Figure:
    """Figure 6: distributions of the properties, and samples, with only the first property asked."""
    return _asked(model.moduli, pictures, f"{model.name}: {axis_label(pictures.names[0])} asked alone")


def corners(model: DebnathModel, pictures: DebnathPictures) -> Figure:
    """Figures 7B and 8: the same with both properties asked, at the four corners."""
    return _asked(model.corners, pictures, f"{model.name}: both properties asked, at the corners")


def _asked(shown: Sequence[AskedPicture], pictures: DebnathPictures, text: str) -> Figure:
    count = len(pictures.names)
    figure = Figure(figsize=(10.2, 1.5 * count + 3.6), layout="constrained")
    panels = figure.subplots(count + 1, len(shown), height_ratios=[1] * count + [2.5], squeeze=False, sharey="row")
    for k, one in enumerate(shown):
        for axes, name, found, at in zip(panels[:, k], pictures.names, one.values, one.asked, strict=False):
            _distribution(axes, found, at)
            axes.set_xlabel(axis_label(name), fontsize=7.5)
        image = columns(panels[count, k], one.samples.fractions, pictures.elements)
        panels[0, k].set_title(f"asked: {one.label}", fontsize=9)
    panels[0, 0].set_ylabel("samples, %", fontsize=8)
    _bar(figure, image, panels[count], "atomic fraction")
    figure.suptitle(text, fontsize=10, color=INK)
    return figure


def _distribution(axes: Any, found: Histogram, asked: float) -> None:
    edges = np.linspace(found.low, found.high, len(found.shares) + 1)
    axes.stairs(100 * np.asarray(found.shares), edges, fill=True, color=SKY)
    axes.axvline(found.mean, c=BLUE, lw=1.3)
    if np.isfinite(asked):
        axes.axvline(asked, c=VERMILION, lw=1.3, ls="--")
    axes.tick_params(labelsize=7)


def means(model: DebnathModel, pictures: DebnathPictures) -> Figure:
    """Figure 6 in one picture: the mean composition by what was asked, elements by their own modulus."""
    order = np.argsort(pictures.element_moduli)
    labels = [f"{pictures.elements[i]}, {pictures.element_moduli[i]:.0f}" for i in order]
    shares = 100 * np.array([np.mean(one.means, axis=0)[order] for one in model.moduli]).T
    figure = Figure(figsize=(5.2, 0.24 * len(labels) + 1.1), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(labels))
    for k, (one, column) in enumerate(zip(model.moduli, shares.T, strict=True)):
        radius, beside = np.sqrt(np.maximum(column, 0.0)), k + 0.28
        axes.scatter(np.full(len(places), k), list(places), s=14 * radius**2 + 0.5, color=SKY, lw=0)
        for place, share in zip(places, column, strict=True):
            if share >= 0.5:
                axes.text(beside, place, f"{share:.0f}", fontsize=7, va="center")
        axes.text(k, len(places) + 0.2, one.label, ha="center", fontsize=9)
    axes.set_yticks(places, labels, fontsize=7.5)
    axes.set(xticks=[], xlim=(-0.6, len(shares.T) - 0.3), ylim=(-0.8, len(places) + 0.9))
    axes.set_ylabel("element and its own modulus, GPa", fontsize=8.5)
    axes.set_xlabel(f"mean at.% of {model.name} by {axis_label(pictures.names[0])} asked", fontsize=8.5)
    return figure


def plane(pictures: DebnathPictures) -> Figure:
    """Figure 7A: the real alloys in the plane of both properties, and the four corners."""
    figure = Figure(figsize=(5.8, 4.0), layout="constrained")
    axes = figure.add_subplot()
    alloys_in_plane(axes, pictures)
    for one in pictures.models[0].corners:
        first, second = one.asked[:2]
        axes.plot(first, second, "o", c=ORANGE, ms=9)
        axes.annotate(one.label, (first, second), (7, 5), textcoords="offset points", fontsize=11, weight="bold")
    return figure
