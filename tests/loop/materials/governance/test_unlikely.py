"""Values that all other points contradict are found; a paper that is unlike others, or scatters, is not accused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from alloys.composition import Composition, amounts_in
from alloys.design import Design
from alloys.points.checking import CheckedRecord
from alloys.points.point import Point, PointConditions, PointKind
from loop.materials.governance import check_records
from loop.materials.governance.records import records_of_points
from loop.materials.governance.unlikely import unlikely_values

_PURE = {"Hf": 700.0, "Nb": 500.0, "Ta": 900.0, "Ti": 600.0, "Zr": 450.0}
_NOISY = 3
"""The paper whose values scatter most."""


def _table(changes: Mapping[int, float] = {}) -> list[CheckedRecord]:
    """16 papers of six alloys each, whose strengths follow their elements and the temperature; some are changed."""
    rng = np.random.default_rng(11)
    records = []
    for paper in range(16):
        offset, scatter = rng.normal(0, 0.08), 0.5 if paper == _NOISY else 0.05
        for _ in range(6):
            parts = rng.integers(1, 6, len(_PURE))
            formula = " ".join(f"{symbol}{part}" for symbol, part in zip(_PURE, parts, strict=True))
            celsius = float(rng.choice([25.0, 600.0, 1000.0]))
            mean = float(parts @ [*_PURE.values()] / parts.sum()) * np.exp(-celsius / 1500)
            place = len(records) + 2
            strength = mean * np.exp(offset + rng.normal(0, scatter)) * changes.get(place, 1.0)
            records.append(
                CheckedRecord(
                    place,
                    formula,
                    amounts_in(formula.replace(" ", "")),
                    f"10.1000/{paper}",
                    {"yield_strength": float(f"{strength:.4g}")},
                    temperature=celsius,
                )
            )
    return records


@pytest.fixture(scope="module")
def wrong() -> dict[int, list[str]]:
    """Kinds of flags by place, of a table with a value four times too large and one ten times too small."""
    found: dict[int, list[str]] = {}
    for flag in unlikely_values(_table({40: 4.0, 71: 0.1})):
        found.setdefault(flag.places[0], []).append(flag.kind)
    return found


def test_a_value_that_all_others_contradict_is_flagged(wrong: dict[int, list[str]]) -> None:
    assert wrong.pop(40) == ["unlikely by the other points"]
    assert wrong.pop(71) == ["decimal point"]
    assert len(wrong) <= 3


def test_a_right_table_has_hardly_a_flag() -> None:
    assert len(list(unlikely_values(_table()))) <= 2


def test_a_reason_says_what_others_expect_and_how_far_away_it_is() -> None:
    (flag,) = (one for one in check_records(_table({71: 0.1})) if 71 in one.places)
    assert "the other points expect" in flag.reason
    assert "standard deviations away with its paper" in flag.reason
    assert "if the decimal point slipped" in flag.suggestion


def test_few_points_do_not_judge_each_other() -> None:
    assert list(unlikely_values(_table({5: 20.0})[:24])) == []


def test_points_of_one_source_and_state_are_one_record() -> None:
    def point(name: str, unit: str, value: float, celsius: float | None, source: str = "10.1000/a") -> Point:
        told = PointConditions(test_temperature=celsius, processing="CAST")
        design = Design(Composition.parse("NbTa"))
        return Point(design, name, unit, value, PointKind.LITERATURE, source, conditions=told)

    given = [
        point("yield_strength", "MPa", 900.0, 25.0),
        point("tensile_strength", "MPa", 700.0, 25.0),
        point("hardness", "HV", 300.0, None),
        point("yield_strength", "MPa", 400.0, 1000.0),
        point("yield_strength", "MPa", 410.0, 1000.0),
        replace(point("yield_strength", "MPa", 1.0, 25.0), kind=PointKind.PREDICTED),
    ]
    records = records_of_points(enumerate(given, start=1))
    assert [sorted(record.values) for record in records] == [
        ["hardness", "tensile_strength", "yield_strength"],
        ["yield_strength"],
        ["yield_strength"],
    ]
    (flag,) = check_records(records)
    assert (flag.kind, flag.places) == ("yield above ultimate strength", (1, 2))
