"""A campaign read once for all sections of its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup

from loop.review.figures.catalog import Picture
from loop.review.figures.results import best_rows
from loop.review.page.marks import named, real, unit_of, with_spread
from loop.store import CampaignStore
from loop.store.records import Proposal
from loop.summaries import campaign_state, iteration_summaries
from loop.view import Row, View

BEST, LISTED = 10, 12
"""Alloys of the table, and the most of what else is listed."""


@dataclass(frozen=True)
class Reported:
    """A campaign, read once for all sections.

    Attributes:
        view: what is known.
        store: its database.
        pictures: by name, those in which there is something to show.
        beside: a campaign at random, None without.
    """

    view: View
    store: CampaignStore
    pictures: Mapping[str, Picture]
    beside: View | None = None

    @cached_property
    def proposals(self) -> dict[Any, Proposal]:
        """By design, the proposal for its first validator."""
        return {p.selection.candidate.design: p for p in self.store.proposals()}

    @cached_property
    def summaries(self) -> list[dict[str, Any]]:
        """Of each iteration; see `iteration_summaries`."""
        return iteration_summaries(self.store, self.view)

    @cached_property
    def state(self) -> str:
        """Where it stands; see `campaign_state`."""
        return campaign_state(self.store)

    @cached_property
    def best(self) -> list[Row]:
        """The best feasible alloys."""
        return best_rows(self.view, BEST)

    @property
    def feasible(self) -> int:
        """How many designs are feasible."""
        return sum(row.feasible for row in self.view.rows)

    def label(self, name: str) -> Markup:
        """A property's name and unit."""
        row = self.view.problem.properties[name]
        return Markup(", ").join(part for part in (named(row), unit_of(row).strip()) if part)


def value_of(row: Row, name: str) -> Markup:
    """What was measured, or what a closed form says."""
    key = row.design.canonical()
    if name not in row.measured:
        return real(row.values[name], "computed", key, name)
    scatter = row.measured[name].scatter
    return with_spread(row.values[name], scatter, ("measured", key, name), ("scatter", key, name))


def first_told(text: str) -> str:
    """The first line of what a program said."""
    return text.strip().partition("\n")[0]
