"""The quantities that a person asks of every alloy, read from settings and held against a database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from alloys.design import Value
from alloys.errors import InputError, MistakesError
from alloys.properties import PROPERTIES, Property
from validation.calphad.errors import CalphadError
from validation.calphad.quantities.base import AskedQuantity
from validation.calphad.quantities.energies import Activity, DrivingForce, Enthalpy, HeatCapacity, MolarVolume
from validation.calphad.quantities.held import Held, mistake
from validation.calphad.quantities.shares import CompositionOf, Fraction
from validation.calphad.quantities.temperature import Temperature
from validation.calphad.quantities.transitions import Melts, SinglePhase, Solidifies, Solvus
from validation.jobs.protocol import mistakes_in

if TYPE_CHECKING:  # with pycalphad
    from validation.calphad.solving.alloy import Alloy

KINDS: dict[str, type[AskedQuantity]] = {
    "fraction": Fraction,
    "composition": CompositionOf,
    "melting": Melts,
    "solvus": Solvus,
    "single_phase": SinglePhase,
    "driving_force": DrivingForce,
    "activity": Activity,
    "enthalpy": Enthalpy,
    "heat_capacity": HeatCapacity,
    "molar_volume": MolarVolume,
    "scheil": Solidifies,
}
"""Kinds of quantities by the key that names them."""


@dataclass(frozen=True, slots=True)
class AskedQuantities:
    """What is asked of every alloy.

    Attributes:
        asked: the quantities by name.
        units: the units of the design's variables that say temperatures, by name.
    """

    asked: Mapping[str, AskedQuantity]
    units: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, given: Any, units: Mapping[str, str] | None = None) -> AskedQuantities:
        """Reads them as settings write them.

        Raises:
            InputError: naming each quantity that is none, and what is wrong with it.
        """
        if not isinstance(given, Mapping) or not given:
            raise InputError(
                f"'quantities' must name at least one, as tcp: {{fraction: SIGMA, at: 850 degC}}; got {given!r}"
            )
        asked, mistakes = {}, []
        for name, one in given.items():
            try:
                asked[str(name)] = _parsed(str(name), one)
            except InputError as error:
                mistakes.append(mistake(str(name), str(error)))
        if mistakes:
            raise MistakesError(mistakes)
        return cls(asked, dict(units or {}))

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """How they are written, for editors."""
        kinds = [kind.model_json_schema() for kind in KINDS.values()]
        return {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": kinds}}

    @property
    def properties(self) -> dict[str, Property]:
        """Them as properties; a built-in one keeps what the table says of it."""
        return {name: PROPERTIES.get(name) or quantity.property(name) for name, quantity in self.asked.items()}

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of a design that say their temperatures."""
        return tuple(sorted({at.variable for at in self._temperatures.values() if at.variable}))

    @property
    def plain(self) -> dict[str, Any]:
        """Them as settings write them."""
        return {
            name: quantity.model_dump(by_alias=True, exclude_defaults=True) for name, quantity in self.asked.items()
        }

    @property
    def melts(self) -> bool:
        """Whether any of them asks when an alloy melts or freezes, for which it needs a liquid."""
        return any(isinstance(quantity, Melts | Solidifies) for quantity in self.asked.values())

    @property
    def freezes(self) -> bool:
        """Whether any of them follows how an alloy freezes."""
        return any(isinstance(quantity, Solidifies) for quantity in self.asked.values())

    def kelvins(self, variables: Mapping[str, Value], held: Held) -> dict[str, float]:
        """Where each quantity is asked for a design, K; NaN for those that are asked at no temperature.

        Args:
            variables: the design's, by name.
            held: what the database holds.

        Raises:
            InputError: if the design lacks a variable, or has one for which the database has no functions.
        """
        found = {name: at.of(variables, self.units) for name, at in self._temperatures.items()}
        for name, kelvin in found.items():
            if wrong := held.outside(kelvin):
                raise InputError(f"quantity {name}: {wrong}")
        return dict.fromkeys(self.asked, float("nan")) | found

    @property
    def _temperatures(self) -> dict[str, Temperature]:
        found = {name: quantity.temperature for name, quantity in self.asked.items()}
        return {name: at for name, at in found.items() if at is not None}

    def values(self, alloy: Alloy, kelvins: Mapping[str, float], *, told: bool) -> dict[str, float]:
        """Each quantity's value for an alloy, by name.

        Args:
            alloy: what of.
            kelvins: where each is asked.
            told: whether a failure names the quantity.

        Raises:
            CalphadError: for the first one that has none.
        """
        found = {}
        for name, quantity in self.asked.items():
            try:
                found[name] = quantity.value(alloy, kelvins[name])
            except CalphadError as error:
                raise CalphadError(error.kind, f"{error.message} (asked by {name})") if told else error from None
        return found

    def possible(self, alloy: Alloy, kelvins: Mapping[str, float]) -> dict[str, float]:
        """The values of those quantities that have one, by name."""
        found = {}
        for name, quantity in self.asked.items():
            with suppress(CalphadError, ArithmeticError, LookupError, ValueError):  # whatever the solver breaks on
                found[name] = quantity.value(alloy, kelvins[name])
        return found


def _parsed(name: str, given: Any) -> AskedQuantity:
    kinds = [key for key in given if key in KINDS] if isinstance(given, Mapping) else []
    if len(kinds) != 1:
        keys = ", ".join(map(str, given)) if isinstance(given, Mapping) else repr(given)
        raise InputError(f"one key must say what it is, of {', '.join(KINDS)}; got {keys}")
    try:
        found = KINDS[kinds[0]].model_validate(dict(given))
    except ValidationError as error:
        raise InputError(mistakes_in(error)) from None
    known, unit = PROPERTIES.get(name), found.property(name).unit
    if known is not None and known.unit != unit:
        raise InputError(
            f"the built-in property of that name is in {known.unit}, and this one in {unit}; give it another name"
        )
    return found
