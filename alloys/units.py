"""Units in which people give properties, turned into those of the properties, by pint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from alloys.errors import InputError
from alloys.expressions import Expression
from alloys.properties import PROPERTIES, Property

_OWN = (
    "@alias particle = atom",
    "electrons = [electrons]",
    "USD = [currency_usd]",
    "EUR = [currency_eur]",
    # Vickers hardness is a force in kgf by an area in mm2 (ISO 6507-1); the other scales measure something else.
    "vickers = 9.80665 megapascal = HV",
    *(f"{name} = [hardness_{name}]" for name in ("HB", "HBW", "HK", "HRA", "HRB", "HRC")),
)
_SHARES = {
    "%": "percent",
    **dict.fromkeys(("at.%", "at%", "mol%", "mol.%", "wt.%", "wt%", "mass%", "vol.%", "vol%"), "percent"),
    **dict.fromkeys(("mole fraction", "atomic fraction", "mass fraction", "weight fraction", "1", ""), "dimensionless"),
}
ZERO_CELSIUS_K = 273.15
"""0 °C in K."""
_KELVIN = {"K": (1.0, 0.0), **dict.fromkeys(("degC", "°C"), (1.0, ZERO_CELSIUS_K))}
"""What pint says of the usual units of temperatures; it takes half a second to load."""
_FREE = "where its numbers carry units themselves, set check_units: false"
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")


@cache
def _registry() -> Any:
    import pint  # late: half a second, for who converts at all

    registry: Any = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    for line in _OWN:
        registry.define(line)
    return registry


@cache
def _unit(text: str) -> Any:
    """A unit of pint's.

    Raises:
        InputError: if the text is none.
    """
    plain = _SHARES.get(text.strip())
    if plain is None:
        plain = re.sub(r"[·×⋅]", "*", text.strip().translate(_SUPERSCRIPTS))
        plain = re.sub(r"√\(?(\w+)\)?", r"*\1**0.5", plain).replace("°C", "degC").replace("°F", "degF")
        plain = re.sub(r"(?<![\w.])([A-Za-zÅåµμΩ]+)(?=-?\d)", r"\1**", plain)
    try:
        return _registry().parse_units(plain)
    except Exception:  # pint raises its own errors, and those of tokenizer and parser
        raise InputError(
            f"unknown unit {text[:40]!r}; write it as MPa, g/cm3 or J/(mol·K), or 1 for a plain number"
        ) from None


def is_percent(text: str) -> bool:
    """Whether a unit is per cent, of whatever."""
    return _SHARES.get(text.strip()) == "percent"


def check_unit(text: str) -> str:
    """The text, if it is a unit.

    Raises:
        InputError: if it is not.
    """
    if text not in _SHARES and text not in {row.unit for row in PROPERTIES.values()}:
        _unit(text)
    return text


def scale_of(row: Property, unit: str) -> tuple[float, float]:
    """Factor and offset that turn a property's value in a unit into the property's unit.

    A standard deviation takes the factor alone.

    >>> from alloys.properties import PROPERTIES
    >>> scale_of(PROPERTIES["solidus"], "°C")
    (1.0, 273.15)
    >>> scale_of(PROPERTIES["freezing_range"], "°C")
    (1.0, 0.0)

    Raises:
        InputError: if the property cannot be given in that unit.
    """
    if unit == row.unit:
        return 1.0, 0.0
    given, wanted = _unit(unit), _unit(row.unit)
    # A Vickers hardness is no strength, though both are forces by area: only what is a hardness is turned into HV.
    if given.dimensionality != wanted.dimensionality or ("HV" in unit and "HV" not in row.unit):
        raise InputError(f"{row.name} cannot be given in {unit!r}: its unit is {row.unit}")
    registry = _registry()
    zero, one = (float(registry.Quantity(value, given).to(wanted).magnitude) for value in (0.0, 1.0))
    factor = float(f"{one - zero:.12g}")
    return factor, 0.0 if row.difference else float(f"{zero:.12g}")


def check_dimensions(expression: Expression, units: Mapping[str, str], unit: str) -> None:
    """Refuses an expression whose parts' units do not agree, or that is not of the unit that it should have.

    Raises:
        InputError: saying what does not agree.
    """
    registry = _registry()
    given = {name: registry.Quantity(1.5 + 0.1 * i, _base(part)) for i, (name, part) in enumerate(units.items())}
    try:
        found = registry.Quantity(1.0) * expression.evaluate(given)
    except InputError:
        raise
    except Exception as error:  # pint's DimensionalityError, OffsetUnitCalculusError and others
        parts = ", ".join(f"{name} in {part}" for name, part in units.items())
        raise InputError(f"the units in {expression.text!r} do not agree ({parts}): {error}; {_FREE}") from None
    if found.dimensionality != _unit(unit).dimensionality:
        got = f"{found.to_base_units().units:~C}" or "1"
        raise InputError(f"{expression.text!r} has the unit {got}, which is no {unit}; {_FREE}")


def to_base(unit: str) -> tuple[float, float]:
    """Factor and offset that turn a value in a unit into SI base units."""
    base = _base(unit)
    zero, one = (float(_registry().Quantity(value, _unit(unit)).to(base).magnitude) for value in (0.0, 1.0))
    return one - zero, zero


def to_kelvin(unit: str) -> tuple[float, float]:
    """Factor and offset that turn a temperature in a unit into K.

    >>> to_kelvin("degC")
    (1.0, 273.15)

    Raises:
        InputError: if the text is no unit of temperatures.
    """
    if unit in _KELVIN:
        return _KELVIN[unit]
    if _unit(unit).dimensionality != _unit("K").dimensionality:
        raise InputError(f"{unit[:40]!r} is no unit of temperatures; write K, °C or °F")
    return to_base(unit)


def _base(unit: str) -> Any:
    return _registry().Quantity(1.0, _unit(unit)).to_base_units().units
