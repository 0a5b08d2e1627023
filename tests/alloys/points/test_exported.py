"""Points that leave as CSV or JSON come back as the same points, with all that is known of their sources."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloys.design import Design
from alloys.errors import InputError
from alloys.points.exported import COLUMNS, points_csv, points_json, read_exported
from alloys.points.point import Point, PointConditions, PointKind, PointSource
from tests.strategies import compositions

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
WRITERS = {"points.csv": points_csv, "points.json": points_json}


@st.composite
def points(draw: st.DrawFn) -> Point:
    """Any point: with variables and odd words, failed, or drawn and never asked about."""
    chosen = draw(st.dictionaries(st.sampled_from(["anneal_c", "route"]), st.sampled_from([900, 0.25, "cast", True])))
    design, source = Design.of(draw(compositions()), chosen), draw(WORDS.filter(str.strip))
    heat = draw(st.none() | st.floats(-273.15, 6000))
    conditions = PointConditions(heat, draw(WORDS), draw(WORDS), draw(WORDS))
    shape = draw(st.sampled_from(["value", "failed", "drawn"]))
    if shape == "drawn":
        return Point(design, "", "", None, PointKind.GENERATED, source)
    if shape == "failed":
        why = draw(WORDS.filter(bool))
        return Point(design, "own", "MPa", None, PointKind.VALIDATION, source, conditions=conditions, failure=why)
    kind = draw(st.sampled_from([kind for kind in PointKind if kind is not PointKind.GENERATED]))
    value = draw(st.floats(allow_nan=False, allow_infinity=False))
    std = draw(st.none() | st.floats(0, 1e300))
    return Point(design, "own", draw(st.sampled_from(["MPa", "1", "µm"])), value, kind, source, std, conditions)


@pytest.mark.parametrize("name", WRITERS)
def test_every_point_comes_back_with_its_key(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("exported") / name

    @settings(max_examples=40)
    @given(st.lists(points(), min_size=1, max_size=4), WORDS, st.none() | st.integers(1500, 2100), WORDS)
    def holds(told: list[Point], title: str, year: int | None, licence: str) -> None:
        sources = {point.source: PointSource(point.source, title, year, licence) for point in told}
        path.write_bytes(WRITERS[name](told, sources))
        back = read_exported(path)
        assert back is not None
        assert [point.key for point in back.points] == [point.key for point in told]
        assert dict(back.sources) == sources

    holds()


YIELD = Point(Design.parse("NbTa2"), "yield_strength", "MPa", 1050.0, PointKind.LITERATURE, "10.1000/x")


def test_a_licence_that_is_not_known_stays_unknown(tmp_path: Path) -> None:
    for name, write in WRITERS.items():
        (tmp_path / name).write_bytes(write([YIELD], {}))
        back = read_exported(tmp_path / name)
        assert back is not None
        assert back.sources == {"10.1000/x": PointSource("10.1000/x")}


def test_what_a_spreadsheet_would_run_is_marked(tmp_path: Path) -> None:
    conditions = PointConditions(phase="=cmd|' /C calc'!A0", processing="-annealed")
    odd = Point(YIELD.design, "yield_strength", "MPa", -0.0, PointKind.LITERATURE, "@me", conditions=conditions)
    (tmp_path / "points.csv").write_bytes(points_csv([odd], {}))
    cells = next(csv.DictReader((tmp_path / "points.csv").read_text().splitlines()))
    assert (cells["phase"][0], cells["processing"][0], cells["source"][0]) == ("'", "'", "'")
    back = read_exported(tmp_path / "points.csv")
    assert back is not None
    assert back.points[0].key == odd.key


def row(**cells: str) -> str:
    usual = {
        "design": "Nb:1/3,Ta:2/3",
        "property": "yield_strength",
        "unit": "MPa",
        "value": "1050",
        "kind": "literature",
        "source": "x",
    }
    return ",".join(f'"{({**usual, **cells}).get(name, "")}"' for name in COLUMNS)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"value": "high"}, "line 2: value is 'high', no number"),
        ({"value": "nan"}, "line 2: yield_strength must be a finite number"),
        ({"value": "-5"}, "line 2: yield_strength must lie in"),
        ({"value": ""}, "line 2: .* has no value"),
        ({"kind": "guessed"}, "line 2: kind is 'guessed', none of literature, validation"),
        ({"design": "Nb:1/3"}, "line 2: .*atomic fractions must sum to 1"),
        ({"formula": "NbTa"}, "line 2: formula says NbTa, and design says Nb1Ta2; correct both"),
        ({"source": " "}, "line 2: a point of .* needs its source"),
        ({"source_year": "MMXX"}, "line 2: source_year is 'MMXX', no year"),
        ({"test_temperature": "-300"}, "line 2: a test temperature lies between"),
    ],
)
def test_a_row_that_was_changed_for_the_worse_is_named(cells: dict[str, str], why: str, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(",".join(COLUMNS) + "\n" + row(**cells) + "\n")
    with pytest.raises(InputError, match=why):
        read_exported(tmp_path / "points.csv")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"points": {}}, "points and sources are lists"),
        ({"points": []}, "has no points"),
        ({"points": [{}]}, "point 1: is no point"),
        ({"points": ["Nb"]}, "point 1: is no point"),
        ({"points": [{**YIELD.to_json(), "value": "1"}]}, "point 1: value is '1', no number"),
        ({"points": [{**YIELD.to_json(), "value": True}]}, "point 1: value is True, no number"),
        *(
            ({"points": [{**YIELD.to_json(), **wrong}]}, f"point 1: {next(iter(wrong))} is .*, no text")
            for wrong in ({"property": 7}, {"unit": ["MPa"]}, {"source": None}, {"failure": float("nan")})
        ),
        ({"points": [{**YIELD.to_json(), "conditions": {"phase": {"a": 1}}}]}, "point 1: phase is .*, no text"),
        ({"points": [{**YIELD.to_json(), "conditions": {"test_temperature": True}}]}, "point 1: .* is True, no number"),
        ({"points": [YIELD.to_json()], "sources": [{"name": "x", "year": 10**30}]}, "source 1: a year is such as 2020"),
        ({"points": [YIELD.to_json()], "sources": [{}]}, "source 1: has no name"),
        ({"points": [YIELD.to_json()], "sources": [{"name": "x", "year": "2020"}]}, "source 1: title and licence"),
    ],
)
def test_a_document_that_was_changed_for_the_worse_is_named(document: Any, why: str, tmp_path: Path) -> None:
    (tmp_path / "points.json").write_text(json.dumps({"format": "alloyloop points 1", **document}))
    with pytest.raises(InputError, match=why):
        read_exported(tmp_path / "points.json")


def test_a_name_that_stands_twice_in_a_point_is_refused(tmp_path: Path) -> None:
    text = points_json([YIELD], {}).decode().replace('"value":', '"value": 1.0, "value":')
    (tmp_path / "points.json").write_text(text)
    with pytest.raises(InputError, match="the name 'value' stands twice in one record"):
        read_exported(tmp_path / "points.json")


@pytest.mark.parametrize("name", ["points.csv", "points.json"])
def test_a_file_that_is_not_there_is_told_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as told:
        read_exported(tmp_path / name)
    assert str(told.value) == f"cannot read {tmp_path / name}: No such file or directory"


def test_a_row_is_named_by_the_line_that_it_begins_on(tmp_path: Path) -> None:
    first = replace(YIELD, conditions=PointConditions(25.0, "cast,\nrolled"))
    text = points_csv([first, YIELD], {}).decode()
    begun = text.index("\r\n") + 2
    for wrong, line in ((text.replace("25.0", "hot"), 2), (text[:begun] + "\r\n,,,\r\n" + text[begun:], 0)):
        (tmp_path / "points.csv").write_text("\ufeff" + wrong, encoding="utf-8", newline="")
        if line:
            with pytest.raises(InputError, match=rf"line {line}: test_temperature is 'hot', no number"):
                read_exported(tmp_path / "points.csv")
        else:
            back = read_exported(tmp_path / "points.csv")
            assert back is not None
            assert back.points == (first, YIELD)


def test_a_whole_number_is_the_same_value(tmp_path: Path) -> None:
    document = {"format": "alloyloop points 1", "points": [{**YIELD.to_json(), "value": 1050}]}
    (tmp_path / "points.json").write_text(json.dumps(document))
    back = read_exported(tmp_path / "points.json")
    assert back is not None
    assert back.points[0].key == YIELD.key


@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", "formula,hardness\nNbTa,300\n"), ("a.json", "[]"), ("a.xlsx", "")]
)
def test_other_tables_are_left_to_others(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert read_exported(tmp_path / name) is None
