"""Reading any thermodynamic database, with one clear message for whatever is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from validation.calphad.errors import DatabaseError

MAX_BYTES = 20_000_000


def load_database(path_or_text: str | Path, *, elements: Iterable[str] = (), phases: Iterable[str] = ()) -> str:
    """Read a TDB file, or check TDB text, and return its text.

    Args:
        path_or_text: Path of a TDB file, or TDB text (anything with a line end or ``!`` is text).
        elements: Elements it must hold, in any case.
        phases: Phases it must hold.

    Raises:
        DatabaseError: The file is missing, too large, not text, does not parse, or lacks an element or phase.
    """
    text = _read(path_or_text)
    database = parsed(text)
    have = sorted(set(database.elements) - {"VA", "/-"})
    missing = sorted({name.upper() for name in elements} - set(have))
    if missing:
        raise DatabaseError(
            f"the database lacks {', '.join(missing)}; available: {', '.join(have)}; "
            "drop the element or use another TDB"
        )
    lacking = sorted({name.upper() for name in phases} - set(database.phases))
    if lacking:
        raise DatabaseError(
            f"the database lacks the phases {', '.join(lacking)}; available: {', '.join(sorted(database.phases))}"
        )
    return text


def _read(path_or_text: str | Path) -> str:
    if isinstance(path_or_text, str) and ("\n" in path_or_text or "!" in path_or_text):
        if len(path_or_text) > MAX_BYTES:
            raise DatabaseError(f"the database text has {len(path_or_text)} characters; at most {MAX_BYTES} are read")
        return path_or_text
    path = Path(path_or_text)
    if not path.is_file():
        raise DatabaseError(f"no database file at {path}; check the path")
    if path.stat().st_size > MAX_BYTES:
        raise DatabaseError(f"{path} has {path.stat().st_size} bytes; at most {MAX_BYTES} are read")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return path.read_text(encoding="latin-1")


@lru_cache(maxsize=4)
def parsed(text: str) -> Any:
    """Parse TDB text with pycalphad.

    Raises:
        DatabaseError: It does not parse, or holds no element or no phase.
    """
    from pycalphad import Database

    try:
        database = Database.from_string(text, fmt="tdb")
    except Exception as error:  # the parser raises whatever pyparsing and its actions raise
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise DatabaseError(f"the database does not parse as TDB: {first}") from error
    if not set(database.elements) - {"VA", "/-"} or not database.phases:
        raise DatabaseError("the database parses, but defines no element or no phase; is it a TDB file?")
    return database


def undefined_functions(database: Any, elements: Iterable[str]) -> list[str]:
    """Functions that alloys of these elements would need and the database does not define; they would count as 0.

    Args:
        database: What `parsed` returned.
        elements: Element symbols in any case.
    """
    held = {element.upper() for element in elements} | {"VA", "/-"}
    waiting: list[Any] = [
        row["parameter"]
        for row in database._parameters.all()
        if all({str(e) for e in s.constituents} <= held for site in row["constituent_array"] for s in site)
    ]
    seen: set[str] = set()
    missing: set[str] = set()
    while waiting:
        for symbol in {str(s) for s in getattr(waiting.pop(), "free_symbols", ())} - seen - {"T", "P", "R"}:
            seen.add(symbol)
            if symbol in database.symbols:
                waiting.append(database.symbols[symbol])
            else:
                missing.add(symbol)
    return sorted(missing)
