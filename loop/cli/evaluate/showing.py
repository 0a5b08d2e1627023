"""Cells and columns of the tables that the commands show."""

from __future__ import annotations

from rich.table import Column

ABREAST = 4
"""Entrants in one table: more would cut their names."""


def column(header: str) -> Column:
    """A column whose header is folded, never cut."""
    return Column(header, overflow="fold")


def cell(value: float | None) -> str:
    """A number in three digits, or a dash where there is none."""
    if value is None or value != value:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) >= 1 else f"{value:.3f}"
