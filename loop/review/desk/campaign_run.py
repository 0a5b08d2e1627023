"""What the run of a campaign shows beside its charts: words, tags to filter by, tables, and pictures on one page."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd

from alloys.space import TableSpace
from loop.review.desk.description import NOTE, CampaignStanding, description
from loop.review.desk.page import page
from loop.review.desk.store import MlflowStore
from loop.review.figures.catalog import KINDS, figures
from loop.review.frames import best_frame
from loop.review.report import best_document, best_of_each
from loop.store import CampaignStore
from loop.summaries import iteration_summaries

PAGE = "figures.html"
_TABLES_OF, _PICTURES_OF = "alloyloop.tables", "alloyloop.pictures"
_LISTED = 100
"""Designs in the table of the best."""


def show_campaign(desk: MlflowStore, run: Any, told: CampaignStanding) -> None:
    """Brings words, tags, tables and pictures of a campaign's run up to date.

    Args:
        desk: the store.
        run: the campaign's.
        told: how it stands.
    """
    desk.tags(run, {NOTE: description(told), **_tags(told)})
    view, store, mark = told.view, told.store, _mark(told)
    if not view.rows or run.data.tags.get(_TABLES_OF) == mark:
        return
    desk.table(run, "best.json", best_frame(best_document(view, _LISTED), view.goal.names))
    desk.table(run, "iterations.json", pd.DataFrame(iteration_summaries(store, view)))
    desk.table(run, "numbers.json", _numbers(store))
    desk.client.log_text(run.info.run_id, page(told.config.name, figures(view, store)), PAGE)
    desk.tags(run, {_TABLES_OF: mark})


def show_pictures(desk: MlflowStore, run: Any, told: CampaignStanding) -> None:
    """The same pictures as PNG, with the slow ones: seconds, and so not at each close."""
    mark = _mark(told)
    if run.data.tags.get(_PICTURES_OF) == mark:
        return
    for name, picture in figures(told.view, told.store, names=KINDS).items():
        drawn = picture.try_content(".png")
        if drawn is not None:
            desk.file(run, f"{name}.png", drawn, "figures")
    desk.tags(run, {_PICTURES_OF: mark})


def _mark(told: CampaignStanding) -> str:
    """What tables and pictures show: they are written again when it is another."""
    closed = [str(it.finished) for it in told.store.iterations() if it.finished is not None]
    return hashlib.sha256(f"{told.store.dataset_digest()} {closed}".encode()).hexdigest()[:16]


def _tags(told: CampaignStanding) -> dict[str, str]:
    view = told.view
    space = f"a list of {len(view.space.designs)}" if isinstance(view.space, TableSpace) else ""
    best = {f"best.{each.name}": f"{row.values[each.name]:.6g}" for each, row in best_of_each(view)}
    return {
        "state": told.state,
        "space": space or "-".join(view.space.elements),
        "validators": ", ".join(tier.label for tier in view.tiers),
        **best,
    }


def _numbers(store: CampaignStore) -> pd.DataFrame:
    """Every number that was recorded, those that no chart shows too."""
    rows = [(metric.iteration, metric.name, metric.value) for metric in store.metrics() if metric.iteration is not None]
    return pd.DataFrame(rows, columns=["iteration", "number", "value"])
