"""Small databases of phases that order, carry charge or form molecules, with closed forms where there are any."""

from __future__ import annotations

from itertools import product

ORDERING_J = 8314.462618
"""Ordering energy of `B2_TDB`, J/mol; by Bragg and Williams it is disordered above ORDERING_J / R = 1000 K."""

_UNARIES = """
 ELEMENT VA VACUUM 0.0 0.0 0.0 !
 ELEMENT AL BCC_A2 26.98 0.0 0.0 !
 ELEMENT NI BCC_A2 58.69 0.0 0.0 !
"""

B2_TDB = f"""$ Bragg and Williams on two sublattices of bcc, partitioned; nothing but order
{_UNARIES}
 TYPE_DEFINITION % SEQ * !
 TYPE_DEFINITION O GES A_P_D BCC_B2 DIS_PART BCC_A2 !
 PHASE BCC_A2 %O 1 1 !
 CONSTITUENT BCC_A2 :AL,NI: !
 PHASE BCC_B2 %O 2 0.5 0.5 !
 CONSTITUENT BCC_B2 :AL,NI:AL,NI: !
 PARAMETER G(BCC_A2,AL;0) 298.15 0; 6000 N !
 PARAMETER G(BCC_A2,NI;0) 298.15 0; 6000 N !
 PARAMETER G(BCC_B2,AL:NI;0) 298.15 -{ORDERING_J}; 6000 N !
 PARAMETER G(BCC_B2,NI:AL;0) 298.15 -{ORDERING_J}; 6000 N !
"""

_PAIRS_J = {1: -12000, 2: -16000, 3: -12000}
"""Energy of four sublattices by how many hold Ni, J/mol."""

FOUR_SUBLATTICES_TDB = f"""$ Four equal sublattices of fcc, not partitioned
{_UNARIES}
 TYPE_DEFINITION % SEQ * !
 PHASE FCC_4SL % 4 0.25 0.25 0.25 0.25 !
 CONSTITUENT FCC_4SL :AL,NI:AL,NI:AL,NI:AL,NI: !
""" + "".join(
    f" PARAMETER G(FCC_4SL,{':'.join(sites)};0) 298.15 {_PAIRS_J.get(sites.count('NI'), 0)}; 6000 N !\n"
    for sites in product(("AL", "NI"), repeat=4)
)
