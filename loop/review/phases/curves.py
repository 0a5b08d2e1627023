"""Fractions of phases against temperature, and the fraction of solid while an alloy freezes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.style import context

from loop.review.phases.style import SIZE, NamedLine, looks, name_lines, save
from loop.review.phases.units import Degrees

EVERY = 9
"""Points of a curve between two markers."""
SMALL = 0.12
"""Fractions that are never larger have a panel of their own, where they can be read."""


@context("default")
def draw_fractions(found: Any, title: str, fraction: str, degrees: Degrees, path: Path) -> None:
    """Draws `validation.calphad.diagrams.fractions.PhaseFractions`; what stays small has a panel of its own.

    Args:
        found: the fractions.
        title: which alloy, from which database.
        fraction: what they are, as "mole fraction".
        degrees: the scale of temperature.
        path: the file; ``.png``, ``.svg`` or ``.pdf``.
    """
    most = {name: float(np.nanmax(shares)) for name, shares in found.fractions.items()}
    small = [name for name, value in most.items() if value < SMALL]
    panels = [[name for name in most if name not in small], *([small] if small else [])]
    figure = Figure(figsize=(SIZE[0], SIZE[1] + (2.0 if small else 0.0)), layout="constrained")
    rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=(2, 1)[: len(panels)])[:, 0]
    x, styles = degrees.of(found.kelvin), {name: looks(index) for index, name in enumerate(most)}
    for axes, names in zip(rows, panels, strict=True):
        lines = [NamedLine(name, x, with_ends(found.fractions[name])) for name in names]
        for index, line in enumerate(lines):
            axes.plot(x, line.y, lw=1.6, ms=4.5, markevery=(index * 3 % EVERY, EVERY), **styles[line.name])
        for value in found.ends.values():
            axes.axvline(degrees.of(value), color="0.6", lw=0.9, ls=(0, (1, 2)), zorder=0)
        high = max((most[name] for name in names), default=1.0)
        axes.set_ylim(-0.03 * high, 1.12 * high)
        axes.set_ylabel(f"{fraction} of the phase")
    rows[0].set_xlim(float(x[0]), float(x[-1]))
    rows[-1].set_xlabel(f"temperature, {degrees.unit}")
    told = ", ".join(f"{word} {degrees.of(value):.0f} {degrees.unit}" for word, value in found.ends.items())
    rows[0].set_title(title + (f"\n{told}" if told else ""), fontsize=10)
    for axes, names in zip(rows, panels, strict=True):
        name_lines(axes, [NamedLine(n, x, with_ends(found.fractions[n])) for n in names], styles)
    save(figure, path)


@context("default")
def draw_freezing(found: Any, title: str, degrees: Degrees, path: Path) -> None:
    """Draws `validation.calphad.diagrams.fractions.Freezing`: temperature against the fraction of solid."""
    figure = Figure(figsize=SIZE)
    axes = figure.add_subplot()
    lines, styles = [], {}
    for index, (name, rows) in enumerate((("equilibrium", found.equilibrium), ("Scheil", found.scheil))):
        styles[name] = looks(index)
        t, solid = degrees.of(rows[:, 0]), rows[:, 1]
        axes.plot(solid, t, lw=1.6, ms=4.5, markevery=4, **styles[name])
        lines.append(NamedLine(name, solid, t))
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("mole fraction of solid")
    axes.set_ylabel(f"temperature, {degrees.unit}")
    equilibrium, scheil = found.ranges.values()
    axes.set_title(
        f"{title}\nfreezing range {scheil:.0f} K without diffusion in the solid (Scheil), "
        f"{equilibrium:.0f} K in equilibrium",
        fontsize=10,
    )
    name_lines(axes, lines, styles)
    save(figure, path)


def with_ends(shares: Any) -> Any:
    """The fractions of a phase where it is there and beside that, so that its line begins and ends on the axis."""
    there = shares > 0.0
    return np.where(np.convolve(there, (1, 1, 1), mode="same") > 0, shares, np.nan)
