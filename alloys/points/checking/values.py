"""Single values that cannot be: of the wrong sign, in another unit, or no numbers at all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from alloys.files import packaged_rows
from alloys.points.checking.record import CheckedRecord, Flag
from alloys.points.point import point_properties

UNIT = "unit of a value"
IMPOSSIBLE = "impossible value"
UNREAD = "unreadable record"

_UNITS: Mapping[str, Mapping[str, float]] = {
    "MPa": {"GPa": 1000.0, "kPa": 1e-3, "kgf/mm2": 9.80665, "ksi": 6.894757, "psi": 6.894757e-3},
    "GPa": {"MPa": 1e-3, "Msi": 6.894757, "TPa": 1000.0},
    "HV": {"GPa": 1000 / 9.80665, "MPa": 1 / 9.80665},
    "g/cm3": {"kg/m3": 1e-3},
    "%": {"a fraction": 100.0, "permille": 0.1},
    "µm": {"m": 1e6, "mm": 1000.0, "nm": 1e-3},
}
"""By unit: others that values are told in by mistake, and what one of them is in the unit."""


def unreadable_cells(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """Records and cells that say something which cannot be read."""
    for record in records:
        for reason in record.unread:
            yield Flag(UNREAD, (record.place,), reason, "look it up in the source")


def implausible_values(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """Values outside what metals have; where another unit brings them back, that unit is the suggestion."""
    for record in records:
        for name, value in record.values.items():
            if name in plausible_values() and (told := _told(record, name, value)) is not None:
                yield told


@cache
def plausible_values() -> Mapping[str, tuple[float, float]]:
    """The least and the most that alloys have of a property, wide: in its own unit."""
    rows = packaged_rows("alloys", "data/plausible_values.csv")
    return {row["name"]: (float(row["low"]), float(row["high"])) for row in rows}


def other_units(name: str, value: float) -> list[tuple[str, float]]:
    """Units in which the value would be a plausible one, nearest to the usual first, and what it then is."""
    low, high = plausible_values()[name]
    row = point_properties()[name]
    usual = math.sqrt(row.usual[0] * row.usual[1])
    read = [(unit, value * factor) for unit, factor in _UNITS.get(row.unit, {}).items()]
    fitting = [(unit, one) for unit, one in read if max(low, 1e-9) <= one <= high]
    return sorted(fitting, key=lambda pair: abs(math.log(pair[1] / usual)))


def _told(record: CheckedRecord, name: str, value: float) -> Flag | None:
    low, high = plausible_values()[name]
    if low <= value <= high and not (value == 0 and low > 0):
        return None
    unit = point_properties()[name].unit
    said = f"{name} {value:g} {unit} of {record.formula}: alloys have {low:g} to {high:g} {unit}"
    if value < 0:
        suggestion = f"{-value:g} {unit}, if the sign is wrong" if low <= -value <= high else "look it up in the source"
        return Flag(IMPOSSIBLE, record.places_of(name), said, suggestion, (name,))
    others = other_units(name, value)
    if not others:
        return Flag(IMPOSSIBLE, record.places_of(name), said, "look it up in the source", (name,))
    meant, read = others[0]
    return Flag(UNIT, record.places_of(name), said, f"{read:.4g} {unit}, if it is told in {meant}", (name,))
