"""What a person asked ``alloyloop phases`` for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from alloys.composition import Composition, amounts_in
from alloys.errors import InputError
from alloys.physics.basis import atomic_masses
from loop.review.phases.units import Degrees
from validation.calphad.quantities.temperature import Temperature


class Basis(StrEnum):
    """What the numbers in a formula are."""

    AT = "at"
    WT = "wt"


class By(StrEnum):
    """What fractions of phases are shares of."""

    MOLE = "mole"
    WEIGHT = "weight"


def kelvin_of(text: str) -> float:
    """A temperature with its unit, in K.

    >>> kelvin_of("500 degC"), kelvin_of("773.15K")
    (773.15, 773.15)

    Raises:
        InputError: for a number without a unit, or a unit that is none of temperatures.
    """
    kelvin = Temperature.parse(text).kelvin
    if math.isnan(kelvin):  # the name of a variable, which only a campaign has
        raise InputError(f"a temperature is a number with its unit, as '500 degC' or '773 K'; got {text[:40]!r}")
    return kelvin


@dataclass(frozen=True)
class Asked:
    """Which alloys, and how they are shown.

    Attributes:
        formulas: one, or the two ends of a section, as they were given.
        basis: what their numbers are.
        by: what fractions of phases are shares of.
        tdb: the database's file, None for the project's own.
        low: K, None where it was not said.
        high: K, None where it was not said.
        celsius: whether temperatures are shown in °C.
    """

    formulas: tuple[str, ...]
    basis: Basis
    by: By
    tdb: Path | None
    low: float | None
    high: float | None
    celsius: bool

    def __post_init__(self) -> None:
        if len(set(self.compositions)) < len(self.formulas):
            raise InputError(f"{' and '.join(self.formulas)} are the same alloy; a section lies between two")

    @cached_property
    def compositions(self) -> tuple[Composition, ...]:
        """The alloys of the formulas."""
        return tuple(self._composition(formula) for formula in self.formulas)

    def _composition(self, formula: str) -> Composition:
        whole = Composition.parse(formula)
        if self.basis is Basis.AT:
            return whole
        masses = atomic_masses(whole.elements)
        return Composition.from_amounts({symbol: w / masses[symbol] for symbol, w in amounts_in(formula).items()})

    def between(self, amount: float) -> dict[str, float]:
        """Atomic fractions of the alloy with so much of the second one, by atoms or by weight as the basis says."""
        first, second = (composition.fractions() for composition in self.compositions)
        if self.basis is Basis.WT:
            masses = {symbol: float(mass) for symbol, mass in atomic_masses(sorted({*first, *second})).items()}
            less, more = (1.0 - amount) / _mean(first, masses), amount / _mean(second, masses)
            amount = more / (less + more)
        mixed = {s: (1.0 - amount) * first.get(s, 0.0) + amount * second.get(s, 0.0) for s in {*first, *second}}
        return {symbol: share for symbol, share in sorted(mixed.items()) if share > 0.0}

    @property
    def degrees(self) -> Degrees:
        """The scale on which temperatures are shown."""
        return Degrees(self.celsius)

    @property
    def unit(self) -> str:
        """What fractions of phases are."""
        return "mole fraction" if self.by is By.MOLE else "mass fraction"

    @property
    def database(self) -> str:
        """Name of the database."""
        return "the project's own database" if self.tdb is None else self.tdb.name

    @property
    def title(self) -> str:
        """Which alloy, from which database."""
        weights = " (wt.%)" if self.basis is Basis.WT else ""
        return f"{' – '.join(self.formulas)}{weights}, {self.database}"

    @property
    def amount(self) -> str:
        """What the amounts of a section are."""
        return "mole fraction" if self.basis is Basis.AT else "mass fraction"

    @property
    def horizontal(self) -> str:
        """The same, and of what."""
        return f"{self.amount} of {self.formulas[-1]}"


def _mean(fractions: dict[str, float], masses: dict[str, float]) -> float:
    return sum(share * masses[symbol] for symbol, share in fractions.items())
