"""A campaign's results one by one, and what was done to them, as ``alloyloop data list`` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from alloys.design import Design, Value, design_text
from loop.measurements import rounded
from loop.people.queue_report import moment
from loop.store import CampaignStore, StoredObservation


def data_document(
    store: CampaignStore, formula: str | None = None, variables: Mapping[str, Value] | None = None
) -> dict[str, Any]:
    """The document of ``alloyloop data list --json``: results of all designs, or of those meant, and the log."""
    units = {name: row.unit for name, row in store.properties.items()}
    stored = store.observations(include_replicates=True)
    if formula is not None:
        known = {Design(each.observation.design.composition) for each in stored}
        wanted = Design.known_as(formula, known).composition
        stored = [each for each in stored if each.observation.design.composition == wanted]
    chosen = (variables or {}).items()
    stored = [each for each in stored if chosen <= each.observation.design.values.items()]
    return {
        "results": [_result(each, units) for each in sorted(stored, key=lambda each: each.id)],
        "events": [
            {"at": moment(e.at), "who": e.who, "kind": str(e.kind), "why": e.why, "detail": dict(e.detail)}
            for e in store.data_events()
        ],
    }


def _result(stored: StoredObservation, units: dict[str, str]) -> dict[str, Any]:
    seen = stored.observation
    return {
        "number": stored.id,
        **seen.design.named(),
        "properties": {
            name: {
                "value": value,
                "unit": units.get(name, ""),
                **({"std": seen.stds[name]} if name in seen.stds else {}),
                "counts": stored.standing is not None and name in stored.standing.values,
            }
            for name, value in seen.values.items()
        },
        "failure": seen.failure,
        "counts": stored.standing is not None,
        "source": seen.source,
        "iteration": stored.iteration,
        "at": moment(stored.at),
    }


def data_tables(document: dict[str, Any]) -> list[Table]:
    """The document as tables: results, and what was done to them."""
    results = _table("number", "design", "measured", "source", "at")
    for entry in document["results"]:
        told = [_value(name, each) for name, each in entry["properties"].items()]
        failed = [f"failed: {entry['failure']}" + ("" if entry["counts"] else " (does not count)")]
        measured = "\n".join(told or failed)
        alloy = escape(design_text(entry))
        results.add_row(str(entry["number"]), alloy, escape(measured), escape(entry["source"]), entry["at"])
    events = _table("at", "who", "what", "why", "results or file")
    for event in document["events"]:
        what = _about(event["detail"])
        events.add_row(event["at"], *map(escape, (event["who"], event["kind"], event["why"], what)))
    return [results, events] if document["events"] else [results]


def _about(detail: dict[str, Any]) -> str:
    """What an event was about: a file, a campaign, a materials table as it was then, or results by their numbers."""
    if "materials" in detail:
        return f"{detail['materials']}, up to point {detail['until']}"
    return detail.get("file") or detail.get("campaign") or ", ".join(map(str, detail.get("observations", [])))


def _value(name: str, each: dict[str, Any]) -> str:
    std = f" ± {rounded(each['std'])}" if "std" in each else ""
    return f"{name} {each['value']:.6g}{std} {each['unit']}" + ("" if each["counts"] else " (does not count)")


def _table(*heads: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="right" if head == "number" else "left")
    return table
