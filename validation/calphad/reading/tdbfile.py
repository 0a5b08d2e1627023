"""Reading any thermodynamic database, with one clear message for whatever is wrong with it."""

from __future__ import annotations

import difflib
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alloys.errors import InputError
from alloys.files import read_plain
from validation.calphad.errors import DatabaseError
from validation.calphad.reading import kept
from validation.calphad.reading.apart import ENVIRONMENT, IMPORT_SECONDS, UNREADABLE
from validation.calphad.reading.commands import BUILT_IN
from validation.calphad.reading.encoding import decoded
from validation.jobs.files import import_path

if TYPE_CHECKING:
    from validation.calphad.reading.grammar import Reading

MAX_BYTES = 20_000_000
PARSE_SECONDS = 5
"""Processor time that reading a small database may take, however strange it is."""
PARSE_SECONDS_PER_MB = 15.0
"""Further processor time by size; databases of many short commands take half of it."""
PARSE_BYTES = 4 * 2**30
"""Address space that reading a database may take."""
FORM = "tdb-8"
"""Kind under which readings are kept; another number whenever the same text could be read otherwise."""
NEAREST = 3


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
    check_elements(database, elements)
    check_phases(database, phases)
    return text


def elements_of(database: Any) -> list[str]:
    """The elements of a database in upper case, in order."""
    return sorted(set(database.elements) - BUILT_IN)


def check_elements(database: Any, elements: Iterable[str]) -> None:
    """Raises DatabaseError where a database lacks an element."""
    have = elements_of(database)
    missing = sorted({name.upper() for name in elements} - set(have))
    if missing:
        raise DatabaseError(
            f"the database lacks {', '.join(missing)}; available: {', '.join(have)}; "
            "drop the element or use another TDB"
        )


def check_phases(database: Any, phases: Iterable[str]) -> None:
    """Raises DatabaseError where a database lacks a phase, with the names nearest to it."""
    have = sorted(database.phases)
    told = []
    for name in sorted({name.upper() for name in phases} - set(have)):
        near = difflib.get_close_matches(name, have, NEAREST, cutoff=0.0)
        told.append(f"{name} (nearest: {', '.join(near)})" if near else name)
    if told:
        shown = ", ".join(have[:40]) + (f" and {len(have) - 40} more" if len(have) > 40 else "")
        raise DatabaseError(f"the database lacks the phases {', '.join(told)}; available: {shown}")


def read(path_or_text: str | Path) -> str:
    """The text of a TDB file, or the text itself, unparsed.

    Raises:
        DatabaseError: The file is missing, no ordinary file, or too large.
    """
    if isinstance(path_or_text, str) and ("\n" in path_or_text or "!" in path_or_text):
        if len(path_or_text) > MAX_BYTES:
            raise DatabaseError(f"the database text has {len(path_or_text)} characters; at most {MAX_BYTES} are read")
        return path_or_text
    path = Path(path_or_text)
    if not path.is_file():
        raise DatabaseError(f"no database file at {path}; check the path")
    try:
        return decoded(read_plain(path, "the database", MAX_BYTES))
    except InputError as error:
        raise DatabaseError(str(error)) from error


def seconds_for(size: int) -> int:
    """Processor time in s that reading a database of so many bytes may take."""
    return PARSE_SECONDS + int(PARSE_SECONDS_PER_MB * size / 1e6)


def digest_of_text(text: str) -> str:
    """Digest of a text and of the reader, under which what it says is kept."""
    content = f"{version('pycalphad')} {version('symengine')}\n{text}"
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=4)
def check_apart(text: str, seconds: int | None = None, memory: int = PARSE_BYTES) -> None:
    """Reads TDB text in a process of its own with limits, so that a hostile one cannot stall or fill this one.

    What it says is kept (`kept`), and a text that is known so is not read again.

    Args:
        text: TDB text.
        seconds: Processor time, without that of loading the parser; by size if None. The wall clock may take ten
            times as long.
        memory: Address space in bytes.

    Raises:
        DatabaseError: It cannot be read, or not within the limits.
    """
    usual = seconds is None and memory == PARSE_BYTES
    digest = digest_of_text(text)
    if usual and kept.get(FORM, digest) is not None:
        return
    content = _read_apart(text, seconds_for(len(text)) if seconds is None else seconds, memory)
    kept.put(FORM, digest, content)


def _read_apart(text: str, seconds: int, memory: int) -> bytes:
    """What a text says, as `stored` writes it, read by a process with limits."""
    wall = 10 * (seconds + IMPORT_SECONDS)
    program = Path(__file__).with_name("apart.py")
    paths = import_path(program.parents[3])
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", str(program), str(seconds), str(memory)],
            input=text.encode("utf-8", "surrogatepass"), capture_output=True, timeout=wall,
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": paths}, cwd=program.parent,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise DatabaseError(f"reading the database took more than {wall} s; is it a TDB file?") from None
    if done.returncode == 0:
        return done.stdout
    if done.returncode == UNREADABLE:
        raise DatabaseError(done.stdout.decode("utf-8", "replace"))
    if done.returncode == -signal.SIGKILL:
        raise DatabaseError(f"reading the database took more than {seconds} s of processor time; is it a TDB file?")
    detail = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[-1][:300]
    raise DatabaseError(
        f"reading the database took more than {memory / 2**30:.1f} GiB of memory, or broke the parser "
        f"(status {done.returncode}) {detail}; is it a TDB file?"
    )


def read_anew(text: str) -> Reading:
    """What a text says, in objects that nobody shares.

    Raises:
        DatabaseError: It cannot be read, or holds no element or no phase.
    """
    from validation.calphad.reading.grammar import read_text  # late: imports pycalphad
    from validation.calphad.reading.stored import dumped, loaded

    digest = digest_of_text(text)
    content = kept.get(FORM, digest)
    if content is not None:
        with suppress(ValueError, LookupError, TypeError):  # kept by something else than this program
            return loaded(content)
    done = read_text(text)
    kept.put(FORM, digest, dumped(done))
    return done


@lru_cache(maxsize=4)
def reading(text: str) -> Reading:
    """What a text says; shared, so change nothing in it.

    Raises:
        DatabaseError: as `read_anew`.
    """
    return read_anew(text)


def parsed(text: str) -> Any:
    """The database that a text says, as pycalphad's; shared, so change nothing in it.

    Raises:
        DatabaseError: as `read_anew`.
    """
    return reading(text).database
