"""Files that are there entirely or not at all, also after a crash."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_atomic(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Writes a file so that a reader, now or after a crash, finds all of it or what was there before.

    Args:
        path: the file; its folder is made if needed.
        content: all of it.
        mode: its permissions; for its owner only if None.

    Raises:
        OSError: if it cannot be written; what was there before is left as it was.
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
