"""What each rule says of a record that is wrong, and that it is silent where the record is right."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from alloys.composition import amounts_in
from alloys.points.checking import CheckedRecord, Flag, plain_flags


def _record(
    formula: str = "Al0.5 Co1 Cr1 Fe1 Ni1", place: int = 2, source: str = "10.1000/one", **given: object
) -> CheckedRecord:
    values = given.pop("values", {})
    record = CheckedRecord(place, formula, amounts_in(formula.replace(" ", "")), source, dict(values))  # type: ignore[call-overload]
    return replace(record, **given)  # type: ignore[arg-type]


def _kinds(*records: CheckedRecord) -> list[str]:
    return [flag.kind for flag in plain_flags(records)]


def _only(*records: CheckedRecord) -> Flag:
    (flag,) = plain_flags(records)
    return flag


_RIGHT = _record(
    values={
        "yield_strength": 540.0,
        "tensile_strength": 800.0,
        "hardness": 220.0,
        "elongation": 30.0,
        "density": 7.5,
        "youngs_modulus": 200.0,
    },
    temperature=25.0,
    calculated={"density": 7.4},
)


def test_a_right_record_has_no_flag() -> None:
    assert _kinds(_RIGHT) == []


@pytest.mark.parametrize(
    ("change", "kind", "suggested"),
    [
        ({"yield_strength": 0.54}, "unit of a value", "540 MPa, if it is told in GPa"),
        ({"yield_strength": 540000.0}, "unit of a value", "540 MPa, if it is told in kPa"),
        ({"hardness": 2157.0 * 2}, "unit of a value", "if it is told in MPa"),
        ({"density": 7500.0}, "unit of a value", "7.5 g/cm3, if it is told in kg/m3"),
        ({"yield_strength": -540.0}, "impossible value", "540 MPa, if the sign is wrong"),
        ({"elongation": 900.0}, "unit of a value", "90 %, if it is told in permille"),
        ({"yield_strength": 800.0, "tensile_strength": 540.0}, "yield above ultimate strength", "540 and 800 MPa"),
        ({"plastic_elongation": 40.0}, "plastic above total elongation", "30 and 40 %"),
        ({"hardness": 22.0}, "hardness against yield strength", "a hardness near 198 HV"),
        ({"hardness": 900.0}, "hardness against yield strength", "yield strength near 2452 MPa"),
        ({"density": 9.5}, "density against mixture", "pores"),
        ({"elongation": 0.3, "tensile_strength": 1200.0}, "hardening without strain", "30 %, if"),
    ],
)
def test_a_wrong_value_is_flagged_with_what_may_be_right(change: dict[str, float], kind: str, suggested: str) -> None:
    wrong = replace(_RIGHT, values={**_RIGHT.values, **change})
    told = [flag for flag in plain_flags([wrong]) if flag.kind == kind]
    assert len(told) == 1
    assert suggested in told[0].suggestion
    assert told[0].places == (2,)
    assert set(told[0].properties) & set(change)


def test_hardness_that_hardening_explains_is_no_doubt() -> None:
    soft = replace(_RIGHT, values={"yield_strength": 150.0, "hardness": 170.0, "tensile_strength": 500.0})
    assert _kinds(soft) == []
    assert _kinds(replace(soft, values={"yield_strength": 150.0, "hardness": 170.0})) == [
        "hardness against yield strength"
    ]
    hot = replace(soft, values={"yield_strength": 50.0, "hardness": 170.0}, temperature=1000.0)
    assert _kinds(hot) == []


@pytest.mark.parametrize(
    ("formula", "sum_"),
    [
        ("Al10 Co25 Cr25 Fe25 Ni10", "95, not 100"),
        ("Al11.1 Co22.2 Cr22.2 Fe22.2 Ni32.2", "109.9, not 100"),
        ("Al0.1 Co0.2 Cr0.2 Fe0.2 Ni0.2", "0.9, not 1"),
    ],
)
def test_amounts_that_make_no_whole_are_flagged(formula: str, sum_: str) -> None:
    flag = _only(_record(formula))
    assert flag.kind == "sum of a composition"
    assert sum_ in flag.reason


@pytest.mark.parametrize(
    "formula",
    ["Fe40 Mn40 Co10 Cr10", "Al16.7 Co16.7 Cr16.7 Cu16.7 Fe16.7 Ni16.7", "Cr23 C6", "Nb0.2 Ta0.8", "HfNbTaTiZr"],
)
def test_whole_amounts_are_no_doubt(formula: str) -> None:
    assert _kinds(_record(formula)) == []


def test_weights_in_the_place_of_atoms_are_seen_by_what_becomes_round() -> None:
    flag = _only(_record("Hf30.1 Nb15.7 Ta30.6 Ti8.1 Zr15.4"))
    assert flag.kind == "weights for atoms"
    assert "Hf1Nb1Ta1Ti1Zr1" in flag.suggestion
    assert _kinds(_record("Hf27.6 Nb5.5 Ta5.5 Ti27.8 Zr33.6")) == []


def test_weights_in_the_place_of_atoms_are_seen_by_the_calculated_density() -> None:
    # Al0.31 Hf0.57 Nb0.91 Ta0.77 Ti0.63 in percent of weight: no ratio is round, before or after
    weights = _only(_record("Al2.3 Hf27.9 Nb23.2 Ta38.3 Ti8.3", calculated={"density": 10.2}))
    assert weights.kind == "weights for atoms"
    assert "the elements mix to 12.6 g/cm3" in weights.reason
    wrong = _only(_record("Nb1 Ta1 W1", calculated={"density": 11.0}))
    assert wrong.kind == "density against mixture"
    assert "the composition may be wrong" in wrong.suggestion


@pytest.mark.parametrize(
    ("celsius", "meant"),
    [
        (298.15, 25),
        (298.0, 25),
        (293.0, 20),
        (1273.0, 1000),
        (1073.15, 800),
        (-248.15, 25),
        (727.0, 1000),
        (77.0, -196),
        (-500.0, -227),
    ],
)
def test_kelvin_in_the_place_of_celsius_is_flagged(celsius: float, meant: int) -> None:
    flag = _only(replace(_RIGHT, values={"yield_strength": 540.0}, temperature=celsius))
    assert flag.kind == "unit of a temperature"
    assert flag.suggestion.startswith(f"{meant} °C")


@pytest.mark.parametrize(
    "celsius", [25.0, 23.0, -196.0, -268.8, -73.0, -43.0, 72.0, 340.0, 430.0, 650.0, 1000.0, 1600.0]
)
def test_temperatures_of_tests_are_no_doubt(celsius: float) -> None:
    assert _kinds(replace(_RIGHT, values={"yield_strength": 540.0}, temperature=celsius)) == []


def test_papers_that_repeat_each_other_are_one_flag() -> None:
    first = [
        _record("NbTa", 2, values={"yield_strength": 543.0}, temperature=1000.0),
        _record("NbTi", 3, values={"yield_strength": 400.0}),
    ]
    second = [replace(record, place=record.place + 10, source="10.1000/two") for record in first]
    flag = _only(*first, *second)
    assert flag.kind == "duplicate between papers"
    assert flag.places == (12, 13)
    assert flag.beside == (2, 3)
    assert "10.1000/two tells yield_strength 543 of NbTa as 10.1000/one does, and 1 more records" in flag.reason


def test_papers_that_agree_in_one_value_and_differ_in_another_measured_twice() -> None:
    first = _record("NbTa", 2, values={"yield_strength": 543.0, "elongation": 12.0})
    second = _record("NbTa", 3, "10.1000/two", values={"yield_strength": 543.0, "elongation": 17.0})
    assert _kinds(first, second) == []
    assert _kinds(first, replace(first, place=3)) == []
    assert (
        _kinds(replace(first, values={"yield_strength": 500.0}), replace(second, values={"yield_strength": 500.0}))
        == []
    )


def test_elongations_that_agree_are_no_repeat() -> None:
    first = _record("NbTa", 2, values={"elongation": 39.5})
    assert _kinds(first, replace(first, place=3, source="10.1000/two")) == []


def test_what_cannot_be_read_is_told() -> None:
    flag = _only(CheckedRecord(7, "rubbish", {}, "", {}, unread=("cannot read the formula",)))
    assert (flag.kind, flag.places, flag.reason) == ("unreadable record", (7,), "cannot read the formula")


def test_an_element_without_numbers_is_no_doubt() -> None:
    amounts = {"Og": Fraction(1), "Nb": Fraction(3)}
    assert _kinds(CheckedRecord(2, "OgNb3", amounts, "10.1000/one", {"density": 5.0})) == []
