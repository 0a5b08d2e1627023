"""Files of a campaign: named by their content."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from alloys.errors import InputError
from alloys.files import UNFINISHED, write_atomic

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)
"""What a disk that is full, broken or cannot be written answers: no fault of what was given."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file in a campaign's folder; ``path`` is relative to it."""

    path: str
    sha256: str


def usual_mode(path: Path) -> int:
    """The permissions of a file as a person's other files have them: its own if it is there, else by the umask."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def inside(root: Path, relative: str) -> Path:
    """A file under a folder, links followed, by the path that a database or another file names.

    Raises:
        InputError: if it leads out of the folder.
    """
    path = root.resolve() if "\0" in relative else (root / relative).resolve()
    if path == root.resolve() or not path.is_relative_to(root.resolve()):
        raise InputError(f"the path {relative!r} leads out of {root}; nothing outside is read")
    return path


def write_named(root: Path, folder: str, content: bytes, suffix: str) -> Written:
    """Writes ``root/folder/SHA256suffix`` unless it is there already."""
    digest = hashlib.sha256(content).hexdigest()
    relative = f"{folder}/{digest}{suffix}"
    if not (root / relative).is_file():
        write_atomic(root / relative, content)
    return Written(relative, digest)


def remove_unfinished(root: Path) -> None:
    """Removes what writes of `write_named` left that were cut short; only whoever holds the campaign's lock may.

    Where that cannot be done, the next write tells why.
    """
    for part in root.glob(f"*/{UNFINISHED}*"):
        with suppress(OSError):
            part.unlink()
