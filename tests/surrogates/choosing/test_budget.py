"""For which alloys an expensive validation is worth its hours."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from alloys.errors import InputError
from surrogates.choosing.budget import ChosenWithinBudget, select_within_budget
from surrogates.choosing.gain import gains_alone
from surrogates.choosing.pareto import Front
from surrogates.choosing.screen import ObservedOutcomes
from tests.surrogates.helpers import PROBLEM, REFERENCE, SPACE, fitted, pool, truth

Floats = NDArray[np.float64]


@cache
def front() -> Front:
    return Front(ObservedOutcomes.of(PROBLEM, pool()[:30], truth(pool()[:30])).front(), REFERENCE)


@cache
def alloys() -> Floats:
    """Unseen alloys: some worth looking at, many hopeless."""
    fractions = SPACE.fractions(pool()[30:230])
    gains = gains_alone(fitted(), PROBLEM, fitted().describe(fractions), front(), 32, 1)
    order = np.argsort(-gains)
    return fractions[np.concatenate([order[:10], order[-10:]])]


@cache
def alone() -> Floats:
    """What each is expected to gain with no other beside it."""
    return gains_alone(fitted(), PROBLEM, fitted().describe(alloys()), front(), 128, 0)


def asked(costs: Floats, budget: float, known: Front | None = None) -> list[ChosenWithinBudget]:
    return select_within_budget(fitted(), PROBLEM, alloys(), list(costs), budget, known or front())


def test_the_budget_holds_and_the_hopeless_are_never_asked() -> None:
    chosen = asked(np.full(20, 3600.0), 2.5 * 3600)
    assert len(chosen) == 2
    assert all(choice.row < 10 and choice.value > 0 for choice in chosen)
    everything = asked(np.full(20, 1.0), 1e6)
    assert len({choice.row for choice in everything}) == len(everything) < 20


def test_the_first_is_the_one_with_the_largest_gain_alone() -> None:
    chosen = asked(np.full(20, 60.0), 120.0)
    assert chosen[0].row == int(np.argmax(alone()))
    assert chosen[0].value == pytest.approx(alone().max())
    assert chosen[0].per_hour == pytest.approx(60.0 * alone().max())
    assert chosen[1].value <= sorted(alone())[-2] + 1e-12


def test_a_cheaper_answer_goes_first() -> None:
    second = int(np.argsort(-alone())[1])
    costs = np.full(20, 1000.0)
    costs[second] = 1000.0 * 0.5 * alone()[second] / alone().max()
    assert asked(costs, 1e5)[0].row == second


def test_an_expensive_alloy_of_much_value_is_not_kept_out_by_a_cheap_one_of_little() -> None:
    best, least = int(np.argmax(alone())), int(np.argmin(np.where(alone() > 0, alone(), np.inf)))
    costs = np.full(20, 1e9)
    costs[best], costs[least] = 1000.0, 1000.0 * 0.5 * alone()[least] / alone()[best]
    (chosen,) = asked(costs, 1000.0)
    assert chosen.row == best


def test_while_nothing_is_feasible_the_chance_of_the_first_counts() -> None:
    chosen = asked(np.full(20, 1.0), 3.0, Front(np.zeros((0, 2)), REFERENCE))
    chances = fitted().probability_feasible(alloys(), PROBLEM)
    assert chances[chosen[0].row] > 0.9 * chances.max()
    assert chosen[0].value == pytest.approx(chances[chosen[0].row], abs=0.1)
    assert sum(choice.value for choice in chosen) <= 1.0


def test_nothing_that_fits_is_nothing() -> None:
    assert asked(np.full(20, 10.0), 9.0) == []


@pytest.mark.parametrize("costs", [np.zeros(20), np.ones(3)])
def test_costs_that_cannot_be_are_refused(costs: Floats) -> None:
    with pytest.raises(InputError, match="a positive cost for each of 20 alloys"):
        asked(costs, 1.0)
