"""Points: what one says, what it refuses, and its identity."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from alloys.design import Design
from alloys.errors import InputError
from alloys.points.point import Point, PointConditions, PointKind, PointSource, point_properties

STRONG = Point(
    design=Design.parse("HfNbTaTiZr"),
    property_name="yield_strength",
    unit="MPa",
    value=929.0,
    kind=PointKind.LITERATURE,
    source="a paper",
    conditions=PointConditions(test_temperature=25.0, processing="CAST", phase="BCC", test="compression"),
)


def test_a_point_comes_back_from_json_as_it_was() -> None:
    again = Point.from_json(json.loads(json.dumps(STRONG.to_json())))
    assert again == STRONG
    assert again.key == STRONG.key


@pytest.mark.parametrize(
    "other",
    [
        replace(STRONG, value=930.0),
        replace(STRONG, std=12.0),
        replace(STRONG, source="somebody"),
        replace(STRONG, kind=PointKind.PREDICTED),
        replace(STRONG, conditions=replace(STRONG.conditions, test_temperature=1000.0)),
    ],
)
def test_points_that_differ_in_anything_are_two(other: Point) -> None:
    assert other.key != STRONG.key


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"value": float("nan")}, "finite"),
        ({"value": 2e6}, "10000"),
        ({"value": None}, "has no value"),
        ({"std": -1.0}, "standard deviation"),
        ({"source": " "}, "needs its source"),
        ({"failure": "it broke"}, "no failure"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        replace(STRONG, **change)


@pytest.mark.parametrize("unknown", [pd.NA, pd.NaT, float("nan"), None, ""])
def test_what_pandas_does_not_know_is_not_known(unknown: Any) -> None:
    assert replace(STRONG, std=unknown, failure=unknown) == STRONG
    conditions = PointConditions(unknown, unknown, unknown, unknown)
    assert replace(STRONG, conditions=conditions).key == replace(STRONG, conditions=PointConditions()).key
    assert PointSource("a paper", unknown, unknown, unknown) == PointSource("a paper")
    with pytest.raises(InputError, match="needs its source"):
        replace(STRONG, source=unknown)
    with pytest.raises(InputError, match=r"has no value|finite"):
        replace(STRONG, value=unknown, failure=unknown)


def test_a_failed_test_is_a_point_and_a_failed_prediction_is_none() -> None:
    assert replace(STRONG, value=None, failure="brittle").value is None
    with pytest.raises(InputError, match="has no value"):
        replace(STRONG, value=None, failure="brittle", kind=PointKind.PREDICTED)


def test_a_temperature_below_absolute_zero_is_refused() -> None:
    with pytest.raises(InputError, match=r"-273\.15"):
        PointConditions(test_temperature=-300.0)


def test_measured_properties_stand_beside_the_built_in_ones() -> None:
    assert point_properties()["hardness"].unit == "HV"
    assert point_properties()["solidus"].unit == "K"
    assert point_properties()["bcc_fraction_900c"].scale == "share"
