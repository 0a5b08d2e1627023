"""Failures of the thermodynamic room, as values a caller can sort by kind."""

from __future__ import annotations


class DatabaseError(ValueError):
    """A thermodynamic database that cannot be read, or does not hold what was asked of it."""


class CalphadError(RuntimeError):
    """One alloy that could not be evaluated.

    Attributes:
        kind: ``missing_element``, ``composition``, ``no_convergence``, ``bracket``, ``bracket_check``,
            ``missing_phase`` or ``missing_property``; stable words a campaign can store and count.
        message: One sentence: what was wrong, what was got, what to do.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
