"""Files that are complete or absent, also after a crash, ordinary ones of bounded size, and the program's own."""

from __future__ import annotations

import csv
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import BinaryIO

from alloys.errors import InputError

UNFINISHED = ".writing-"
"""How the names of files begin that are not whole yet; one stays where a process was killed while it wrote."""


def write_atomic(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Writes a file so that a reader finds either all of it or the file before, even after a crash.

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
    """The same for content that comes in parts: the file is there when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
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
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Waits until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def open_plain(path: Path, what: str, most: int) -> Iterator[BinaryIO]:
    """An ordinary file to read, of at most so many bytes; reading a pipe or a device might never end.

    Args:
        path: the file.
        what: names it in messages, before its path; may be empty.
        most: bytes.

    Raises:
        InputError: if it cannot be opened, is something else, or larger.
    """
    named = f"{what} {path}" if what else str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # which does not wait for a pipe's other end
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        raise InputError(f"cannot read {named}: {getattr(error, 'strerror', None) or error}") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"cannot read {named}: it is no ordinary file")
        if found.st_size > most:
            raise InputError(f"cannot read {named}: it has {found.st_size} bytes, at most {most} are read")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            yield stream
    finally:
        os.close(descriptor)


def read_plain(path: Path, what: str, most: int) -> bytes:
    """All of an ordinary file; see `open_plain`.

    Raises:
        InputError: if it cannot be read.
    """
    with open_plain(path, what, most) as stream:
        try:
            return stream.read(most + 1)[:most]
        except OSError as error:
            raise InputError(f"cannot read {what} {path}: {error.strerror or error}") from error


MOST_BYTES = 500_000_000
"""The largest table that is read; it is held in memory whole."""


def packaged_text(package: str, name: str) -> str:
    """A text file that lies with a package of the program."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def packaged_rows(package: str, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file that lies with a package of the program, by the names of its columns."""
    return list(csv.DictReader(packaged_text(package, name).splitlines()))
