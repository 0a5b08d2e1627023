"""Melting and freezing."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from alloys.properties import Property
from validation.calphad.quantities.base import AskedQuantity, Names, row
from validation.calphad.solving.alloy import Alloy


class Melts(AskedQuantity):
    """Solidus, liquidus, or what lies between."""

    LIQUID: ClassVar = True
    melting: Literal["solidus", "liquidus", "range"]

    def property(self, name: str) -> Property:
        """A temperature, or a difference of two."""
        if self.melting == "range":
            return row(name, "K", (0.0, 3000.0), (50.0, 400.0), difference=True)
        return row(name, "K", (200.0, 6000.0), (1000.0, 2000.0))

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """K."""
        if self.melting == "range":
            return round(round(alloy.liquidus, 2) - round(alloy.solidus, 2), 2)
        return round(alloy.liquidus if self.melting == "liquidus" else alloy.solidus, 2)


class Solidifies(AskedQuantity):
    """Solidification without diffusion in the solid (Scheil and Gulliver).

    The solidus is where 1 % of the liquid is left, the range the liquidus less that. The fraction is the share that
    froze as a phase by then, 0 where it did not form.
    """

    PHASES: ClassVar = ("of",)
    LIQUID: ClassVar = True
    scheil: Literal["range", "solidus", "fraction"]
    of: Names | None = None

    @model_validator(mode="after")
    def _fraction_of_something(self) -> Self:
        if (self.scheil == "fraction") != (self.of is not None):
            raise ValueError("of: PHASE goes with scheil: fraction, and only with that")
        return self

    def property(self, name: str) -> Property:
        """A share, a temperature, or a difference of two."""
        if self.scheil == "fraction":
            return row(name, "mole fraction", (0.0, 1.0), (0.0, 0.3))
        if self.scheil == "range":
            return row(name, "K", (0.0, 4000.0), (100.0, 800.0), difference=True)
        return row(name, "K", (200.0, 6000.0), (800.0, 1800.0))

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """K, or a mole fraction of the alloy."""
        path = alloy.scheil()
        if self.scheil == "range":
            return round(round(alloy.liquidus, 2) - path.solidus, 2)
        if self.scheil == "solidus":
            return path.solidus
        return round(min(1.0, sum(path.solids.get(name, 0.0) for name in self.phases)), 6)
