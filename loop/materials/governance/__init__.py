"""Checks of points by a model of all of them; the rules that need none are in `alloys.points.checking`."""

from __future__ import annotations

from collections.abc import Sequence

from alloys.points.checking import CheckedRecord, Flag, plain_flags
from loop.materials.governance.unlikely import unlikely_values

__all__ = ["check_records"]


def check_records(records: Sequence[CheckedRecord]) -> list[Flag]:
    """Everything that may be wrong with some records: flags by the place that is in doubt."""
    return sorted([*plain_flags(records), *unlikely_values(records)], key=lambda flag: flag.places[0])
