"""What a database holds of what is asked of it, and every mistake in what is asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from alloys.errors import InputError, Mistake, MistakesError
from alloys.units import to_kelvin
from validation.calphad.quantities.base import AskedQuantity
from validation.calphad.quantities.energies import MolarVolume

_NEAR = 3
"""Names that are offered for one that is not there."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a database holds.

    Attributes:
        phases: names that a phase of it can be reported under.
        elements: its elements, in upper case.
        liquids: its liquids.
        low: the lowest temperature of any of its functions, K.
        high: the highest.
        volumes: whether it has the volume of any phase.
    """

    phases: tuple[str, ...]
    elements: tuple[str, ...]
    liquids: tuple[str, ...]
    low: float = 0.0
    high: float = math.inf
    volumes: bool = False

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Held:
        """Reads what `dataclasses.asdict` made of one."""
        fields: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in document.items()}
        return cls(**fields)

    def outside(self, kelvin: float) -> str:
        """What is wrong with a temperature in K, or nothing."""
        if max(self.low, 0.0) <= kelvin <= self.high:
            return ""
        return f"{kelvin:g} K lies outside of {self.low:g} to {self.high:g} K, for which the database has functions"

    def lacks(self, quantity: AskedQuantity) -> Iterator[str]:
        """What is wrong with a quantity that is asked of it."""
        for what, named, there in (
            ("phase", [phase.partition(":")[0] for phase in quantity.phases], self.phases),
            ("element", quantity.elements, self.elements),
        ):
            for one in named:
                if one not in there:
                    near = ", ".join(get_close_matches(one, there, _NEAR, cutoff=0.0))
                    yield f"the database has no {what} {one}; the nearest are {near}"
        if quantity.LIQUID and not self.liquids:
            yield (
                "no phase considered is a liquid by its name; say which one is by the setting 'liquid', or ask "
                "quantities that need none"
            )
        if isinstance(quantity, MolarVolume) and not self.volumes:
            yield "the database holds no volumes (parameters V0)"
        at = quantity.temperature
        if at is not None and not at.variable and (wrong := self.outside(at.kelvin)):
            yield wrong


def no_temperature(quantity: AskedQuantity, units: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the variable that says a quantity's temperature.

    Args:
        quantity: what is asked.
        units: of the design's variables that are numbers, by name.
    """
    at = quantity.temperature
    if at is None or not at.variable:
        return
    unit = units.get(at.variable)
    if unit is None:
        yield (
            f"{at.variable!r} is no number among the variables of the space; write a temperature with its unit, as "
            "900 degC, or name such a variable"
        )
        return
    try:
        to_kelvin(unit)
    except InputError as error:
        yield f"the variable {at.variable} is no temperature ({error}); give it a unit such as degC"


def refuse(asked: Mapping[str, AskedQuantity], wrong: Callable[[AskedQuantity], Iterator[str]]) -> None:
    """Refuses quantities with which something is wrong.

    Args:
        asked: by name.
        wrong: what is wrong with one.

    Raises:
        MistakesError: naming each, with its place in the settings.
    """
    told = [(name, text) for name, quantity in asked.items() for text in wrong(quantity)]
    if told:
        raise MistakesError([mistake(name, text) for name, text in told])


def mistake(name: str, text: str) -> Mistake:
    """What is wrong with a quantity, at its place in a validator's configuration."""
    return ("settings", "quantities", name), f"quantity {name}: {text}"
