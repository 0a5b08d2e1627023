"""A thermodynamic database of two elements that mix ideally in bcc and liquid, whose answers have a closed form."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scipy.optimize import brentq

GAS_CONSTANT = 8.3145
"""J/(mol K), as pycalphad takes it."""
FUSION = {"Nb": (27500.0, 10.0), "W": (36950.0, 10.0)}
"""Enthalpy, J/mol, and entropy, J/(mol K), of fusion, so that the elements melt at 2750 K and 3695 K."""

IDEAL_TDB = """$ Two elements, ideal in bcc and liquid
ELEMENT /-   ELECTRON_GAS  0.0 0.0 0.0 !
ELEMENT VA   VACUUM        0.0 0.0 0.0 !
ELEMENT NB   BCC_A2        92.906 5220.0 36.27 !
ELEMENT W    BCC_A2        183.85 4970.0 32.62 !
FUNCTION GHSERNB 298.15 -8500+142*T-26.5*T*LN(T); 6000 N !
FUNCTION GHSERW  298.15 -7600+130*T-24.1*T*LN(T); 6000 N !
TYPE_DEFINITION % SEQ * !
PHASE LIQUID % 1 1.0 !
CONSTITUENT LIQUID :NB,W: !
PARAMETER G(LIQUID,NB;0) 298.15 +GHSERNB+27500-10*T; 6000 N !
PARAMETER G(LIQUID,W;0) 298.15 +GHSERW+36950-10*T; 6000 N !
PHASE BCC_A2 % 2 1 3 !
CONSTITUENT BCC_A2 :NB,W : VA: !
PARAMETER G(BCC_A2,NB:VA;0) 298.15 +GHSERNB; 6000 N !
PARAMETER G(BCC_A2,W:VA;0) 298.15 +GHSERW; 6000 N !
"""


def melting(fractions: dict[str, float]) -> tuple[float, float]:
    """Solidus and liquidus of that database, K."""
    return melting_of(FUSION, fractions)


def melting_of(fusion: Mapping[str, tuple[float, float]], fractions: Mapping[str, float]) -> tuple[float, float]:
    """Solidus and liquidus of an ideal mixture, K.

    An element's mole fractions in liquid and solid stand as exp(-dG/RT), dG its energy of melting; the first drop of
    liquid, or the last grain of solid, has fractions that sum to 1.

    Args:
        fusion: enthalpy, J/mol, and entropy, J/(mol K), of fusion by element.
        fractions: of the alloy, by element.
    """

    def surplus(kelvin: float, sign: float) -> float:
        energies = {name: h - kelvin * s for name, (h, s) in fusion.items()}
        return sum(x * math.exp(sign * energies[e] / (GAS_CONSTANT * kelvin)) for e, x in fractions.items()) - 1.0

    between = sorted(h / s for h, s in fusion.values())
    return tuple(float(brentq(surplus, *between, args=(sign,))) for sign in (-1.0, 1.0))  # type: ignore[return-value]
