"""Phases of molecules, of charged species and of sites that depend on what they hold, against plain pycalphad."""

from __future__ import annotations

import math
import warnings

import pytest
from scipy.constants import R

from tests.support.phases import ASSOCIATE_TDB, ASSOCIATION_J, CHARGED_TDB, IONIC_TDB
from validation.calphad.errors import CalphadError
from validation.calphad.solving.engine import CalphadEngine


def _plain(text: str, alloy: dict[str, float], kelvin: float) -> dict[str, float]:
    """Amounts by pycalphad alone, with every phase of the database."""
    from pycalphad import Database, equilibrium
    from pycalphad import variables as v

    database = Database.from_string(text, fmt="tdb")
    free = {v.X(element.upper()): share for element, share in list(alloy.items())[1:]}
    with warnings.catch_warnings(action="ignore"):
        found = equilibrium(
            database, [*map(str.upper, alloy), "VA"], list(database.phases),
            {**free, v.T: kelvin, v.P: 101325, v.N: 1}, calc_opts={"pdens": 500},
        )  # fmt: skip
    amounts: dict[str, float] = {}
    for phase, amount in zip(found.Phase.values.ravel(), found.NP.values.ravel(), strict=True):
        if phase:
            amounts[str(phase)] = amounts.get(str(phase), 0.0) + float(amount)
    return amounts


@pytest.mark.parametrize(("oxygen", "kelvin"), [(0.1, 1000.0), (0.1, 1400.0), (0.3, 1500.0), (0.36, 1300.0)])
def test_an_ionic_liquid_is_answered_as_by_plain_pycalphad(oxygen: float, kelvin: float) -> None:
    alloy = {"Cu": 1.0 - oxygen, "O": oxygen}
    state = CalphadEngine(IONIC_TDB).alloy(alloy).at(kelvin)
    expected = _plain(IONIC_TDB, alloy, kelvin)
    assert {item.phase: state.amount(item.phase) for item in state.sets} == pytest.approx(expected, abs=1e-4)


def test_a_gas_is_neither_solid_nor_liquid() -> None:
    engine = CalphadEngine(IONIC_TDB)
    assert (engine.liquids, engine.gases) == (("IONIC_LIQ",), ("GAS",))
    alloy = engine.alloy({"Cu": 0.9, "O": 0.1})
    assert alloy.solidus < alloy.liquidus
    assert any("leave out the gas (GAS)" in note for note in alloy.notes)
    condensed = CalphadEngine(IONIC_TDB, phases=["CU2O", "FCC_A1", "IONIC_LIQ"]).alloy({"Cu": 0.9, "O": 0.1})
    assert (condensed.solidus, condensed.liquidus) == pytest.approx((alloy.solidus, alloy.liquidus), abs=0.05)
    assert condensed.at(alloy.liquidus + 1.0).amount("IONIC_LIQ") == pytest.approx(1.0, abs=1e-6)
    assert condensed.at(alloy.liquidus - 1.0).amount("IONIC_LIQ") < 1.0
    assert "GAS" not in alloy.scheil().solids


def test_the_molecules_of_a_liquid_follow_the_law_of_mass_action() -> None:
    kelvin = 2000.0
    alloy = CalphadEngine(ASSOCIATE_TDB).alloy({"Al": 0.5, "Ni": 0.5})
    (liquid,) = alloy.at(kelvin).sets
    free_al, molecules, free_ni = (liquid.sites[place] for place in (0, 1, 2))
    assert molecules / (free_al * free_ni) == pytest.approx(math.exp(-ASSOCIATION_J / (R * kelvin)), rel=1e-5)
    assert liquid.composition == pytest.approx([0.5, 0.5], abs=1e-6)
    assert alloy.solidus < alloy.liquidus < kelvin


def test_a_charged_phase_stays_neutral() -> None:
    yttrium = 0.2
    metals = 2.0 / (6.0 - yttrium)  # a formula unit of 2 metals holds 4 - yttrium atoms of oxygen
    alloy = {"Y": yttrium * metals, "Zr": (1.0 - yttrium) * metals, "O": 1.0 - metals}
    (fluorite,) = CalphadEngine(CHARGED_TDB).alloy(alloy).at(1500.0).sets
    assert fluorite.phase == "FLUORITE"
    assert sorted(fluorite.sites) == pytest.approx(sorted([yttrium, 1.0 - yttrium, 1.0 - yttrium / 4.0, yttrium / 4.0]))


def test_what_no_mixture_of_the_phases_can_hold_is_refused_at_once() -> None:
    with pytest.raises(CalphadError, match="compounds only") as caught:
        CalphadEngine(CHARGED_TDB).alloy({"Y": 0.3, "Zr": 0.3, "O": 0.4}).at(1500.0)
    assert caught.value.kind == "composition"
    with pytest.raises(CalphadError, match="no phase of the database can hold") as caught:
        CalphadEngine(CHARGED_TDB).alloy({"Zr": 1.0})
    assert caught.value.kind == "missing_phase"


def test_solidus_and_liquidus_need_one_liquid_and_a_solid() -> None:
    nameless = ASSOCIATE_TDB.replace("LIQUID:L", "MELT").replace("LIQUID", "MELT")
    for text, words in (
        (nameless, "no liquid"),
        (IONIC_TDB.replace("FCC_A1 ", "FCC_A1:L "), "FCC_A1 and IONIC_LIQ are both liquids"),
        (IONIC_TDB.replace("FCC_A1 ", "FCC_A1:G ").replace("CU2O %", "CU2O:G %"), "no solid"),
    ):
        with pytest.raises(CalphadError, match=words) as caught:
            _ = CalphadEngine(text).alloy(dict.fromkeys(CalphadEngine(text).elements, 0.5)).liquidus
        assert caught.value.kind == "missing_phase"
    assert CalphadEngine(nameless, liquid="melt").alloy({"Al": 0.5, "Ni": 0.5}).liquidus > 500.0
