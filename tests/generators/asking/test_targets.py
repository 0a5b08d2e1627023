"""Targets lie beyond the front and inside the constraints."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.goal import Constraint, Goal, Objective
from generators.asking.targets import beyond_front, front_rows

NAMES = ("strength", "ductility", "density", "solidus", "other")
OBJECTIVES = (Objective("strength", 1), Objective("ductility", 1))
CONSTRAINTS = (Constraint("density", -1, 9.0), Constraint("solidus", 1, 2273.0))
GOAL = Goal(OBJECTIVES, CONSTRAINTS)
OBSERVED = np.array(
    [
        [10.0, 1.0, 8.0, 2400.0, 1.0],
        [5.0, 3.0, 7.0, 2300.0, 2.0],
        [4.0, 2.0, 7.0, 2600.0, np.nan],
        [99.0, 9.0, 12.0, 2400.0, 4.0],
        [99.0, 9.0, 8.0, np.nan, 4.0],
        [np.nan, 9.0, 8.0, 2400.0, 4.0],
    ]
)


def test_the_front_is_feasible_and_unbeaten() -> None:
    assert front_rows(NAMES, GOAL, OBSERVED).tolist() == [0, 1]


def test_minimised_objectives_turn_the_front_round() -> None:
    turned = Goal((Objective("strength", -1), Objective("ductility", -1)), CONSTRAINTS)
    assert front_rows(NAMES, turned, OBSERVED).tolist() == [0, 2]


def test_without_a_feasible_row_the_least_violation_counts() -> None:
    hard = Goal(OBJECTIVES, (Constraint("density", -1, 1.0), Constraint("solidus", 1, 3000.0)))
    assert front_rows(NAMES, hard, OBSERVED).tolist() == [2]
    nothing = np.full((3, 5), np.nan)
    assert len(front_rows(NAMES, GOAL, nothing)) >= 1


def test_targets_lie_beyond_their_row_and_inside_the_bounds() -> None:
    rng = np.random.default_rng(0)
    asked = beyond_front(NAMES, GOAL, OBSERVED, 500, rng, front=np.array([1]))
    assert asked.shape == (500, 5)
    assert (asked[:, 0] >= 5).all()
    assert (asked[:, 0] <= 5 + 0.3 * 95).all()
    assert (asked[:, 1] >= 3).all()
    assert (asked[:, 1] <= 3 + 0.3 * 8).all()
    assert (asked[:, 2] <= 9).all()
    assert (asked[:, 2] >= 8).all()
    assert (asked[:, 3] >= 2273).all()
    assert (asked[:, 3] <= 2273 + 0.5 * 327).all()
    assert 0.1 < (~np.isnan(asked[:, 4])).mean() < 0.3
    directions = np.corrcoef(asked[:, 0], asked[:, 1])[0, 1]
    assert abs(directions) < 0.9


def test_a_constrained_objective_stays_inside_its_bounds() -> None:
    rng = np.random.default_rng(0)
    bounds = (Constraint("strength", -1, 11.0), Constraint("density", 1, 6.0), Constraint("density", -1, 9.0))
    asked = beyond_front(NAMES, Goal(OBJECTIVES, bounds), OBSERVED, 200, rng, front=np.array([0]))
    assert asked[:, 0].max() == 11.0
    assert asked[:, 0].min() >= 10.0
    assert asked[:, 2].min() >= 6
    assert asked[:, 2].max() <= 9


def test_bounds_nobody_met_are_the_target_and_unknown_objectives_stay_open() -> None:
    rng = np.random.default_rng(0)
    observed = OBSERVED.copy()
    observed[:, 0] = np.nan
    asked = beyond_front(NAMES, Goal(OBJECTIVES, (Constraint("density", -1, 1.0),)), observed, 20, rng)
    assert (asked[:, 2] == 1.0).all()
    assert np.isnan(asked[:, 0]).all()
    assert not np.isnan(asked[:, 1]).any()


def test_what_should_match_is_asked_for_itself() -> None:
    goal = Goal((Objective("strength", -1, (6.0, 6.0)), Objective("ductility", -1, (1.5, 1.8))), CONSTRAINTS)
    assert front_rows(NAMES, goal, OBSERVED).tolist() == [1, 2]  # 1.2 from the ductility, but 1 from the strength
    asked = beyond_front(NAMES, goal, OBSERVED, 200, np.random.default_rng(0))
    assert (asked[:, 0] == 6.0).all()
    assert asked[:, 1].min() >= 1.5
    assert asked[:, 1].max() <= 1.8
    assert np.ptp(asked[:, 1]) > 0.2


def test_a_seed_repeats() -> None:
    one, two = (beyond_front(NAMES, GOAL, OBSERVED, 30, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert beyond_front(NAMES, GOAL, OBSERVED, 0, np.random.default_rng(4)).shape == (0, 5)


def test_bad_input_is_refused() -> None:
    rng = np.random.default_rng(0)
    cases = [
        ((NAMES, Goal((Objective("colour", 1),), ()), OBSERVED), "no column for colour"),
        ((NAMES, GOAL, OBSERVED[:, :3]), "columns"),
        ((NAMES, GOAL, OBSERVED[:0]), "rows"),
        ((NAMES, GOAL, OBSERVED + np.inf), "finite"),
    ]
    for arguments, message in cases:
        with pytest.raises(InputError, match=message):
            beyond_front(*arguments, 5, rng)
    with pytest.raises(InputError, match="0 to 5"):
        beyond_front(NAMES, GOAL, OBSERVED, 5, rng, front=np.array([6]))
    with pytest.raises(InputError, match="negative"):
        beyond_front(NAMES, GOAL, OBSERVED, -1, rng)
