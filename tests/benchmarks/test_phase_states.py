"""The comparison with measured states: its tables are whole, and its rules count as they say."""

from __future__ import annotations

import pytest

from alloys.composition import Composition
from benchmarks.phase_states.states import DETECTION, agrees, answer, family, last_true, rows, seen, transition
from validation.calphad.own.database import ELEMENTS
from validation.registry import make_validator


def test_every_measured_state_can_be_compared_and_has_a_source() -> None:
    states = rows("measured_phases.csv")
    assert len(states) > 100
    for row in states:
        assert None not in row
        assert {e.upper() for e in Composition.parse(row["formula"]).elements} <= set(ELEMENTS)
        assert row["state"] in ("cast", "annealed")
        assert row["counted"] in ("yes", "no")
        assert row["source"].strip()
        assert row["read"].strip()
        assert set(row["phases"].split("+")) <= {"BCC", "HCP", "Laves", "secondary"}
        assert row["state"] == "annealed" or not row["temperature_c"]


def test_every_measured_transition_can_be_computed_and_has_a_source() -> None:
    for row in rows("measured_transitions.csv"):
        assert None not in row
        assert {e.upper() for e in Composition.parse(row["formula"]).elements} <= set(ELEMENTS)
        assert row["kind"] in ("solidus", "gap") or row["kind"].startswith("end:")
        assert row["independent"] in ("yes", "no")
        assert 300.0 < float(row["temperature_c"]) < 3500.0
        assert row["source"].strip()
        assert row["read"].strip()


@pytest.mark.parametrize(
    ("phase", "name"),
    [("BCC_A2#2", "BCC"), ("LAVES_C36", "Laves"), ("C14_LAVES", "Laves"), ("HCP_A3", "HCP"), ("SIGMA", "SIGMA")],
)
def test_families(phase: str, name: str) -> None:
    assert family(phase) == name


def test_small_amounts_are_not_seen_and_laves_structures_add_up() -> None:
    below = DETECTION / 2
    assert seen({"BCC_A2": 1 - below, "HCP_A3": below}, one_bcc=False) == "BCC"
    assert seen({"BCC_A2": 0.92, "LAVES_C14": 0.04, "LAVES_C15": 0.04}, one_bcc=False) == "BCC+Laves"
    assert seen({"BCC_A2": 0.6, "BCC_A2#2": 0.4}, one_bcc=False) == "BCC+BCC"
    assert seen({"BCC_A2": 0.6, "BCC_A2#2": 0.4}, one_bcc=True) == "BCC"


@pytest.mark.parametrize(
    ("measured", "found", "one_bcc", "right"),
    [
        ("BCC+Laves", "BCC+Laves", False, True),
        ("Laves+BCC", "BCC+Laves", False, True),
        ("BCC+BCC", "BCC", False, False),
        ("BCC+BCC+Laves", "BCC+Laves", True, True),
        ("BCC+secondary", "BCC+HCP", False, True),
        ("BCC+secondary", "BCC", False, False),
        ("BCC", "failed: no_convergence", True, False),
    ],
)
def test_what_counts_as_right(measured: str, found: str, one_bcc: bool, right: bool) -> None:
    assert agrees(measured, found, one_bcc=one_bcc) is right


def test_the_end_of_a_phase_is_found_and_its_absence_too() -> None:
    assert last_true(lambda kelvin: kelvin < 1234.5, 1100.0) == pytest.approx(1234.5, abs=0.5)
    assert last_true(lambda kelvin: False, 1100.0) is None


def test_answers_come_from_the_validator() -> None:
    validator = make_validator("calphad", {})
    row = {"formula": "CrNbTiZr", "state": "annealed", "temperature_c": "1200"}
    assert answer(validator, row) == "BCC+Laves"
    assert answer(validator, {**row, "formula": "NbMoTaW"}) == "BCC"
    transus = transition(validator, "Ti", "end:HCP_A3", 1155.0)
    assert transus == pytest.approx(1155.0, abs=2.0)
    assert transition(validator, "NbTa", "gap", 1500.0) is None
