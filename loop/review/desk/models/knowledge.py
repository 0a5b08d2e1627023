"""What a surrogate is fitted on, as one plain document: it makes the same view without the campaign's database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import reduce
from typing import Any

from alloys.design import Design
from loop.config.assembly import build_problem
from loop.config.schema import CampaignConfig
from loop.config.steering.in_force import narrowed
from loop.measurements import AcceptedResult
from loop.store import Act, ActKind
from loop.view import View, row_of
from validation.tier import Tier


def knowledge(view: View, acts: Sequence[Act]) -> dict[str, Any]:
    """The configuration, what people excluded, the validators and every result that counts, as a JSON document.

    Args:
        view: what is known, by the goal that is in force.
        acts: of the campaign.
    """
    return {
        "name": view.config.name,
        "science": view.config.science(),
        "excluded": [dict(act.detail) for act in acts if act.kind is ActKind.EXCLUDE],
        "tiers": [tier.to_json() for tier in view.tiers],
        "rows": [
            {
                "design": row.design.canonical(),
                "iteration": row.iteration,
                "origin": row.origin,
                "answers": [asdict(answer) for answer in row.answers],
            }
            for row in view.rows
        ],
        "pending": [design.canonical() for design in view.pending],
        "dropped": [design.canonical() for design in view.dropped],
    }


def view_from(document: dict[str, Any]) -> View:
    """The view that `knowledge` wrote: what is predicted from it is predicted alike.

    Raises:
        InputError: if a file that the configuration names, such as a list of candidates, is not there.
    """
    config = CampaignConfig.model_validate({**document["science"], "name": document["name"]})
    tiers = tuple(Tier.from_json(tier) for tier in document["tiers"])
    problem = build_problem(config)
    space = reduce(narrowed, document["excluded"], problem.space)
    empty = View(config, replace(problem, space=space), (), (), tiers)
    shown = config.space.shown
    rows = [
        row_of(
            empty,
            shown(Design.from_canonical(row["design"])),
            [AcceptedResult(**answer) for answer in row["answers"]],
            iteration=row["iteration"],
            origin=row["origin"],
        )
        for row in document["rows"]
    ]
    pending, dropped = (
        tuple(shown(Design.from_canonical(text)) for text in document[name]) for name in ("pending", "dropped")
    )
    return replace(empty, rows=tuple(rows), pending=pending, dropped=dropped)
