"""Results that cost much, kept between processes in the user's cache folder, by kind and digest.

The folder is ``$ALLOYLOOP_CACHE``, else ``$XDG_CACHE_HOME/alloyloop``, else ``~/.cache/alloyloop``, and its owner's
alone. What it holds can be made again at any time: where the folder cannot be used, or a file in it is damaged, nothing
is found and nothing is kept. ``ALLOYLOOP_CACHE=off`` keeps nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alloys.files import UNFINISHED, write_atomic

MOST_BYTES = 512 * 2**20
"""Of all files of one kind; beyond it, those that were not used for the longest time go."""
CACHE, CACHE_HOME = "ALLOYLOOP_CACHE", "XDG_CACHE_HOME"
"""Environment variables: the folder itself, and that of all programs' caches; relative ones do not count."""
OFF = "off"
_ANSWERS = "answers-1"
_NAME = re.compile(r"[a-z0-9-]{1,64}")
_SIGN = hashlib.sha256().digest_size


def folder() -> Path | None:
    """The cache folder, made if needed; None where there is none that only this user can write to."""
    if os.environ.get(CACHE) == OFF:
        return None
    try:
        return _private(_home())
    except (RuntimeError, ValueError):  # no home, a NUL in the path
        return None


def _private(folder: Path) -> Path | None:
    """The folder, made if needed; None if others can write to it, as what is kept may be machine code."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError:
        return None
    private = found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return folder if private else None


def _home() -> Path:
    own, shared = (Path(os.environ.get(name, "")) for name in (CACHE, CACHE_HOME))
    if own.is_absolute():
        return own
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "alloyloop"


def get(kind: str, digest: str) -> bytes | None:
    """What was kept, or None: never kept, damaged, or not readable.

    Args:
        kind: what it is, with the version of its form; small letters, digits and hyphens.
        digest: digest of all that decides it, in hexadecimal digits.
    """
    path = _path(kind, digest)
    if path is None:
        return None
    try:
        content = path.read_bytes()
        os.utime(path)  # used now
    except OSError:
        return None
    return content[_SIGN:] if hashlib.sha256(content[_SIGN:]).digest() == content[:_SIGN] else None


def put(kind: str, digest: str, content: bytes) -> None:
    """Keeps something, if that is possible; see `get`."""
    path = _path(kind, digest)
    if path is None or len(content) > MOST_BYTES:
        return
    with suppress(OSError):
        write_atomic(path, hashlib.sha256(content).digest() + content)
        _shorten(path.parent)


def remembered(question: Sequence[Any], answer: Callable[[], Any]) -> Any:
    """The answer to a question about a database, found only once for as long as this program stays the same.

    Args:
        question: all that decides the answer beside the program, as JSON has it.
        answer: finds it, as JSON has it; what it raises is not remembered.
    """
    asked = hashlib.sha256(f"{_program()} {json.dumps(question)}".encode("utf-8", "surrogatepass")).hexdigest()
    content = get(_ANSWERS, asked)
    if content is None:
        content = json.dumps(answer()).encode()
        put(_ANSWERS, asked, content)
    return json.loads(content)


@cache
def _program() -> str:
    """Digest of the source of this room, and the versions of what it computes with."""
    content = "".join(path.read_text("utf-8") for path in sorted(Path(__file__).parents[1].rglob("*.py")))
    return " ".join((hashlib.sha256(content.encode()).hexdigest(), version("pycalphad"), version("symengine")))


def _path(kind: str, digest: str) -> Path | None:
    if not (_NAME.fullmatch(kind) and _NAME.fullmatch(digest)):
        raise ValueError(f"a kind and a digest have small letters, digits and hyphens, got {kind!r} and {digest!r}")
    home = folder()
    place = None if home is None else _private(home / kind)
    return None if place is None else place / digest


def _shorten(kind: Path) -> None:
    """Removes the files that were not used for the longest time, until the others fit."""
    rows = sorted(
        ((found.st_mtime, found.st_size, path) for path in kind.iterdir() if (found := path.stat())), reverse=True
    )
    total = 0
    for _, size, path in rows:
        total += size
        if total > MOST_BYTES and not path.name.startswith(UNFINISHED):
            path.unlink(missing_ok=True)
