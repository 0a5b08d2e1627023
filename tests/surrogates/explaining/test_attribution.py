"""Shapley values: the axioms, a linear model, and the surrogate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.physics.base import Physics
from alloys.physics.refractory import BUNDLE, DESCRIPTORS
from alloys.space.variables import Variables
from surrogates.explaining.attribution import (
    FRACTIONS,
    MOST,
    OTHERS,
    by_descriptors,
    by_elements,
    coalitions,
    relevance,
    shapley,
)
from surrogates.model.features import NO_VARIABLES, Described
from tests.surrogates.helpers import SPACE, fitted, pool


@dataclass(frozen=True)
class Linear:
    """A surrogate whose one property is linear in the descriptors and the fractions."""

    elements: tuple[str, ...]
    of_descriptors: np.ndarray
    of_fractions: np.ndarray
    physics: Physics = BUNDLE
    variables: Variables = NO_VARIABLES

    def describe(self, fractions: np.ndarray) -> Described:
        return Described.of(self.physics, self.elements, fractions)

    def predict(self, rows: np.ndarray | Described) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        if isinstance(rows, Described):
            values = rows.descriptors @ self.of_descriptors + rows.fractions @ self.of_fractions
        else:
            values = rows @ self.of_fractions
        return {"solidus": values}, {"solidus": np.ones(len(values))}


def _linear(elements: tuple[str, ...] = SPACE.elements) -> Linear:
    draw = np.random.default_rng(4)
    return Linear(elements, draw.normal(size=len(DESCRIPTORS)), draw.normal(size=len(elements)))


def test_an_additive_game_gives_each_player_its_own() -> None:
    own = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(shapley(coalitions(3) @ own), own)


def test_the_glove_game() -> None:
    # Players 0 and 1 have a left glove each, player 2 a right one; a pair is worth 1 (Shapley values 1/6, 1/6, 2/3).
    members = coalitions(3)
    worth = (members[:, 2] & (members[:, 0] | members[:, 1])).astype(float)
    np.testing.assert_allclose(shapley(worth), [1 / 6, 1 / 6, 2 / 3])


def test_efficiency_symmetry_and_the_null_player() -> None:
    members, draw = coalitions(5), np.random.default_rng(0)
    worth = draw.normal(size=(32, 2))
    np.testing.assert_allclose(shapley(worth).sum(axis=0), worth[-1] - worth[0])
    blind = worth[members[:, :4] @ np.array([1, 2, 4, 8])]  # player 4 changes nothing
    np.testing.assert_allclose(shapley(blind)[4], 0.0, atol=1e-12)
    counted = draw.normal(size=6)[members.sum(axis=1)]  # all players alike
    np.testing.assert_allclose(shapley(counted), shapley(counted)[0])


@pytest.mark.parametrize("rows", [0, 1, 3, 6])
def test_a_game_has_a_power_of_two_of_worths(rows: int) -> None:
    with pytest.raises(InputError, match="2\\*\\*p"):
        shapley(np.zeros(rows))


def test_too_many_players_are_refused() -> None:
    with pytest.raises(InputError, match="group them"):
        coalitions(MOST + 1)


def test_every_descriptor_is_in_one_group() -> None:
    assert sorted(name for members in BUNDLE.groups(SPACE.elements).values() for name in members) == sorted(DESCRIPTORS)


def test_of_a_linear_model_each_group_gets_coefficient_times_deviation() -> None:
    model, background = _linear(), SPACE.fractions(pool()[:10])
    alloy = SPACE.fractions(pool()[50:51])
    ours, theirs = model.describe(alloy), model.describe(background)
    found = by_descriptors(model, alloy[0], background)["solidus"]
    deviation = (ours.descriptors[0] - theirs.descriptors.mean(axis=0)) * model.of_descriptors
    for group, members in BUNDLE.groups(SPACE.elements).items():
        expected = sum(deviation[DESCRIPTORS.index(name)] for name in members)
        assert found.shares[group] == pytest.approx(expected, abs=1e-8)
    bare = (alloy[0] - background.mean(axis=0)) @ model.of_fractions
    assert found.shares[FRACTIONS] == pytest.approx(bare, abs=1e-8)


def test_shares_of_descriptors_sum_to_prediction_minus_baseline() -> None:
    alloy, background = SPACE.fractions(pool()[200:201]), SPACE.fractions(pool()[:30])
    found = by_descriptors(fitted(), alloy[0], background)
    ours = fitted().predict(alloy)[0]
    assert set(found) == set(fitted().names)
    for name, entry in found.items():
        assert entry.prediction == pytest.approx(ours[name][0])
        assert sum(entry.shares.values()) == pytest.approx(entry.prediction - entry.baseline)
    few = by_descriptors(fitted(), alloy[0], background[:5])
    assert few["solidus"].baseline == pytest.approx(fitted().predict(background[:5])[0]["solidus"].mean())


def test_shares_of_elements_sum_to_prediction_minus_that_of_the_mean_composition() -> None:
    alloy, background = SPACE.fractions(pool()[200:201]), SPACE.fractions(pool()[:30])
    found = by_elements(fitted(), alloy[0], background)
    ours = fitted().predict(np.concatenate([alloy, background.mean(axis=0)[None]]))[0]
    for name, entry in found.items():
        assert entry.prediction == pytest.approx(ours[name][0])
        assert entry.baseline == pytest.approx(ours[name][1])
        assert sum(entry.shares.values()) == pytest.approx(entry.prediction - entry.baseline)


def test_an_alloy_that_shares_no_element_with_the_background_is_attributed_too() -> None:
    alloy, background = np.eye(9)[:1], np.eye(9)[3:5]
    found = by_elements(_linear(), alloy[0], background)["solidus"]
    assert set(found.shares) == {SPACE.elements[i] for i in (0, 3, 4)}
    assert sum(found.shares.values()) == pytest.approx(found.prediction - found.baseline)


def test_in_a_large_palette_the_elements_that_differ_least_play_together() -> None:
    elements = tuple("Al Co Cr Cu Fe Hf Mn Mo Nb Ni Si Ta Ti V W Zr".split())
    draw = np.random.default_rng(1)
    rows = draw.dirichlet(np.ones(len(elements)), size=6)
    found = by_elements(_linear(elements), rows[0], rows[1:])["solidus"]
    assert len(found.shares) == MOST
    assert OTHERS in found.shares
    assert sum(found.shares.values()) == pytest.approx(found.prediction - found.baseline)


def test_without_a_background_it_is_refused() -> None:
    alloy = SPACE.fractions(pool()[:1])[0]
    for attribute in (by_descriptors, by_elements):
        with pytest.raises(InputError, match="at least one alloy"):
            attribute(fitted(), alloy, np.zeros((0, 9)))


def test_relevance_is_a_share_most_relevant_first() -> None:
    for name, shares in relevance(fitted()).items():
        values = list(shares.values())
        assert set(shares) == {*DESCRIPTORS, *(f"fraction_{s}" for s in SPACE.elements)}, name
        assert sum(values) == pytest.approx(1.0)
        assert values == sorted(values, reverse=True)
        lengths = fitted().outputs[name].gp.lengthscale.numpy()
        inputs = [*DESCRIPTORS, *(f"fraction_{s}" for s in SPACE.elements)]
        assert next(iter(shares)) == inputs[int(lengths.argmin())]
