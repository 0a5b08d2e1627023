"""Files of a campaign: named by their content, and there entirely or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Written:
    """A file in a campaign's folder; ``path`` is relative to it."""

    path: str
    sha256: str


def write_atomic(path: Path, content: bytes) -> None:
    """Writes a file so that a reader, now or after a crash, finds all of it or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
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


def write_named(root: Path, folder: str, content: bytes, suffix: str) -> Written:
    """Writes ``root/folder/SHA256suffix`` unless it is there already."""
    digest = hashlib.sha256(content).hexdigest()
    relative = f"{folder}/{digest}{suffix}"
    if not (root / relative).is_file():
        write_atomic(root / relative, content)
    return Written(relative, digest)
