"""Documents and tables of phases."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from rich.table import Table

from loop.cli.phases.asked import Asked

_ROWS = 12
"""Lines of a table of freezing."""


def _numbers(values: Iterable[float], digits: int = 6) -> list[float | None]:
    return [None if math.isnan(value) else round(float(value), digits) for value in values]


def _kelvin(value: float) -> dict[str, Any]:
    return {"value": round(value, 2), "unit": "K"}


def fractions_document(found: Any, asked: Asked) -> dict[str, Any]:
    """Of ``alloyloop phases FORMULA --json``; temperatures in K."""
    return {
        "formula": asked.formulas[0],
        "database": asked.database,
        **{name: _kelvin(value) for name, value in found.ends.items()},
        "temperatures": {"values": _numbers(found.kelvin, 2), "unit": "K"},
        "phases": {name: {"values": _numbers(v), "unit": asked.unit} for name, v in found.fractions.items()},
        "changes": [
            {"temperature": _kelvin(change.where), "below": list(change.before), "above": list(change.after)}
            for change in found.changes
        ],
    }


def freezing_document(found: Any, asked: Asked) -> dict[str, Any]:
    """Of ``alloyloop phases FORMULA --scheil --json``."""
    return {
        "formula": asked.formulas[0],
        "database": asked.database,
        **{name: _kelvin(value) for name, value in {**found.ends, **found.ranges}.items()},
        **{
            name: {
                "temperatures": {"values": _numbers(rows[:, 0], 2), "unit": "K"},
                "solid": {"values": _numbers(rows[:, 1]), "unit": "mole fraction"},
            }
            for name, rows in (("equilibrium", found.equilibrium), ("scheil", found.scheil))
        },
        "solids": {name: {"value": share, "unit": "mole fraction"} for name, share in found.solids.items()},
    }


def section_document(found: Any, asked: Asked) -> dict[str, Any]:
    """Of ``alloyloop phases FORMULA --section FORMULA --json``; temperatures in K."""
    return {
        "formula": asked.formulas[0],
        "section": asked.formulas[1],
        "database": asked.database,
        "amounts": {"values": _numbers(found.amounts), "unit": asked.amount},
        "temperatures": {"values": _numbers(found.kelvin, 2), "unit": "K"},
        "phases": [[list(found.regions[a, t]) for a in found.amounts.tolist()] for t in found.kelvin.tolist()],
        "boundaries": [
            {
                "amounts": _numbers((b.start[0], b.end[0])),
                "temperatures": _numbers((b.start[1], b.end[1]), 2),
                "between": [list(side) for side in b.sides],
            }
            for b in found.boundaries
        ],
    }


def fractions_table(found: Any, asked: Asked) -> Table:
    """A line for each range of temperatures with the same phases, and their fractions at its two ends."""
    degrees = asked.degrees
    heads = (f"from\n{degrees.unit}", f"to\n{degrees.unit}")
    table = Table(*heads, f"phases,\n{asked.unit} from → to", title=asked.title, title_justify="left")
    ends = [found.kelvin[0], *(change.where for change in found.changes), found.kelvin[-1]]
    for cold, hot in pairwise(ends):
        inside = np.flatnonzero((found.kelvin >= cold) & (found.kelvin <= hot))
        if len(inside):
            pairs = {name: values[inside[[0, -1]]] for name, values in found.fractions.items()}
            there = [f"{name} {low:.3g} → {high:.3g}" for name, (low, high) in pairs.items() if max(low, high) > 0.0]
            words = "\n".join(there) or "no equilibrium found"
            table.add_row(f"{degrees.of(cold):.1f}", f"{degrees.of(hot):.1f}", words)
    return table


def freezing_table(found: Any, asked: Asked) -> Table:
    """The fraction of solid at some temperatures, and what froze."""
    degrees = asked.degrees
    froze = ", ".join(f"{name} {share:.3g}" for name, share in found.solids.items())
    equilibrium, scheil = found.ranges.values()
    caption = (
        f"freezing range {scheil:.1f} K (Scheil), {equilibrium:.1f} K (equilibrium)\n"
        f"froze as {froze} (Scheil, mole fraction)"
    )
    heads = (f"temperature\n{degrees.unit}", "solid,\nScheil", "solid,\nequilibrium")
    table = Table(*heads, title=asked.title, title_justify="left", caption=caption, caption_justify="left")
    for kelvin in np.linspace(max(found.ends.values()), min(found.ends.values()), _ROWS):
        shares = [np.interp(-kelvin, -rows[:, 0], rows[:, 1]) for rows in (found.scheil, found.equilibrium)]
        table.add_row(f"{degrees.of(kelvin):.1f}", *(f"{share:.3f}" for share in shares))
    return table
