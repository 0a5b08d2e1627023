from __future__ import annotations

import pytest

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.records import (
    Failed,
    FailureKind,
    Measured,
    Observation,
    Prediction,
    Quantity,
    ValidationRequest,
    dataset_digest,
    quantities,
    verdict_from_json,
)

ALLOY = Composition.parse("Nb45Ta25Ti15Hf15")


def test_verdicts_survive_json() -> None:
    measured = Measured({"solidus": Quantity(2500.0, "K", 12.0)}, 0.5, {"phases": ["BCC_A2"]})
    failed = Failed(FailureKind.PHYSICS, "no bracket", 1.0)
    assert verdict_from_json(measured.to_json()) == measured
    assert verdict_from_json(failed.to_json()) == failed


def test_prediction_survives_json() -> None:
    prediction = Prediction({"solidus": 2500.0}, {"solidus": 20.0}, 0.8, "digest")
    assert Prediction.from_json(prediction.to_json()) == prediction


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "not a verdict"),
        ({"status": "maybe"}, "must be 'measured' or 'failed'"),
        ({"status": "measured", "properties": {"solidus": {"value": 2e9, "unit": "K"}}, "seconds": 1}, "must lie in"),
        ({"status": "measured", "properties": {"solidus": {"value": 2000, "unit": "C"}}, "seconds": 1}, "must be in K"),
        ({"status": "measured", "properties": {"luck": {"value": 1, "unit": "1"}}, "seconds": 1}, "unknown property"),
    ],
)
def test_bad_verdicts_are_refused(document: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        verdict_from_json(document)


def test_numbers_that_cannot_be_true_are_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        quantities({"solidus": float("nan")})


def test_a_question_has_one_key_whoever_asks_it() -> None:
    first = ValidationRequest(ALLOY, "calphad", "abc")
    again = ValidationRequest(Composition.from_amounts({"Hf": 15, "Ti": 15, "Ta": 25, "Nb": 45}), "calphad", "abc")
    assert first.key == again.key
    assert first.key != ValidationRequest(ALLOY, "calphad", "other database").key


def test_dataset_digest_does_not_depend_on_order() -> None:
    rows = [Observation(Composition.parse(f), {"solidus": 2000.0}, "calphad") for f in ("NbTa", "NbTi", "NbW")]
    assert dataset_digest(rows) == dataset_digest(rows[::-1])
    assert dataset_digest(rows) != dataset_digest(rows[:2])
