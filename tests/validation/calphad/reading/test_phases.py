"""Which phases an alloy is computed with, and why others are left out."""

from __future__ import annotations

import pytest

from alloys.errors import InputError
from tests.support.ideal import IDEAL_TDB, melting
from tests.support.tdb import IDEAL
from validation.calphad.errors import DatabaseError
from validation.calphad.reading.phases import usable
from validation.calphad.reading.tdbfile import check_phases, reading
from validation.calphad.solving.engine import CalphadEngine
from validation.registry import make_validator

GAS = (
    "PHASE GAS:G % 1 1.0 !\nCONSTITUENT GAS:G :NB,W: !\n"
    "PARAMETER G(GAS,NB;0) 298.15 +GHSERNB+730000-150*T+RTLNP; 6000 N !\n"
)


def test_a_gas_with_an_undefined_function_is_left_out_with_the_reason() -> None:
    found = usable(reading(IDEAL + GAS), ["Nb", "W"])
    assert found.phases == ("BCC_A2", "LIQUID")
    assert found.left_out == {"GAS": "the file does not define RTLNP"}


def test_a_gas_that_is_complete_is_used() -> None:
    assert "GAS" in usable(reading(IDEAL + GAS.replace("RTLNP", "R*T*LN(1E-05*P)")), ["NB", "W"]).phases


def test_a_gas_that_was_asked_for_is_refused_with_what_to_name_instead() -> None:
    with pytest.raises(DatabaseError, match=r"GAS \(the file does not define RTLNP\).*phases: \[BCC_A2, LIQUID\]"):
        usable(reading(IDEAL + GAS), ["NB", "W"], ["BCC_A2", "LIQUID", "GAS"])


def test_an_undefined_function_is_told_only_to_alloys_that_use_it() -> None:
    text = reading(IDEAL.replace("+GHSERW;", "+GHSERX;"))
    with pytest.raises(DatabaseError, match=r"alloys of NB-W .* BCC_A2 \(the file does not define GHSERX\)"):
        usable(text, ["NB", "W"])
    assert usable(text, ["NB"]).phases == ("BCC_A2", "LIQUID")
    assert usable(text, ["NB", "W"], ["LIQUID"]).phases == ("LIQUID",)


def test_phases_that_the_file_rejects_are_used_only_where_they_are_named() -> None:
    text = reading("DEFAULT_COMMAND REJECT_PHASE BCC_A2 !\n" + IDEAL)
    found = usable(text, ["NB", "W"])
    assert found.phases == ("LIQUID",)
    assert found.left_out == {"BCC_A2": "the file itself rejects it"}
    assert usable(text, ["NB", "W"], ["BCC_A2", "LIQUID"]).phases == ("BCC_A2", "LIQUID")


@pytest.mark.parametrize("names", ["*", "BCC_A2,LIQUID", "BCC_A2 LIQUID"])
def test_a_database_that_rejects_every_phase_is_one_message(names: str) -> None:
    text = reading(f"DEFAULT_COM REJ-P {names} !\n" + IDEAL)
    with pytest.raises(DatabaseError, match=r"no phase is left .*BCC_A2 \(the file itself rejects it\).*phases: \["):
        usable(text, ["NB", "W"])


def test_a_phase_that_is_restored_is_used() -> None:
    text = reading("DEFAULT_COM REJ-P * !\nDEFAULT_COM RESTORE_PHASE LIQUID !\n" + IDEAL)
    assert usable(text, ["NB", "W"]).phases == ("LIQUID",)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("LIQUID %", "LIQUID:Q %", r"LIQUID \(pycalphad lacks the model option Q\)"),
        ("LIQUID %", "LIQUID:A %", r"LIQUID \(pycalphad lacks the model option A\)"),
        (
            "TYPE",
            "TYPE_DEF & GES A_P_D LIQ QUASICHEM_IONIC 2 !\nTYPE",
            r"LIQUID \(pycalphad lacks the model QUASICHEM_",
        ),
        (
            "TYPE",
            "TYPE_DEF & GES A_P_D LIQUID EXC_MOD KOHLER !\nTYPE",
            r"LIQUID \(pycalphad lacks the model EXCESS_MODEL",
        ),
    ],
)
def test_a_model_that_pycalphad_lacks_is_one_message_with_phase_and_model(
    before: str, after: str, message: str
) -> None:
    text = reading(IDEAL.replace(before, after, 1))
    with pytest.raises(DatabaseError, match=message) as caught:
        usable(text, ["NB", "W"])
    assert "phases: [BCC_A2]" in str(caught.value)
    assert usable(text, ["NB", "W"], ["BCC_A2"]).phases == ("BCC_A2",)


ORDERED = (
    "TYPE_DEFINITION & GES A_P_D BCC_B2 DIS_PART BCC_A2 !\nPHASE BCC_B2 %& 3 0.5 0.5 3 !\n"
    "CONSTITUENT BCC_B2 :NB,W:NB,W:VA: !\n"
)


def test_an_ordered_phase_whose_disordered_form_is_left_out_cannot_be_computed() -> None:
    text = IDEAL.replace("CONSTITUENT BCC_A2 :NB,W : VA: !\n", "") + ORDERED
    with pytest.raises(DatabaseError, match=r"BCC_B2 \(pycalphad lacks the model DISORDERED_PART BCC_A2\)"):
        usable(reading(text), ["NB", "W"])


def test_a_disordered_phase_whose_ordered_form_is_left_out_stands_alone() -> None:
    text = IDEAL + ORDERED.replace("CONSTITUENT BCC_B2 :NB,W:NB,W:VA: !\n", "")
    assert usable(reading(text), ["NB", "W"]).phases == ("BCC_A2", "LIQUID")


def test_the_ordinary_excess_model_is_no_other_model() -> None:
    text = IDEAL.replace("TYPE", "TYPE_DEF & GES A_P_D LIQUID EXC_MOD REDLICH-KISTER !\nTYPE", 1)
    assert "LIQUID" in usable(reading(text), ["NB", "W"]).phases


def test_elements_that_the_file_lacks_are_told_with_those_it_has() -> None:
    with pytest.raises(DatabaseError, match=r"lacks MO; available: NB, W"):
        usable(reading(IDEAL), ["Nb", "Mo"])


def test_a_phase_that_is_not_there_is_told_with_the_nearest_names() -> None:
    with pytest.raises(DatabaseError, match=r"BCC_B2 \(nearest: BCC_A2, LIQUID\); available: BCC_A2, LIQUID"):
        check_phases(reading(IDEAL).database, ["LIQUID", "bcc_b2"])


def test_an_alloy_says_which_phases_were_left_out() -> None:
    alloy = CalphadEngine(IDEAL + GAS).alloy({"Nb": 0.5, "W": 0.5})
    assert alloy.notes == ["phases left out: GAS (the file does not define RTLNP)"]


@pytest.mark.parametrize("gone", ["G(BCC_A2,W:VA;0) 298.15 +GHSERW;", "G(LIQUID,NB;0) 298.15 +GHSERNB+27500-10*T;"])
def test_a_phase_without_the_energy_of_a_pure_element_is_refused_and_not_counted_as_zero(gone: str) -> None:
    assert gone in IDEAL_TDB
    text = "\n".join(line for line in IDEAL_TDB.splitlines() if gone not in line)
    element, phase = ("W", "BCC_A2") if "GHSERW" in gone else ("NB", "LIQUID")
    told = rf"cannot be computed with {phase} \(no energy of pure {element}, which would count as 0 J/mol\)"
    with pytest.raises(DatabaseError, match=told):
        usable(reading(text), ["NB", "W"])
    other = {"NB", "W"} - {element}
    assert phase in usable(reading(text), other).phases


def test_a_compound_may_lack_the_energies_of_pure_elements() -> None:
    text = (
        IDEAL_TDB
        + "PHASE NBW2 % 2 1 2 !\nCONSTITUENT NBW2 :NB,W:NB,W: !\nPARAMETER G(NBW2,NB:W;0) 298.15 -900; 6000 N !\n"
    )
    assert "NBW2" in usable(reading(text), ["NB", "W"]).phases


W_TWICE = "PARAMETER G(BCC_A2,W:VA;0) 298.15 {}; 6000 N !\n"


def test_a_parameter_that_stands_twice_alike_counts_once_and_is_told() -> None:
    found = reading(IDEAL_TDB + W_TWICE.format("+GHSERW"))
    assert found.notes == ("G(BCC_A2,W:VA;0) is given twice alike; counted once",)
    alloy = CalphadEngine(IDEAL_TDB + W_TWICE.format("+GHSERW")).alloy({"Nb": 0.5, "W": 0.5})
    assert alloy.solidus == pytest.approx(melting({"Nb": 0.5, "W": 0.5})[0], abs=0.5)


def test_a_parameter_that_stands_twice_with_other_values_is_refused_where_it_counts() -> None:
    found = reading(IDEAL_TDB + W_TWICE.format("+GHSERW+100"))
    with pytest.raises(DatabaseError, match=r"G\(BCC_A2,W:VA;0\) is given twice.*keep one"):
        usable(found, ["NB", "W"])
    assert usable(found, ["NB"]).phases == ("BCC_A2", "LIQUID")


@pytest.mark.parametrize(("phase", "what"), [("LIQUID", "liquid"), ("BCC_A2", "solid")])
def test_an_element_that_no_liquid_or_no_solid_holds_is_refused_before_any_alloy(phase: str, what: str) -> None:
    lines = [line for line in IDEAL_TDB.splitlines() if f"G({phase},W" not in line]
    text = "\n".join(line.replace("NB,W", "NB") if f"CONSTITUENT {phase}" in line else line for line in lines)
    melting_asked = make_validator("calphad", {"tdb_text": text, "quantities": {"solidus": {"melting": "solidus"}}})
    with pytest.raises(InputError, match=f"has no {what} with W, so no alloy with it has a solidus"):
        melting_asked.check(["Nb", "W"])
    melting_asked.check(["Nb"])
    shares = {"bcc": {"fraction": "BCC_A2", "at": "900 degC"}}
    make_validator("calphad", {"tdb_text": text, "quantities": shares}).check(["Nb", "W"])
