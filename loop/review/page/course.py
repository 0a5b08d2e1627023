"""How the search went, and how far the models can be trusted."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from alloys.goal import measure_of
from loop.review.page.about import LISTED, Reported
from loop.review.page.marks import code, count, named, percent, real, unit_of, words
from surrogates.model.calibration import NOMINAL


def searched(about: Reported) -> dict[str, Any]:
    """How the search went, iteration by iteration."""
    rows = []
    for summary in about.summaries:
        index, volume = summary["index"], summary["hypervolume"]
        told = {name: count(summary[name], name, index) for name in ("selected", "validated", "feasible", "failed")}
        told["index"] = count(index, "index", index)
        told["hypervolume"] = Markup("open") if volume is None else real(volume, "hypervolume", index)
        then = summary.get("hypervolume_then")
        if then is not None:
            told["hypervolume"] += Markup(" (then {})").format(real(then, "hypervolume then", index))
        seconds = summary["seconds"]
        told["seconds"] = Markup("–") if seconds is None else real(seconds, "seconds", index, digits=3)
        rows.append(told)
    shown = [*rows[: LISTED // 2], None, *rows[-LISTED:]] if len(rows) > 2 * LISTED else rows
    chance = Markup(
        "<code>alloyloop run {0}.yaml --name {0}-chance --iterations 0 "
        "--set start.from_table=0 --set start.validate={1}</code>"
    ).format(about.view.config.name, count(len(about.view.rows), "count", "validated"))
    measure = measure_of(about.view.goal.objectives).capitalize()
    return {
        "rows": shown,
        "measure": measure,
        "chance": chance,
        "arm": None if about.beside is None else code(about.beside.config.name),
    }


def trusted(about: Reported) -> dict[str, Any]:
    """How far the models can be trusted: predictions that were made before the answer."""
    picture = about.pictures.get("parity")
    rows = []
    for name, score in picture.data.scores.items() if picture else ():
        inside = int(picture.data.frames[name]["inside"].sum()) if picture else 0
        row = about.view.problem.properties[name]
        rows.append(
            {
                "property": named(row),
                "count": count(score.count, "predictions", name),
                "inside": Markup("{} ({})").format(
                    count(inside, "inside", name), percent(score.coverage, "coverage", name)
                ),
                "error": real(score.rmse, "rmse", name, digits=3) + unit_of(row),
                "sharpness": real(score.sharpness, "sharpness", name, digits=3) + unit_of(row),
                "verdict": score.verdict,
            }
        )
    iterations = about.store.iterations()
    notes = iterations[-1].notes.screening.notes if iterations else ()
    return {"rows": rows, "notes": [_note(about, note) for note in notes], "nominal": percent(NOMINAL, "nominal")}


def _note(about: Reported, text: str) -> Markup:
    """A note of the surrogate; where it begins with a property, that stands as people write it."""
    name, _, rest = text.partition(": ")
    known = about.view.problem.properties.get(name) if rest else None
    return words(text) if known is None else Markup("{}: {}").format(named(known), words(rest))
