"""The temperature of a quantity: a number with its unit, or a variable of the design."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from alloys.design import Value
from alloys.errors import InputError
from alloys.units import ZERO_CELSIUS_K, to_kelvin

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\s\d].*?)\s*")
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Temperature:
    """A temperature that is given, or that a variable of the design says.

    Attributes:
        kelvin: the one that is given, K.
        variable: the variable's name, empty where a number is given.
    """

    kelvin: float
    variable: str = ""

    @classmethod
    def parse(cls, text: str) -> Temperature:
        """Reads ``900 degC``, ``1173 K`` or the name of a variable.

        >>> Temperature.parse("900 degC"), Temperature.parse("annealing_temperature").variable
        (Temperature(kelvin=1173.15, variable=''), 'annealing_temperature')

        Raises:
            InputError: for a number without a unit, a unit that is none of temperatures, or anything else.
        """
        if _VARIABLE.fullmatch(text):
            return cls(float("nan"), text)
        found = _NUMBER.fullmatch(text)
        if found is None:
            raise InputError(
                f"a temperature is a number with its unit, as 900 degC or 1173 K, or the name of a variable of the "
                f"design; got {text[:40]!r}"
            )
        factor, offset = to_kelvin(found[2])
        return cls(float(found[1]) * factor + offset)

    def of(self, variables: Mapping[str, Value], units: Mapping[str, str]) -> float:
        """The temperature for one design, K.

        Args:
            variables: the design's, by name.
            units: of variables, by name.

        Raises:
            InputError: if the design has no such variable, or it is no number.
        """
        if not self.variable:
            return self.kelvin
        value = variables.get(self.variable)
        if isinstance(value, bool) or not isinstance(value, int | float):
            got = "none" if value is None else repr(value)
            raise InputError(f"the design needs the variable {self.variable}, a temperature; it has {got}")
        factor, offset = to_kelvin(units[self.variable])
        return float(value) * factor + offset


def celsius_text(kelvin: float) -> str:
    """A temperature in K as documents name it, in °C.

    >>> celsius_text(1473.15)
    '1200 C'
    """
    return f"{round(kelvin - ZERO_CELSIUS_K, 6):g} C"
