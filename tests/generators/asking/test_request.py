"""Targets as text, and drawing distinct compositions under them."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.space import AlloySpace, Floats
from generators.asking.request import STALE, Target, check_askable, draw_distinct, parse_targets
from generators.interface import Generator, Samples
from tests.generators.helpers import refractory_space


class Evenly:
    """Draws from a short list of compositions of the space, whatever is asked; remembers what was asked."""

    name = "evenly"
    properties = ("vec", "density")

    def __init__(self, space: AlloySpace, different: int) -> None:
        self.space = space
        self.rows = np.unique(space.sample(4 * different, np.random.default_rng(0)), axis=0)[:different]
        self.asked: list[Floats] = []

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        self.asked.append(conditions)
        rng = np.random.default_rng(seed)
        answered = np.flatnonzero(rng.random(len(conditions)) < 0.9)
        return Samples(
            self.rows[rng.integers(len(self.rows), size=len(answered))], answered, 0.9, "a tenth is left out"
        )


def evenly(different: int) -> tuple[Evenly, Generator]:
    made = Evenly(refractory_space(), different)
    return made, made  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("density=9", Target("density", 9.0, 9.0)),
        (" density = 8.5 .. 9e0 ", Target("density", 8.5, 9.0)),
        ("mixing_enthalpy=-3..-1.", Target("mixing_enthalpy", -3.0, -1.0)),
        ("vec=.5...75", Target("vec", 0.5, 0.75)),
        ("a=b=2", Target("a=b", 2.0, 2.0)),
    ],
)
def test_targets_are_read(text: str, target: Target) -> None:
    assert Target.parse(text) == target


@pytest.mark.parametrize(
    "text",
    ["", "density", "=9", "density=", "density=x", "density=nan", "density=inf", "density=1e999", "density=1_0",
     "density=1..", "density=..1", "density=1..2..3", "density=2..1", "density>=9", "density=٣"],
)  # fmt: skip
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="target"):
        Target.parse(text)


def test_a_property_has_one_target() -> None:
    assert [target.name for target in parse_targets(["vec=4", "density=9"])] == ["vec", "density"]
    with pytest.raises(InputError, match="got several for vec"):
        parse_targets(["vec=4", "density=9", "vec=4"])


def test_a_target_shows_its_unit() -> None:
    shown = [str(target) for target in parse_targets(["density=8..9", "pugh_ratio=2", "hardness=300"])]
    assert shown == ["density=8..9 g/cm3", "pugh_ratio=2", "hardness=300"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("beauty", "unknown property 'beauty'; it can be asked for vec"),
        ("price", "the generator was not trained on price; it can be asked for vec"),
        ("density", "no value, or only one, of density"),
    ],
)
def test_what_cannot_be_asked_is_named(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_askable([Target(name, 1.0, 1.0)], ("vec", "density"), ("vec",))


def test_draws_are_distinct_and_keep_what_each_was_asked() -> None:
    made, generator = evenly(200)
    drawn = draw_distinct(generator, parse_targets(["density=8..9"]), 150, seed=1)
    assert drawn.points.shape == (150, generator.space.dimension)
    assert len(np.unique(drawn.points, axis=0)) == 150
    assert generator.space.contains(drawn.points).all()
    asked = np.concatenate(made.asked)
    assert np.isnan(asked[:, 0]).all()
    assert 8 <= asked[:, 1].min() < 8.05 < 8.95 < asked[:, 1].max() <= 9
    assert set(drawn.asked[:, 0]) <= set(asked[:, 1])
    assert drawn.draws == len(asked)
    again = draw_distinct(evenly(200)[1], parse_targets(["density=8..9"]), 150, seed=1)
    assert (again.points == drawn.points).all()
    assert (again.asked == drawn.asked).all()


def test_drawing_ends_where_nothing_new_comes() -> None:
    made, generator = evenly(7)
    drawn = draw_distinct(generator, (), 1000, seed=0)
    assert drawn.points.shape == (7, generator.space.dimension)
    assert drawn.asked.shape == (7, 0)
    assert len(made.asked) == 1 + STALE
    assert drawn.note == "a tenth is left out"


@pytest.mark.parametrize(("n", "seed"), [(0, 0), (-1, 0), (1, -1)])
def test_numbers_out_of_range_are_refused(n: int, seed: int) -> None:
    with pytest.raises(InputError, match="must"):
        draw_distinct(evenly(3)[1], (), n, seed)
