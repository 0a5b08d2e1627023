"""Checks of what points say: rules that need no model, one function each. Nothing is ever deleted by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alloys.points.checking.amounts import amounts_off_a_whole, weights_for_atoms
from alloys.points.checking.densities import densities_off_mixtures
from alloys.points.checking.duplicates import repeated_between_papers
from alloys.points.checking.pairs import (
    hardening_without_strain,
    hardness_against_yield,
    plastic_above_total,
    yield_above_ultimate,
)
from alloys.points.checking.record import CheckedRecord, Flag, Rule
from alloys.points.checking.temperatures import kelvin_for_celsius
from alloys.points.checking.values import implausible_values, unreadable_cells

RULES: tuple[Rule, ...] = (
    unreadable_cells,
    implausible_values,
    amounts_off_a_whole,
    weights_for_atoms,
    densities_off_mixtures,
    yield_above_ultimate,
    plastic_above_total,
    hardening_without_strain,
    hardness_against_yield,
    kelvin_for_celsius,
    repeated_between_papers,
)
"""All of them, in the order in which people look."""


def plain_flags(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """What the rules say of some records."""
    for rule in RULES:
        yield from rule(records)


__all__ = ["RULES", "CheckedRecord", "Flag", "Rule", "plain_flags"]
