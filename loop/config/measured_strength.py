"""Measured strengths of a materials table, which the validator ``strength`` cannot read by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alloys.errors import InputError
from validation.registry import takes_measurements
from validation.strength.measurements import PROPERTY, StrengthMeasurements


def measurements_in_table(where: str) -> StrengthMeasurements:
    """The measured yield strengths of a table.

    Raises:
        InputError: if they are of too few sources.
        StoreError: if there is no table there.
    """
    from loop.materials import MaterialsTable, PointQuery  # late, for a light start: with the database's libraries

    with MaterialsTable.open(where) as table:
        points = [stored.point for stored in table.points(PointQuery(properties=(PROPERTY,), counting=True))]
        return StrengthMeasurements.of_points(points, table.sources({point.source for point in points}))


def with_measurements(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A validator's settings with the measurements themselves in place of a materials table.

    Raises:
        InputError: for a table that is no text, or has too few measurements.
        StoreError: if there is no table there.
    """
    if "table" not in settings or not takes_measurements(name):
        return dict(settings)
    where = settings["table"]
    if not isinstance(where, str) or not where:
        raise InputError(f"'table' is a materials table, a file or a URL, got {where!r}")
    if "measurements" in settings:
        raise InputError("give 'table' or 'measurements', not both")
    rest = {key: value for key, value in settings.items() if key != "table"}
    return {**rest, "measurements": measurements_in_table(where).rows()}
