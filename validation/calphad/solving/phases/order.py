"""Order and disorder of one phase, told by which of its sublattices hold the same.

A model with several sublattices for one lattice is disordered where all of them hold the same, and then the phase is
the lattice itself: reported under the name of its disordered partner, where the database has one
(`TYPE_DEFINITION … DISORDERED_PART`). Where they differ, which of them agree says which superstructure it is.

References:
    H. L. Lukas, S. G. Fries, B. Sundman, Computational Thermodynamics: the Calphad Method, Cambridge University
    Press (2007), sections 5.8.1 and 5.8.4: two and four sublattices of fcc, bcc and hcp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validation.calphad.reading.phases import lattice_of, partner_of

SAME_SITES = 0.005
"""Largest difference of a site fraction between two sublattices that hold the same."""
ORDERED = "ordered"
"""The order of a superstructure without a name here."""

_DISORDERED = {"FCC": "A1", "BCC": "A2", "HCP": "A3", "": "disordered"}
_HALVES = {"FCC": "L10", "BCC": "B2", "HCP": "B19"}
_QUARTER = {"FCC": "L12", "BCC": "D03", "HCP": "D019"}


@dataclass(frozen=True, slots=True)
class Ordering:
    """How a phase can order.

    Attributes:
        places: Place of each site fraction, ``(sublattices, species)``, of the sublattices that share one lattice.
        ratios: Sites of each of these sublattices.
        lattice: FCC, BCC or HCP; empty where the name does not tell.
        partner: Name of the disordered phase, if the database has one.
    """

    places: NDArray[np.int64]
    ratios: tuple[float, ...]
    lattice: str
    partner: str | None

    def of(self, sites: NDArray[np.float64]) -> str:
        """Its order at site fractions, ``(site fractions,)``: A1, L12, B2 … or `ORDERED`."""
        rows = sites[self.places]
        same = np.abs(rows[:, None, :] - rows[None, :, :]).max(axis=2) <= SAME_SITES
        if same.all():
            return _DISORDERED[self.lattice]
        if len(rows) == 2:
            names = _HALVES if self.ratios[0] == self.ratios[1] else _QUARTER
            return names.get(self.lattice, ORDERED)
        if len(rows) != 4:
            return ORDERED
        return _of_pairs(rows, same) if self.lattice == "BCC" else self._of_blocks(same)

    def _of_blocks(self, same: NDArray[np.bool_]) -> str:
        """Four sublattices of which each two are nearest neighbours: fcc and hcp."""
        sizes = sorted(same.sum(axis=1))
        if sizes == [1, 3, 3, 3]:
            return _QUARTER.get(self.lattice, ORDERED)
        return _HALVES.get(self.lattice, ORDERED) if sizes == [2, 2, 2, 2] else ORDERED

    @property
    def disordered(self) -> str:
        """The order where all sublattices hold the same."""
        return _DISORDERED[self.lattice]


def _of_pairs(rows: NDArray[np.float64], same: NDArray[np.bool_]) -> str:
    """Four sublattices of bcc: the first two, and the last two, are second neighbours."""
    if same[0, 1] and same[2, 3]:
        return "B2"
    if (same[0, 2] and same[1, 3]) or (same[0, 3] and same[1, 2]):
        return "B32"
    if not (same[0, 1] or same[2, 3]):
        return ORDERED
    whole, apart = (0, (2, 3)) if same[0, 1] else (2, (0, 1))
    # D0_3 and L2_1 have one symmetry; the Heusler phase holds another species on each of its three sites.
    held = {int(rows[index].argmax()) for index in (whole, *apart)}
    return "L21" if len(held) == 3 else "D03"


def ordering(database: Any, model: Any) -> Ordering | None:
    """How a phase of a database can order, or None where it cannot.

    Args:
        database: A parsed database.
        model: The phase's model.
    """
    hints = database.phases[model.phase_name].model_hints
    partner = partner_of(database, model.phase_name)
    if hints.get("never_disorder"):
        return None
    lattice = lattice_of(f"{model.phase_name}_{partner or ''}")
    if hints.get("symmetry_BCC_4SL") or hints.get("symmetry_FCC_4SL"):
        lattice = "BCC" if hints.get("symmetry_BCC_4SL") else "FCC"
    if partner is None and not lattice:
        return None
    alike = _alike(model, None if partner is None else database.phases[partner].constituents[0])
    if len(alike) < 2:
        return None
    where = {(y.sublattice_index, y.species): place for place, y in enumerate(model.site_fractions)}
    places = [[where[index, species] for species in sorted(model.constituents[index], key=str)] for index in alike]
    return Ordering(np.array(places), tuple(float(model.site_ratios[i]) for i in alike), lattice, partner)


def _alike(model: Any, disordered: Any) -> Sequence[int]:
    """Sublattices that hold the same species: those of the partner, or else the most numerous."""
    held = [frozenset(species) for species in model.constituents]
    if disordered is not None:
        mixing = frozenset(disordered) & frozenset(model.components)
        return [index for index, species in enumerate(held) if species == mixing]
    atoms = [species for species in held if any(one.number_of_atoms > 0 for one in species)]
    most = max(atoms, key=lambda species: (atoms.count(species), len(species)), default=frozenset())
    return [index for index, species in enumerate(held) if species == most]
