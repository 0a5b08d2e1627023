"""Energies and what follows from them: driving force, activity, enthalpy, heat capacity and volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from alloys.properties import Property
from validation.calphad.errors import CalphadError
from validation.calphad.quantities.base import AtTemperature, Name, Names, row
from validation.calphad.quantities.temperature import celsius_text

if TYPE_CHECKING:  # with pycalphad
    from validation.calphad.solving.alloy import Alloy

CUBIC_CENTIMETRES = 1e6
"""In a cubic metre."""


class DrivingForce(AtTemperature):
    """What a phase, or the nearest of several, gains over the equilibrium by forming, per mole of its atoms.

    It is 0 where the phase is present, and negative where it is absent: what it lacks to be stable.
    """

    PHASES: ClassVar = ("driving_force",)
    driving_force: Names

    def property(self, name: str) -> Property:
        """An energy."""
        return row(name, "J/mol", (-1e6, 0.0), (-5000.0, 0.0))

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """J/mol of atoms."""
        found, failure = [], None
        for name in self.driving_force:
            try:
                found.append(alloy.driving_force(name, kelvin))
            except CalphadError as error:
                failure = error
        if failure is not None and not found:
            raise failure
        return round(max(found), 2)


class Enthalpy(AtTemperature):
    """Enthalpy of all phases together, against the elements in the state that the database counts from."""

    enthalpy: Literal["total"]

    def property(self, name: str) -> Property:
        """An energy."""
        return row(name, "J/mol", (-1e6, 1e6), (-20_000.0, 60_000.0))

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """J per mole of atoms."""
        return round(alloy.enthalpy(kelvin), 2)


class HeatCapacity(AtTemperature):
    """Heat capacity at constant pressure of all phases together, with their amounts and site fractions held."""

    heat_capacity: Literal["total"]

    def property(self, name: str) -> Property:
        """A heat capacity."""
        return row(name, "J/(mol·K)", (0.0, 1e6), (25.0, 45.0))

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """J/K per mole of atoms."""
        return round(alloy.heat_capacity(kelvin), 4)


class MolarVolume(AtTemperature):
    """Volume of all phases together, where the database has the volumes of all of them."""

    molar_volume: Literal["total"]

    def property(self, name: str) -> Property:
        """A volume."""
        return row(name, "cm3/mol", (0.0, 1000.0), (6.0, 12.0))

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """cm3 per mole of atoms."""
        found = alloy.molar_volume(kelvin)
        if found is None:
            raise CalphadError("missing_property", f"the database has no volume of a phase at {celsius_text(kelvin)}")
        return round(CUBIC_CENTIMETRES * found, 6)


class Activity(AtTemperature):
    """Activity of an element, ``exp((mu - G) / RT)`` with G of the pure element in a reference phase.

    It is exactly 0 where the alloy has none of the element.
    """

    PHASES: ClassVar = ("reference",)
    ELEMENTS: ClassVar = ("activity",)
    activity: Name
    reference: Name

    def property(self, name: str) -> Property:
        """A plain number that spans powers of ten."""
        return row(name, "1", (0.0, 1e6), (1e-3, 1.0), "log")

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """The activity."""
        if self.activity not in alloy.elements:
            return 0.0
        return float(f"{alloy.activity(self.activity, kelvin, self.reference):.6g}")
