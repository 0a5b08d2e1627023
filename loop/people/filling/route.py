"""The routes by which what is lacking of materials may come."""

from __future__ import annotations

from enum import StrEnum


class Route(StrEnum):
    """How a void may be filled: people measure or find it, a formula or a model says it, a validator answers it."""

    LITERATURE = "literature"
    PREDICTION = "prediction"
    VALIDATION = "validation"
