"""The golden numbers of `tests/golden`."""

from __future__ import annotations

import csv
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def golden(name: str) -> list[dict[str, str]]:
    """The rows of a table of golden numbers, as `tests/golden/README.md` describes them."""
    with (GOLDEN / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
