"""Pictures of a campaign, as PNG files."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
from matplotlib.figure import Figure

from alloys.properties import Property
from loop.view import Row, View


def png(figure: Figure) -> bytes:
    """The picture as the content of a PNG file."""
    stream = io.BytesIO()
    # No creation date: the same data give the same file.
    figure.savefig(stream, format="png", dpi=120, bbox_inches="tight", metadata={"Software": "alloyloop"})
    return stream.getvalue()


def _label(row: Property) -> str:
    name, unit = row.name, row.unit
    return name if unit == "1" else f"{name}, {unit}"


def pareto_plot(view: View, upto: int) -> bytes:
    """Feasible and infeasible alloys over the first two objectives, the front, and the newest batch."""
    rows = [row for row in view.upto(upto) if view.goal.signed_objectives(row.values) is not None]
    figure = Figure(figsize=(7, 5))
    axes = figure.add_subplot()
    first = view.goal.objectives[0]
    second = view.goal.objectives[1] if len(view.goal.objectives) > 1 else None

    def place(chosen: list[Row]) -> tuple[list[float], list[float]]:
        x = [row.values[first.name] for row in chosen]
        y = [row.values[second.name] if second else float(row.iteration or 0) for row in chosen]
        return x, y

    missed = [row for row in rows if not row.feasible]
    axes.scatter(*place([r for r in missed if r.iteration != upto]), s=16, c="0.75", label="infeasible")
    late = [row for row in missed if row.iteration == upto]
    axes.scatter(*place(late), s=30, c="tab:red", marker="x", label=f"infeasible, iteration {upto}")
    axes.scatter(*place([r for r in rows if r.feasible and r.iteration != upto]), s=28, c="tab:blue", label="feasible")
    new = [row for row in rows if row.feasible and row.iteration == upto]
    axes.scatter(*place(new), s=44, c="tab:red", marker="D", label=f"feasible, iteration {upto}")
    front = _front([row for row in rows if row.feasible], view)
    if second and front:
        axes.step(*place(front), where="pre" if first.sign > 0 else "post", c="tab:blue", lw=1, label="front")
    axes.set_xlabel(_label(view.problem.properties[first.name]))
    axes.set_ylabel(_label(view.problem.properties[second.name]) if second else "iteration")
    axes.set_title(f"{view.config.name}: after iteration {upto}")
    axes.legend(fontsize=8)
    return png(figure)


def _front(rows: list[Row], view: View) -> list[Row]:
    points = np.array([view.goal.signed_objectives(row.values) for row in rows], dtype=np.float64)
    keep = [
        i for i, point in enumerate(points) if not ((points >= point).all(axis=1) & (points > point).any(axis=1)).any()
    ]
    return sorted((rows[i] for i in keep), key=lambda row: row.values[view.goal.objectives[0].name])


def composition_plot(view: View, upto: int, count: int = 16) -> bytes:
    """Stacked bars of the composition of the best feasible alloys, or of the batch where there are none."""
    best = [row for row in view.ranked() if row.feasible and (row.iteration or 0) <= upto][:count]
    rows = best or [row for row in view.rows if row.iteration == upto][:count]
    figure = Figure(figsize=(8, 0.35 * max(4, len(rows)) + 1.2))
    axes = figure.add_subplot()
    colours: Any = mpl.colormaps["tab10"]
    names = [str(row.design) for row in rows][::-1]
    left = np.zeros(len(rows))
    for i, symbol in enumerate(view.space.elements):
        share = np.array([100 * row.design.composition.fractions().get(symbol, 0.0) for row in rows])[::-1]
        axes.barh(names, share, left=left, color=colours(i % 10), label=symbol)
        left += share
    axes.set_xlabel("at.%")
    axes.set_xlim(0, 100)
    axes.tick_params(axis="y", labelsize=7)
    axes.set_title("best feasible alloys" if best else f"batch of iteration {upto}: none is feasible yet", fontsize=9)
    below = (0.5, -0.9 / figure.get_figheight())
    axes.legend(ncols=len(view.space.elements), fontsize=7, loc="upper center", bbox_to_anchor=below)
    return png(figure)
