"""The quantities that a person asks of every alloy, read from settings and held against a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from alloys.design import Value
from alloys.errors import InputError
from alloys.properties import PROPERTIES, Property
from alloys.units import to_kelvin
from validation.calphad.errors import CalphadError
from validation.calphad.quantities.base import AskedQuantity
from validation.calphad.quantities.energies import Activity, DrivingForce, Enthalpy, HeatCapacity, MolarVolume
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
_NEAR = 3
"""Names that are offered for one that is not there."""


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
            InputError: naming the first quantity that is none, and what is wrong with it.
        """
        if not isinstance(given, Mapping) or not given:
            raise InputError(
                f"'quantities' must name at least one, as tcp: {{fraction: SIGMA, at: 850 degC}}; got {given!r}"
            )
        asked = {str(name): _parsed(str(name), one) for name, one in given.items()}
        for name, quantity in asked.items():
            known = PROPERTIES.get(name)
            if known is not None and known.unit != quantity.property(name).unit:
                raise InputError(
                    f"quantity {name}: the built-in property of that name is in {known.unit}, and this one in "
                    f"{quantity.property(name).unit}; give it another name"
                )
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
    def freezes(self) -> bool:
        """Whether any of them follows how an alloy freezes."""
        return any(isinstance(quantity, Solidifies) for quantity in self.asked.values())

    def check_variables(self) -> None:
        """Refuses variables of which no unit is known, or one that is none of temperatures.

        Raises:
            InputError: naming the quantity and the variable.
        """
        for name, at in self._temperatures.items():
            if not at.variable:
                continue
            unit = self.units.get(at.variable)
            if unit is None:
                raise InputError(
                    f"quantity {name}: {at.variable!r} is no number among the variables of the space; write a "
                    "temperature with its unit, as 900 degC, or name such a variable"
                )
            try:
                to_kelvin(unit)
            except InputError as error:
                raise InputError(
                    f"quantity {name}: the variable {at.variable} is no temperature ({error}); give it a unit such as "
                    "degC"
                ) from None

    @property
    def volumes(self) -> tuple[str, ...]:
        """Names of those that need volumes of phases."""
        return tuple(name for name, quantity in self.asked.items() if isinstance(quantity, MolarVolume))

    def check_names(self, phases: Iterable[str], elements: Iterable[str], liquids: Iterable[str]) -> None:
        """Refuses what a database does not have.

        Args:
            phases: names that a phase of it can be reported under.
            elements: its elements, in upper case.
            liquids: its liquids.

        Raises:
            InputError: naming the quantity, and the nearest names.
        """
        for name, quantity in self.asked.items():
            for what, named, there in (
                ("phase", [phase.partition(":")[0] for phase in quantity.phases], tuple(phases)),
                ("element", quantity.elements, tuple(elements)),
            ):
                for one in named:
                    if one not in there:
                        near = get_close_matches(one, there, _NEAR, cutoff=0.0)
                        raise InputError(
                            f"quantity {name}: the database has no {what} {one}; the nearest are {', '.join(near)}"
                        )
            if quantity.LIQUID and not tuple(liquids):
                raise InputError(
                    f"quantity {name}: no phase considered is a liquid by its name; say which one is by the setting "
                    "'liquid', or ask quantities that need none"
                )

    def check_range(self, low: float, high: float) -> None:
        """Refuses temperatures that no function of a database covers.

        Args:
            low: the lowest that one covers, K.
            high: the highest.

        Raises:
            InputError: naming the quantity and the range.
        """
        self._refuse_outside({name: at.kelvin for name, at in self._temperatures.items() if not at.variable}, low, high)

    def kelvins(self, variables: Mapping[str, Value], low: float, high: float) -> dict[str, float]:
        """Where each quantity is asked for a design, K; NaN for those that are asked at no temperature.

        Args:
            variables: the design's, by name.
            low: the lowest temperature that a function of the database covers, K.
            high: the highest.

        Raises:
            InputError: if the design lacks a variable, or has one outside of the range.
        """
        found = {name: at.of(variables, self.units) for name, at in self._temperatures.items()}
        self._refuse_outside(found, low, high)
        return dict.fromkeys(self.asked, float("nan")) | found

    @property
    def _temperatures(self) -> dict[str, Temperature]:
        found = {name: quantity.temperature for name, quantity in self.asked.items()}
        return {name: at for name, at in found.items() if at is not None}

    @staticmethod
    def _refuse_outside(kelvins: Mapping[str, float], low: float, high: float) -> None:
        for name, kelvin in kelvins.items():
            if not max(low, 0.0) <= kelvin <= high:
                raise InputError(
                    f"quantity {name}: {kelvin:g} K lies outside of {low:g} to {high:g} K, for which the database has "
                    "functions"
                )

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
    told = f"quantity {name}"
    kinds = [key for key in given if key in KINDS] if isinstance(given, Mapping) else []
    if len(kinds) != 1:
        keys = ", ".join(map(str, given)) if isinstance(given, Mapping) else repr(given)
        raise InputError(f"{told}: one key must say what it is, of {', '.join(KINDS)}; got {keys}")
    try:
        return KINDS[kinds[0]].model_validate(dict(given))
    except ValidationError as error:
        raise InputError(f"{told}: {mistakes_in(error)}") from None
