"""Units in which people give properties, turned into those of the property table."""

from __future__ import annotations

from alloys.errors import InputError
from alloys.properties import get_property

# From another unit to the table's: factor, and offset in the table's unit. Factors of the SI, and eV per atom from
# the 2019 values of the elementary charge and Avogadro's number.
_OTHERS: dict[str, dict[str, tuple[float, float]]] = {
    "K": {"°C": (1.0, 273.15), "degC": (1.0, 273.15)},
    "GPa": {"MPa": (1e-3, 0.0), "Pa": (1e-9, 0.0)},
    "MPa": {"GPa": (1e3, 0.0), "Pa": (1e-6, 0.0)},
    "MPa·cm3/g": {"kN·m/kg": (1.0, 0.0), "kJ/kg": (1.0, 0.0)},
    "MPa·m^0.5": {"MPa*m^0.5": (1.0, 0.0), "kPa·m^0.5": (1e-3, 0.0)},
    "J/m2": {"mJ/m2": (1e-3, 0.0)},
    "g/cm3": {"kg/m3": (1e-3, 0.0)},
    "kJ/mol": {"J/mol": (1e-3, 0.0), "eV/atom": (96.48533212331, 0.0)},
    "USD/kg": {"USD/g": (1e3, 0.0)},
    "mole fraction": {"mol%": (1e-2, 0.0), "%": (1e-2, 0.0)},
    "1": {"%": (1e-2, 0.0)},
    "%": {"1": (1e2, 0.0)},
}


def units_of(name: str) -> tuple[str, ...]:
    """The units in which a property may be given, the table's first.

    Raises:
        InputError: if there is no such property.
    """
    unit = get_property(name).unit
    return (unit, *_OTHERS.get(unit, {}))


def scale_of(name: str, unit: str) -> tuple[float, float]:
    """Factor and offset that turn a property's value in a unit into the table's unit.

    A standard deviation takes the factor alone.

    >>> scale_of("solidus", "°C")
    (1.0, 273.15)
    >>> scale_of("freezing_range", "°C")
    (1.0, 0.0)

    Raises:
        InputError: if there is no such property, or it cannot be given in that unit.
    """
    if unit not in units_of(name):
        raise InputError(f"{name} cannot be given in {unit!r}; known are {', '.join(units_of(name))}")
    factor, offset = _OTHERS.get(get_property(name).unit, {}).get(unit, (1.0, 0.0))
    return factor, 0.0 if get_property(name).difference else offset
