"""The results of a campaign as one plain table, which every picture begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from alloys.errors import InputError
from alloys.goal import Objective
from alloys.properties import Property
from alloys.records import proposer
from alloys.space import Bools, Floats
from loop.review.figures.words import KNOWN_BEFORE, formula_html, label, spread, title, unit
from loop.view import Row, View

SHOWN = 4000
"""The most results that a picture in a browser holds; see `thinned`."""


@dataclass(frozen=True, slots=True)
class Results:
    """What is known of a campaign's designs.

    Attributes:
        frame: a row for each design that was validated: ``design``, ``iteration`` (0 for what was known before),
            ``origin`` (who proposed it), ``feasible``, ``failed``, ``front`` (see `front_rows`), and for each
            property of the goal ``NAME``, ``NAME std`` (the scatter of measurements), ``NAME predicted`` and
            ``NAME predicted std`` (before it was measured), NaN where there is none.
        properties: those of the goal, by name.
        objectives: by the name of their property.
        view: the campaign.
        upto: the iteration after which it stood so; None as it stands.
    """

    frame: pd.DataFrame
    properties: dict[str, Property]
    objectives: dict[str, Objective]
    view: View
    upto: int | None = None

    @property
    def measured(self) -> pd.DataFrame:
        """The rows of which every objective is known; without objectives, every property of the goal.

        Raises:
            InputError: if there is none.
        """
        found = self.frame.dropna(subset=list(self.objectives or self.properties))
        if found.empty:
            raise InputError(f"campaign {self.view.config.name!r} has no results yet: nothing can be shown of them")
        return found

    def text(self, name: str) -> str:
        """Name and unit of a property."""
        return label(self.properties[name])


def results_of(view: View, upto: int | None = None) -> Results:
    """The results of a campaign, or as they stood after an iteration."""
    rows = view.rows if upto is None else view.upto(upto)
    front = set(map(id, front_rows(rows, view)))
    names = view.goal.names
    columns = [
        column for name in names for column in (name, f"{name} std", f"{name} predicted", f"{name} predicted std")
    ]
    table = {
        "design": [row.design for row in rows],
        "iteration": [row.iteration or 0 for row in rows],
        "origin": [KNOWN_BEFORE if row.iteration is None else proposer(row.origin) for row in rows],
        "feasible": [row.feasible for row in rows],
        "failed": [row.failure is not None for row in rows],
        "front": [id(row) in front for row in rows],
    }
    numbers = np.array([[cell for name in names for cell in _cells(row, name)] for row in rows], dtype=np.float64)
    frame = pd.DataFrame(table).join(pd.DataFrame(numbers.reshape(len(rows), len(columns)), columns=columns))
    properties = {name: view.problem.properties[name] for name in names}
    return Results(frame, properties, {o.name: o for o in view.goal.objectives}, view, upto)


def _cells(row: Row, name: str) -> tuple[float | None, ...]:
    scatter = row.measured[name].scatter if name in row.measured else None
    told = (None, None) if row.prediction is None else (row.prediction.means.get(name), row.prediction.stds.get(name))
    return (row.values.get(name), scatter, *told)


def front_rows(rows: Sequence[Row], view: View) -> list[Row]:
    """The feasible rows that no other one beats, by the first objective; without objectives, the different ones."""
    if view.goal.any_feasible:
        return view.different(rows)
    known, points = _points(rows, view)
    first = view.goal.objectives[0].name
    return sorted((known[i] for i in np.flatnonzero(_best_of(points))), key=lambda row: row.values[first])


def best_rows(view: View, count: int) -> list[Row]:
    """The first of the feasible rows of `View.ranked`, found without ranking all of them.

    Without objectives they are in the order in which they came. What at most ``count`` others beat lies in one of the
    first ``count`` fronts: each is a front without those before.
    """
    if view.goal.any_feasible:
        return [row for row in view.rows if row.feasible][:count]
    known, points = _points(view.rows, view)
    left, found = np.arange(len(known)), [np.zeros(0, dtype=np.int64)]
    for _ in range(count):
        if sum(map(len, found)) >= count or not len(left):
            break
        keep = _best_of(points[left])
        found, left = [*found, left[keep]], left[~keep]
    chosen = np.concatenate(found).astype(np.int64)
    low, span = points.min(axis=0, initial=np.inf), np.ptp(points, axis=0) if len(points) else 1.0
    beaten = [((points >= points[i]).all(axis=1) & (points > points[i]).any(axis=1)).sum() for i in chosen]
    score = ((points[chosen] - low) / np.maximum(span, 1e-12)).sum(axis=1)
    return [known[chosen[i]] for i in np.lexsort((chosen, -score, beaten))[:count]]


def _points(rows: Sequence[Row], view: View) -> tuple[list[Row], Floats]:
    told = [(row, view.goal.signed_objectives(row.values)) for row in rows if row.feasible]
    known = [(row, point) for row, point in told if point is not None]
    points = np.array([point for _, point in known], dtype=np.float64)
    return [row for row, _ in known], points.reshape(-1, len(view.goal.objectives))


def _best_of(points: Floats) -> Bools:
    from surrogates.choosing.pareto import pareto_mask  # late: with torch

    return pareto_mask(points)


def thinned(frame: pd.DataFrame, most: int = SHOWN) -> pd.DataFrame:
    """The front, and so many of the others that a browser draws them quickly: every so many-th, none at random."""
    if len(frame) <= most:
        return frame
    front, others = frame[frame["front"]], frame[~frame["front"]]
    step = -(-len(others) // max(1, most - len(front)))
    return pd.concat([front, others.iloc[::step]]).sort_index()


def hover_texts(results: Results, frame: pd.DataFrame) -> list[str]:
    """What is told of each row under the pointer: formula, values with what was predicted, iteration, generator."""
    return [_hover(results, dict(row)) for row in frame.to_dict("records")]


def _hover(results: Results, row: Mapping[Any, Any]) -> str:
    lines = [f"<b>{formula_html(row['design'])}</b>"]
    for name, about in results.properties.items():
        value, std, mean, doubt = (row[f"{name}{key}"] for key in ("", " std", " predicted", " predicted std"))
        if np.isnan(value):
            continue
        told = f"{escape(title(about))}: {spread(value, None if np.isnan(std) else std)} {escape(unit(about.unit))}"
        lines.append(told.rstrip() + ("" if np.isnan(mean) else f" (predicted {spread(mean, doubt)})"))
    feasible = "feasible" if row["feasible"] else "validation failed" if row["failed"] else "not feasible"
    return "<br>".join([*lines, f"{feasible}; iteration {row['iteration']}, {escape(row['origin'])}"])
