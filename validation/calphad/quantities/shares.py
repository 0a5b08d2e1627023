"""Shares: of phases in an alloy, and of elements in a phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from alloys.properties import Property
from validation.calphad.quantities.base import AtTemperature, By, Name, Names, is_any, mass, row, share_unit
from validation.calphad.quantities.temperature import celsius_text

if TYPE_CHECKING:  # with pycalphad
    from validation.calphad.solving.alloy import Alloy


class Fraction(AtTemperature):
    """Share of one phase, or of several together, of the atoms or of the weight; 0 where it is absent.

    ``largest`` counts only the largest composition set.
    """

    PHASES: ClassVar = ("fraction",)
    fraction: Names
    by: By = "mole"
    largest: bool = False

    def property(self, name: str) -> Property:
        """A share."""
        return row(name, share_unit(self.by), (0.0, 1.0), (0.0, 1.0), scale="share")

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """The sum over the composition sets of these phases."""
        sets = alloy.at(kelvin).sets
        if self.by == "weight":
            weights = [item.amount * mass(alloy, item.composition) for item in sets]
            amounts = [weight / sum(weights) for weight in weights]
        else:
            amounts = [item.amount for item in sets]
        found = [amount for amount, item in zip(amounts, sets, strict=True) if is_any(item, self.fraction)]
        return round(min(max(found, default=0.0) if self.largest else sum(found), 1.0), 6)


class CompositionOf(AtTemperature):
    """Share of an element in a phase, in its largest set.

    Where the phase is absent it is that of its likeliest nucleus: the composition at which the phase comes nearest to
    the tangent plane of the equilibrium, which is the phase's own where it becomes stable.
    """

    PHASES: ClassVar = ("phase",)
    ELEMENTS: ClassVar = ("composition",)
    composition: Name
    phase: Name = Field(alias="in")
    by: By = "mole"

    def property(self, name: str) -> Property:
        """A share."""
        return row(name, share_unit(self.by), (0.0, 1.0), (0.0, 0.5))

    def value(self, alloy: Alloy, kelvin: float) -> float:
        """The element's share; 0 where the alloy has none of it."""
        if self.composition not in alloy.elements:
            return 0.0
        found = [item for item in alloy.at(kelvin).sets if is_any(item, (self.phase,))]
        fractions = max(found, key=lambda item: item.amount).composition if found else None
        if fractions is None:
            fractions, distance = alloy.nucleus(self.phase, kelvin)
            alloy.notes.append(
                f"{celsius_text(kelvin)}: {self.phase} is absent, {distance:.0f} J/mol above what is stable; its "
                "composition is that of its likeliest nucleus"
            )
        place = alloy.elements.index(self.composition)
        share = float(fractions[place])
        if self.by == "weight":
            alone = np.eye(len(alloy.elements))[place]
            share *= mass(alloy, alone) / mass(alloy, fractions)
        return round(share, 6)
