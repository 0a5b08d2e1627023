"""What a verdict holds beside solidus and liquidus: shares at any temperature, gaps, competitors, Scheil, curves."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.properties import PROPERTIES, get_property
from alloys.records import Measured, verdict_from_json
from validation.calphad.diagrams.fractions import fractions_at
from validation.calphad.own.database import build_database
from validation.calphad.solving.engine import CalphadEngine
from validation.calphad.validator import CalphadValidator
from validation.registry import make_validator


def fractions(formula: str) -> dict[str, float]:
    return Composition.parse(formula).fractions()


@pytest.fixture(scope="module")
def engine() -> CalphadEngine:
    return CalphadEngine(build_database())


def test_two_bcc_sets_are_a_miscibility_gap_and_one_is_not(engine: CalphadEngine) -> None:
    assert engine.alloy(fractions("CrMoNbV")).at(1473.15).gaps == ("BCC_A2",)
    one = engine.alloy(fractions("NbMoTaW"))
    assert one.at(1073.15).gaps == one.at(1473.15).gaps == ()


def test_the_nearest_absent_phase_and_what_it_lacks(engine: CalphadEngine) -> None:
    found = engine.alloy(fractions("CrTaTiZr")).at(1473.15)
    present = {item.phase for item in found.sets}
    assert present == {"BCC_A2", "LAVES_C15"}
    phase, force = found.competing or ("", 0.0)
    # C14 lies 1500 J per mole of A2B, 500 per mole of atoms, above C15 in pure compounds, and mixes elsewhere.
    assert phase == "LAVES_C14"
    assert -500.0 <= force < 0.0


def test_scheil_leaves_liquid_below_the_solidus(engine: CalphadEngine) -> None:
    alloy = fractions("CrNbTiZr")
    equilibrium = engine.alloy(alloy)
    path = equilibrium.scheil()
    # The scheil package 0.3.0 on this database, 1 K steps: 1 % liquid at 1537.9 K, 0.748 bcc and 0.245 C15.
    assert path.solidus == pytest.approx(1537.9, abs=5.0)
    assert path.solids["LAVES_C15"] == pytest.approx(0.245, abs=0.015)
    assert path.solidus < equilibrium.solidus
    left = [share for _, share in path.liquid]
    assert left == sorted(left, reverse=True)
    assert sum(path.solids.values()) == pytest.approx(1.0 - left[-1], abs=1e-4)


def test_scheil_of_a_pure_element_freezes_at_one_temperature(engine: CalphadEngine) -> None:
    assert engine.alloy({"Nb": 1.0}).scheil().solidus == pytest.approx(2750.0, abs=0.5)


def test_phase_fractions_add_up_along_the_curve(engine: CalphadEngine) -> None:
    alloy = fractions("CrMoNbV")
    found = engine.alloy(alloy)
    kelvin = [1073.15, 1473.15, found.solidus - 5.0, found.liquidus - 5.0, found.liquidus + 5.0]
    curves = fractions_at(found, kelvin)
    assert sum(curves.values()) == pytest.approx(np.ones(len(kelvin)), abs=1e-4)
    assert curves["LIQUID"][2] == 0.0 < curves["LIQUID"][3] < 1.0 == pytest.approx(curves["LIQUID"][4])
    assert curves["BCC_A2#2"][0] > 0.2


def test_settings_add_properties_and_the_default_ones_stay() -> None:
    plain = make_validator("calphad", {})
    more = CalphadValidator({"temperatures": [1000, 1200], "scheil": True})
    assert set(plain.properties) < set(more.properties)
    assert set(more.properties) - set(plain.properties) == {"bcc_fraction_1000c", "scheil_freezing_range"}
    assert make_validator("calphad", {"temperatures": [], "scheil": False}).fingerprint == plain.fingerprint
    again = CalphadValidator(more.portable_settings)
    assert again.fingerprint == more.fingerprint != plain.fingerprint
    verdict = more.validate(Design.parse("NbTaTi"))
    assert isinstance(verdict, Measured)
    assert set(verdict.properties) == set(more.properties)
    assert verdict.properties["scheil_freezing_range"].value > verdict.properties["freezing_range"].value
    assert verdict.details["retries"] == []
    assert set(verdict.details["competing"]) == {"1000 C", "1200 C", "1300 C"}
    assert verdict_from_json(verdict.to_json()).to_json() == verdict.to_json()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperatures": [1000, 1000]}, "each once"),
        ({"temperatures": [10]}, "from 25 to 4000"),
        ({"temperatures": "1000"}, "must be a list"),
        ({"scheil": "yes"}, "true or false"),
        ({"scheil2": True}, "unknown settings"),
    ],
)
def test_bad_settings(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_validator("calphad", settings)


def test_bcc_shares_at_other_temperatures_are_properties() -> None:
    assert get_property("bcc_fraction_900c").unit == "mole fraction"
    assert "bcc_fraction_900c" in PROPERTIES
    assert PROPERTIES.get("bcc_fraction_900c") == get_property("bcc_fraction_900c")
    for wrong in ("bcc_fraction_c", "bcc_fraction_0900c", "bcc_fraction_12000c", "bcc_fraction_-5c"):
        assert wrong not in PROPERTIES
        assert PROPERTIES.get(wrong) is None
        with pytest.raises(InputError, match="unknown property"):
            get_property(wrong)
