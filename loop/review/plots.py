"""Pictures of a campaign, as PNG files."""

from __future__ import annotations

import io
from itertools import combinations
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from alloys.properties import Property
from loop.view import Row, View


def png(figure: Figure) -> bytes:
    """The picture as the content of a PNG file."""
    stream = io.BytesIO()
    # No creation date: the same data give the same file.
    figure.savefig(stream, format="png", dpi=120, bbox_inches="tight", metadata={"Software": "alloyloop"})
    return stream.getvalue()


def _label(row: Property) -> str:
    name = row.heading.replace("/|", "/").replace("|", " ") or row.name.replace("_", " ")
    return name if row.unit == "1" else f"{name}, {row.unit}"


def pareto_plot(view: View, upto: int) -> bytes:
    """`pareto_figure` as a PNG file."""
    return png(pareto_figure(view, upto))


def pareto_figure(view: View, upto: int) -> Figure:
    """Feasible and infeasible alloys over the objectives, the front, and the newest batch.

    Two objectives span one plane, in which the front is a line; three and more have a panel for each pair, in which the
    alloys of the front are ringed. One objective is drawn over the iterations, with the best so far.
    """
    rows = [row for row in view.upto(upto) if view.goal.signed_objectives(row.values) is not None]
    names = [objective.name for objective in view.goal.objectives]
    pairs = list(combinations(names, 2)) or [("", names[0])]
    columns = min(len(pairs), 3)
    lines = -(-len(pairs) // columns)
    figure = Figure(figsize=(7, 5) if len(pairs) == 1 else (4.3 * columns, 3.8 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, pair in zip(panels, pairs, strict=False):
        _scatter(axes, view, rows, upto, pair)
        front = _front([row for row in rows if row.feasible], view)
        if len(names) == 1:
            _draw_best(axes, view, rows)
        elif front:
            _draw_front(axes, view, front, pair)
    for axes in panels[len(pairs) :]:
        axes.set_visible(False)
    figure.suptitle(f"{view.config.name}: after iteration {upto}", fontsize=11)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    return figure


def _place(row: Row, name: str) -> float:
    """Where a row stands on the axis of a property; on that of iterations where there is none."""
    return row.values[name] if name else float(row.iteration or 0)


def _scatter(axes: Any, view: View, rows: list[Row], upto: int, pair: tuple[str, str]) -> None:
    """The alloys in one panel: what is new, and what is feasible, by colour and by marker."""
    kinds = (
        ("infeasible", False, False, {"s": 16, "c": "0.75"}),
        (f"infeasible, iteration {upto}", False, True, {"s": 30, "c": "tab:red", "marker": "x"}),
        ("feasible", True, False, {"s": 28, "c": "tab:blue"}),
        (f"feasible, iteration {upto}", True, True, {"s": 44, "c": "tab:red", "marker": "D"}),
    )
    for label, feasible, new, style in kinds:
        chosen = [row for row in rows if row.feasible is feasible and (row.iteration == upto) is new]
        points = [[_place(row, name) for row in chosen] for name in pair]
        axes.scatter(*points, label=label, zorder=2, **style)
    for name, axis in zip(pair, (axes.xaxis, axes.yaxis), strict=True):
        axis.set_label_text(_label(view.problem.properties[name]) if name else "iteration")
        if not name:
            axis.set_major_locator(MaxNLocator(integer=True))


def _draw_front(axes: Any, view: View, front: list[Row], pair: tuple[str, str]) -> None:
    """The front as a line where two objectives are all there are, else rings around its alloys."""
    points = [[_place(row, name) for row in front] for name in pair]
    if len(view.goal.objectives) == 2:
        where = "pre" if view.goal.objectives[0].sign > 0 else "post"
        axes.step(*points, where=where, c="tab:blue", lw=1, label="front", zorder=1)
    else:
        ring = {"s": 90, "facecolors": "none", "edgecolors": "k", "linewidths": 0.8}
        axes.scatter(*points, label="front of all objectives", zorder=3, **ring)


def _draw_best(axes: Any, view: View, rows: list[Row]) -> None:
    """The best feasible value by iteration."""
    (objective,) = view.goal.objectives
    iterations = sorted({row.iteration or 0 for row in rows})
    found = [
        [objective.sign * row.values[objective.name] for row in rows if row.feasible and (row.iteration or 0) <= number]
        for number in iterations
    ]
    known = [(number, objective.sign * max(values)) for number, values in zip(iterations, found, strict=True) if values]
    if known:
        axes.step(*zip(*known, strict=True), where="post", c="tab:blue", lw=1, label="best so far", zorder=1)


def _front(rows: list[Row], view: View) -> list[Row]:
    """The rows that no other one beats in everything, by the first objective."""
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
    many = len(view.space.elements) > 10
    colours: Any = mpl.colormaps["tab20" if many else "tab10"]
    names = [str(row.design) for row in rows][::-1]
    left = np.zeros(len(rows))
    for i, symbol in enumerate(view.space.elements):
        share = np.array([100 * row.design.composition.fractions().get(symbol, 0.0) for row in rows])[::-1]
        axes.barh(names, share, left=left, color=colours(i % colours.N), label=symbol)
        left += share
    axes.set_xlabel("at.%")
    axes.set_xlim(0, 100)
    axes.tick_params(axis="y", labelsize=7)
    axes.set_title("best feasible alloys" if best else f"batch of iteration {upto}: none is feasible yet", fontsize=9)
    below = (0.5, -0.9 / figure.get_figheight())
    axes.legend(ncols=len(view.space.elements), fontsize=7, loc="upper center", bbox_to_anchor=below)
    return png(figure)
