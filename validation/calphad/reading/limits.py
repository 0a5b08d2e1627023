"""Between which temperatures the functions of a database hold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

PLACEHOLDER_K = 300.0
"""Thermo-Calc's UN_ASS, which stands for what nobody assessed, is 0 at any temperature and ends here."""


@dataclass(frozen=True, slots=True)
class Validity:
    """From where to where a function or a parameter is given.

    Attributes:
        name: of the function, or of the parameter's phase.
        low: K.
        high: K.
    """

    name: str
    low: float
    high: float


def narrowest(database: Any, elements: Iterable[str], phases: Iterable[str]) -> tuple[Validity, Validity]:
    """What begins last and what ends first among all that alloys of these elements need.

    Beyond the first or last temperature of a function pycalphad counts it as 0 J/mol, which no result would show.

    Args:
        database: what `validation.calphad.reading.tdbfile.parsed` returned.
        elements: element symbols in any case.
        phases: the phases considered, in upper case.
    """
    spans = [
        Validity("no function", 0.0, math.inf),
        *_spans(database, {element.upper() for element in elements} | {"VA", "/-"}, set(phases)),
    ]
    return max(spans, key=lambda span: span.low), min(spans, key=lambda span: span.high)


def _spans(database: Any, held: set[str], phases: set[str]) -> Iterator[Validity]:
    waiting: list[tuple[str, Any]] = [
        (row["phase_name"], row["parameter"])
        for row in database._parameters.all()
        if row["phase_name"] in phases
        and all({str(e) for e in s.constituents} <= held for site in row["constituent_array"] for s in site)
    ]
    seen: set[str] = set()
    while waiting:
        name, expression = waiting.pop()
        if type(expression).__name__ == "Piecewise":
            yield from _span(name, expression.args)
        names = {str(symbol) for symbol in getattr(expression, "free_symbols", ())} - seen
        seen |= names
        waiting += [(name, database.symbols[name]) for name in names if name in database.symbols]


def _span(name: str, parts: Any) -> Iterator[Validity]:
    """From where to where a function holds that is given by pieces, each followed by its condition."""
    lows, highs = [], []
    for piece, condition in zip(parts[::2], parts[1::2], strict=True):
        if piece == 0:
            continue
        relations = condition.args if type(condition).__name__ == "And" else [condition]
        sides = [(relation.args[0], relation.args[1]) for relation in relations if len(relation.args) == 2]
        lows += [float(left) for left, _ in sides if left.is_Number]
        highs.append(min((float(right) for _, right in sides if right.is_Number), default=math.inf))
    if highs and max(highs) > PLACEHOLDER_K:
        yield Validity(name, min(lows, default=0.0), max(highs))
