"""The validator `strength`: strengths with intervals, from measurements that a person gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.points.exported import points_csv, points_json
from alloys.points.published import read_published_points
from alloys.records import Failed, Measured
from tests.validation.strength.made_up_strengths import made_up_rows, write_made_up
from validation.registry import make_validator, validator_names
from validation.strength.validator import StrengthValidator


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_made_up(tmp_path_factory.mktemp("strength") / "table.csv")


def asked(validator: Any, formula: str) -> Any:
    return validator.validate(Design(Composition.parse(formula)))


def test_it_answers_the_median_with_its_std_and_what_19_of_20_tests_exceed(table: Path) -> None:
    validator = make_validator("strength", {"points": str(table), "temperatures": [25, 1000, 1200, 1300]})
    verdict = asked(validator, "NbTaTiW")
    assert isinstance(verdict, Measured)
    assert tuple(verdict.properties) == validator.properties
    spreads = []
    for row in verdict.details["intervals"]:
        value = verdict.properties[f"calibrated_yield_strength_{row['celsius']}c"]
        low = verdict.properties[f"assured_yield_strength_{row['celsius']}c"]
        assert (value.unit, low.value, low.std) == ("MPa", row["low"], None)
        assert row["low"] < value.value < row["high"]
        spreads.append(value.std / value.value)
        assert spreads[-1] == pytest.approx(np.log(row["high"] / row["low"]) / (2 * 1.6449), rel=1e-3)
    assert spreads[3] > spreads[2] > spreads[1]
    assert verdict.details["intervals"][3]["nearest"]["celsius"] == 1000.0
    json.dumps(dict(verdict.details))


def test_it_travels_without_the_file(table: Path) -> None:
    validator = make_validator("strength", {"points": str(table), "temperatures": [600], "test": "compression"})
    again = make_validator("strength", json.loads(json.dumps(validator.portable_settings)))
    assert again.fingerprint == validator.fingerprint
    assert asked(again, "HfNbTaTi").properties == asked(validator, "HfNbTaTi").properties
    other = make_validator("strength", {"measurements": made_up_rows(seed=1), "temperatures": [600]})
    assert other.fingerprint != validator.fingerprint


def test_points_of_a_materials_table_say_the_same_as_the_published_table(table: Path, tmp_path: Path) -> None:
    read = read_published_points(table)
    fingerprints = {StrengthValidator({"points": str(table)}).fingerprint}
    for name, text in (("p.csv", points_csv), ("p.json", points_json)):
        (tmp_path / name).write_bytes(text(read.points, read.sources))
        fingerprints.add(StrengthValidator({"points": str(tmp_path / name)}).fingerprint)
    assert len(fingerprints) == 1


def test_elements_that_the_edge_model_does_not_know_are_refused(table: Path) -> None:
    validator = make_validator("strength", {"points": str(table)})
    with pytest.raises(InputError, match="does not know Al; it knows Cr, Hf, Mo, Nb, Ta, Ti, V, W, Zr"):
        validator.check(["Al", "Nb"])
    verdict = asked(validator, "AlNbTi")
    assert isinstance(verdict, Failed)
    assert "does not know Al" in verdict.message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs measured strengths: give 'points', a file .*does not come with the project"),
        ({"points": "no/such.csv"}, "there is no file no/such.csv; the published table .* does not come with"),
        ({"points": 3}, "'points' is a path, got 3"),
        ({"table": "m.db", "points": "p.csv"}, "one of them, got points, table"),
        ({"table": "m.db"}, "a materials table is read by alloyloop's commands"),
        ({"measurements": "many"}, "'measurements' is a list of rows"),
        ({"measurements": [["Nb", 25]]}, "measurements are formula, °C, MPa, processing, test, source, year"),
        ({"measurements": made_up_rows(papers=4)}, "of 4 sources are too few: give those of at least 5"),
        ({"measurements": made_up_rows(), "temperatures": [1200, 1200]}, "whole °C from 10 to 2500, each once"),
        ({"measurements": made_up_rows(), "temperatures": []}, "whole °C"),
        ({"measurements": made_up_rows(), "processing": 1}, "'processing' is a text"),
        (
            {"measurements": made_up_rows(), "test": "tenshun"},
            "no measurement has test 'tenshun'; they have compression",
        ),
        ({"measurements": made_up_rows(), "tdb": "x"}, "has no setting tdb; it has points"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_validator("strength", settings)


def test_it_is_found_by_its_name() -> None:
    assert "strength" in validator_names()
