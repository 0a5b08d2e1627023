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

ASSOCIATION_J = -8000.0
"""Gibbs energy of the molecule of `ASSOCIATE_TDB` against its elements, J/mol."""

ASSOCIATE_TDB = f"""$ A liquid of AL, NI and the molecule ALNI, ideal; and a solid of each element
{_UNARIES}
 SPECIES ALNI AL1NI1 !
 TYPE_DEFINITION % SEQ * !
 PHASE LIQUID:L % 1 1 !
 CONSTITUENT LIQUID:L :AL,NI,ALNI: !
 PHASE FCC_A1 % 1 1 !
 CONSTITUENT FCC_A1 :AL: !
 PHASE HCP_A3 % 1 1 !
 CONSTITUENT HCP_A3 :NI: !
 PARAMETER G(LIQUID,AL;0) 298.15 +10000-10*T; 6000 N !
 PARAMETER G(LIQUID,NI;0) 298.15 +15000-10*T; 6000 N !
 PARAMETER G(LIQUID,ALNI;0) 298.15 {25000 + ASSOCIATION_J}-20*T; 6000 N !
 PARAMETER G(FCC_A1,AL;0) 298.15 0; 6000 N !
 PARAMETER G(HCP_A3,NI;0) 298.15 0; 6000 N !
"""

IONIC_TDB = """$ Copper and oxygen: an ionic liquid, a metal, an oxide and a gas, all made up
 ELEMENT /- ELECTRON_GAS 0.0 0.0 0.0 !
 ELEMENT VA VACUUM 0.0 0.0 0.0 !
 ELEMENT CU FCC_A1 63.546 0.0 0.0 !
 ELEMENT O GAS 15.999 0.0 0.0 !
 SPECIES CU+1 CU1/+1 !
 SPECIES O-2 O1/-2 !
 SPECIES O2 O2 !
 TYPE_DEFINITION % SEQ * !
 PHASE IONIC_LIQ:Y % 2 1 1 !
 CONSTITUENT IONIC_LIQ:Y :CU+1:O-2,VA: !
 PHASE FCC_A1 % 2 1 1 !
 CONSTITUENT FCC_A1 :CU:O,VA: !
 PHASE CU2O % 2 2 1 !
 CONSTITUENT CU2O :CU:O: !
 PHASE GAS:G % 1 1 !
 CONSTITUENT GAS:G :O2: !
 PARAMETER G(IONIC_LIQ,CU+1:VA;0) 298.15 +13000-9.6*T; 6000 N !
 PARAMETER G(IONIC_LIQ,CU+1:O-2;0) 298.15 -110000+10*T; 6000 N !
 PARAMETER L(IONIC_LIQ,CU+1:O-2,VA;0) 298.15 +20000; 6000 N !
 PARAMETER G(FCC_A1,CU:VA;0) 298.15 0; 6000 N !
 PARAMETER G(FCC_A1,CU:O;0) 298.15 +60000; 6000 N !
 PARAMETER G(CU2O,CU:O;0) 298.15 -167000+72*T; 6000 N !
 PARAMETER G(GAS,O2;0) 298.15 -205*T; 6000 N !
"""

CHARGED_TDB = """$ Cubic zirconia with yttria: charge is balanced by vacancies of oxygen
 ELEMENT /- ELECTRON_GAS 0.0 0.0 0.0 !
 ELEMENT VA VACUUM 0.0 0.0 0.0 !
 ELEMENT O GAS 15.999 0.0 0.0 !
 ELEMENT Y HCP_A3 88.906 0.0 0.0 !
 ELEMENT ZR HCP_A3 91.224 0.0 0.0 !
 SPECIES ZR+4 ZR1/+4 !
 SPECIES Y+3 Y1/+3 !
 SPECIES O-2 O1/-2 !
 TYPE_DEFINITION % SEQ * !
 PHASE FLUORITE:I % 2 2 4 !
 CONSTITUENT FLUORITE:I :ZR+4,Y+3:O-2,VA: !
 PHASE YTTRIA % 2 2 3 !
 CONSTITUENT YTTRIA :Y:O: !
 PARAMETER G(FLUORITE,ZR+4:O-2;0) 298.15 -2000000; 6000 N !
 PARAMETER G(FLUORITE,Y+3:O-2;0) 298.15 -1700000; 6000 N !
 PARAMETER G(FLUORITE,ZR+4:VA;0) 298.15 0; 6000 N !
 PARAMETER G(FLUORITE,Y+3:VA;0) 298.15 0; 6000 N !
 PARAMETER G(YTTRIA,Y:O;0) 298.15 -1275000; 6000 N !
"""
