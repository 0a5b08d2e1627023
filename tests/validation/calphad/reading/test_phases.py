"""Which phases an alloy is computed with, and why others are left out."""

from __future__ import annotations

import pytest

from alloys.design import Design
from alloys.errors import InputError
from alloys.records import Failed, FailureKind
from tests.support.ideal import IDEAL_TDB, melting
from tests.support.tdb import IDEAL
from validation.calphad.checking.melting import melting_points
from validation.calphad.errors import DatabaseError
from validation.calphad.reading.phases import not_held, usable
from validation.calphad.reading.tdbfile import check_phases, reading
from validation.calphad.solving.engine import CalphadEngine
from validation.calphad.solving.phases.models import computable
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
    whole = GAS.replace("RTLNP", "R*T*LN(1E-05*P)") + "PARAMETER G(GAS,W;0) 298.15 +GHSERW+850000-150*T; 6000 N !\n"
    assert "GAS" in usable(reading(IDEAL + whole), ["NB", "W"]).phases


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


def test_phases_that_lack_the_same_are_told_together() -> None:
    text = "\n".join(line for line in IDEAL_TDB.splitlines() if "+GHSERW" not in line)
    with pytest.raises(DatabaseError, match=r"with BCC_A2, LIQUID \(no energy of pure W, [^)]*\); mend"):
        usable(reading(text), ["NB", "W"])


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


def test_an_energy_of_an_element_may_be_called_l() -> None:
    named = IDEAL_TDB.replace("G(BCC_A2,W:VA;0)", "L(BCC_A2,W:VA;0)")
    assert reading(named) == reading(IDEAL_TDB)


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


def ordered(ends: dict[str, str], sites: str = "NB,W:NB,W:VA", ratios: str = "0.5 0.5 3", sign: str = "") -> str:
    """BCC_B2 with energies of its end-members; its disordered part is BCC_A2 where it carries the sign ``&``."""
    given = "".join(f"PARAMETER G(BCC_B2,{names};0) 298.15 {value}; 6000 N !\n" for names, value in ends.items())
    phase = f"PHASE BCC_B2 %{sign} {len(ratios.split())} {ratios} !\nCONSTITUENT BCC_B2 :{sites}: !\n"
    return ("TYPE_DEFINITION & GES A_P_D BCC_B2 {} BCC_A2 !\n" if sign else "") + phase + given


MIXED = "0.5*GHSERNB+0.5*GHSERW-1000"
WHOLE = {"NB:NB:VA": "GHSERNB", "W:W:VA": "GHSERW", "NB:W:VA": MIXED, "W:NB:VA": MIXED}
DIFFERENCES = {"NB:NB:VA": "0", "W:W:VA": "0", "NB:W:VA": "-1000", "W:NB:VA": "-1000"}
BCC_ALONE = "".join(line + "\n" for line in IDEAL_TDB.splitlines() if "BCC_A2," not in line and "E BCC_A2" not in line)


@pytest.mark.parametrize("other", [IDEAL_TDB, BCC_ALONE.replace("CONSTITUENT BCC_A2 :NB,W : VA: !\n", "")])
def test_an_ordered_phase_that_stands_for_itself_needs_the_energy_of_each_element(other: str) -> None:
    assert "BCC_B2" in usable(reading(other + ordered(WHOLE)), ["NB", "W"]).phases
    lacking = {names: value for names, value in WHOLE.items() if names != "W:W:VA"}
    with pytest.raises(DatabaseError, match=r"BCC_B2 \(no energy of pure W, which would count as 0 J/mol\)"):
        usable(reading(other + ordered(lacking)), ["NB", "W"])


@pytest.mark.parametrize("word", ["DIS_PART", "NEVER_DISORDER"])
def test_an_ordered_phase_that_lacks_an_element_counts_as_its_disordered_part(word: str) -> None:
    text = IDEAL_TDB + ordered({"NB:NB:VA": "0"}, "NB:NB:VA", sign="&").format(word)
    found = reading(text)
    phases = computable(found, ["NB", "W"]).phases
    assert not not_held(found.database, phases, ["Nb", "W"])
    assert not any(point.wrong for point in melting_points(found.database, ["NB", "W"], phases))
    if word == "NEVER_DISORDER":  # two sublattices of one lattice that are not told to be one
        alloy = CalphadEngine(text).alloy({"Nb": 0.5, "W": 0.5})
        assert alloy.solidus == pytest.approx(melting({"Nb": 0.5, "W": 0.5})[0], abs=0.5)


NO_W = IDEAL_TDB.replace("BCC_A2 :NB,W : VA:", "BCC_A2 :NB : VA:").replace(
    "PARAMETER G(BCC_A2,W:VA;0) 298.15 +GHSERW; 6000 N !\n", ""
)


@pytest.mark.parametrize("word", ["DIS_PART", "NEVER_DISORDER"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NO_W + ordered(DIFFERENCES, sign="&"), r"BCC_B2 \(it holds W, and its disordered part BCC_A2 does not\)"),
        (IDEAL_TDB + ordered({"NB:W": "-1000"}, "NB,W:NB,W", "0.5 0.5", "&"), "cannot model phase BCC_B2"),
        (IDEAL_TDB + ordered(DIFFERENCES, ratios="1 1 3", sign="&"), "cannot model phase BCC_B2"),
        (IDEAL_TDB + ordered(DIFFERENCES, sign="&").replace("BCC_A2 !", "BCC_B2 !"), r"lacks the model \w+ BCC_B2"),
    ],
)
def test_an_order_that_cannot_be_computed_is_no_order(word: str, text: str, message: str) -> None:
    with pytest.raises(DatabaseError, match=message):
        computable(reading(text.format(word)), ["NB", "W"])


def test_a_fault_of_the_database_is_told_before_any_alloy_and_never_a_fault_of_an_alloy() -> None:
    text = IDEAL_TDB + ordered({"NB:W": "-1000"}, "NB,W:NB,W", "0.5 0.5", "&").format("DIS_PART")
    asked = make_validator("calphad", {"tdb_text": text, "quantities": {"solidus": {"melting": "solidus"}}})
    with pytest.raises(InputError, match="cannot model phase BCC_B2"):
        asked.check(["Nb", "W"])
    verdict = asked.validate(Design.parse("Nb50W50"))
    assert isinstance(verdict, Failed)
    assert verdict.kind is FailureKind.SUSPECT


HCP = "PHASE HCP_A3 % 2 1 0.5 !\nCONSTITUENT HCP_A3 :NB,W:VA: !\n"


def test_a_phase_without_any_energy_is_left_out_and_one_with_some_is_refused() -> None:
    found = usable(reading(IDEAL_TDB + HCP), ["NB", "W"])
    assert found.phases == ("BCC_A2", "LIQUID")
    assert found.left_out == {"HCP_A3": "the file gives it no energy"}
    some = HCP + "PARAMETER G(HCP_A3,NB:VA;0) 298.15 GHSERNB+5000; 6000 N !\n"
    with pytest.raises(DatabaseError, match=r"HCP_A3 \(no energy of pure W"):
        usable(reading(IDEAL_TDB + some), ["NB", "W"])


def test_an_interstitial_of_which_no_energy_is_given_is_refused() -> None:
    text = (
        IDEAL_TDB.replace("BCC_A2 :NB,W : VA:", "BCC_A2 :NB,W : C,VA:") + "ELEMENT C GRAPHITE 12.011 1054.0 5.7423 !\n"
    )
    with pytest.raises(DatabaseError, match=r"BCC_A2 \(no energy with C, which would count as 0 J/mol\)"):
        usable(reading(text), ["NB", "W", "C"])
    assert "BCC_A2" in usable(reading(text), ["NB", "W"]).phases
    carbide = "PARAMETER G(BCC_A2,NB:C;0) 298.15 +GHSERNB+300000; 6000 N !\n"
    assert "BCC_A2" in usable(reading(text + carbide), ["NB", "W", "C"]).phases


@pytest.mark.parametrize(
    ("right", "slip", "message"),
    [
        ("G(LIQUID,NB;0)", "G(LIQUID,NB;1)", r"LIQUID \(no energy of pure NB"),
        ("G(LIQUID,NB;0)", "G(LIQIUD,NB;0)", r"G\(LIQIUD,NB;0\) is of no phase of the file; mend its name if LIQUID"),
        ("G(LIQUID,NB;0)", "G(LIQUIDD,NB;0)", r"mend its name if LIQUID is meant"),
        ("G(BCC_A2,NB:VA;0)", "G(BCC_A2,NB,VA;0)", r"G\(BCC_A2,NB,VA;0\) has not the sublattices of the phase"),
        ("G(BCC_A2,NB:VA;0)", "G(BCC_A2,NB;0)", r"G\(BCC_A2,NB;0\) has not the sublattices of the phase"),
        ("G(LIQUID,NB;0)", "G(LIQUID,NB:0)", r"line 11: .*'0' is no constituent; a ';' stands before"),
        ("G(LIQUID,NB;0)", "G(LIQUID,N.B;0)", r"line 11: .*'N.B' is no constituent; a ';' stands before"),
        ("27500-10*T;", "27500-10*T,", r"line 11: .*a ';' after its expression is expected"),
        ("27500-10*T;", "27500,5-10*T;", r"line 11: .*numbers have a point, no comma"),
        ("LIQUID :NB,W:", "LIQUID :NB:W:", "phase LIQUID has 1 sublattices in PHASE and 2 in CONSTITUENT"),
        ("BCC_A2 % 2 1 3", "BCC_A2 % 2 1,0 3,0", "phase BCC_A2 has 1 sublattices in PHASE and 2 in CONSTITUENT"),
        ("CONSTITUENT LIQUID", "CONSTITUENT LIQIUD", "no PHASE of that name, and the phase LIQUID has no CONSTITUENT"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_is_one_message_and_never_0_j_per_mol(right: str, slip: str, message: str) -> None:
    assert right in IDEAL_TDB
    with pytest.raises(DatabaseError, match=message):
        usable(reading(IDEAL_TDB.replace(right, slip)), ["NB", "W"])


def test_an_energy_that_would_count_nowhere_is_refused_or_told() -> None:
    for slip in ("LIQUID,NB:W", "BCC_A2,NB,W", "LIQIUD,NB,W"):
        with pytest.raises(DatabaseError, match=r"would count nowhere|is of no phase of the file"):
            usable(reading(IDEAL_TDB + f"PARAMETER L({slip};0) 298.15 +20000; 6000 N !\n"), ["NB", "W"])
    stray = "PARAMETER G(LIQUID,NB,V;0) 298.15 +20000; 6000 N !\n"
    assert usable(reading(IDEAL_TDB + stray), ["NB", "W"]).uncounted == ("G(LIQUID,NB,V;0)",)
    told = CalphadEngine(IDEAL_TDB + stray).alloy({"Nb": 0.5, "W": 0.5}).notes
    assert told == ["energies of constituents that their phases do not hold count nowhere: G(LIQUID,NB,V;0)"]
