from __future__ import annotations

import pytest

from alloys.composition import Composition
from alloys.design import Design
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

ALLOY = Design.parse("Nb45Ta25Ti15Hf15")
ANNEALED = Design.parse("Nb45Ta25Ti15Hf15", {"anneal_c": 900})


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
    same = Design(Composition.from_amounts({"Hf": 15, "Ti": 15, "Ta": 25, "Nb": 45}))
    again = ValidationRequest(same, "calphad", "abc")
    assert first.key == again.key
    assert first.key != ValidationRequest(ALLOY, "calphad", "other database").key


def test_dataset_digest_does_not_depend_on_order() -> None:
    rows = [Observation(Design.parse(f), {"solidus": 2000.0}, "calphad") for f in ("NbTa", "NbTi", "NbW")]
    assert dataset_digest(rows) == dataset_digest(rows[::-1])
    assert dataset_digest(rows) != dataset_digest(rows[:2])


def test_variables_make_another_question_and_another_observation() -> None:
    keys = {ValidationRequest(design, "calphad", "abc").key for design in (ALLOY, ANNEALED)}
    assert len(keys) == 2
    seen = [Observation(design, {"solidus": 2000.0}, "lab") for design in (ALLOY, ANNEALED)]
    assert seen[0].to_json() != seen[1].to_json()
    assert dataset_digest(seen) != dataset_digest(seen[:1] * 2)


def test_keys_and_digests_of_designs_without_variables_are_what_they_always_were() -> None:
    key = "074e7d79751004a2f48072566a63f242b147661441d980cf4b80d01d850c41a6"
    assert ValidationRequest(ALLOY, "calphad", "abc").key == key
    rows = [Observation(Design.parse(f), {"solidus": 2000.0}, "calphad") for f in ("NbTa", "NbTi", "NbW")]
    assert dataset_digest(rows) == "651d37afcc43b3b90afc4d54b80618f23b7721a027f0864f5afa210d39b39f80"
    assert rows[0].to_json() == {
        "composition": "Nb:1/2,Ta:1/2",
        "values": {"solidus": 2000.0},
        "source": "calphad",
        "failure": None,
    }
