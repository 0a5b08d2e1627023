"""How the estimated Laves energies were obtained: one number per compound from its stability limit.

A line compound A2B is stable below the temperature at which its Gibbs energy meets the equilibrium of all
other phases at its own composition, whether it melts congruently, decomposes peritectically or dissolves in
the solid state. With the entropy relative to the reference elements set to zero (Kopp's rule), the published
limit fixes its formation energy. ``data/laves.csv`` holds the results; a test repeats the calculation.
"""

from __future__ import annotations

import numpy as np

from validation.calphad.own import unaries
from validation.calphad.own.database import POLYTYPE_PENALTY, SOLUTIONS, LavesCompound
from validation.calphad.reading.tdbfile import parsed
from validation.calphad.solving.equilibrium import Equilibrator
from validation.calphad.solving.retry import find
from validation.calphad.solving.system import ElementSystem


def reference_energy(element: str, temperature_k: float) -> float:
    """Gibbs energy of an element in its reference state (GHSER), J/mol."""
    import symengine

    pieces = unaries.stable_functions([element])[unaries.ghser_name(element)]
    for _, high, expression in pieces:
        if temperature_k < high:
            value = symengine.sympify(expression.replace("LN(", "log(")).subs({"T": temperature_k})
            return float(value)
    raise ValueError(f"temperature must be below {unaries.T_MAX_K} K, got {temperature_k}")


def formation_energy(compound: LavesCompound, tdb_text: str) -> float:
    """Formation energy of the ground structure, J per mole of A2B, that puts the compound's limit right.

    Args:
        compound: The compound, of which the limit and the polytypes are used.
        tdb_text: A database whose solution phases hold both elements.

    Raises:
        CalphadError: The solution phases have no equilibrium at the limit.
    """
    database = parsed(tdb_text)
    pair = sorted((compound.small, compound.large))
    system = ElementSystem(database, pair, SOLUTIONS)
    third = 1.0 / 3.0
    composition = np.array([2 * third if element == compound.small else third for element in pair])
    rest = find(Equilibrator(system, composition), compound.limit_k, list(system.surfaces))
    reference = 2 * reference_energy(compound.small, compound.limit_k)
    reference += reference_energy(compound.large, compound.limit_k)
    energy = 3 * rest.energy - reference
    if compound.transition_k is not None and compound.limit_k > compound.transition_k:
        energy -= POLYTYPE_PENALTY * (1.0 - compound.limit_k / compound.transition_k)
    return energy - compound.b * compound.limit_k
