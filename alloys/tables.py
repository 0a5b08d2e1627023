"""CSV files as rows of text: read whole, or refused with the reason."""

from __future__ import annotations

import csv
from pathlib import Path

from alloys.errors import InputError


def read_rows(path: Path, what: str = "") -> tuple[list[str], list[dict[str, str]]]:
    """The columns and rows of a CSV file with a header; ``what`` names the file in messages, before its path.

    Raises:
        InputError: if the file cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            return list(reader.fieldnames or []), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {what} {path}: {error}" if what else f"cannot read {path}: {error}") from error
