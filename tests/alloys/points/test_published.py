"""The published table as points: every cell is a point, or is told with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from alloys.errors import InputError
from alloys.points.published import read_published_points
from tests.support.mpea import write_published

_CAST = {"formula": "Nb1 Ta1", "doi": "10.1000/one", "processing": "CAST", "phase": "BCC"}


def test_each_measured_cell_is_a_point_with_its_conditions(tmp_path: Path) -> None:
    path = write_published(
        tmp_path / "t.csv",
        {**_CAST, "temperature": "1000", "test": "C", "strength": "410", "hardness": "300", "calculated": "12.5"},
        {**_CAST, "temperature": "1000", "test": "C", "strength": "410", "hardness": "310"},
    )
    published = read_published_points(path)
    told = [(p.property_name, p.value, p.conditions.test_temperature, p.conditions.test) for p in published.points]
    assert told == [
        ("yield_strength", 410.0, 1000.0, "compression"),
        ("hardness", 300.0, None, ""),
        ("hardness", 310.0, None, ""),
    ]
    assert {p.conditions.processing + p.conditions.phase for p in published.points} == {"CASTBCC"}
    assert published.lines == (2, 2, 3)
    assert published.sources["10.1000/one"].year == 2019
    assert published.dropped == (
        (2, "density, calculated, not measured"),
        (3, "repeat of a point: yield_strength"),
    )
    assert published.to_json()["properties"]["yield_strength"] == {"published": 2, "points": 1, "repeats": 1}


def test_a_point_names_its_paper_as_the_papers_are_named(tmp_path: Path) -> None:
    path = write_published(tmp_path / "t.csv", {**_CAST, "doi": "10.1000/S0031X", "hardness": "300"})
    published = read_published_points(path)
    assert [point.source for point in published.points] == [*published.sources] == ["10.1000/s0031x"]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"strength": "", "hardness": ""}, "without a measured value"),
        ({"formula": "rubbish", "strength": "1"}, "formula that cannot be read"),
        ({"doi": "none", "strength": "1"}, "its source is no DOI"),
        ({"doi": "", "strength": "1"}, "it names no source"),
        ({"strength": "much"}, "yield_strength is no number: 'much'"),
        ({"strength": "-5"}, "yield_strength must lie in"),
        ({"strength": "5", "temperature": "hot"}, "test temperature is no number: 'hot'"),
        ({"strength": "5", "temperature": "-300"}, "-273.15"),
    ],
)
def test_what_is_no_point_is_told_with_its_line(record: dict[str, str], why: str, tmp_path: Path) -> None:
    published = read_published_points(
        write_published(tmp_path / "t.csv", {**_CAST, "hardness": "300"}, {**_CAST, **record})
    )
    assert len(published.points) == 1
    ((line, reason),) = published.dropped
    assert line == 3
    assert why in reason


def test_no_element_is_a_reason_to_leave_a_record_out(tmp_path: Path) -> None:
    published = read_published_points(
        write_published(tmp_path / "t.csv", {**_CAST, "formula": "U1 Zn1 O1", "hardness": "9"})
    )
    assert published.points[0].design.composition.elements == ("O", "U", "Zn")


def test_a_table_without_a_point_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no record is a point"):
        read_published_points(write_published(tmp_path / "t.csv", _CAST))
    (tmp_path / "other.csv").write_text("FORMULA,hardness\nNbTa,3\n")
    with pytest.raises(InputError, match="is not the published MPEA table"):
        read_published_points(tmp_path / "other.csv")


@pytest.mark.outside_data
def test_the_published_table_keeps_its_counts(public_data: Path) -> None:
    """As counted by the table's keepers: 1,067 yield strengths and 530 hardnesses."""
    published = read_published_points(public_data / "MPEA" / "MPEA_dataset.csv")
    told = published.to_json()
    assert told["records"] == 1545
    assert told["properties"]["yield_strength"] == {"published": 1067, "points": 1065, "repeats": 2}
    assert told["properties"]["hardness"] == {"published": 530, "points": 516, "repeats": 14}
    lines = {*published.lines, *(line for line, _ in published.dropped)}
    assert lines == set(range(2, 1547))
