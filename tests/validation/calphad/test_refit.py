"""A refitted pair: ESPEI finds known terms again, and only what it should changes in the database."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.ideal import IDEAL_TDB
from validation.calphad.errors import DatabaseError
from validation.calphad.fitting.refit import Refit, fit_terms, predicted_error, redlich_kister, refit
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
    kept = refit(build_database(), ("NB", "ZR"), ENERGIES, liquid="keep")
    base, follows, stays = (
        CalphadEngine(text).alloy(alloy).solidus for text in (build_database(), refitted.text, kept.text)
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
    kept = [line for line in done.text.splitlines() if "PARAMETER G(BCC_A2,NB,W:C;0)" in line]
    assert len(kept) == 1
    assert "-50000" in kept[0]
    moved = [line for line in done.text.splitlines() if "G(LIQUID,NB,W;0)" in line]
    assert all(abs(float(line.split()[3].rstrip(";"))) < 1.0 for line in moved)
