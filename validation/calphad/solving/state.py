"""An equilibrium of an alloy, as it is told."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from validation.calphad.solving.equilibrium import PhaseSet
from validation.calphad.solving.phases.sampling import Array


@dataclass(frozen=True, slots=True)
class State:
    """An equilibrium of an alloy at one temperature.

    Attributes:
        kelvin: Temperature in K.
        sets: Composition sets, the largest first; two sets of one phase that differ by at most `SAME_COMPOSITION` in
            every mole fraction are one.
        potentials: Chemical potentials in J/mol, ``(elements,)``.
        energy: Gibbs energy in J per mole of atoms.
        distances: How far each phase lies above the tangent plane, J per mole of atoms, by the name that it is reported
            under; a phase that can order by ``NAME:ORDER`` as well.
    """

    kelvin: float
    sets: tuple[PhaseSet, ...]
    potentials: Array
    energy: float
    distances: Mapping[str, float]

    def amount(self, name: str) -> float:
        """Mole fraction of a phase, ``PHASE`` or ``PHASE:ORDER``, over all its sets."""
        return float(sum(item.amount for item in self.sets if item.named(name)))

    def holds(self, names: Iterable[str]) -> bool:
        """Whether any of the phases is present."""
        return any(item.named(name) for item in self.sets for name in names)

    def distance(self, names: Iterable[str]) -> float:
        """How far the nearest of some phases lies above the tangent plane, J per mole of atoms; infinite if unknown."""
        return min((self.distances[name] for name in names if name in self.distances), default=math.inf)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Phases of which two or more sets coexist (miscibility gaps)."""
        names = [item.phase for item in self.sets]
        return tuple(sorted({name for name in names if names.count(name) > 1}))

    @property
    def competing(self) -> tuple[str, float] | None:
        """The absent phase nearest to the tangent plane, and its driving force in J per mole of atoms.

        The driving force is negative: what the phase lacks to be stable. None where every phase is present.
        """
        present = {item.phase for item in self.sets}
        absent = {
            name: distance for name, distance in self.distances.items() if name not in present and ":" not in name
        }
        if not absent:
            return None
        nearest = min(absent, key=lambda name: (absent[name], name))
        return nearest, round(-absent[nearest], 2)
