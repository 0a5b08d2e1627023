"""Test temperatures told in kelvin where °C is meant, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alloys.points.checking.record import ROOM, CheckedRecord, Flag
from alloys.units import ZERO_CELSIUS_K

KELVIN = "unit of a temperature"
_ZEROS = (ZERO_CELSIUS_K, 273.0)
_STEP, _COARSE = 50.0, 100.0
"""Temperatures of tests are whole numbers of these, in °C; those that were set in kelvin, too."""
_LABORATORY = (20.0, 22.0, 23.0, 24.0, 25.0, 27.0)
"""What papers call room temperature, in °C."""
_COLDEST = (-196.0, -269.0)
"""Liquid nitrogen and helium, in °C."""
_BETWEEN = (22.0, 25.5)
"""Temperatures in kelvin that no bath of a test has, and that are room temperature in °C."""
_CLOSE = 0.16


def kelvin_for_celsius(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """Odd temperatures that are round ones in the other unit.

    Tests are made at round temperatures. 298 or 1273 °C are none; 25 and 1000 °C are. Below zero tests are set in
    kelvin as often as in °C, so that odd ones are no sign there, but for 25 K: room temperature without its zero.
    """
    for record in records:
        celsius = record.temperature
        if celsius is None or (told := _meant(celsius)) is None:
            continue
        odd = "odd" if celsius >= -ZERO_CELSIUS_K else "below absolute zero"
        yield Flag(
            KELVIN,
            record.places_of(*record.values),
            f"test temperature {celsius:g} °C of {record.formula} is {odd}; {told:g} °C is not",
            f"{told:g} °C, if the zero of the scale was taken wrongly",
        )


def _meant(celsius: float) -> float | None:
    """The temperature that was meant, in °C; None where nothing speaks for another one."""
    if celsius < -ZERO_CELSIUS_K:
        return round(celsius + ZERO_CELSIUS_K)
    if celsius >= ROOM[0] and not _whole(celsius, 10.0) and not _near(celsius, _LABORATORY):
        for zero in _ZEROS:
            low = celsius - zero
            if _near(low, (*_LABORATORY, *_COLDEST)) or (low > 0 and _whole(low, _STEP)):
                return round(low)
            high = celsius + zero
            if _whole(high, _COARSE):
                return round(high)
    for zero in _ZEROS:
        high = celsius + zero
        if celsius < 0 and _BETWEEN[0] <= high <= _BETWEEN[1] and _near(high, _LABORATORY):
            return round(high)
    return None


def _whole(value: float, step: float) -> bool:
    return abs(value - step * round(value / step)) < _CLOSE


def _near(value: float, those: Sequence[float]) -> bool:
    return any(abs(value - one) < _CLOSE for one in those)
