"""The temperatures for which a database says anything."""

from __future__ import annotations

import math
from typing import Any

from validation.calphad.reading.phases import pieces_of


def temperature_range(database: Any) -> tuple[float, float]:
    """The lowest and the highest temperature of any function of a parsed database, K; 0 and infinity without limits."""
    expressions = [*(row["parameter"] for row in database._parameters.all()), *database.symbols.values()]
    pieces = [piece for expression in expressions for piece in pieces_of(expression)]
    return min((low for low, _ in pieces), default=0.0), max((high for _, high in pieces), default=math.inf)
