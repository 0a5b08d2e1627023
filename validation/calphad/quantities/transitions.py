"""Temperatures at which phases come and go: melting, freezing, solvus, and where a phase is alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from alloys.properties import Property
from validation.calphad.errors import CalphadError
from validation.calphad.quantities.base import AskedQuantity, Name, Names, row

if TYPE_CHECKING:  # with pycalphad
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


class Solvus(AskedQuantity):
    """The highest temperature at which a solid phase, or any of several, is stable.

    Where it is stable nowhere, it is the lowest temperature that was looked at: the true one is there or below.
    """

    PHASES: ClassVar = ("solvus",)
    solvus: Names

    def property(self, name: str) -> Property:
        """A temperature."""
        return row(name, "K", (0.0, 6000.0), (700.0, 1600.0))

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """K."""
        found = alloy.solvus(possible) if (possible := alloy.possible(self.solvus)) else None
        if found is None:
            alloy.notes.append(f"{', '.join(self.solvus)} is stable nowhere down to {alloy.coldest:g} K")
        return round(alloy.coldest if found is None else found, 2)


class SinglePhase(AskedQuantity):
    """The temperatures at which a phase is alone: their lower end, their upper end, or their width.

    Where it is alone nowhere the width is 0, and there is no end: the alloy fails.
    """

    PHASES: ClassVar = ("single_phase",)
    single_phase: Name
    width: bool = False
    end: Literal["low", "high"] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.width == (self.end is not None):
            raise ValueError("say either width: true, or end: low or end: high")
        return self

    def property(self, name: str) -> Property:
        """A width or a temperature."""
        if self.width:
            return row(name, "K", (0.0, 6000.0), (0.0, 400.0), difference=True)
        return row(name, "K", (0.0, 6000.0), (700.0, 1700.0))

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """K."""
        found = alloy.window(self.single_phase) if alloy.possible([self.single_phase]) else None
        if self.width:
            return 0.0 if found is None else round(found[1] - found[0], 2)
        if found is None:
            raise CalphadError("missing_phase", f"{self.single_phase} is alone at no temperature; ask for the width")
        return round(found[0 if self.end == "low" else 1], 2)
