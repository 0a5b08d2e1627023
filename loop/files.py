"""Files of a campaign: named by their content, and there entirely or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Written:
    """A file in a campaign's folder; ``path`` is relative to it."""

    path: str
    sha256: str


def write_atomic(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Writes a file so that a reader, now or after a crash, finds all of it or what was there before.

    Args:
        path: the file; its folder is made if needed.
        content: all of it.
        mode: its permissions; for its owner only if None.
    """
    with open_atomic(path, mode=mode) as stream:
        stream.write(content)


@contextmanager
def open_atomic(path: Path, *, mode: int | None = None) -> Iterator[BinaryIO]:
    """The same for content that comes in parts: the file is there once the block has ended well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            if mode is not None:
                os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def usual_mode(path: Path) -> int:
    """The permissions of a file as a person's other files have them: its own if it is there, else by the umask."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def write_named(root: Path, folder: str, content: bytes, suffix: str) -> Written:
    """Writes ``root/folder/SHA256suffix`` unless it is there already."""
    digest = hashlib.sha256(content).hexdigest()
    relative = f"{folder}/{digest}{suffix}"
    if not (root / relative).is_file():
        write_atomic(root / relative, content)
    return Written(relative, digest)
