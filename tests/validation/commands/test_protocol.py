from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloys.design import Design
from alloys.properties import PROPERTIES
from alloys.records import Adjustment, Failed, FailureKind, Measured, Quantity
from validation.jobs.protocol import VERDICT_BYTES, Request, VerdictDocument, read_verdict

ROOT = Path(__file__).resolve().parents[3]
REQUEST = Request.of(
    Design.parse("HfNb2Ta"),
    {"solidus": "K", "bcc_fraction_1200c": "mole fraction"},
    {"cutoff": 400},
    key="k" * 64,
    nonce="n" * 32,
)
GOOD: dict[str, Any] = {
    "protocol": 1,
    "key": "k" * 64,
    "nonce": "n" * 32,
    "properties": {
        "solidus": {"value": 2300.5, "unit": "K", "std": 12.0},
        "bcc_fraction_1200c": {"value": 1, "unit": "mole fraction"},
    },
    "provenance": {"code": "abc 1.2"},
}


def _with_value(value: Any, name: str = "solidus", key: str = "value") -> str:
    document = json.loads(json.dumps(GOOD))
    document["properties"][name][key] = value
    return json.dumps(document)


def _changed(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes})


def _message(content: str | bytes) -> str:
    verdict = read_verdict(content if isinstance(content, bytes) else content.encode(), REQUEST)
    assert isinstance(verdict, Failed), verdict
    assert verdict.kind is FailureKind.SUSPECT
    return verdict.message


def test_a_request_says_what_is_wanted_and_in_which_unit() -> None:
    document = json.loads(REQUEST.encoded())
    assert document == {
        "protocol": 1,
        "key": "k" * 64,
        "nonce": "n" * 32,
        "formula": "Hf25Nb50Ta25",
        "composition": {"Hf": 0.25, "Nb": 0.5, "Ta": 0.25},
        "properties": {"solidus": "K", "bcc_fraction_1200c": "mole fraction"},
        "settings": {"cutoff": 400},
    }


def test_a_good_verdict_is_measured() -> None:
    verdict = read_verdict(json.dumps(GOOD).encode(), REQUEST)
    assert isinstance(verdict, Measured)
    assert verdict.properties == {
        "solidus": Quantity(2300.5, "K", 12.0),
        "bcc_fraction_1200c": Quantity(1.0, "mole fraction"),
    }
    assert verdict.details == {"provenance": {"code": "abc 1.2"}}


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_failure_keeps_its_class(kind: FailureKind) -> None:
    asks = {FailureKind.RESOURCE: "resources", FailureKind.CORRECTABLE: "correction"}
    asked = {asks[kind]: {"memory_mb": 2000.0}} if kind in asks else {}
    text = _changed(properties={}, failure={"class": str(kind), "message": "why", **asked})
    assert read_verdict(text.encode(), REQUEST) == Failed(kind, "why", ask={"memory_mb": 2000.0} if asked else {})


def test_a_later_try_brings_what_it_is_given() -> None:
    given = Adjustment({"memory_mb": 4000.0}, ({"mixing": 0.02},))
    later = Request.of(Design.parse("HfNb2Ta"), {"solidus": "K"}, {}, given, key="k" * 64, nonce="n" * 32)
    document = json.loads(later.encoded())
    assert (document["resources"], document["corrections"]) == ({"memory_mb": 4000.0}, [{"mixing": 0.02}])
    assert Request.model_validate(document) == later


def test_a_reason_can_be_shown_on_a_terminal() -> None:
    text = _changed(properties={}, failure={"class": "physics", "message": "a\x1b[2J\x00b\n c"})
    assert read_verdict(text.encode(), REQUEST) == Failed(FailureKind.PHYSICS, "a [2J b c")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            _changed(properties={}, failure={"class": "correctable", "message": "x"}),
            "needs a 'correction'",
            id="no ask",
        ),
        pytest.param(
            _changed(properties={}, failure={"class": "suspect", "message": "x", "resources": {"memory_mb": 1}}),
            "'resources' belong to a failure of class 'resource'",
            id="resources of another class",
        ),
        pytest.param(
            _changed(properties={}, failure={"class": "resource", "message": "x", "resources": {"memory_mb": -1}}),
            "greater than 0",
            id="negative resources",
        ),
        pytest.param(
            _changed(properties={}, failure={"class": "correctable", "message": "x", "correction": {"x": "y" * 4000}}),
            "larger than 4000 bytes",
            id="a correction too large",
        ),
        pytest.param("", "empty", id="empty"),
        pytest.param(" \n", "empty", id="blank"),
        pytest.param("{", "not a JSON document", id="cut short"),
        pytest.param("energy: -3", r"begins with 'energy: -3'", id="text"),
        pytest.param(b"\xff\xfe{}", "not a JSON document", id="not UTF-8"),
        pytest.param("[" * 100_000, "not a JSON document", id="deep"),
        pytest.param("9" * 10_000, "not a JSON document", id="long integer"),
        pytest.param(" " * VERDICT_BYTES + "{}", "larger than", id="large"),
        pytest.param("[1]", "the document: ", id="a list"),
        pytest.param(_changed(protocol=2), "protocol: .*got '2'", id="another protocol"),
        pytest.param(_changed(key="x"), "another request: its key is 'x'", id="another key"),
        pytest.param(_changed(nonce="x"), "another request: its nonce is 'x'", id="another nonce"),
        pytest.param(json.dumps({"protocol": 1}), "key: Field required", id="no key"),
        pytest.param(_changed(extra=1), "extra: Extra inputs", id="unknown field"),
        pytest.param(json.dumps(GOOD)[:-1] + ', "nonce": "m"}', "'nonce' is given twice", id="given twice"),
        pytest.param(_with_value(float("nan")), "finite, got NaN", id="NaN"),
        pytest.param(_with_value(float("inf")), "finite, got Infinity", id="infinity"),
        pytest.param(_with_value(0).replace('"value": 0', '"value": 1e999'), "finite, got 1e999", id="overflow"),
        pytest.param(_with_value(10**400), "solidus", id="an integer beyond floats"),
        pytest.param(_changed(provenance={"x": float("nan")}), "finite", id="NaN in provenance"),
        pytest.param(_with_value("2300"), "valid number, got '2300'", id="text for a number"),
        pytest.param(_with_value(True), "valid number, got 'True'", id="true for a number"),
        pytest.param(_with_value(None), "valid number", id="null"),
        pytest.param(_with_value(-1.0, key="std"), "std: .*greater than or equal to 0", id="negative std"),
        pytest.param(_with_value("C", key="unit"), "solidus must be in 'K', got 'C'", id="wrong unit"),
        pytest.param(_with_value("k", key="unit"), "solidus must be in 'K', got 'k'", id="unit in another case"),
        pytest.param(_with_value(1.2, "bcc_fraction_1200c"), r"must lie in \[0, 1\] mole fraction", id="out of range"),
        pytest.param(_changed(properties={}), "lacks bcc_fraction_1200c, solidus; it has nothing", id="no values"),
        pytest.param(
            _changed(properties={"solidus": GOOD["properties"]["solidus"]}), "lacks bcc_fraction_1200c", id="one lacks"
        ),
        pytest.param(
            _changed(properties={**GOOD["properties"], "liquidus": {"value": 2400.0, "unit": "K"}}),
            "has liquidus, which was not asked for",
            id="one too many",
        ),
        pytest.param(_changed(failure={"class": "physics", "message": "no"}), "give one of them", id="both"),
        pytest.param(_changed(properties={}, failure={"class": "odd", "message": "no"}), "class", id="unknown class"),
        pytest.param(
            _changed(properties={}, failure={"class": "physics", "message": "\ud800"}), "message", id="half a character"
        ),
        pytest.param(_changed(properties={}, failure={"class": "physics"}), "message: Field required", id="no reason"),
    ],
)
def test_what_is_wrong_with_a_verdict_is_said(content: str | bytes, message: str) -> None:
    said = _message(content)
    assert said.startswith("the command's verdict is refused: ")
    assert re.search(message, said), said
    assert len(said) < 1000


@given(st.binary(max_size=200))
def test_no_bytes_raise_or_pass(content: bytes) -> None:
    assert _message(content)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(GOOD)), _JSON)
def test_no_field_of_another_kind_raises(name: str, value: Any) -> None:
    verdict = read_verdict(json.dumps({**GOOD, name: value}).encode(), REQUEST)
    if isinstance(verdict, Measured):
        assert name == "provenance" or value == GOOD[name]
    else:
        assert verdict.kind is FailureKind.SUSPECT


@given(st.floats(200.0, 5000.0), st.none() | st.floats(0.0, 1e6))
def test_values_pass_unchanged(value: float, std: float | None) -> None:
    text = _with_value(value)
    document = json.loads(text)
    document["properties"]["solidus"]["std"] = std
    verdict = read_verdict(json.dumps(document).encode(), REQUEST)
    assert isinstance(verdict, Measured)
    assert verdict.properties["solidus"] == Quantity(value, "K", std)


def test_every_property_is_asked_for_in_the_unit_of_the_table() -> None:
    request = Request.of(
        Design.parse("Nb"), {name: row.unit for name, row in PROPERTIES.items()}, {}, key="k", nonce="n"
    )
    assert request.properties == {name: row.unit for name, row in PROPERTIES.items()}


@pytest.mark.parametrize(("title", "model"), [("request", Request), ("verdict", VerdictDocument)])
def test_the_published_schemas_are_the_ones_in_force(title: str, model: Any) -> None:
    page = (ROOT / "docs" / "reference" / "validator_protocol.md").read_text(encoding="utf-8")
    block = re.search(rf"### JSON Schema of the {title}\n+```json\n(.*?)```", page, re.DOTALL)
    assert block is not None
    current = model.model_json_schema()
    assert json.loads(block[1]) == current, "put this into the page:\n" + json.dumps(current, indent=1)
