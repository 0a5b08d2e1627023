"""Equilibrium thermodynamics: the project's own database, and an engine for it or any user's TDB.

pycalphad is imported inside this package only, and not before an engine or a database is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from validation.calphad.errors import CalphadError, DatabaseError

if TYPE_CHECKING:
    from validation.calphad.database import build_database, database_digest
    from validation.calphad.engine import CalphadEngine, ThermoResult
    from validation.calphad.tdbfile import load_database

__all__ = [
    "CalphadEngine",
    "CalphadError",
    "DatabaseError",
    "ThermoResult",
    "build_database",
    "database_digest",
    "load_database",
]

_HOMES = {
    "CalphadEngine": "engine",
    "ThermoResult": "engine",
    "build_database": "database",
    "database_digest": "database",
    "load_database": "tdbfile",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
