"""Why an alloy was selected: the parts of the expected gain, and what its predictions rest on.

Everything is computed again from the database. The surrogate is fitted on the results that were known when the alloy
was selected, and its digest says whether it is the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from alloys.design import Design, design_text
from alloys.goal import Objective
from loop.choose.fitting import fit_surrogate
from loop.measurements import rounded
from loop.review.predict import SURE, nearest_known, property_entries, refuse_strangers
from loop.store import Proposal
from loop.view import View, outside
from surrogates.choosing.gain import Gain, gain_of, gains_alone
from surrogates.choosing.pareto import Front
from surrogates.explaining.attribution import Attribution, by_descriptors, by_elements, relevance
from surrogates.model.surrogate import Surrogate

Floats = NDArray[np.float64]

_SAMPLES = 512
_RIVALS = 128
_TOP = 8
_NEARLY_ALL = 0.995


@dataclass(frozen=True, slots=True)
class Moment:
    """A campaign at the time for which an alloy is explained.

    Attributes:
        view: what was known then.
        waiting: what was under way then, and what was selected before it.
        words: which time that is.
    """

    view: View
    waiting: tuple[Design, ...]
    words: str


def explain_document(
    view: View, proposals: Sequence[Proposal], design: Design, then: View | None = None
) -> dict[str, Any]:
    """The document of ``alloyloop explain --json``.

    An alloy that the model selected is explained by what was known then; any other one, by what is known now, without
    its own result.

    Args:
        view: the campaign.
        proposals: all of it.
        design: the alloy.
        then: the campaign without the answers that its proposal was not shown; the same if None.

    Raises:
        InputError: if it has an element outside the campaign's.
    """
    refuse_strangers(view, [design])
    proposal = next((p for p in proposals if p.selection.candidate.design == design), None)
    moment = moment_of(then or view, proposals, proposal, design)
    surrogate = fit_surrogate(moment.view)
    gain = _gain(moment, surrogate, design)
    chances = surrogate.constraint_probabilities(view.inputs([design]), view.problem)
    success = float(surrogate.probability_success(view.inputs([design]))[0])
    return {
        **design.named(),
        "picked": None if proposal is None else _picked(proposal, surrogate),
        "as_of": moment.words,
        "measured": _measured(view, design),
        "outside": outside(view.space, design),
        "mode": _mode(moment.view),
        "probability_success": success,
        "probability_feasible": success * float(np.prod([chance[0] for chance in chances.values()])),
        "gain": None if gain is None else _gain_entry(gain),
        "better_than": None if gain is None else _better_than(moment, surrogate, gain),
        "objectives": _objectives(moment, surrogate, design, gain),
        "constraints": _constraints(view, chances, gain),
        "waiting": _waiting(moment, design, gain),
        "properties": _properties(moment, surrogate, design),
        "nearest": nearest_known(moment.view, design, 3),
        "notes": list(surrogate.notes),
    }


def moment_of(view: View, proposals: Sequence[Proposal], proposal: Proposal | None, design: Design) -> Moment:
    """What was known when a model selected an alloy, or is known now without its own result."""
    if proposal is None or proposal.selection.prediction is None:
        rows = tuple(row for row in view.rows if row.design != design)
        waiting = tuple(c for c in view.pending if c != design)
        words = "now" if len(rows) == len(view.rows) else "now, its own result left out"
        return Moment(replace(view, rows=rows, pending=waiting), waiting, words)
    index, rank = proposal.iteration, proposal.selection.rank
    rows = view.before(index)
    answered = {row.design for row in rows}
    under_way = [p.selection.candidate.design for p in proposals if p.iteration < index]
    before = [p.selection.candidate.design for p in proposals if p.iteration == index and p.selection.rank < rank]
    over = answered | set(view.dropped)  # what was cancelled or rejected by then was not waited for any more
    pending = tuple(c for c in under_way if c not in over)
    return Moment(replace(view, rows=rows, pending=pending), (*pending, *before), f"before iteration {index}")


def _mode(view: View) -> str:
    """What is looked for, as in `surrogates.choosing.picks.ChosenBatch`."""
    if not any(row.feasible for row in view.rows):
        return "feasibility"
    return "different" if view.goal.any_feasible else "improvement"


def _picked(proposal: Proposal, surrogate: Surrogate) -> dict[str, Any]:
    selection = proposal.selection
    return {
        "iteration": proposal.iteration,
        "rank": selection.rank,
        "origin": selection.candidate.origin,
        "score": selection.score,
        "why": selection.why,
        "same_model": selection.prediction is not None and selection.prediction.model == surrogate.digest,
    }


def _front(view: View) -> Floats:
    points = [view.goal.signed_objectives(row.values) for row in view.rows if row.feasible]
    kept = [point for point in points if point is not None]
    return np.array(kept, dtype=np.float64).reshape(-1, len(view.goal.objectives))


def _background(view: View) -> Floats:
    """Signed objectives, shape ``(b, m)``, of what is feasible, else of what was measured, else the reference point."""
    front = _front(view)
    if len(front):
        return front
    points = [view.goal.signed_objectives(row.values) for row in view.rows]
    kept = [point for point in points if point is not None]
    return np.array(kept, dtype=np.float64) if kept else view.reference_point()[None]


def _gain(moment: Moment, surrogate: Surrogate, design: Design) -> Gain | None:
    """None where a point of comparison lacks: nothing was measured and no reference point is configured.

    Nor is there one without objectives, where the gain is a chance.
    """
    view = moment.view
    if (not view.rows and not view.config.reference_point) or view.goal.any_feasible:
        return None
    return gain_of(
        surrogate,
        view.problem,
        view.inputs([design])[0],
        Front(_front(view), view.reference_point()),
        waiting=view.inputs(moment.waiting),
        background=_background(view)[:64],
        samples=_SAMPLES,
    )


def _measured(view: View, design: Design) -> dict[str, dict[str, Any]]:
    """Mean, scatter and number of what was measured of the alloy itself."""
    found = next((row.measured for row in view.rows if row.design == design), {})
    return {
        name: {"value": each.mean, "unit": view.problem.properties[name].unit, **each.to_json()}
        for name, each in found.items()
    }


def _gain_entry(gain: Gain) -> dict[str, float]:
    return {
        "expected": gain.expected,
        "standard_error": gain.error,
        "alone": gain.alone,
        "at_mean": gain.at_mean,
        "from_uncertainty": gain.alone - gain.at_mean,
        "taken_by_waiting": gain.alone - gain.expected,
        "objectives_at_background": gain.baseline,
    }


def _better_than(moment: Moment, surrogate: Surrogate, gain: Gain) -> float:
    """Share of random alloys of the space, closed-form constraints held, that would gain less alone."""
    view = moment.view
    points = view.space.sample(8 * _RIVALS, np.random.default_rng(0))
    good = view.problem.passes(points)
    rivals = points[good][:_RIVALS] if good.any() else points[:_RIVALS]
    described = surrogate.describe(view.space.inputs(rivals))
    others = gains_alone(surrogate, view.problem, described, Front(_front(view), view.reference_point()), 128, 0)
    return float((others < gain.alone).mean())


def _objectives(moment: Moment, surrogate: Surrogate, design: Design, gain: Gain | None) -> dict[str, dict[str, Any]]:
    entry = property_entries(moment.view, surrogate, [design], measured=False)[0]
    return {
        str(objective): {
            "mean": entry[objective.name]["mean"],
            "std": entry[objective.name]["std"],
            "best_known": _best_known(moment.view, objective),
            "share_of_gain": None if gain is None else gain.objectives[objective.name],
            "unit": moment.view.problem.properties[objective.name].unit,
        }
        for objective in moment.view.goal.objectives
    }


def _best_known(view: View, objective: Objective) -> float | None:
    """The best value of an objective's property among what is feasible."""
    known = [row.values[objective.name] for row in view.rows if row.feasible and objective.name in row.values]
    return max(known, key=objective.signed, default=None)


def _constraints(view: View, chances: dict[str, Floats], gain: Gain | None) -> dict[str, dict[str, Any]]:
    return {
        str(constraint): {
            "probability": float(chances[constraint.name][0]),
            "source": "closed form" if view.problem.has_closed_form(constraint.name) else "model",
            "gain_without": None if gain is None else gain.without[str(constraint)],
        }
        for constraint in view.goal.constraints
    }


def _waiting(moment: Moment, design: Design, gain: Gain | None) -> list[dict[str, Any]]:
    if gain is None:
        return []
    amounts, ours = moment.view.fractions(moment.waiting), moment.view.fractions([design])[0]
    found = [
        {
            **other.named(),
            "exchanged": round(50.0 * float(np.abs(row - ours).sum()), 6),
            "takes": float(taken),
        }
        for other, row, taken in zip(moment.waiting, amounts, gain.waiting, strict=True)
    ]
    return sorted(found, key=lambda entry: entry["exchanged"])


def _properties(moment: Moment, surrogate: Surrogate, design: Design) -> dict[str, dict[str, Any]]:
    view = moment.view
    rows = [row for row in view.rows if row.failure is None]
    known = [row.design for row in rows if set(row.design.composition.elements) <= set(view.space.elements)]
    if not known:
        return {}
    alloy, background = view.inputs([design])[0], view.inputs(known)
    groups = by_descriptors(surrogate, alloy, background)
    elements = by_elements(surrogate, alloy, background)
    relevant = relevance(surrogate)
    return {
        name: {
            "unit": view.problem.properties[name].unit,
            "prediction": groups[name].prediction,
            "descriptors": _attributed(groups[name]),
            "elements": _attributed(elements[name]),
            "relevance": relevant.get(name, {}),
        }
        for name in surrogate.names
    }


def _attributed(found: Attribution) -> dict[str, Any]:
    order = sorted(found.shares, key=lambda player: -abs(found.shares[player]))
    return {"baseline": found.baseline, "shares": {player: found.shares[player] for player in order}}


# Tables -----------------------------------------------------------------------------------------------------


def explain_tables(document: dict[str, Any]) -> list[RenderableType]:
    """The document for people: sentences and tables in the order in which they are shown."""
    parts: list[RenderableType] = [
        f"{design_text(document)}: {document['as_of']}",
        _summary(document),
        *_head(document),
    ]
    if document["gain"] is not None:
        parts.append(_gain_table(document))
    parts.append(_constraint_table(document))
    for name, entry in document["properties"].items():
        parts.append(_property_table(name, entry))
    return parts


def _summary(document: dict[str, Any]) -> str:
    """One plain paragraph: what speaks for the alloy, and what is most doubtful."""
    verb = "it was" if document["picked"] is not None else "it is"
    gain, better = document["gain"], document["better_than"]
    if document["mode"] == "different":
        told = f"{verb} judged by its chance to be feasible and unlike the feasible alloys known"
    elif document["mode"] == "feasibility" or gain is None:
        told = f"nothing feasible was known: {verb} judged by its probability of feasibility alone"
    else:
        name, entry = max(document["objectives"].items(), key=lambda item: item[1]["share_of_gain"])
        unit = "" if entry["unit"] == "1" else f" {entry['unit']}"
        told = f"{verb} expected to add {gain['expected']:.3g} to the hypervolume"
        told += f", most of it by {name.split()[1]} ({entry['mean']:.4g}{unit})" if gain["expected"] > 0 else ""
        if better:
            others = "nearly all" if better > _NEARLY_ALL else f"{better:.0%}"
            told += f", which is more than {others} of the random alloys of the space would add"
    chances = {text: entry["probability"] for text, entry in document["constraints"].items()}
    if not chances:
        return f"{told}."
    text = min(chances, key=lambda each: chances[each])
    doubt = f"most doubtful is {text} (probability {chances[text]:.3g})"
    return f"{told}; {doubt if chances[text] < SURE else 'no constraint is in doubt'}."


def _head(document: dict[str, Any]) -> list[str]:
    lines = []
    picked = document["picked"]
    if picked is not None:
        lines.append(f"picked in iteration {picked['iteration']} as number {picked['rank'] + 1}: {picked['why']}")
        if not picked["same_model"]:
            lines.append(
                "the model that picked it is not this one to the last digit: other results stood behind it, or another "
                "version of the program or number of threads (OMP_NUM_THREADS)"
            )
    else:
        lines.append("never picked")
    for name, found in document["measured"].items():
        spread = f" ± {rounded(found['std'])}" if "std" in found else ""
        count = f", {found['measurements']} measurements" if found["measurements"] > 1 else ""
        lines.append(f"measured: {name} {found['value']:.5g}{spread} {found['unit']}{count}")
    if document["outside"]:
        lines.append(f"outside the space: {document['outside']}")
    if document["better_than"] == 0 and document["gain"]["alone"] == 0:
        lines.append("the expected gain is too small to be seen in samples: next to nothing is hoped of any alloy")
    return [*lines, *(f"note: {note}" for note in document["notes"])]


def _gain_table(document: dict[str, Any]) -> Table:
    gain = document["gain"]
    table = _plain("Expected hypervolume gain", "part", "gain", "remark")
    table.add_row("given what is waited for", f"{gain['expected']:.4g}", f"± {rounded(gain['standard_error'])}")
    table.add_row("alone", f"{gain['alone']:.4g}", "")
    table.add_row("  were the means certain", f"{gain['at_mean']:.4g}", "")
    table.add_row("  from uncertainty", f"{gain['from_uncertainty']:.4g}", "")
    for name, entry in document["objectives"].items():
        best = "" if entry["best_known"] is None else f", best known {entry['best_known']:.4g}"
        remark = f"expects {entry['mean']:.4g} ± {rounded(entry['std'])}{best}"
        table.add_row(f"  by {name}", f"{entry['share_of_gain']:.4g}", remark)
    for entry in document["waiting"][:_TOP]:
        away = f"{entry['exchanged']:.3g} at.% away" if entry["formula"] else ""
        table.add_row(f"  taken by {design_text(entry)}", f"{-entry['takes']:.4g}", away)
    return table


def _constraint_table(document: dict[str, Any]) -> Table:
    title = f"Constraints: all hold with probability {document['probability_feasible']:.3g}"
    table = _plain(title, "constraint", "probability", "gain without it")
    for name, entry in document["constraints"].items():
        without = "" if entry["gain_without"] is None else f"{entry['gain_without']:.4g}"
        table.add_row(name, f"{entry['probability']:.3g}", without)
    if document["probability_success"] < 1:
        table.add_row("validation succeeds", f"{document['probability_success']:.3g}", "")
    return table


def _property_table(name: str, entry: dict[str, Any]) -> Group:
    """What a prediction rests on: its descriptors, its elements, and what the correction varies with, abreast."""
    kinds = [kind for kind in ("descriptors", "elements") if entry[kind]["shares"]]
    parts = [
        (f"{kind}, from {entry[kind]['baseline']:.5g}", {k: f"{v:+.4g}" for k, v in entry[kind]["shares"].items()})
        for kind in kinds
    ]
    parts.append(("relevance", {k: f"{v:.0%}" for k, v in entry["relevance"].items()}))
    tables = []
    for head, shares in parts:
        table = _plain("", head, "")
        for player, share in list(shares.items())[:_TOP]:
            table.add_row(player, share)
        tables.append(table)
    return Group(Text(f"{name}: {entry['prediction']:.5g} {entry['unit']}", style="italic"), Columns(tables))


def _plain(title: str, *heads: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if i == 1 or not head else "left", overflow="fold")
    return table
