"""At which temperature each element melts in a database, beside what is measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import symengine

from alloys.errors import InputError
from alloys.physics.periodic import periodic_table
from validation.calphad.reading.commands import BUILT_IN
from validation.calphad.reading.phases import is_gas, is_liquid, partner_of

COLDEST_K, HOTTEST_K, STEP_K = 200.0, 5000.0, 0.5
WRONG_K, WRONG_SHARE = 15.0, 0.01
"""How far a melting point may be from the measured one, in K and as a share of it, whichever is more."""


@dataclass(frozen=True, slots=True)
class MeltingPoint:
    """One element.

    Attributes:
        element: its symbol.
        computed: K; NaN where the database has no liquid or no solid of it, or nothing melts from 200 to 5000 K.
        measured: K; NaN where it is not known.
        solid: the phase that melts.
    """

    element: str
    computed: float
    measured: float
    solid: str

    @property
    def wrong(self) -> bool:
        """Whether both are known and too far from each other."""
        far = abs(self.computed - self.measured)
        return bool(far > max(WRONG_K, WRONG_SHARE * self.measured))  # not of NaN


def melting_points(database: Any, elements: Iterable[str], phases: Sequence[str]) -> list[MeltingPoint]:
    """The melting point of each element by the energies of its phases.

    Args:
        database: pycalphad's.
        elements: element symbols in upper case.
        phases: those that can be computed.
    """
    return [_melting(database, element, phases) for element in sorted(set(elements) - BUILT_IN)]


def _melting(database: Any, element: str, phases: Sequence[str]) -> MeltingPoint:
    kelvin = np.arange(COLDEST_K, HOTTEST_K, STEP_K)
    solid, names, liquid = np.full(len(kelvin), np.inf), np.full(len(kelvin), -1), np.full(len(kelvin), np.inf)
    for index, phase in enumerate(phases):
        energies = _energies(database, element, phase, kelvin)
        if energies is None or is_gas(database, phase):
            continue
        if is_liquid(database, phase):
            liquid = np.fmin(liquid, energies)
        else:
            names = np.where(energies < solid, index, names)
            solid = np.fmin(solid, energies)
    symbol = element.capitalize()
    try:
        measured = periodic_table().get(symbol, {}).get("melting_point", math.nan)
    except InputError:  # the package with these numbers is not there
        measured = math.nan
    melted = np.flatnonzero(liquid < solid)
    if not len(melted) or melted[0] == 0:  # no liquid, no solid, or the wrong one of them at all temperatures
        return MeltingPoint(symbol, math.nan, measured, "")
    first = int(melted[0])
    name = phases[int(names[first - 1])]  # an element alone has no order
    return MeltingPoint(symbol, float(kelvin[first] - STEP_K / 2), measured, partner_of(database, name) or name)


def _energies(database: Any, element: str, phase: str, kelvin: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    """Gibbs energy of the pure element in a phase, J per mole of atoms, shape of the temperatures; None without it."""
    from pycalphad import Model
    from pycalphad import variables as v
    from pycalphad.core.errors import DofError

    try:
        model = Model(database, [element, "VA"], phase)
        sites = [{str(s) for s in site} for site in model.constituents]  # an ordered phase has its disordered part's
        if not any(element in site for site in sites):
            return None
        filled = [element if element in site else "VA" for site in sites]
        full = {s: 1.0 if str(s.species) == filled[s.sublattice_index] else 1e-12 for s in model.site_fractions}
        energy = symengine.sympify(model.GM).subs({**full, v.P: 101325.0})
        found = symengine.Lambdify([v.T], [energy])(kelvin[:, None]).reshape(len(kelvin))
    # What pycalphad says of odd phases.
    except (DofError, ValueError, TypeError, RuntimeError, LookupError, ArithmeticError):
        return None
    return np.where(np.isfinite(found), found, np.inf)
