"""CSV files as rows of text: read whole, or refused with the reason."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from alloys.errors import InputError
from alloys.files import open_plain

MOST_BYTES = 500_000_000
"""The largest table that is read; it is held in memory whole."""


def read_rows(path: Path, what: str = "") -> tuple[list[str], list[dict[str, str]]]:
    """The columns and rows of a CSV file with a header; ``what`` names the file in messages, before its path.

    Raises:
        InputError: if the file cannot be read, or is no ordinary file or too large.
    """
    try:
        with open_plain(path, what, MOST_BYTES) as content:
            reader = csv.DictReader(io.TextIOWrapper(content, encoding="utf-8-sig", newline=""))
            return list(reader.fieldnames or []), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {what} {path}: {error}" if what else f"cannot read {path}: {error}") from error
