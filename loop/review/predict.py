"""What is known or predicted of single alloys in a campaign: the document and the tables of ``alloyloop predict``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import JustifyMethod
from rich.table import Table

from alloys.design import Design, design_text
from alloys.errors import InputError
from loop.choose.fitting import fit_surrogate
from loop.measurements import rounded
from loop.review.resembling import Observed, resemblance_line, surrogate_resemblance
from loop.view import Row, View, outside
from surrogates.model.calibration import HALF_WIDTH
from surrogates.model.surrogate import Surrogate

Floats = NDArray[np.float64]

_FAR = 0.9
"""Remoteness from which people are told of it."""

SURE = 0.9995
"""Probability from which a constraint is not in doubt."""


def predict_document(
    view: View, designs: Sequence[Design], nearest: int = 3, surrogate: Surrogate | None = None
) -> list[dict[str, Any]]:
    """The document of ``alloyloop predict --json``, one entry for each alloy.

    Args:
        view: the campaign.
        designs: alloys of the campaign's elements, in its space or not.
        nearest: how many known alloys to name.
        surrogate: fitted on what the view knows; it is fitted if None.

    Raises:
        InputError: if an alloy has an element outside the campaign's, naming every such alloy.
    """
    refuse_strangers(view, designs)
    surrogate = surrogate or fit_surrogate(view)
    entries = property_entries(view, surrogate, designs)
    success = surrogate.probability_success(view.inputs(designs))
    rows, observed = {row.design: row for row in view.rows}, Observed.of(view)
    documents = []
    for design, entry, modelled in zip(designs, entries, success, strict=True):
        row = rows.get(design)
        validated = float(modelled) if row is None else float(row.failure is None)
        chances = _chances(view, surrogate, design, entry)
        reason = outside(view.space, design)
        documents.append(
            {
                **design.named(),
                "status": "pending" if design in view.pending else _status(row),
                "in_space": not reason,
                "outside": reason,
                "properties": entry,
                "probability_success": validated,
                "probability_feasible": validated * float(np.prod(list(chances.values()))),
                "constraints": chances,
                "nearest": nearest_known(view, design, nearest),
                "remoteness": remoteness(view, design),
                "resembles": None if row is not None else surrogate_resemblance(observed, view.goal, design, entry),
            }
        )
    return documents


def refuse_strangers(view: View, designs: Sequence[Design]) -> None:
    """Refuses designs that the campaign's surrogate cannot see.

    Raises:
        InputError: naming each, with its elements outside the campaign, or what is wrong with its variables; what was
            measured is told of as it is.
    """
    known = {row.design for row in view.rows}
    mistakes = {str(d): view.space.variables.mistakes_of(d.values) for d in designs if d not in known}
    if view.space.elements and any(not design.composition.items for design in designs):
        raise InputError("a design of this campaign has a composition; name it by its formula too")
    wrong = [f"{name}: {', '.join(told)}" for name, told in mistakes.items() if told]
    if wrong:
        raise InputError("; ".join(wrong))
    stray = {design.formula: sorted(set(design.composition.elements) - set(view.space.elements)) for design in designs}
    bad = [f"{formula} has {', '.join(extra)}" for formula, extra in stray.items() if extra]
    if bad:
        palette = "-".join(view.space.elements)
        raise InputError(f"{'; '.join(bad)}: campaign {view.config.name!r} knows alloys of {palette} only")


def property_entries(
    view: View, surrogate: Surrogate, designs: Sequence[Design], *, measured: bool = True
) -> list[dict[str, dict[str, Any]]]:
    """Each property of the goal for each alloy: mean, standard deviation, 90 % interval, unit, and its source.

    ``source`` is ``"measured"``, ``"closed form"`` (both without an interval) or ``"model"``. The standard deviation of
    what was measured is the scatter of its measurements, whose number is there too. The interval of a phase fraction
    is the model's, taken back from the scale on which it is Gaussian.

    Args:
        view: the campaign; its goal names the properties.
        surrogate: fitted on it.
        designs: the alloys.
        measured: whether measured values take the place of the model's.
    """
    described = surrogate.describe(view.inputs(designs))
    means, stds = surrogate.predict(described)
    lows, highs = surrogate.intervals(described, HALF_WIDTH)
    rows = {row.design: row for row in view.rows} if measured else {}
    exact = view.problem.closed_forms(described.inputs)

    def entry(i: int, name: str) -> dict[str, Any]:
        unit = view.problem.properties[name].unit
        found = rows[designs[i]].measured.get(name) if designs[i] in rows else None
        if name in exact and (found is None or np.isclose(found.mean, exact[name][i], rtol=1e-9)):
            return _certain(float(exact[name][i]), unit, "closed form")
        computed = rows[designs[i]].values.get(name) if designs[i] in rows else None
        if name in view.problem.physics.combined and computed is not None:
            return _certain(computed, unit, "measured")
        if found is not None:  # people may measure what has a closed form, and then theirs counts
            return _certain(found.mean, unit, "measured") | found.to_json()
        numbers = {"mean": means[name][i], "std": stds[name][i], "low": lows[name][i], "high": highs[name][i]}
        return {**{key: float(number) for key, number in numbers.items()}, "unit": unit, "source": "model"}

    return [{name: entry(i, name) for name in view.goal.names} for i in range(len(designs))]


def _certain(value: float, unit: str, source: str) -> dict[str, Any]:
    return {"mean": value, "std": 0.0, "low": value, "high": value, "unit": unit, "source": source}


def _chances(view: View, surrogate: Surrogate, design: Design, entry: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Chances that the constraints of each property hold; a measured or exact property holds its own or does not."""
    modelled = surrogate.constraint_probabilities(view.inputs([design]), view.problem)
    found = {}
    for name, chance in modelled.items():
        bounds = [c for c in view.goal.constraints if c.name == name]
        certain = all(c.holds(np.array(entry[name]["mean"])) for c in bounds)
        own = float(chance[0]) if entry[name]["source"] == "model" else float(certain)
        found[" and ".join(map(str, bounds))] = own
    return found


def _status(row: Row | None) -> str:
    if row is None:
        return "unknown"
    return "measured" if row.failure is None else "failed"


def _hellinger(first: Floats, second: Floats) -> Floats:
    """Hellinger distances sqrt(1 - sum sqrt(p q)) between ``(n, d)`` and ``(m, d)`` fractions, shape ``(n, m)``."""
    return np.asarray(np.sqrt(np.maximum(1.0 - np.sqrt(first) @ np.sqrt(second).T, 0.0)))


def _distances(view: View, first: Sequence[Design], second: Sequence[Design]) -> Floats:
    """Distances between ``n`` and ``m`` designs, shape ``(n, m)``: Hellinger's of the compositions.

    With variables it is the root of the sum of its square and of the mean square of theirs, each of at most 1.
    """
    hellinger = _hellinger(view.fractions(first, view.foreign), view.fractions(second, view.foreign))
    variables = view.space.variables
    if not len(variables):
        return hellinger
    ours, theirs = (variables.distances(view.chosen(designs)) for designs in (first, second))
    squares = np.square(ours[:, None] - theirs).sum(axis=2) / len(variables)
    return np.asarray(np.sqrt(np.square(hellinger) + squares))


def remoteness(view: View, design: Design) -> float | None:
    """Share of the known alloys that have a nearer neighbour among the known ones than this alloy has.

    0 in the middle of the data, 1 farther out than any of them; None where fewer than two are known.
    """
    known = [row.design for row in view.rows if row.failure is None and row.design != design]
    if len(known) < 2:
        return None
    between = _distances(view, known, known)
    np.fill_diagonal(between, np.inf)
    own = _distances(view, [design], known).min()
    return float((between.min(axis=1) < own).mean())


def nearest_known(view: View, design: Design, count: int) -> list[dict[str, Any]]:
    """The known alloys nearest to one, itself left out, nearest first.

    ``distance`` is Hellinger's, and that of the variables: 0 for the same, 1 where no element is shared;
    ``exchanged`` is the share of atoms, in at.%, by which the two differ.
    """
    rows = [row for row in view.rows if row.failure is None and row.design != design]
    amounts = view.fractions([row.design for row in rows], view.foreign)
    ours = view.fractions([design], view.foreign)[0]
    away = _distances(view, [row.design for row in rows], [design])[:, 0]
    order = np.argsort(away, kind="stable")[:count]
    return [
        {
            **rows[i].design.named(),
            "distance": round(float(away[i]), 6),
            "exchanged": round(50.0 * float(np.abs(amounts[i] - ours).sum()), 6),
            "feasible": rows[i].feasible,
            "properties": {
                name: {"value": rows[i].values[name], "unit": view.problem.properties[name].unit}
                for name in view.goal.names
                if name in rows[i].values
            },
        }
        for i in order
    ]


def predict_tables(view: View, document: dict[str, Any]) -> list[Table]:
    """One alloy's properties, and those of the nearest known alloys; no wider than 80 columns where names allow it."""
    table = _table("property", "value", "90 %, or where from")
    for name, entry in document["properties"].items():
        std = f" ± {rounded(entry['std'])}" if entry["std"] else ""
        value = f"{entry['mean']:.5g}{std} {'' if entry['unit'] == '1' else entry['unit']}"
        interval = f"{entry['low']:.4g} to {entry['high']:.4g}"
        told = f"{entry['measurements']} measurements" if entry.get("measurements", 1) > 1 else entry["source"]
        table.add_row(name, value.strip(), interval if entry["source"] == "model" else told)
    if not document["nearest"]:
        return [table]
    heads = [f"{design_text(near)}\n{away_text(view, near)}" for near in document["nearest"]]
    known = _table("nearest known", *heads, right=len(heads))
    for name in document["properties"]:
        others = [near["properties"].get(name) for near in document["nearest"]]
        known.add_row(name, *(f"{other['value']:.4g}" if other else "" for other in others))
    return [table, known]


def _table(*heads: str, right: int = 0) -> Table:
    """A table that folds what does not fit; the last columns hold numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, head in enumerate(heads):
        side: JustifyMethod = "right" if place >= len(heads) - right else "left"
        table.add_column(head, justify=side, overflow="fold", no_wrap=place == 0)
    return table


def away_text(view: View, near: dict[str, Any]) -> str:
    """How far a known design is: by its composition, and where there are variables by the distance of both."""
    atoms = f"{near['exchanged']:.3g} at.% away" if view.space.elements else ""
    beside = f"distance {near['distance']:.2g}" if len(view.space.variables) else ""
    return ", ".join(text for text in (atoms, beside) if text)


_STATUS = {
    "unknown": "not measured",
    "measured": "measured",
    "pending": "asked for, and not answered yet",
    "failed": "its validation failed for good, so that it counts as infeasible",
}


def predict_lines(document: dict[str, Any]) -> list[str]:
    """What there is to say of an alloy before its numbers."""
    lines = [f"{design_text(document)}: {_STATUS[document['status']]}", _feasibility(document)]
    if document["status"] != "failed" and document["probability_success"] < 1:
        lines.append(f"validation succeeds with probability {document['probability_success']:.3g}")
    if document["outside"]:
        lines.append(f"outside the space: {document['outside']}")
    if document["remoteness"] is not None and document["remoteness"] >= _FAR:
        lines.append(f"far from the data: {document['remoteness']:.0%} of the known alloys have a nearer neighbour")
    if document["resembles"] is not None:
        lines.append(resemblance_line(document["resembles"]))
    if document["remoteness"] is None:
        lines.append("next to nothing is known yet: physics speaks")
    return [line for line in lines if line]


def _feasibility(document: dict[str, Any]) -> str:
    """How likely the alloy keeps the constraints, and which of them is to blame."""
    chances: dict[str, float] = document["constraints"]
    if not chances:
        return ""
    broken = [text for text, chance in chances.items() if chance == 0]
    if broken:
        return f"infeasible: {', '.join(broken)} {'does' if len(broken) == 1 else 'do'} not hold"
    told = f"keeps all constraints with probability {document['probability_feasible']:.3g}"
    text = min(chances, key=lambda each: chances[each])
    return told + (f"; most doubtful is {text} (probability {chances[text]:.3g})" if chances[text] < SURE else "")
