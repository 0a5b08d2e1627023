"""Where the command line's output goes: documents to standard output, everything else to standard error."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TextIO, cast

import typer
from rich.console import Console
from rich.table import Table

from alloys.design import Value, read_variable
from alloys.errors import InputError, without_secrets
from loop.review.terminal.fitting import fitted

_WIDTH = 140
_ASCII = {"±": "+-", "–": "-", "·": "*", "°": " deg ", "→": "->", "≤": "<=", "≥": ">=", "′": "'", "−": "-", "…": "..."}


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """What stands for letters that a terminal's encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_ASCII.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


def take_any_encoding() -> None:
    """Lets standard output and error take every letter, whatever encoding the locale has, also where one is closed."""
    codecs.register_error("alloyloop", _in_ascii)
    # Whoever started us closed them: what is printed goes nowhere, and no file of ours gets their numbers.
    sys.stdin = sys.stdin or Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - open to the end
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="alloyloop")
    if not isinstance(sys.stderr, _Heedless):
        sys.stderr = cast(TextIO, _Heedless(sys.stderr))


class _Heedless:
    """Standard error that nobody may be reading, or that lies on a full disk: what is told there ends no work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes, or drops what cannot be written."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Sends what was written, where that can be."""
        with contextlib.suppress(OSError):
            self._stream.flush()


Yes = Annotated[bool, typer.Option("--yes", help="take values that are far from the prediction without a question")]
Chosen = Annotated[
    list[str] | None,
    typer.Option("--variable", metavar="NAME=VALUE", help="a variable beside the composition; may be repeated"),
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON document and nothing else")]


def out() -> Console:
    """Standard output."""
    return _console(stderr=False)


def err() -> Console:
    """Standard error."""
    return _console(stderr=True)


class _Console(Console):
    """A console on which no table is cut off, and no password of a URL is shown."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*map(self._as_shown, objects), **options)

    def _as_shown(self, one: Any) -> Any:
        if isinstance(one, str):
            return without_secrets(one)
        return fitted(one, self) if isinstance(one, Table) else one


def _console(*, stderr: bool) -> Console:
    told = os.environ.get("COLUMNS", "").isdigit() or (sys.stderr if stderr else sys.stdout).isatty()
    # A file or a pipe has no width: tables need room there.
    return _Console(stderr=stderr, highlight=False, width=None if told else _WIDTH)


def counted(number: int, what: str) -> str:
    """A number of things: 1 point, 2 points."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def who(by: str | None) -> str:
    """The name for the log: the one that is given, or the user's."""
    from loop.store.database.lock import user_name  # late, for a light start: with the database's libraries

    return (by or "").strip() or user_name()


def chosen_variables(given: Sequence[str] | None) -> dict[str, Value]:
    """The values of ``--variable``.

    Raises:
        InputError: for what is no NAME=VALUE, or a name that is given twice.
    """
    found: dict[str, Value] = {}
    for text in given or ():
        name, mark, value = text.partition("=")
        if not mark or not name.strip() or not value.strip():
            raise InputError(f"--variable takes NAME=VALUE, such as route=cast; got {text!r}")
        if name.strip() in found:
            raise InputError(f"--variable {name.strip()} is given twice; a design has one value of it")
        found[name.strip()] = read_variable(value.strip())
    return found


def confirm_doubts(lines: Sequence[str], *, yes: bool) -> None:
    """Asks whether values that are far from the prediction are right.

    Raises:
        InputError: if they are not, or there is nobody to ask.
    """
    if not lines or yes:
        return
    told = "\n  ".join(["values at least 6 standard deviations from the prediction:", *lines[:10]])
    told += f"\n  and {len(lines) - 10} more" if len(lines) > 10 else ""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(f"{told}\nnothing was taken; --yes takes them as they are")
    err().print(told, markup=False, soft_wrap=True)
    if not typer.confirm("Are they right?", err=True):
        raise InputError("nothing was taken")


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")
