"""What a surrogate sees: the set of inputs that the observations speak for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from alloys.physics.registry import get_physics
from alloys.space import AlloySpace, Floats
from surrogates.model.choice import input_sets
from surrogates.model.surrogate import Surrogate

GENERIC = get_physics("generic")
SPACE = AlloySpace.build("Al Co Cr Cu Fe Mo Ni Ti".split(), step="0.01", upper=0.6, count=(3, 6))
NAME = "bulk_modulus"


def _rows(count: int, seed: int) -> Floats:
    return SPACE.fractions(SPACE.sample(count, np.random.default_rng(seed)))


def _by_mean(fractions: Floats) -> Floats:
    column = GENERIC.descriptors(SPACE.elements).index("mean_melting_point")
    return 100 + 3e-4 * (GENERIC.describe(SPACE.elements, fractions)[:, column] - 1600) ** 2


def _by_amounts(fractions: Floats) -> Floats:
    return 100 + 200 * fractions[:, 0] * fractions[:, 3] + 60 * fractions[:, 1] - 80 * fractions[:, 5] * fractions[:, 6]


def _fit(fractions: Floats, values: Floats) -> Surrogate:
    return Surrogate.fit(GENERIC, SPACE.elements, fractions, {NAME: values})


def _chosen(surrogate: Surrogate) -> str:
    return next(note for note in surrogate.notes if note.startswith(f"{NAME}: seen through"))


def _error(surrogate: Surrogate, fractions: Floats, values: Floats) -> float:
    return float(np.sqrt(np.mean((surrogate.predict(fractions)[0][NAME] - values) ** 2)))


def test_what_follows_a_mean_is_seen_through_means_and_what_follows_amounts_through_fractions() -> None:
    fractions = _rows(20, 0)
    assert _chosen(_fit(fractions, _by_mean(fractions))) == f"{NAME}: seen through means"
    assert _chosen(_fit(fractions, _by_amounts(fractions))) == f"{NAME}: seen through fractions"


@pytest.mark.parametrize("truth", [_by_mean, _by_amounts])
def test_twenty_observations_are_not_drowned_in_all_descriptors(
    monkeypatch: pytest.MonkeyPatch, truth: Callable[[Floats], Floats]
) -> None:
    fractions, unseen = _rows(20, 1), _rows(400, 6)
    chosen = _error(_fit(fractions, truth(fractions)), unseen, truth(unseen))
    monkeypatch.setattr(type(GENERIC), "descriptor_sets", lambda self, elements: {})
    assert chosen < 0.8 * _error(_fit(fractions, truth(fractions)), unseen, truth(unseen))


def test_the_order_of_rows_changes_nothing() -> None:
    fractions = _rows(24, 1)
    order = np.random.default_rng(2).permutation(24)
    first, second = _fit(fractions, _by_mean(fractions)), _fit(fractions[order], _by_mean(fractions)[order])
    assert first.digest == second.digest
    assert first.notes == second.notes


def test_inputs_that_are_not_seen_change_no_answer_of_the_quick_model_either() -> None:
    fractions = _rows(24, 3)
    surrogate = _fit(fractions, _by_mean(fractions))
    unseen = _rows(500, 4)
    exact, quick = surrogate.predict(unseen), surrogate.quick().predict(unseen)
    assert quick[0][NAME] == pytest.approx(exact[0][NAME], abs=1e-2)
    assert np.isfinite(exact[1][NAME]).all()


def test_eight_observations_are_not_asked_of_eighty_descriptors() -> None:
    fractions = _rows(8, 7)
    assert _chosen(_fit(fractions, _by_mean(fractions))) == f"{NAME}: seen through fractions"


def test_proven_descriptors_are_not_chosen_from() -> None:
    assert input_sets(get_physics("refractory"), ("Cr", "Mo", "Nb")) == {}
    assert "means, fractions" in input_sets(GENERIC, SPACE.elements)
