"""Files and environment of a command: read with care, nothing passed on that was not named."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

# Enough for an ordinary program to find itself; nothing that usually holds a secret.
USUAL_VARIABLES = (
    "HOME LANG LANGUAGE LC_ALL LC_CTYPE LC_NUMERIC LD_LIBRARY_PATH LOGNAME OMP_NUM_THREADS PATH SHELL TZ USER".split()
)


def read_at_most(path: Path, most: int) -> bytes | None:
    """The first ``most`` bytes of an ordinary file; None where there is none.

    Raises:
        OSError: if it is there and cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not an ordinary file")
        return stream.read(most)


def printable(text: str) -> str:
    """A text on one line, control characters left out: it will be shown on somebody's terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def tail(path: Path, most: int = 500) -> str:
    """The end of a text file, printable; empty where there is none."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - most))
            return printable(stream.read(most).decode("utf-8", "replace"))
    except OSError:
        return ""


def file_digest(path: Path) -> str:
    """sha256 of a file's content.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def allowed_environment(names: Sequence[str]) -> dict[str, str]:
    """The usual variables and the named ones, as far as they are set."""
    return {name: os.environ[name] for name in (*USUAL_VARIABLES, *names) if name in os.environ}


def import_path(root: Path) -> str:
    """A ``PYTHONPATH`` of a folder and those of our own, for a process that begins in another folder."""
    own = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return os.pathsep.join([str(root), *own])
