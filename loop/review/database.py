"""A thermodynamic database on a page that fits any terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

MOST_PHASES, MOST_LINES = 40, 12
"""Of the table, and of each list on the page; the document has all."""


def page(report: Any, name: str) -> Iterator[Text | Table]:
    """The parts of the page, in order.

    Args:
        report: a `validation.calphad.checking.report.DatabaseReport`.
        name: of the file.
    """
    alloy = "-".join(report.palette)
    counts = f"{len(report.elements)} elements, {len(report.phases)} phases"
    yield Text(f"{name}: {counts}, {report.functions} functions, {report.parameters} parameters", style="bold")
    yield Text(f"Elements: {', '.join(report.elements)}")
    yield Text(f"{report.hindrance[:1].upper()}{report.hindrance[1:]}" if report.hindrance else _verdict(report, alloy))
    low, high = report.temperatures
    upper = "any temperature" if high is None else f"{high:g} K"
    yield Text(f"All that they need is given from {low:g} K to {upper}.")
    shown = [row for row in report.phases if row.holds != "none"]
    yield _phases(shown[:MOST_PHASES])
    if len(shown) > MOST_PHASES:
        yield Text(f"and {len(shown) - MOST_PHASES} more; --json lists all, --elements those of an alloy")
    if len(shown) < len(report.phases):
        yield Text(f"{len(report.phases) - len(shown)} more phases cannot be made of {alloy}.")
    yield from _listed("Left out", [f"{r.name}: {r.left_out}" for r in shown if r.left_out])
    undefined = [f"{phase}: {', '.join(names)}" for phase, names in report.undefined.items()]
    yield from _listed("Functions that are not defined", undefined)
    yield from _listed("Melting of the elements", [_melting(row) for row in report.melting])
    yield from _listed("Doubtful", report.doubts)
    yield from _listed("Mended or passed over when it was read", report.notes)


def _verdict(report: Any, alloy: str) -> str:
    names = [row.name for row in report.phases if row.holds == "all" and not row.left_out]
    told = f"{len(names)} phases can hold all of them: {', '.join(names)}" if names else "no phase can hold all of them"
    return f"Alloys of {alloy} can be computed; {told}."


def _phases(rows: Sequence[Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("phase", overflow="fold", ratio=2)
    table.add_column("holds", overflow="fold", min_width=5)
    table.add_column("sites (constituents)", overflow="fold", ratio=5)
    table.add_column("remarks", overflow="fold", ratio=2)
    for row in rows:
        remarks = ", ".join(filter(None, [row.partner, row.model, "left out" if row.left_out else ""]))
        table.add_row(*map(Text, (row.name, row.holds, " : ".join(row.sublattices), remarks)))
    return table


def _melting(row: Any) -> str:
    measured = "" if math.isnan(row.measured) else f", measured {row.measured:.0f} K"
    if math.isnan(row.computed):
        return f"{row.element}: does not melt between 200 and 5000 K here{measured}"
    return f"{row.element}: {row.solid} at {row.computed:.0f} K{measured}{' - WRONG' if row.wrong else ''}"


def _listed(head: str, lines: Sequence[str]) -> Iterator[Text]:
    if not lines:
        return
    yield Text(f"\n{head} ({len(lines)})", style="bold")
    for line in lines[:MOST_LINES]:
        yield Text(f"  {line}")
    if len(lines) > MOST_LINES:
        yield Text(f"  and {len(lines) - MOST_LINES} more; --json lists all")
