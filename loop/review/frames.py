"""A campaign's suggestions, results, predictions and explanations as pandas frames."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from loop.people.frames import PREDICTED
from loop.store import Proposal, StoredObservation


def suggestions_frame(proposals: Iterable[Proposal], elements: Sequence[str]) -> pd.DataFrame:
    """One row for each suggestion: see `loop.campaign.Campaign.suggest`."""
    return pd.DataFrame([_suggestion(proposal, elements) for proposal in proposals])


def _suggestion(proposal: Proposal, elements: Sequence[str]) -> dict[str, Any]:
    selection = proposal.selection
    design = selection.candidate.design
    amounts = design.composition.fractions()
    row: dict[str, Any] = {"formula": design.formula}
    row |= {symbol: amounts.get(symbol, 0.0) for symbol in elements}
    row |= design.values
    row |= {"origin": selection.candidate.origin, "why": selection.why}
    if selection.prediction is not None:
        row["probability_feasible"] = selection.prediction.probability_feasible
        for name, mean in selection.prediction.means.items():
            row |= {PREDICTED + name: mean, f"{PREDICTED}{name}_std": selection.prediction.stds[name]}
    return row


def results_frame(found: Iterable[StoredObservation]) -> pd.DataFrame:
    """One row for each measurement: its number as the index, alloy, values, standard deviations, iteration, source."""
    rows = {}
    for stored in found:
        seen = stored.observation
        row: dict[str, Any] = {"formula": seen.design.formula, **seen.design.values, "iteration": stored.iteration}
        for name, value in seen.values.items():
            row |= {name: value} | ({f"{name}_std": seen.stds[name]} if name in seen.stds else {})
        rows[stored.id] = row | ({"failure": seen.failure} if seen.failure else {}) | {"source": seen.source}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("number")
    return frame.astype({"iteration": "Int64"}) if rows else frame


def best_frame(document: Iterable[Mapping[str, Any]], names: Collection[str]) -> pd.DataFrame:
    """One row for each alloy of `loop.review.report.best_document`: values, and what the model thought before.

    Args:
        document: the best alloys.
        names: properties of the goal; of others only what was measured is shown.
    """
    frame = pd.DataFrame([_best(entry, names) for entry in document])
    return frame.astype({"iteration": "Int64"}) if len(frame) else frame


def _best(entry: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    row = {**_named(entry), "feasible": entry["feasible"]}
    shown = {name: t for name, t in entry["properties"].items() if name in names or "measurements" in t}
    for name, told in shown.items():
        row[name] = told["value"]
        row |= {f"{name}_std": told["std"]} if "std" in told else {}
    for name, told in shown.items():
        if told["predicted"] is not None:
            row |= {PREDICTED + name: told["predicted"], f"{PREDICTED}{name}_std": told["predicted_std"]}
    return row | {"iteration": entry["iteration"]} | ({"outside": entry["outside"]} if "outside" in entry else {})


def predictions_frame(documents: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row for each alloy of `loop.review.predict.predict_document`."""
    return pd.DataFrame([_predicted(document) for document in documents])


def _predicted(document: Mapping[str, Any]) -> dict[str, Any]:
    told = ("status", "in_space", "outside", "probability_feasible", "remoteness")
    row = {**_named(document), **{key: document[key] for key in told}}
    for name, entry in document["properties"].items():
        row |= {PREDICTED + name: entry["mean"], f"{PREDICTED}{name}_std": entry["std"]}
        row |= {f"{PREDICTED}{name}_{key}": entry[key] for key in ("low", "high")}
        row[f"{PREDICTED}{name}_from"] = entry["source"]
    return row


def _named(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"formula": document["formula"], **document.get("variables", {})}


def explanation_frame(document: Mapping[str, Any], words: Iterable[str]) -> pd.DataFrame:
    """The document of `loop.review.explain.explain_document` as rows of numbers, each with what it is about.

    Args:
        document: of one alloy.
        words: sentences to begin with.
    """
    rows: list[tuple[str, str, float | None, str]] = [("words", text, None, "") for text in words]
    rows += [("gain", name, value, "") for name, value in (document["gain"] or {}).items()]
    rows += [(f"gain by {name}", "share", e["share_of_gain"], "") for name, e in document["objectives"].items()]
    rows.append(("probability", "feasible", document["probability_feasible"], ""))
    rows += [("probability", name, entry["probability"], "") for name, entry in document["constraints"].items()]
    for name, entry in document["properties"].items():
        rows.append((name, "prediction", entry["prediction"], entry["unit"]))
        for kind in ("elements", "descriptors"):
            rows.append((f"{name} by {kind}", "baseline", entry[kind]["baseline"], entry["unit"]))
            rows += [(f"{name} by {kind}", part, v, entry["unit"]) for part, v in entry[kind]["shares"].items()]
    return pd.DataFrame(rows, columns=["about", "name", "value", "unit"])
