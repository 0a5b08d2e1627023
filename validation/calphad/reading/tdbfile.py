"""Reading any thermodynamic database, with one clear message for whatever is wrong with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from alloys.errors import first_line
from validation.calphad.errors import DatabaseError
from validation.calphad.reading.tdbcheck import IMPORT_SECONDS

MAX_BYTES = 20_000_000
PARSE_SECONDS = 5
"""Processor time that reading a small database may take, however strange it is."""
PARSE_SECONDS_PER_MB = 6.0
"""Further processor time by size; databases take less than half of it."""
PARSE_BYTES = 4 * 2**30
"""Address space that reading a database may take."""


def load_database(path_or_text: str | Path, *, elements: Iterable[str] = (), phases: Iterable[str] = ()) -> str:
    """Read a TDB file, or check TDB text, and return its text.

    Args:
        path_or_text: Path of a TDB file, or TDB text (anything with a line end or ``!`` is text).
        elements: Elements it must hold, in any case.
        phases: Phases it must hold.

    Raises:
        DatabaseError: The file is missing, too large, not text, does not parse, or lacks an element or phase.
    """
    text = read(path_or_text)
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


def read(path_or_text: str | Path) -> str:
    """The text of a TDB file, or the text itself, unparsed.

    Raises:
        DatabaseError: The file is missing or too large.
    """
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


def seconds_for(size: int) -> int:
    """Processor time in s that reading a database of so many bytes may take."""
    return PARSE_SECONDS + int(PARSE_SECONDS_PER_MB * size / 1e6)


@lru_cache(maxsize=4)
def check_apart(text: str, seconds: int | None = None, memory: int = PARSE_BYTES) -> None:
    """Parses TDB text in a process of its own with limits, so that a hostile one cannot stall or fill this one.

    Args:
        text: TDB text.
        seconds: Processor time, without that of loading the parser; by size if None. The wall clock may take ten
            times as long.
        memory: Address space in bytes.

    Raises:
        DatabaseError: It does not parse, or not within the limits.
    """
    seconds = seconds_for(len(text)) if seconds is None else seconds
    wall = 10 * (seconds + IMPORT_SECONDS)
    command = [sys.executable, "-P", "-W", "ignore", str(Path(__file__).with_name("tdbcheck.py"))]
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    try:
        done = subprocess.run(
            [*command, str(seconds), str(memory)],
            input=text, capture_output=True, text=True, encoding="utf-8", timeout=wall,
            env={**os.environ, **threads},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise DatabaseError(f"reading the database took more than {wall} s; is it a TDB file?") from None
    if done.returncode == 0:
        return
    if done.returncode == 3:
        raise DatabaseError(f"the database does not parse as TDB: {done.stdout}")
    if done.returncode == -signal.SIGKILL:
        raise DatabaseError(f"reading the database took more than {seconds} s of processor time; is it a TDB file?")
    detail = (done.stderr.strip().splitlines() or [""])[-1][:300]
    raise DatabaseError(
        f"reading the database took more than {memory / 2**30:.1f} GiB of memory, or broke the parser "
        f"(status {done.returncode}) {detail}; is it a TDB file?"
    )


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
        first = first_line(error)[:300]
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
