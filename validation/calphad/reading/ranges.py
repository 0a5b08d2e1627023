"""The temperatures for which a database says anything."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from validation.calphad.reading.phases import functions_in, parameters_of, pieces_of

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


def temperature_range(database: Any) -> tuple[float, float]:
    """The lowest and the highest temperature of any function of a parsed database, K; 0 and infinity without limits."""
    expressions = [*(row["parameter"] for row in database._parameters.all()), *database.symbols.values()]
    pieces = [piece for expression in expressions for piece in pieces_of(expression)]
    return min((low for low, _ in pieces), default=0.0), max((high for _, high in pieces), default=math.inf)


def narrowest(database: Any, elements: Iterable[str], phases: Iterable[str]) -> tuple[Validity, Validity]:
    """What begins last and what ends first among all that alloys of these elements need.

    Beyond the first or last temperature of a function pycalphad counts it as 0 J/mol, which no result would show.

    Args:
        database: pycalphad's.
        elements: element symbols in any case.
        phases: the phases considered.
    """
    found = [Validity("no function", 0.0, math.inf), *_validities(database, elements, phases)]
    return max(found, key=lambda one: one.low), min(found, key=lambda one: one.high)


def _validities(database: Any, elements: Iterable[str], phases: Iterable[str]) -> Iterator[Validity]:
    rows = parameters_of(database, elements, phases)
    functions = sorted(functions_in(database, (row["parameter"] for row in rows)) & set(database.symbols))
    given = [(row["phase_name"], row["parameter"]) for row in rows]
    for name, expression in [*given, *((name, database.symbols[name]) for name in functions)]:
        pieces = pieces_of(expression)
        if pieces and max(high for _, high in pieces) > PLACEHOLDER_K:
            yield Validity(name, min(low for low, _ in pieces), max(high for _, high in pieces))
