"""People's tables as points: what their heads or a map say, and every line that is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import Workbook
from pydantic import ValidationError

from alloys.errors import InputError
from alloys.points.doi import doi_of
from alloys.points.point import PointKind, PointSource
from alloys.points.tables.mapping import PointsMap
from alloys.points.tables.reading import read_table_points

HEADS = "formula,yield_strength [GPa],yield_strength_std,test_temperature [K],processing,phase,doi,year,remark"
FIRST = "HfNbTaTiZr,0.929,0.01,296.15,as  cast,BCC,https://doi.org/10.1007/S10853-012-6260-2,2011,x"


def write(folder: Path, *lines: str) -> Path:
    path = folder / "mine.csv"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def test_heads_say_units_conditions_and_source(tmp_path: Path) -> None:
    found = read_table_points(write(tmp_path, HEADS, FIRST))
    (point,) = found.points
    assert point.to_json() == {
        "design": "Hf:1/5,Nb:1/5,Ta:1/5,Ti:1/5,Zr:1/5",
        "property": "yield_strength",
        "unit": "MPa",
        "value": 929.0,
        "std": 10.0,
        "conditions": {"test_temperature": 23.0, "processing": "as cast", "phase": "BCC"},
        "kind": "literature",
        "source": "10.1007/s10853-012-6260-2",
    }
    assert found.sources == {point.source: PointSource(point.source, "", 2011)}
    assert found.lines == (2,)
    assert found.notes == ("not read: 'remark'",)


@pytest.mark.parametrize(
    "heads", ["yield_strength [MPa],yield_strength [GPa],year", "hardness,test_temperature [K],test_temperature [°C]"]
)
def test_two_columns_of_one_thing_are_refused_and_not_one_of_them_lost(tmp_path: Path, heads: str) -> None:
    with pytest.raises(InputError, match="are of the same; leave one of them out"):
        read_table_points(write(tmp_path, f"formula,{heads},source", "NbTa,100,300,25,mine"))


@pytest.mark.parametrize("word", ["NA", "<NA>", "nan", "n/a", "None"])
def test_a_word_for_nothing_is_no_source(tmp_path: Path, word: str) -> None:
    heads = "formula,hardness,source,processing,phase,test,year"
    found = read_table_points(write(tmp_path, heads, f"Nd,300{f',{word}' * 5}"))
    (point,) = found.points
    assert point.source == "mine.csv"
    assert point.conditions.to_json() == {}
    assert point.design.composition.elements == ("Nd",)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("NbMoTaW,,,,,,10.1016/j.x.2010.1,2010,", "no value: the cells are empty"),
        ("NbMoTaW,1.0,,,,,10.10,2010,", "'10.10' is no DOI"),
        ("NbMoTaW,1.0,,,,,,2010,", "no source"),
        ("NbMoTaW,1.0,,hot,,,10.1016/j.x.2010.1,2010,", "no temperature: 'hot' is no number"),
        ("NbMoTaW,1.0,,-5,,,10.1016/j.x.2010.1,2010,", "between -273.15"),
        ("NbMoTaW,1.0,,,,,10.1016/j.x.2010.1,soon,", "no year"),
        ("QqNb,1.0,,,,,10.1016/j.x.2010.1,2010,", "unknown element 'Qq'"),
        ("NbMoTaW,1000,,,,,10.1016/j.x.2010.1,2010,", "cannot be true"),
    ],
)
def test_a_line_that_is_no_point_is_told_with_its_reason(tmp_path: Path, line: str, why: str) -> None:
    found = read_table_points(write(tmp_path, HEADS, FIRST, line))
    assert found.lines == (2,)
    ((number, told),) = found.dropped
    assert number == 3
    assert why in told


def test_a_map_says_what_no_head_does(tmp_path: Path) -> None:
    path = write(tmp_path, "Alloy;HV;rate;1000;Route;who", "NbTa;310;3,6;250;cast;me", "NbW;n/a;;;;you")
    shared = {"file": str(path), "formula": "Alloy", "source": {"column": "who"}}
    cold = {
        **shared,
        "properties": {"hardness": {"column": "HV"}, "creep_rate": {"column": "rate", "unit": "1/h"}},
        "declare": {"creep_rate": {"unit": "1/s", "range": [0.0, 1.0]}},
        "conditions": {"test_temperature": 25.0, "processing": {"column": "Route"}},
        "kind": "predicted",
    }
    hot = {**shared, "properties": {"yield_strength": {"column": "1000"}}, "conditions": {"test_temperature": 1000.0}}
    found = read_table_points(path, [PointsMap.model_validate(cold), PointsMap.model_validate(hot)])
    told = [(p.property_name, p.value, p.unit, p.conditions.test_temperature, p.kind) for p in found.points]
    assert told == [
        ("hardness", 310.0, "HV", 25.0, PointKind.PREDICTED),
        ("creep_rate", pytest.approx(0.001), "1/s", 25.0, PointKind.PREDICTED),
        ("yield_strength", 250.0, "MPa", 1000.0, PointKind.LITERATURE),
    ]
    assert {point.source for point in found.points} == {"me"}
    assert [line for line, _ in found.dropped] == [3, 3]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"doi": "10.x"}, "is no DOI"),
        ({"kind": "measured"}, "a kind is one of literature"),
        ({"kind": "generated"}, "drew has no values"),
        ({"conditions": {"temperature": 25.0}}, "Extra inputs"),
    ],
)
def test_a_map_that_is_wrong_is_refused(change: dict[str, object], told: str) -> None:
    plain = {"file": "x.csv", "formula": "Alloy", "properties": {"hardness": {"column": "HV"}}}
    with pytest.raises(ValidationError, match=told):
        PointsMap.model_validate({**plain, **change})


def test_spreadsheets_and_documents_say_the_same(tmp_path: Path) -> None:
    record = {"formula": "NbTa", "hardness [HV]": 310.5, "test_temperature": 25, "source": "me"}
    book = Workbook()
    book.active.append([*record])
    book.active.append([*record.values()])
    book.save(tmp_path / "mine.xlsx")
    (tmp_path / "mine.json").write_text(json.dumps([record]), encoding="utf-8")
    plain = read_table_points(write(tmp_path, ",".join(record), ",".join(map(str, record.values()))))
    for name in ("mine.xlsx", "mine.json"):
        found = read_table_points(tmp_path / name)
        assert [point.key for point in found.points] == [point.key for point in plain.points]
        assert found.notes == ("'test_temperature' says no unit, and is read in °C",)


def test_a_source_that_begins_as_a_doi_is_one_or_a_slip(tmp_path: Path) -> None:
    rows = ["NbTa,300,doi:10.1038/ABC", "NbTa,301,doi:10.1038", "NbTa,302,my notes 10.1038"]
    found = read_table_points(write(tmp_path, "formula,hardness,source", *rows))
    assert [point.source for point in found.points] == ["10.1038/abc", "my notes 10.1038"]
    assert [line for line, why in found.dropped if "is no DOI" in why] == [3]


def test_a_table_without_a_point_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no row is a point \(line 2: no value"):
        read_table_points(write(tmp_path, HEADS, "NbMoTaW,,,,,,10.1016/j.x.2010.1,2010,"))
    with pytest.raises(InputError, match="needs a column 'formula'"):
        read_table_points(write(tmp_path, "alloy,HV", "NbTa,300"))


@pytest.mark.parametrize("text", ["10.1038", "10.12/x", "doi:", "see 10.1038/s41597-020-00768-9", "10.1038/a b", ""])
def test_what_is_no_doi_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no DOI"):
        doi_of(text)


@pytest.mark.parametrize("behind", ["", ".", ";", ").", ","])
@pytest.mark.parametrize("before", ["", "doi: ", "DOI ", "https://doi.org/", "https://www.doi.org/", "doi:doi.org/"])
def test_a_doi_is_one_however_it_is_written(before: str, behind: str) -> None:
    assert doi_of(f" {before}10.1007/978-3-319-27013-5_8{behind} ") == "10.1007/978-3-319-27013-5_8"


def test_texts_that_no_table_holds_cost_their_rows_alone(tmp_path: Path) -> None:
    path = tmp_path / "points.json"
    rows = [
        {"formula": "NbTa", "hardness": 300, "source": "a\0b\ud800\n c", "title": "t\0\ud800"},
        {"formula": "NbTa", "hardness": 301, "source": "s" * 601},
        {"formula": "NbTa", "hardness": 302, "source": "x", "processing": "p" * 601},
        {"formula": "NbTa", "hardness": 303, "source": "x", "year": "²⁰²⁰"},
        {"formula": "NbTa", "hardness": 304, "source": "x", "year": 2020},
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")
    found = read_table_points(path)
    assert {point.value: point.source for point in found.points} == {300.0: "ab c", 304.0: "x"}
    assert [why.partition(":")[0] for _, why in found.dropped] == [
        *["a text of 601 letters is more than 600"] * 2,
        "no year",
    ]
