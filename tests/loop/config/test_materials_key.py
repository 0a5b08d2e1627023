"""The key `materials`: what it means where it is left out, and which mistakes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alloys.errors import InputError
from alloys.points.choice import PointChoice
from alloys.points.point import Point
from loop.config.reading import load_config
from tests.loop.loop_helpers import small_config, write_config

_STRENGTH: dict[str, Any] = {"property": "yield_strength", "test_temperature": [1290, 1310]}


def test_a_campaign_is_the_same_whereever_its_table_lies_and_another_one_with_other_points(tmp_path: Path) -> None:
    plain = small_config(tmp_path)
    assert "materials" not in plain.science()
    here, there = (small_config(tmp_path, materials={"table": table}) for table in ("a.db", "b.db"))
    assert here.digest == there.digest != plain.digest
    more = small_config(tmp_path, materials={"points": {"solidus": {"property": "solidus"}}})
    assert (
        len({plain.digest, here.digest, more.digest, small_config(tmp_path, materials={"known": "answer"}).digest}) == 4
    )


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ({"strength": _STRENGTH}, "the campaign has no property strength"),
        ({"solidus": {"property": "toughness"}}, "points have no property toughness"),
        ({"solidus": _STRENGTH}, "solidus cannot be given in 'MPa'"),
        ({"yield_strength_1300c": {**_STRENGTH, "test_temperature": [1310, 1290]}}, "give the lower end first"),
        ({"yield_strength_1300c": {**_STRENGTH, "kinds": ["predicted"]}}, "'literature' or 'validation'"),
    ],
)
def test_points_that_cannot_speak_of_a_property_are_refused_with_their_line(
    tmp_path: Path, points: dict[str, Any], told: str
) -> None:
    path = write_config(tmp_path, materials={"points": points})
    with pytest.raises(InputError, match=told) as refused:
        load_config(path)
    assert "line" in str(refused.value)


def test_points_are_chosen_by_property_temperature_test_kind_and_source() -> None:
    choice = PointChoice.model_validate({**_STRENGTH, "test": "compression", "sources": ["10.1000/one"]})
    document: dict[str, Any] = {
        "design": "Nb:1/2,Ta:1/2",
        "property": "yield_strength",
        "unit": "MPa",
        "value": 300.0,
        "kind": "literature",
        "source": "10.1000/one",
        "conditions": {"test_temperature": 1300.0, "test": "compression"},
    }
    assert choice.takes(Point.from_json(document))
    for change in (
        {"conditions": {"test_temperature": 1200.0, "test": "compression"}},
        {"conditions": {"test": "compression"}},
        {"conditions": {"test_temperature": 1300.0, "test": "tension"}},
        {"kind": "predicted"},
        {"source": "10.1000/two"},
        {"property": "tensile_strength"},
    ):
        assert not choice.takes(Point.from_json(document | change)), change
