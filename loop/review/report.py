"""Reports of a campaign: the documents of ``--json`` and the tables of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich import box
from rich.table import Table

from alloys.design import heading_of
from alloys.goal import Objective, count_dominating, measure_of
from alloys.records import proposer
from loop.config.steering.in_force import CHOOSING
from loop.measurements import rounded
from loop.people.steering import act_document
from loop.review.figures.words import KNOWN_BEFORE
from loop.store import CampaignStore
from loop.summaries import campaign_state, iteration_summaries
from loop.view import Row, View, config_of, view_of


def status_document(store: CampaignStore, view: View | None = None) -> dict[str, Any]:
    """The document of ``alloyloop status --json``."""
    return {
        "name": store.campaign().name,
        "state": campaign_state(store),
        "measure": measure_of(config_of(store).objectives),
        "iterations": iteration_summaries(store, view),
        "queue": dict(store.counts()),
        "observations": len(store.observations()),
        "dataset_digest": store.dataset_digest(),
        "acts": [act_document(act) for act in store.acts()],
    }


def changes_text(store: CampaignStore, view: View) -> str:
    """Hypervolume by what is wanted now and by the configuration; empty where people changed nothing."""
    if not any(act.kind in CHOOSING for act in store.acts()):
        return ""
    first = view_of(store, upto=0)
    volumes = f"hypervolume {view.hypervolume(view.rows):.4g} by that, {first.hypervolume(first.rows):.4g} by the file"
    return f"what is wanted was changed since the campaign began (`alloyloop status` says how): {volumes}"


def best_document(view: View, top: int) -> list[dict[str, Any]]:
    """The document of ``alloyloop best --json``: the best alloys first, feasible ones before all others."""
    return [_best_row(row, view) for row in view.ranked()[:top]]


def _best_row(row: Row, view: View) -> dict[str, Any]:
    names = [*view.goal.names, *(name for name in row.values if name not in view.goal.names)]
    properties = {}
    for name in names:
        if name in row.values:
            prediction = row.prediction
            properties[name] = {
                "value": row.values[name],
                "unit": view.problem.properties[name].unit,
                **(row.measured[name].to_json() if name in row.measured else {}),
                "predicted": prediction.means.get(name) if prediction else None,
                "predicted_std": prediction.stds.get(name) if prediction else None,
            }
    return {
        **row.design.named(),
        "feasible": row.feasible,
        **({"outside": row.outside} if row.outside else {}),
        "properties": properties,
        "iteration": row.iteration,
        "generator": row.origin,
    }


def best_tables(view: View, top: int, *, with_predictions: bool = True) -> list[Table]:
    """The best feasible alloys, validated values and, below them, predictions: the same for terminals of any width.

    The first table has everything. The next one lacks standard deviations, and the last the constraints that follow
    from the composition too; it says which.

    Args:
        view: the campaign.
        top: how many.
        with_predictions: whether predictions are shown.
    """
    objectives = {objective.name for objective in view.goal.objectives}
    names = view.goal.names
    few = [
        name for name in names if name in objectives or (name in view.problem.validated and not _is_share(view, name))
    ]
    kinds = [(names, True), (names, False), (few, False)] if with_predictions else [(names, False), (few, False)]
    rows, on_front, more = front_first(view, top)
    return [_best_table(view, shown, rows, on_front, more, with_predictions, stds) for shown, stds in kinds]


def best_of_each(view: View, rows: Sequence[Row] | None = None) -> list[tuple[Objective, Row]]:
    """For each objective the feasible design with its best value, of some rows or of all; none where none has one."""
    feasible = [row for row in (view.rows if rows is None else rows) if row.feasible]
    known = {each: [row for row in feasible if each.name in row.values] for each in view.goal.objectives}
    return [
        (each, max(rows, key=lambda row, each=each: float(each.signed(row.values[each.name]))))  # type: ignore[misc]
        for each, rows in known.items()
        if rows
    ]


def front_first(view: View, top: int) -> tuple[list[Row], int, int]:
    """The best feasible rows: those of the front in the order of the first objective, then the others.

    Returns:
        the rows, how many of them are on the front, and how many more the front has.
    """
    feasible = [row for row in view.ranked() if row.feasible]
    points = [view.goal.signed_objectives(row.values) for row in feasible]
    table = np.array([point for point in points if point])
    front = [
        (point, row)
        for point, row in zip(points, feasible, strict=True)
        if point and not count_dominating(table, np.array(point))
    ]
    shown = front[:top]  # those that are first in rank, so that they are the best compromises of a large front
    chosen = [row for _, row in sorted(shown, key=lambda pair: pair[0], reverse=True)]
    others = [row for row in feasible if all(row is not one for _, one in front)]
    return [*chosen, *others[: top - len(chosen)]], len(chosen), len(front) - len(chosen)


def _best_table(
    view: View, names: Sequence[str], rows: list[Row], on_front: int, more: int, with_predictions: bool, stds: bool
) -> Table:
    title = "Best feasible alloys, validated" + (" (model before validation)" if with_predictions else "")
    if len(view.goal.objectives) > 1:
        title += f": the front by {view.goal.objectives[0]}, then those that the fewest others beat in every objective"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(heading_of(row.design for row in rows), no_wrap=not view.space.variables)
    table.add_column("from", no_wrap=True)
    objectives = {objective.name: objective for objective in view.goal.objectives}
    for name in names:
        heading = (view.problem.properties[name].heading or name.replace("_", " ")).replace("|", "\n")
        lines = [heading, _unit(view.problem.properties[name].unit), _target(objectives.get(name))]
        table.add_column("\n".join(line for line in lines if line is not None), justify="right")
    for place, row in enumerate(rows):
        cells = [_cell(row, name, with_predictions and not _is_share(view, name), stds) for name in names]
        where = KNOWN_BEFORE if row.iteration is None else f"{row.iteration} {proposer(row.origin)}"
        last = len(view.goal.objectives) > 1 and place + 1 == on_front < len(rows)
        table.add_row(str(row.design), where, *cells, end_section=last)
    if not rows:
        table.add_row("none is feasible yet", "", *("" for _ in names))
    hidden = [name for name in view.goal.names if name not in names]
    notes = [f"and {more} more on the front; --top shows more" if more else None]
    notes.append(f"too narrow for {', '.join(hidden)}: on a wider terminal, and with --json" if hidden else None)
    table.caption = "\n".join(line for line in (*notes, _outside(view)) if line)
    table.caption_justify = "left"
    return table


def _outside(view: View, most: int = 5) -> str | None:
    """A line on alloys that keep the constraints and are no designs of the space."""
    kept = [row for row in view.rows if row.outside and set(view.goal.names) <= set(row.confirmed)]
    kept = [row for row in kept if view.goal.feasible(row.confirmed)]
    by, names = "measured outside the space (beyond its bounds or between its steps)", list[str]()
    for first in view.goal.objectives[:1]:
        kept.sort(key=lambda row: -first.signed(row.confirmed[first.name]))
        by, names = f"{by}, best by {first}", [first.name]
    told = [" ".join([str(row.design), *(f"{row.confirmed[name]:.4g}" for name in names)]) for row in kept]
    more = f" and {len(told) - most} more" if len(told) > most else ""
    return f"{by}: {', '.join(told[:most])}{more}" if told else None


def _is_share(view: View, name: str) -> bool:
    return view.problem.properties[name].scale == "share"


def _unit(unit: str) -> str:
    return "" if unit in ("1", "mole fraction") else unit.replace("electrons/atom", "e/atom")


def _target(objective: Objective | None) -> str | None:
    """What a property should match; None where it should match nothing."""
    return None if objective is None or objective.target is None else f"→ {str(objective).split()[-1]}"


def _cell(row: Row, name: str, with_predictions: bool, with_std: bool) -> str:
    text = f"{row.values[name]:.4g}" if name in row.values else "?"
    if name in row.measured:
        text += row.measured[name].spread
    if with_predictions and row.prediction is not None:
        mean, std = row.prediction.means.get(name), row.prediction.stds.get(name)
        if mean is not None and std is not None:
            text += f"\n({mean:.4g}±{rounded(std)})" if with_std else f"\n({mean:.4g})"
    return text


def iteration_table(summaries: list[dict[str, Any]], measure: str = "hypervolume") -> Table:
    """What each iteration selected, what of it was validated and is feasible, and its hypervolume.

    Where what is wanted was changed since some were closed, a column has the hypervolume as it was then. ``measure`` is
    what stands in the place of hypervolumes, see `alloys.goal.measure_of`.
    """
    both = any("hypervolume_then" in row for row in summaries)
    table = Table(title="Iterations", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    volumes = (f"{measure}\nby now", f"{measure}\nas it was") if both else (measure,)
    for name in ("iteration", "selected", "validated", "feasible", "failed", *volumes, "seconds"):
        table.add_column(name, justify="right")
    for row in summaries:
        share = f"{row['feasible']} ({row['feasible'] / row['validated']:.0%})" if row["validated"] else "0"
        known = [row["hypervolume"], row.get("hypervolume_then", row["hypervolume"])][: len(volumes)]
        told = ("" if volume is None else f"{volume:.4g}" for volume in known)
        seconds = "" if row["seconds"] is None else f"{row['seconds']:.0f}"
        counts = (str(row[name]) for name in ("index", "selected", "validated"))
        table.add_row(*counts, share, str(row["failed"]), *told, seconds)
    return table
