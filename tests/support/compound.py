"""A database of two elements whose solution is ideal and freezes to a compound, with closed forms for its quantities.

Solution and liquid are ideal; every phase has the heat capacity `HEAT_CAPACITY`. The compound A3B lies `FORMATION`
below the elements, per mole of atoms, so that it is stable where the chemical potentials of the solution reach that.
"""

from __future__ import annotations

import math

from tests.support.ideal import GAS_CONSTANT

HEAT_CAPACITY = 25.0
"""J/(mol K)."""
FORMATION = -10_000.0
"""J per mole of atoms."""
FUSION = (25_000.0, 10.0)
"""Of both elements: J/mol and J/(mol K), so that every alloy melts at 2500 K."""
VOLUMES = (7e-6, 10e-6)
"""Of the elements in the solution, m3/mol."""

COMPOUND_TDB = f"""$ Ideal solution, ideal liquid and a line compound
ELEMENT /-   ELECTRON_GAS  0.0 0.0 0.0 !
ELEMENT VA   VACUUM        0.0 0.0 0.0 !
ELEMENT AL   FCC_A1        26.982 4577.3 28.3 !
ELEMENT NI   FCC_A1        58.69 4787.0 29.8 !
FUNCTION GREF 298.15 -{HEAT_CAPACITY}*T*LN(T); 6000 N !
TYPE_DEFINITION % SEQ * !
PHASE LIQUID % 1 1.0 !
CONSTITUENT LIQUID :AL,NI: !
PARAMETER G(LIQUID,AL;0) 298.15 +GREF+{FUSION[0]}-{FUSION[1]}*T; 6000 N !
PARAMETER G(LIQUID,NI;0) 298.15 +GREF+{FUSION[0]}-{FUSION[1]}*T; 6000 N !
PHASE FCC_A1 % 2 1 1 !
CONSTITUENT FCC_A1 :AL,NI : VA: !
PARAMETER G(FCC_A1,AL:VA;0) 298.15 +GREF; 6000 N !
PARAMETER G(FCC_A1,NI:VA;0) 298.15 +GREF; 6000 N !
PARAMETER V0(FCC_A1,AL:VA;0) 298.15 {VOLUMES[1]}; 6000 N !
PARAMETER V0(FCC_A1,NI:VA;0) 298.15 {VOLUMES[0]}; 6000 N !
PHASE NI3AL % 2 3 1 !
CONSTITUENT NI3AL :NI : AL: !
PARAMETER G(NI3AL,NI:AL;0) 298.15 +4*GREF+4*{FORMATION}; 6000 N !
"""


def lack(aluminium: float, kelvin: float) -> float:
    """What the compound lacks to form from the solution of that mole fraction, J per mole of atoms."""
    mixed = 0.75 * math.log(1.0 - aluminium) + 0.25 * math.log(aluminium)
    return FORMATION - GAS_CONSTANT * kelvin * mixed


def solvus(aluminium: float) -> float:
    """Where the compound disappears from an alloy, K."""
    return FORMATION / (GAS_CONSTANT * (0.75 * math.log(1.0 - aluminium) + 0.25 * math.log(aluminium)))
