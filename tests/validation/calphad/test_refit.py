"""A refitted pair: ESPEI finds known terms again, and only what it should changes in the database."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.support.ideal import IDEAL_TDB
from validation.calphad.errors import DatabaseError
from validation.calphad.fitting.refit import Refit, fit_terms, predicted_error, redlich_kister, refit, with_terms
from validation.calphad.own.database import build_database
from validation.calphad.solving.engine import CalphadEngine

TERMS = (8000.0, 3000.0)
ENERGIES = {x: redlich_kister(TERMS, x) for x in (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)}


def fraction_energy(text: str, fractions: dict[str, float]) -> float:
    """Energy of bcc at 1500 K less its elements in bcc, J per mole of atoms, entropy of mixing left out."""
    from validation.calphad.reading.tdbfile import parsed
    from validation.calphad.solving.system import ElementSystem

    def energy(alloy: dict[str, float]) -> float:
        surface = ElementSystem(parsed(text), sorted(alloy), ["BCC_A2", "LIQUID"]).surfaces["BCC_A2"]
        sites = np.array(
            [[*(alloy[name] for name in sorted(alloy)), *([1.0] if surface.grid.shape[1] > len(alloy) else [])]]
        )
        ideal = 8.3145 * 1500.0 * sum(x * np.log(x) for x in alloy.values() if x > 0.0)
        return float(surface.energy(1500.0, sites)[0]) - ideal

    return energy(fractions) - sum(x * energy({name: 1.0}) for name, x in fractions.items())


@pytest.fixture(scope="module")
def refitted() -> Refit:
    return refit(build_database(), ("NB", "ZR"), ENERGIES)


def test_known_terms_are_found_again_by_espei(refitted: Refit) -> None:
    assert refitted.after == pytest.approx(TERMS, abs=1.0)
    assert refitted.before == pytest.approx((15911.0, 3919.0), abs=0.1)
    assert refitted.residual < 1.0


def test_bcc_takes_the_energies_and_keeps_its_entropy(refitted: Refit) -> None:
    alloy = {"NB": 0.5, "ZR": 0.5}
    old, new = (fraction_energy(text, alloy) for text in (build_database(), refitted.text))
    assert old == pytest.approx(0.25 * (15911.0 + 3.35 * 1500.0), abs=1.0)
    assert new - old == pytest.approx(0.25 * (8000.0 - 15911.0), abs=1.0)


def test_other_pairs_stay(refitted: Refit) -> None:
    alloy = {"MO": 0.3, "NB": 0.7}
    assert fraction_energy(refitted.text, alloy) == pytest.approx(fraction_energy(build_database(), alloy), abs=0.01)


def test_melting_stays_near_where_the_liquid_follows_and_moves_where_it_is_kept(refitted: Refit) -> None:
    alloy = {"Nb": 0.2, "Zr": 0.8}
    kept, _ = with_terms(build_database(), ("NB", "ZR"), refitted.after, liquid="keep")
    base, follows, stays = (
        CalphadEngine(text).alloy(alloy).solidus for text in (build_database(), refitted.text, kept)
    )
    assert abs(follows - base) < 40.0
    assert stays - base > 60.0


SCATTERED = {0.2: 1500.0, 0.4: 900.0, 0.6: 2100.0, 0.8: 700.0}


def test_four_energies_do_not_fix_four_terms_and_the_error_is_told() -> None:
    done = refit(build_database(), ("NB", "ZR"), SCATTERED)
    assert len(done.after) <= 2
    assert done.residual > 100.0
    assert done.predicted is not None
    assert done.predicted > done.residual


def test_the_error_of_prediction_is_that_of_fits_without_each_energy() -> None:
    errors = []
    for left in SCATTERED:
        x = np.array([other for other in SCATTERED if other != left])
        columns = np.stack([x * (1 - x), x * (1 - x) * (1 - 2 * x)], axis=1)
        terms = np.linalg.lstsq(columns, np.array([SCATTERED[float(v)] for v in x]), rcond=None)[0]
        errors.append(redlich_kister(terms.tolist(), left) - SCATTERED[left])
    assert predicted_error(SCATTERED, 2) == pytest.approx(np.sqrt(np.mean(np.square(errors))))


def test_as_many_energies_as_terms_predict_nothing() -> None:
    assert predicted_error({0.25: 1000.0, 0.75: 900.0}, 2) is None
    assert predicted_error({0.5: 1000.0, 0.25: 900.0, 0.75: 900.0}, 3) is None


def test_too_few_energies_and_foreign_elements_are_refused() -> None:
    with pytest.raises(DatabaseError, match="2 or more compositions of both elements, got 1"):
        fit_terms(("NB", "ZR"), {0.0: 0.0, 0.5: 100.0, 1.0: 0.0})
    with pytest.raises(DatabaseError, match="lacks RE"):
        refit(build_database(), ("NB", "RE"), ENERGIES)
    with pytest.raises(DatabaseError, match="'follow' or 'keep'"):
        refit(build_database(), ("NB", "ZR"), ENERGIES, liquid="away")


CARBON = """
ELEMENT C GRAPHITE 12.011 1054.0 5.7423 !
PARAMETER G(BCC_A2,NB:C;0) 298.15 +GHSERNB+300000; 6000 N !
PARAMETER G(BCC_A2,W:C;0) 298.15 +GHSERW+300000; 6000 N !
PARAMETER G(BCC_A2,NB,W:VA;0) 298.15 -8000; 6000 N !
PARAMETER G(BCC_A2,NB,W:C;0) 298.15 -50000; 6000 N !
"""


def test_mixing_beside_carbon_stays_as_it_is_and_so_does_a_liquid_of_which_nothing_new_is_known() -> None:
    text = IDEAL_TDB.replace("CONSTITUENT BCC_A2 :NB,W : VA: !", "CONSTITUENT BCC_A2 :NB,W : C,VA: !") + CARBON
    assert "C,VA" in text
    done = refit(text, ("NB", "W"), {0.25: -1500.0, 0.5: -2000.0, 0.75: -1500.0})
    assert done.before == pytest.approx((-8000.0,))
    assert done.after == pytest.approx((-8000.0,), abs=1.0)
    assert done.text == text


OTHER_MODEL = (
    IDEAL_TDB.replace("PHASE BCC_A2 % 2 1 3 !", "PHASE BCC_A2 % 2 6 2 !")
    .replace("BCC_A2 :NB,W : VA:", "BCC_A2 :C,VA : MO,NB,W:")
    .replace("NB:VA;0) 298.15 +", "VA:NB;0) 298.15 +2*")
    .replace("W:VA;0) 298.15 +", "VA:W;0) 298.15 +2*")
    + """ELEMENT MO BCC_A2 95.94 4589 28.56 !
ELEMENT C GRAPHITE 12.011 1054.0 5.7423 !
FUNCTION LNBW 500 -16000+3*T; 6000 N !
parameter L(BCC,VA:W,NB) 298.15 $ of a paper
  LNBW#; 1000 Y LNBW; 6000 N REF2 ! PARAMETER G(BCC_A2,C:NB,W;0) 298.15 -50000; 6000 N !
PARAMETER G(BCC_A2,VA:MO,NB,W;0) 298.15 7000; 6000 N !
PARAMETER G(LIQUID,NB,W;0) 298.15 -500; 6000 N"""
)


def test_other_sublattices_functions_and_ternaries_are_refitted_and_all_else_stays_as_written() -> None:
    text, before = with_terms(OTHER_MODEL, ("NB", "W"), (4000.0,))
    assert before == pytest.approx((-8000.0,))
    assert with_terms(text, ("NB", "W"), (4000.0,)) == (text, pytest.approx((4000.0,)))
    bcc, liquid = (line for line in text.splitlines() if line not in OTHER_MODEL.splitlines())
    assert re.fullmatch(
        r"PARAMETER L\(BCC,VA:W,NB\) 298\.15 +LNBW#(\+\d+\.\d+); +1000 Y LNBW\1; 6000 N REF2 ! "
        r"PARAMETER G\(BCC_A2,C:NB,W;0\) 298\.15 -50000; 6000 N !",
        bcc,
    )
    assert float(bcc.split("+")[1].split(";")[0]) == pytest.approx(2 * 12000.0, abs=2.0)
    assert liquid.startswith("PARAMETER G(LIQUID,NB,W;0) 298.15 -500+")
    assert float(liquid.split("+")[1].split(";")[0]) == pytest.approx(12000.0, abs=1.0)
    gone = [line for line in OTHER_MODEL.splitlines() if line not in text.splitlines()]
    assert all("BCC,VA:W,NB" in line or "LNBW#" in line or "LIQUID,NB,W" in line for line in gone)


def test_a_pair_that_does_not_mix_on_one_sublattice_is_refused_before_the_fit() -> None:
    two = IDEAL_TDB.replace("% 2 1 3", "% 2 0.5 0.5").replace("BCC_A2 :NB,W : VA:", "BCC_A2 :NB,W : NB,W:")
    for text in (two, IDEAL_TDB.replace("BCC_A2 :NB,W", "BCC_A2 :NB"), IDEAL_TDB.replace("LIQUID :NB,W", "LIQUID :NB")):
        with pytest.raises(DatabaseError, match="NB and W must mix on one sublattice"):
            refit(text, ("NB", "W"), {0.25: -1500.0, 0.5: -2000.0, 0.75: -1500.0})
    again = "PARAMETER G(BCC_A2,NB,W:VA;0) 298.15 {}; 6000 N !\n"
    with pytest.raises(DatabaseError, match=r"G\(BCC_A2,NB,W:VA;0\) is given twice"):
        refit(IDEAL_TDB + again.format(1) + again.format(2), ("NB", "W"), ENERGIES)
