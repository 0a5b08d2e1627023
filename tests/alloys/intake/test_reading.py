"""Tables as people keep them: every line is an alloy with values, or stands among those dropped with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.intake.mapping import TableMap
from alloys.intake.reading import Intake, read_mapped
from alloys.properties import PROPERTIES as BUILT_IN
from alloys.properties import Property
from alloys.space.varied import AlloySpec

HARDNESS = Property("hardness", "HV", "Vickers hardness", 0, 2500, (100, 800))
PROPERTIES = {"hardness": HARDNESS, "shear_modulus": BUILT_IN["shear_modulus"]}


def read(path: Path, **given: Any) -> Intake:
    given = {"formula": "Alloy", "properties": {"hardness": {"column": "HV"}}, **given}
    entry = TableMap.model_validate({"file": str(path), **{k: v for k, v in given.items() if v is not None}})
    return read_mapped(entry, PROPERTIES)


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "results.csv"
    path.write_bytes(text.encode(encoding))
    return path


def by_elements(path: Path, basis: str = "at.%", balance: str | None = None, **columns: str) -> Intake:
    return read(path, formula=None, elements=columns, basis=basis, balance=balance)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_separator_encoding_and_line_end(tmp_path: Path, encoding: str, separator: str, end: str) -> None:
    lines = [["Alloy", "HV", "remark"], ["NbTa", "250", "glüht"], ["NbW", "400 ± 20", ""], ["", "", ""]]
    text = end.join(separator.join(cells) for cells in lines) + end * 3
    intake = read(written(tmp_path, text, encoding))
    assert [(row.line, row.values["hardness"]) for row in intake.rows] == [(2, 250.0), (3, 400.0)]
    assert intake.rows[1].stds == {"hardness": 20.0}
    assert not intake.dropped


def test_decimal_commas_between_semicolons(tmp_path: Path) -> None:
    intake = read(written(tmp_path, "Alloy;HV\nNbTa;250,5\nNbW;1,234\n"))
    assert [row.values["hardness"] for row in intake.rows] == [250.5, 1.234]


def test_lines_are_those_of_an_editor(tmp_path: Path) -> None:
    text = 'Alloy,HV,note\n\nNbTa,250,"two\nlines"\n\n\nNbXx,300,\nNbW,<5,\nTa2W,n/a,\n,7,\nNbTa,1,2,3\n'
    intake = read(written(tmp_path, text))
    assert [row.line for row in intake.rows] == [3]
    assert [(line, reason.split(":")[0]) for line, reason in intake.dropped] == [
        (7, "no composition"),
        (8, "no value"),
        (9, "no value"),
        (10, "no composition"),
        (11, "more cells than columns"),
    ]


def test_units_in_a_line_of_their_own_belong_to_the_names_of_columns(tmp_path: Path) -> None:
    columns = {"shear_modulus": {"column": "G (GPa)"}}
    intake = read(written(tmp_path, "Alloy,G,note\n,[GPa],-\nNbTa,45,\n"), properties=columns)
    assert [(row.line, row.values["shear_modulus"]) for row in intake.rows] == [(3, 45.0)]
    assert "line 2 has units" in intake.notes[0]


def test_a_cell_without_a_reading_does_not_lose_its_row(tmp_path: Path) -> None:
    columns = {"hardness": {"column": "HV"}, "shear_modulus": {"column": "G"}}
    intake = read(written(tmp_path, "Alloy,HV,G\nNbTa,250,>90\nNbW,9999,45\n"), properties=columns)
    assert [dict(row.values) for row in intake.rows] == [{"hardness": 250.0}, {"shear_modulus": 45.0}]
    assert [line for line, _ in intake.unread] == [2, 3]
    assert "hardness is between 0 and 2500 HV" in intake.unread[1][1]


@pytest.mark.parametrize(
    ("cell", "basis", "formula"),
    [
        ("Ti-6Al-4V", "at.%", "Ti90Al6V4"),
        ("Fe–18Cr–8Ni", "at.%", "Fe74Cr18Ni8"),
        ("Fe20-Cr80", "at.%", "Fe20Cr80"),
        ("Nb-17.3Si (at.%)", "wt.%", "Nb82.7Si17.3"),
        ("Nb33.33Ta33.33W33.33", "at.%", "NbTaW"),
    ],
)
def test_formulas_with_a_balance_or_a_basis(tmp_path: Path, cell: str, basis: str, formula: str) -> None:
    intake = read(written(tmp_path, f"Alloy,HV\n{cell},250\n"), basis=basis)
    assert intake.rows[0].design.composition == Composition.parse(formula)


def test_weights_become_atoms_by_molar_masses(tmp_path: Path) -> None:
    fractions = (
        read(written(tmp_path, "Alloy,HV\nTi-6Al-4V,250\n"), basis="wt.%").rows[0].design.composition.fractions()
    )
    assert fractions == pytest.approx({"Al": 0.10195, "Ti": 0.86204, "V": 0.0360}, abs=1e-4)  # ASM: 10.2 and 3.6 at.%


def test_an_alloy_by_weight_is_the_same_that_a_space_of_weights_proposed(tmp_path: Path) -> None:
    space = AlloySpec.model_validate(
        {"elements": ["Cr", "Fe", "Ni"], "basis": "wt", "step": 0.001, "lower": 0.001, "upper": 1.0}
    ).build()
    points = space.sample(50, np.random.default_rng(0))
    rows = [f"{cr / 10},{ni / 10},300" for cr, fe, ni in points]
    columns = {"Cr": "Cr", "Ni": "Ni"}
    intake = by_elements(written(tmp_path, "\n".join(["Cr,Ni,HV", *rows])), "wt.%", "Fe", **columns)
    assert [row.design for row in intake.rows] == [space.design(point) for point in points]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("Nb45Ta25Ti15Hf12", "do not sum to 100, but to: 97"),
        ("Nb45Ta25Ti15Hf18", "do not sum to 100, but to: 103"),
        ("Nb0.5Ta0.4", "do not sum to 1, but to: 0.9"),
        ("Mo-Si-B", "does not say how much"),
        ("In718", "looks like a name"),
        ("SUS304", "reads as 305 S and 1 U, but looks like the name of a grade"),
        ("IN718", "looks like the name of a grade"),
        ("stainless steel", "cannot read the formula"),
        ("Fe-99Cr-8Ni", "leaves nothing for Fe"),
    ],
)
def test_what_is_no_composition_says_why(tmp_path: Path, cell: str, reason: str) -> None:
    intake = read(written(tmp_path, f"Alloy,HV\n{cell},250\nNbTa,100\n"))
    assert len(intake.rows) == 1
    assert [line for line, _ in intake.dropped] == [2]
    assert reason in intake.dropped[0][1]


def test_columns_of_amounts(tmp_path: Path) -> None:
    rows = ["20,30,50", "0.2,0.3,0.5", "20.1,30.1,50.1", "20,30,47", "20,30,53", "20,30,Bal.", "20,,80"]
    text = "\n".join(["Al,Ni,Fe,HV", *(f"{row},300" for row in rows)])
    intake = by_elements(written(tmp_path, text), Al="Al", Ni="Ni", Fe="Fe")
    assert [row.design.formula for row in intake.rows[:2]] == ["Al20Fe50Ni30"] * 2
    assert [row.line for row in intake.rows] == [2, 3, 4, 7, 8]
    assert [(line, reason[-2:]) for line, reason in intake.dropped] == [(5, "97"), (6, "03")]
    assert intake.rounded == 1


def test_a_balance_element_takes_the_rest(tmp_path: Path) -> None:
    intake = by_elements(
        written(tmp_path, "Si,Cr,B (ppm),HV\n1,18,100,200\n"), "at.%", "Fe", Si="Si", Cr="Cr", B="B (ppm)"
    )
    assert intake.rows[0].design.composition.fractions() == pytest.approx(
        {"Si": 0.01, "Cr": 0.18, "B": 1e-4, "Fe": 0.8099}
    )


@pytest.mark.parametrize("word", ["n/a", "NA", "?", "<NA>", "unknown"])
def test_an_unknown_amount_is_not_0_where_no_sum_says_so(tmp_path: Path, word: str) -> None:
    names = {"Nb": "Nb", "Ta": "Ta", "W": "W"}
    path = written(tmp_path, f"Nb,Ta,W,HV\n50,{word},50,300\n50,-,50,310\n50,,50,320\n")
    assert len(by_elements(path, "at.%", **names).rows) == 3  # 50 and 50 are a whole
    for basis, balance, elements in (("parts", None, names), ("wt.%", "W", {"Nb": "Nb", "Ta": "Ta"})):
        intake = by_elements(path, basis, balance, **elements)
        assert [row.line for row in intake.rows] == [3, 4]
        ((line, why),) = intake.dropped
        assert (line, why) == (2, f"no composition: an amount is unknown, and no sum says that it is 0: Ta is {word!r}")


def test_rows_by_condition_and_sources_by_row(tmp_path: Path) -> None:
    text = (
        "Alloy,HV,T,Route,DOI\nNbTa,250,25.0,As-cast,10.1/a\nNbTa,90,1200,As-cast,10.1/b\nNbTa,260,25,forged,10.1/c\n"
    )
    where = {"T": 25, "Route": ["as-cast", "annealed"]}
    intake = read(written(tmp_path, text), where=where, source={"column": "DOI"})
    assert [(row.line, row.source) for row in intake.rows] == [(2, "10.1/a")]
    assert [reason for _, reason in intake.dropped] == [
        "left out by `where`: 'T' is '1200'",
        "left out by `where`: 'Route' is 'forged'",
    ]


def test_standard_deviations_of_a_column_and_units(tmp_path: Path) -> None:
    columns = {"shear_modulus": {"column": "G", "unit": "MPa", "std": "error"}}
    intake = read(written(tmp_path, "Alloy,G,error\nNbTa,90000,5000\nNbW,45 GPa,\n"), properties=columns)
    assert [row.values["shear_modulus"] for row in intake.rows] == [pytest.approx(90), 45]
    assert intake.rows[0].stds["shear_modulus"] == pytest.approx(5)


def test_workbooks_and_documents(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "results"
    for cells in (["Table 1"], ["Alloy", "HV"], ["NbTa", 250], [None, None], ["NbW", "400±20"]):
        sheet.append(cells)
    book.create_sheet("other")
    book.save(tmp_path / "a.xlsx")
    intake = read(tmp_path / "a.xlsx", sheet="results")
    assert [(row.line, row.values["hardness"]) for row in intake.rows] == [(3, 250.0), (5, 400.0)]
    assert intake.dropped == ((1, "before the header: 'Table 1'"),)
    with pytest.raises(InputError, match="no sheet 'nobody'; there are 'results', 'other'"):
        read(tmp_path / "a.xlsx", sheet="nobody")

    records = [{"Alloy": "NbTa", "HV": 250}, {"Alloy": "NbW", "HV": None}, {"Alloy": "NbW", "HV": 400.0}]
    (tmp_path / "a.json").write_text(json.dumps(records))
    (tmp_path / "b.json").write_text(json.dumps({"Alloy": ["NbTa", "NbW"], "HV": [250, 400]}))
    assert [row.line for row in read(tmp_path / "a.json").rows] == [1, 3]
    assert [row.line for row in read(tmp_path / "b.json").rows] == [1, 2]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"formula": "Aloy"}, "no column 'Aloy'; near it are 'Alloy'"),
        ({"properties": {"hardnes": {"column": "HV"}}}, "unknown properties 'hardnes'"),
        ({"properties": {"shear_modulus": {"column": "HV", "unit": "K"}}}, "shear_modulus cannot be given in 'K'"),
        ({"formula": None, "elements": {"Xx": "Alloy"}}, "'Xx' is no chemical element"),
        ({"sheet": "a"}, "only XLSX files have sheets"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(tmp_path: Path, given: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read(written(tmp_path, "Alloy,HV\nNbTa,250\n"), **given)


@pytest.mark.parametrize(
    "heads", ["Alloy,HV,note,note", "Alloy,HV,note, note ", "Alloy;HV;note;HV", "HV,Alloy,Alloy,x"]
)
def test_two_columns_of_one_name_are_refused_whichever_they_are(tmp_path: Path, heads: str) -> None:
    separator = ";" if ";" in heads else ","
    with pytest.raises(InputError, match=r"columns . and . are both named .*; rename one of them"):
        read(written(tmp_path, f"{heads}\n{separator.join(['NbTa', '250', '1', '2'])}\n"))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"elements": {"Nb": "Nb"}}, "either formula"),
        ({"properties": {"hardness": {"column": "HV", "std": "HV"}}}, "columns are mapped twice: 'HV'"),
        ({"properties": {}}, "at least 1 item"),
        ({"basis": "vol.%"}, "basis"),
    ],
)
def test_a_map_that_contradicts_itself_is_refused(tmp_path: Path, given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        read(tmp_path / "none.csv", **given)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"Alloy,HV\n", "no rows beneath"),
        (b"Alloy,HV\n\nNbTa,300,7\n", "line 3: more cells than columns: 3, and 2 columns"),
        (b"\x00\x01\x02\xff\xd8", "it is no text"),
        (b"PK\x03\x04 no workbook", "no whole XLSX file"),
        (b"\xff\xfe\x00", "it is no text"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read(path)


def test_a_name_that_stands_twice_in_a_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('[{"Alloy": "NbTa", "HV": 250, "HV": 400}]')
    with pytest.raises(InputError, match="the name 'HV' stands twice in one record"):
        read(tmp_path / "results.json")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": 1}', "[1, 2]", '[{"a": [[[1]]]}, {}]', "no json", "[{}]"])
def test_documents_without_records_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(InputError):
        read(path)
