"""Quantities that a person names, on a database whose answers have closed forms."""

from __future__ import annotations

import math
from typing import Any

import pytest

from alloys.design import Design
from alloys.errors import InputError
from alloys.properties import PROPERTIES, Property
from alloys.records import Failed, FailureKind, Measured
from tests.support.compound import COMPOUND_TDB, HEAT_CAPACITY, lack, solvus
from tests.support.ideal import FUSION, GAS_CONSTANT, IDEAL_TDB, melting
from validation.registry import declared_properties, make_validator

NBW = Design.parse("Nb50W50")
MASS = {"Nb": 92.906, "W": 183.84}


def asked(quantities: dict[str, Any], **settings: Any) -> Any:
    return make_validator("calphad", {"tdb_text": IDEAL_TDB, "quantities": quantities, **settings})


def answers(quantities: dict[str, Any], design: Design = NBW, **settings: Any) -> dict[str, float]:
    verdict = asked(quantities, **settings).validate(design)
    assert isinstance(verdict, Measured), verdict
    return {name: quantity.value for name, quantity in verdict.properties.items()}


def two_phases(kelvin: float) -> tuple[float, float]:
    """Tungsten in the solid and in the liquid of an ideal mixture: x_liquid / x_solid = exp(-dG / RT), each element."""
    niobium, tungsten = (math.exp(-(h - kelvin * s) / (GAS_CONSTANT * kelvin)) for h, s in (FUSION["Nb"], FUSION["W"]))
    solid = (1.0 - niobium) / (tungsten - niobium)
    return solid, solid * tungsten


def test_shares_follow_the_lever_rule_by_mole_and_by_weight() -> None:
    kelvin = 3230.0
    solid, liquid = two_phases(kelvin)
    share = (0.5 - solid) / (liquid - solid)
    grams = {x: (1.0 - x) * MASS["Nb"] + x * MASS["W"] for x in (solid, liquid)}
    found = answers(
        {
            "melt": {"fraction": "LIQUID", "at": "3230 K"},
            "melt_by_weight": {"fraction": "liquid", "at": "3230 K", "by": "weight"},
            "both": {"fraction": ["LIQUID", "BCC_A2"], "at": "3230 K"},
            "w": {"composition": "W", "in": "BCC_A2", "at": f"{kelvin - 273.15} degC"},
            "w_by_weight": {"composition": "W", "in": "LIQUID", "at": "3230 K", "by": "weight"},
        }
    )
    assert found["melt"] == pytest.approx(share, abs=2e-4)
    heavy = share * grams[liquid] / (share * grams[liquid] + (1 - share) * grams[solid])
    assert found["melt_by_weight"] == pytest.approx(heavy, abs=2e-4)
    assert found["both"] == 1.0
    assert found["w"] == pytest.approx(solid, abs=1e-4)
    assert found["w_by_weight"] == pytest.approx(liquid * MASS["W"] / grams[liquid], abs=1e-4)


def test_an_absent_phase_and_an_absent_element_have_a_share_of_zero() -> None:
    cold = {"melt": {"fraction": "LIQUID", "at": "2000 K"}, "w": {"composition": "W", "in": "BCC_A2", "at": "2000 K"}}
    assert answers(cold) == {"melt": 0.0, "w": pytest.approx(0.5)}
    assert answers(cold, Design.parse("Nb")) == {"melt": 0.0, "w": 0.0}


def test_melting_and_freezing_under_names_of_ones_own() -> None:
    found = answers(
        {
            "begins": {"melting": "solidus"},
            "ends": {"melting": "liquidus"},
            "mush": {"melting": "range"},
            "cast_mush": {"scheil": "range"},
            "cast_end": {"scheil": "solidus"},
            "cast_bcc": {"scheil": "fraction", "of": "BCC_A2"},
        }
    )
    solidus, liquidus = melting({"Nb": 0.5, "W": 0.5})
    assert (found["begins"], found["ends"]) == pytest.approx((solidus, liquidus), abs=0.5)
    assert found["mush"] == pytest.approx(found["ends"] - found["begins"], abs=0.02)
    assert found["cast_mush"] == pytest.approx(found["ends"] - found["cast_end"], abs=0.02)
    assert found["cast_end"] < found["begins"]
    assert found["cast_bcc"] == pytest.approx(0.99, abs=0.01)


def test_only_what_is_asked_is_answered_and_kept() -> None:
    verdict = asked({"melt": {"fraction": "LIQUID", "at": "3230 K"}}).validate(NBW)
    assert isinstance(verdict, Measured)
    assert list(verdict.properties) == ["melt"]
    assert verdict.properties["melt"].unit == "mole fraction"
    assert list(verdict.details["phases"]) == ["2956.85 C"]
    assert "scheil" not in verdict.details


def test_a_bundle_that_is_named_adds_its_own() -> None:
    validator = asked({"melt": {"fraction": "LIQUID", "at": "3230 K"}}, bundle="refractory", temperatures=[900])
    assert {"melt", "solidus", "bcc_fraction_900c", "bcc_fraction_1300c", "yield_strength_1300c"} <= set(
        validator.properties
    )
    verdict = validator.validate(NBW)
    assert isinstance(verdict, Measured)
    assert set(verdict.properties) == set(validator.properties)


def test_any_database_with_a_liquid_answers_where_it_melts() -> None:
    validator = make_validator("calphad", {"tdb_text": IDEAL_TDB.replace("BCC_A2", "OWN_SOLID")})
    assert validator.properties == ("solidus", "liquidus", "freezing_range")
    verdict = validator.validate(NBW)
    assert isinstance(verdict, Measured)
    assert verdict.properties["solidus"].value == pytest.approx(melting({"Nb": 0.5, "W": 0.5})[0], abs=0.5)


def test_a_liquid_of_any_name_is_named_by_a_setting() -> None:
    text = IDEAL_TDB.replace("LIQUID", "MELT")
    with pytest.raises(InputError, match="quantity solidus: no phase considered is a liquid by its name"):
        make_validator("calphad", {"tdb_text": text})
    settings = {"tdb_text": text, "liquid": "MELT", "quantities": {"begins": {"melting": "solidus"}}}
    verdict = make_validator("calphad", settings).validate(NBW)
    assert isinstance(verdict, Measured)
    assert verdict.properties["begins"].value == pytest.approx(melting({"Nb": 0.5, "W": 0.5})[0], abs=0.5)


def test_a_phase_that_is_left_out_takes_no_part() -> None:
    frozen = {"bcc": {"fraction": "BCC_A2", "at": "3600 K"}}
    assert answers(frozen) == {"bcc": 0.0}
    assert answers(frozen, exclude=["LIQUID"]) == {"bcc": 1.0}
    with pytest.raises(InputError, match="lacks the phases SIGMA"):
        asked(frozen, exclude=["SIGMA"])


UNITS = {"hot": Property("hot", "°C", "", -math.inf, math.inf, (2000.0, 3000.0))}
AT_HOT = {"melt": {"fraction": "LIQUID", "at": "hot"}}


def test_a_variable_of_the_design_says_the_temperature() -> None:
    settings = {"tdb_text": IDEAL_TDB, "quantities": AT_HOT}
    validator = make_validator("calphad", settings, properties={**PROPERTIES, **UNITS})
    assert validator.variables == ("hot",)  # type: ignore[attr-defined]
    again = make_validator("calphad", validator.portable_settings)
    assert again.fingerprint == validator.fingerprint
    for celsius in (2500, 2956.85, 3300.5):
        verdict = again.validate(Design.parse("Nb50W50", {"hot": celsius}))
        assert isinstance(verdict, Measured)
        given = answers({"melt": {"fraction": "LIQUID", "at": f"{celsius} degC"}})
        assert verdict.properties["melt"].value == given["melt"]
    beyond = again.validate(Design.parse("Nb50W50", {"hot": 9000}))
    assert isinstance(beyond, Failed)
    assert "outside of 298.15 to 6000 K" in beyond.message
    failed = again.validate(NBW)
    assert isinstance(failed, Failed)
    assert failed.kind is FailureKind.SUSPECT
    assert "needs the variable hot" in failed.message


def test_the_variable_s_unit_is_part_of_the_fingerprint() -> None:
    kelvin = {"hot": Property("hot", "K", "", -math.inf, math.inf, (2000.0, 3000.0))}
    settings = {"tdb_text": IDEAL_TDB, "quantities": AT_HOT}
    one, other = (make_validator("calphad", settings, properties={**PROPERTIES, **u}) for u in (UNITS, kelvin))
    assert one.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        ({"fractoin": "LIQUID", "at": "900 degC"}, "one key must say what it is, of fraction, composition"),
        ({"fraction": "LIQUID", "solidus": True}, "at: Field required"),
        ({"fraction": "LIQUID", "at": 900}, "needs its unit, as 900 degC or 900 K"),
        ({"fraction": "LIQUID", "at": "900"}, "a number with its unit, as 900 degC"),
        ({"fraction": "LIQUID", "at": "900 MPa"}, "'MPa' is no unit of temperatures"),
        ({"fraction": "LIQUID", "at": "20 K"}, "20 K lies outside of 298.15 to 6000 K"),
        ({"fraction": "LIQUID", "at": "9000 degC"}, "9273.15 K lies outside of 298.15 to 6000 K"),
        ({"fraction": "LIQUID", "at": "anneal"}, "'anneal' is no number among the variables of the space"),
        ({"fraction": "LIQIUD", "at": "900 K"}, "no phase LIQIUD; the nearest are LIQUID, BCC_A2"),
        ({"fraction": [], "at": "900 K"}, "fraction"),
        ({"fraction": "LIQUID", "at": "900 K", "by": "volume"}, "by"),
        ({"composition": "Ta", "in": "BCC_A2", "at": "900 K"}, "no element TA; the nearest are"),
        ({"composition": "W", "at": "900 K"}, "in: Field required"),
        ({"melting": "point"}, "melting"),
        ({"scheil": "fraction"}, "of: PHASE goes with"),
        ("LIQUID", "one key must say"),
    ],
)
def test_a_quantity_that_is_none_is_refused_before_any_work(quantity: Any, message: str) -> None:
    with pytest.raises(InputError, match="quantity wrong: ") as caught:
        asked({"wrong": quantity})
    assert message in str(caught.value)


def test_a_built_in_name_keeps_its_unit() -> None:
    with pytest.raises(InputError, match="built-in property of that name is in K"):
        asked({"solidus": {"fraction": "LIQUID", "at": "900 K"}})
    assert declared_properties("calphad", {"quantities": {"solidus": {"melting": "solidus"}}}) == {}
    with pytest.raises(InputError, match="must name at least one"):
        asked({})


def test_declared_properties_say_what_they_can_be() -> None:
    quantities = {"melt": {"fraction": "LIQUID", "at": "900 K"}, "mush": {"melting": "range"}}
    found = declared_properties("calphad", {"quantities": quantities})
    assert (found["melt"].scale, found["melt"].low, found["melt"].high) == ("share", 0.0, 1.0)
    assert found["mush"].difference
    assert found["mush"].unit == "K"
    assert declared_properties("calphad", {}) == declared_properties("reference", {}) == {}


def test_temperatures_belong_to_a_bundle() -> None:
    with pytest.raises(InputError, match="bundle: refractory"):
        asked(AT_HOT, temperatures=[900])
    with pytest.raises(InputError, match="no phase BCC_A2"):
        make_validator(
            "calphad",
            {
                "tdb_text": IDEAL_TDB.replace("BCC_A2", "OWN_SOLID"),
                "quantities": {"begins": {"melting": "solidus"}},
                "bundle": "refractory",
            },
        )


NI10AL = Design.parse("Ni90Al10")


def in_compound(quantities: dict[str, Any], design: Design = NI10AL) -> dict[str, float]:
    return answers(quantities, design, tdb_text=COMPOUND_TDB)


def test_solvus_and_single_phase_window() -> None:
    quantities = {
        "dissolves": {"solvus": "NI3AL"},
        "width": {"single_phase": "FCC_A1", "width": True},
        "low": {"single_phase": "FCC_A1", "end": "low"},
        "high": {"single_phase": "fcc_a1", "end": "high"},
        "stays": {"solvus": ["NI3AL", "FCC_A1"]},
    }
    found = in_compound(quantities)
    # Less than a thousandth of the compound counts as none: 0.7 K below its solvus.
    assert found["dissolves"] == pytest.approx(solvus(0.1), abs=0.7)
    assert (found["low"], found["high"]) == pytest.approx((solvus(0.1), 2500.0), abs=0.7)
    assert found["width"] == pytest.approx(found["high"] - found["low"], abs=0.02)
    assert found["stays"] == pytest.approx(2500.0, abs=0.1)


def test_a_phase_that_is_stable_nowhere() -> None:
    absent = {"dissolves": {"solvus": "NI3AL"}, "width": {"single_phase": "NI3AL", "width": True}}
    verdict = asked(absent, tdb_text=COMPOUND_TDB).validate(Design.parse("Ni"))
    assert isinstance(verdict, Measured)
    assert {name: each.value for name, each in verdict.properties.items()} == {"dissolves": 298.15, "width": 0.0}
    assert "NI3AL is stable nowhere down to 298.15 K" in verdict.details["notes"]
    failed = asked({"low": {"single_phase": "NI3AL", "end": "low"}}, tdb_text=COMPOUND_TDB).validate(NI10AL)
    assert isinstance(failed, Failed)
    assert "alone at no temperature; ask for the width (asked by low)" in failed.message


def test_driving_force_and_nucleus_of_an_absent_phase() -> None:
    verdict = asked(
        {
            "lacks": {"driving_force": "NI3AL", "at": "2100 K"},
            "none": {"driving_force": "NI3AL", "at": "1500 K"},
            "al": {"composition": "Al", "in": "NI3AL", "at": "2100 K"},
        },
        tdb_text=COMPOUND_TDB,
    ).validate(NI10AL)
    assert isinstance(verdict, Measured)
    found = {name: each.value for name, each in verdict.properties.items()}
    assert found["lacks"] == pytest.approx(-lack(0.1, 2100.0), abs=1.0)
    assert found["lacks"] < 0.0
    assert (found["none"], found["al"]) == (0.0, 0.25)
    assert any("likeliest nucleus" in note for note in verdict.details["notes"])


def test_energies_volume_and_activity_of_an_ideal_solution() -> None:
    found = in_compound(
        {
            "h": {"enthalpy": "total", "at": "2100 K"},
            "cp": {"heat_capacity": "total", "at": "2100 K"},
            "v": {"molar_volume": "total", "at": "2100 K"},
            "a": {"activity": "Al", "reference": "FCC_A1", "at": "2100 K"},
            "a_liquid": {"activity": "Al", "reference": "LIQUID", "at": "2100 K"},
        }
    )
    assert found["h"] == pytest.approx(HEAT_CAPACITY * 2100.0, abs=0.1)
    assert found["cp"] == pytest.approx(HEAT_CAPACITY, abs=1e-3)
    assert found["v"] == pytest.approx(0.9 * 7.0 + 0.1 * 10.0, abs=1e-5)
    assert found["a"] == pytest.approx(0.1, rel=1e-4)
    # The liquid element lies 25,000 - 10 T above the solid one.
    assert found["a_liquid"] == pytest.approx(0.1 * math.exp(-4000.0 / (GAS_CONSTANT * 2100.0)), rel=1e-3)
    assert in_compound({"a": {"activity": "Al", "reference": "FCC_A1", "at": "2100 K"}}, Design.parse("Ni"))["a"] == 0.0


def test_a_volume_that_the_database_lacks() -> None:
    with pytest.raises(InputError, match="quantity v: the database holds no volumes"):
        asked({"v": {"molar_volume": "total", "at": "2100 K"}})
    both = asked({"v": {"molar_volume": "total", "at": "1500 K"}}, tdb_text=COMPOUND_TDB).validate(NI10AL)
    assert isinstance(both, Failed)
    assert both.message.startswith("missing_property: the database has no volume of a phase at 1226.85 C")
