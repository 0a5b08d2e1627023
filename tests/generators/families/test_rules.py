"""Spaces with rules, additions, weights, or hardly any room: what generators propose lies in them, each draw of it."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.physics.elements import column
from alloys.space import AlloySpace
from generators.asking.refinement import refine, relative_errors
from generators.interface import Generator
from generators.registry import family_names, make, restore
from generators.training.weights import pack, unpack
from tests.generators.helpers import PROPERTIES, QUICK, properties_of, training_rows
from tests.strategies import PALETTE

SPACES = {
    "rules": AlloySpace.build(PALETTE, rules=["x_Ti + x_Zr <= 0.3", "x_Nb / x_Hf >= 0.5", "0.1 <= x_Mo + x_W"]),
    "equal amounts": AlloySpace.build(PALETTE, rules=["x_Nb == x_Ta"]),
    "additions": AlloySpace.build(
        ["Cr", "Hf", "Nb", "V", "W"], steps={"V": 0.0005, "Hf": 0.001}, balance="Nb", rules=["x_V + x_Hf <= 0.01"]
    ),
    "weights": AlloySpace.build(
        PALETTE, basis="wt", step=0.005, lower=0.005, balance="Ti", count=(3, 8), rules=["w_W + w_Ta <= 0.1"]
    ),
    "little room": AlloySpace.build(
        PALETTE, step=0.005, lower=0.005, upper=0.02, count=(9, 9), bounds={"Nb": (0.4, 0.6), "Ti": (0.3, 0.5)}
    ),
}


@pytest.mark.parametrize("name", SPACES)
def test_every_draw_lies_in_the_space(name: str) -> None:
    for family in family_names():
        model = make(family, SPACES[name], PROPERTIES, QUICK)
        points, values = training_rows(SPACES[name], 60)
        model.fit(points, values, seed=0)
        drawn = model.sample(values, seed=1)
        assert SPACES[name].contains(drawn.points).all()
        assert (len(drawn.points), drawn.first_draw_valid) == (60, 1.0)
        assert len(np.unique(drawn.points, axis=0)) > 20
        assert restore(model.to_bytes()).space == SPACES[name]


@pytest.mark.parametrize("name", SPACES)
def test_compositions_move_to_their_targets_within_the_space(name: str) -> None:
    space, rng = SPACES[name], np.random.default_rng(0)
    points = space.sample(200, rng)
    targets = properties_of(space, space.sample(200, rng))

    def misses(of: np.ndarray) -> np.ndarray:
        return np.square(relative_errors(properties_of(space, of), targets)).sum(axis=1)

    table = np.stack([column(space.elements, name) for name in PROPERTIES], axis=1)
    moved = refine(space, points, targets, lambda fractions: fractions @ table)
    assert space.contains(moved).all()
    assert (misses(moved) <= misses(points)).all()
    assert np.median(misses(moved)) < 0.5 * np.median(misses(points))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("strides", [0, 1], "whole numbers each"),
        ("strides", [0, 1, 1, 20, 20], "must divide"),
        ("strides", ["a", 1, 1, 1, 1], "whole numbers each"),
        ("balance", "Fe", "not among the elements"),
        ("balance", None, "need a balance"),
        ("rules", [["x", ["V"], [1, 2], False]], "whole numbers each"),
        ("rules", [["x", ["V"]]], "do not describe a space"),
        ("rules", 3, "do not describe a space"),
        ("atoms", [-1, 1, 1, 1, 1], "between 1 and"),
    ],
)
def test_weights_of_a_space_that_is_none_are_refused(key: str, value: object, message: str) -> None:
    tensors, document = unpack(_small().to_bytes())
    del document["content_sha256"]
    with pytest.raises(InputError, match=message):
        restore(pack(tensors, {**document, "space": {**document["space"], key: value}}))


def _small() -> Generator:
    model = make("cvae", SPACES["additions"], PROPERTIES, {"epochs": 1})
    model.fit(*training_rows(SPACES["additions"], 20), seed=0)
    return model
