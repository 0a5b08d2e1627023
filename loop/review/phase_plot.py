"""A picture of one alloy's phases against temperature."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
from matplotlib.figure import Figure

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import WorkError
from alloys.files import write_atomic
from alloys.records import Measured

COLDEST_K = 873.15
MARGIN_K = 60.0
"""How far the picture goes beyond the liquidus."""
POINTS = 90
NEAR_K = 0.2
"""Points this close to solidus and liquidus show where liquid appears and the last solid goes."""


def temperatures_of(solidus: float, liquidus: float) -> list[float]:
    """Temperatures of the picture in K: even ones, and those beside solidus and liquidus."""
    even = np.linspace(min(COLDEST_K, solidus - 200.0), liquidus + MARGIN_K, POINTS)
    beside = [solidus - NEAR_K, solidus + NEAR_K, liquidus - NEAR_K, liquidus + NEAR_K]
    return sorted({round(float(t), 2) for t in [*even, *beside]})


def draw_phases(validator: Any, composition: Composition, path: Path) -> None:
    """Draws the mole fraction of each phase of an alloy and writes the picture, its form by the file's ending.

    Args:
        validator: one with ``curve``.
        composition: the alloy.
        path: the file; ``.png``, ``.svg`` or ``.pdf``.

    Raises:
        WorkError: where the alloy has no solidus, or no equilibrium.
    """
    verdict = validator.validate(Design(composition))
    if not isinstance(verdict, Measured):
        raise WorkError(f"{composition}: {verdict.message}")
    solidus, liquidus = (verdict.properties[name].value for name in ("solidus", "liquidus"))
    kelvin = temperatures_of(solidus, liquidus)
    figure = Figure(figsize=(7, 4.5))
    axes = figure.add_subplot()
    for label, shares in validator.curve(composition, kelvin).items():
        axes.plot(kelvin, np.where(shares > 0.0, shares, np.nan), marker=".", ms=3, lw=1.2, label=label)
    for value in (solidus, liquidus):
        axes.axvline(value, color="0.6", lw=0.8, ls=":")
    axes.set_xlabel("temperature, K")
    axes.set_ylabel("mole fraction")
    axes.set_ylim(-0.02, 1.02)
    axes.set_title(f"{composition}: solidus {solidus:.0f} K, liquidus {liquidus:.0f} K")
    axes.legend(fontsize=8)
    stream = io.BytesIO()
    figure.savefig(stream, format=path.suffix[1:], dpi=120, bbox_inches="tight")
    write_atomic(path, stream.getvalue())
