"""Ordered and disordered states of one model are told apart, and where one turns into the other."""

from __future__ import annotations

import pytest
from scipy.constants import R

from tests.support.phases import B2_TDB, FOUR_SUBLATTICES_TDB, ORDERING_J
from validation.calphad.errors import CalphadError
from validation.calphad.solving.engine import CalphadEngine


def _told(text: str, nickel: float, kelvin: float) -> list[tuple[str, str]]:
    state = CalphadEngine(text).alloy({"Al": 1.0 - nickel, "Ni": nickel}).at(kelvin)
    return [(item.phase, item.order) for item in state.sets]


def test_a_partitioned_phase_is_told_by_its_partner_where_it_is_disordered() -> None:
    assert _told(B2_TDB, 0.5, 1100.0) == [("BCC_A2", "A2")]
    assert _told(B2_TDB, 0.5, 900.0) == [("BCC_B2", "B2")]


def test_b2_disorders_where_bragg_and_williams_say() -> None:
    alloy = CalphadEngine(B2_TDB).alloy({"Al": 0.5, "Ni": 0.5})
    assert alloy.solvus("BCC_B2") == pytest.approx(ORDERING_J / R, abs=1.0)
    assert alloy.solvus("bcc_b2:b2") == alloy.solvus("BCC_B2")
    window = alloy.window("BCC_B2")
    assert window is not None
    assert window[0] == pytest.approx(298.15)
    assert alloy.driving_force("BCC_B2", 900.0) == 0.0
    with pytest.raises(CalphadError, match="no state of its own") as caught:
        alloy.driving_force("BCC_B2", 1200.0)
    assert caught.value.kind == "missing_phase"


@pytest.mark.parametrize(("nickel", "order"), [(0.25, "L12"), (0.5, "L10"), (0.75, "L12"), (0.97, "A1")])
def test_four_sublattices_of_fcc_order_by_composition(nickel: float, order: str) -> None:
    assert _told(FOUR_SUBLATTICES_TDB, nickel, 500.0) == [("FCC_4SL", order)]


def test_two_orders_of_one_model_stand_side_by_side() -> None:
    state = CalphadEngine(FOUR_SUBLATTICES_TDB).alloy({"Al": 0.9, "Ni": 0.1}).at(400.0)
    assert {item.order for item in state.sets} == {"A1", "L12"}
    assert state.amount("FCC_4SL") == pytest.approx(1.0)
    assert 0.0 < state.amount("FCC_4SL:L12") < 1.0


def test_a_name_that_no_phase_has_is_answered_with_the_nearest() -> None:
    alloy = CalphadEngine(B2_TDB).alloy({"Al": 0.5, "Ni": 0.5})
    with pytest.raises(CalphadError, match="nearest names are BCC_B2") as caught:
        alloy.solvus("BCC_B3")
    assert caught.value.kind == "missing_phase"
