"""Variables beside the composition: every family draws them, keeps their rules, and takes them as conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from alloys.errors import InputError
from alloys.space import AlloySpace, Floats, Points, VariedSpace
from alloys.space.variable_spec import VariableSpec, read_variables
from generators.asking.fixing import FixedVariables, allowed_places
from generators.asking.refinement import refine, relative_errors
from generators.asking.request import parse_targets
from generators.interface import Generator
from generators.likeness import copied
from generators.registry import family_names, make, restore
from generators.train import train
from generators.training.codec import AlloyCodec, ConditionScale
from generators.training.weights import pack, unpack

HOT = ["annealed", "rolled"]
DECLARED: dict[str, Any] = {
    "route": ["cast", "annealed", "rolled"],
    "anneal_temperature": {"low": 800, "high": 1200, "step": 50, "unit": "degC", "when": {"route": HOT}},
    "anneal_time": {"low": 0.1, "high": 100, "count": 13, "scale": "log", "when": {"route": "annealed"}},
    "quench": {"values": ["air", "oil", "water"], "ordered": True},
    "reduction": [0, 10, 50, 90],
    "clean": [True, False],
    "furnace": "A",
}
VARIABLES = read_variables({name: VariableSpec.model_validate(spec) for name, spec in DECLARED.items()})
SPACE = VariedSpace(AlloySpace.build(["Al", "Co", "Cr", "Fe", "Ni"]), VARIABLES)
ROUTE, TEMPERATURE = 5, 6
NAMES = ("strength", "cost")
OPEN = np.full((300, 2), np.nan)


def properties_of(points: Points) -> Floats:
    """Two properties of composition, route, temperature and quench, shape ``(n, 2)``."""
    return linear(SPACE.fractions(points), VARIABLES.raw(points[:, 5:]))


def linear(fractions: Floats, raw: Floats) -> Floats:
    """The same of atomic fractions and raw columns of variables."""
    seen = VARIABLES.encoded(raw)
    slopes = np.random.default_rng(7).normal(size=(seen.shape[1], 2))
    return np.asarray(fractions @ np.array([[3.0, -1], [0, 4], [-2, 1], [1, 0], [-1, -2]]) + seen @ slopes)


def rows(n: int) -> tuple[Points, Floats]:
    points = SPACE.sample(n, np.random.default_rng(0))
    values = properties_of(points)
    values[::4, 1] = np.nan
    return points, values


_TRAINED: dict[str, Generator] = {}


def trained(family: str) -> Generator:
    if family not in _TRAINED:
        points, values = rows(100)
        _TRAINED[family] = train(
            family, SPACE, NAMES, points, values, {"epochs": 150 if family == "wcgan" else 500}, seed=1, device="cpu"
        ).generator()
    return _TRAINED[family]


each_family = pytest.mark.parametrize("family", list(family_names()))


@each_family
def test_every_draw_is_a_design_of_the_space(family: str) -> None:
    drawn = trained(family).sample(OPEN, seed=0)
    assert SPACE.contains(drawn.points).all()
    assert len(drawn.points) == len(OPEN)
    assert drawn.first_draw_valid > 0.5
    assert len(np.unique(drawn.points, axis=0)) > 270
    for j, variable in enumerate(VARIABLES):
        found = set(drawn.points[:, 5 + j].tolist())
        assert len(found - {-1}) >= min(len(variable.values), 4), variable.name
        assert (-1 in found) == bool(variable.when), variable.name


@each_family
def test_properties_that_variables_decide_are_met(family: str) -> None:
    asked = properties_of(SPACE.sample(1000, np.random.default_rng(3)))
    drawn = trained(family).sample(asked, seed=1)
    got = properties_of(drawn.points)
    for k in range(2):
        assert np.corrcoef(asked[drawn.rows, k], got[:, k])[0, 1] > 0.5


@each_family
def test_a_seed_repeats_and_weights_travel(family: str) -> None:
    points, values = rows(50)
    quick = {"epochs": 5, "retries": 0}
    first, again = (train(family, SPACE, NAMES, points, values, quick, seed=5, device="cpu") for _ in range(2))
    assert first.content == again.content
    copy = first.generator()
    assert copy.space == SPACE
    np.testing.assert_array_equal(copy.sample(OPEN, seed=2).points, again.generator().sample(OPEN, seed=2).points)
    warm = train(family, SPACE, NAMES, points, values, quick, seed=6, device="cpu", warm=first.content)
    assert warm.report.note == "started from warm weights"


@each_family
def test_what_is_asked_of_variables_comes_out(family: str) -> None:
    wishes = parse_targets(["anneal_temperature=900", "quench=oil", "reduction=10..60", "clean=true"])
    fixed = FixedVariables(trained(family), allowed_places(VARIABLES, wishes))
    drawn = fixed.sample(OPEN, seed=4)
    assert SPACE.contains(drawn.points).all()
    assert drawn.rows.tolist() == list(range(len(OPEN)))
    found = [SPACE.design(point).values for point in drawn.points]
    assert {values["anneal_temperature"] for values in found} == {900}
    assert {values["route"] for values in found} <= {"annealed", "rolled"}
    assert {values["quench"] for values in found} == {"oil"}
    assert {values["reduction"] for values in found} <= {10, 50}
    assert {values["clean"] for values in found} == {True}
    np.testing.assert_array_equal(drawn.points, fixed.sample(OPEN, seed=4).points)


def test_what_is_drawn_suits_what_is_asked_of_a_variable() -> None:
    """The route decides the strength: alloys asked to be strong as cast differ from those as annealed."""
    space = VariedSpace(
        AlloySpace.build(["Al", "Co", "Cr", "Fe", "Ni"]),
        read_variables({"route": VariableSpec(values=["cast", "hot"])}),
    )
    points = space.sample(120, np.random.default_rng(0))

    def strength(of: Points) -> Floats:
        return np.asarray(5 * space.fractions(of)[:, :1] + (of[:, 5:] == 1))

    model = train("cvae", space, ("strength",), points, strength(points), seed=0, device="cpu", threads=1).generator()
    asked = np.full((200, 1), 1.5)
    for word in ("cast", "hot"):
        fixed = FixedVariables(model, allowed_places(space.variables, parse_targets([f"route={word}"])))
        assert abs(np.median(strength(fixed.sample(asked, seed=0).points)) - 1.5) < 0.3


def test_compositions_move_to_targets_and_variables_stay() -> None:
    rng = np.random.default_rng(0)
    points, targets = SPACE.sample(200, rng), 5 + properties_of(SPACE.sample(200, rng))

    def properties(inputs: Floats) -> Floats:
        return 5 + linear(inputs[:, :5], inputs[:, 5:])

    def misses(of: Points) -> Floats:
        return np.square(relative_errors(properties(SPACE.inputs(of)), targets)).sum(axis=1)

    moved = refine(SPACE, points, targets, properties)
    assert SPACE.contains(moved).all()
    np.testing.assert_array_equal(moved[:, 5:], points[:, 5:])
    assert (misses(moved) <= misses(points)).all()
    assert np.median(misses(moved)) < 0.5 * np.median(misses(points))


def test_the_same_composition_in_another_state_is_no_copy() -> None:
    points, _ = rows(1)
    other = points.copy()
    other[:, 5 + VARIABLES.names.index("quench")] = (other[:, 5 + VARIABLES.names.index("quench")] + 1) % 3
    fractions = SPACE.fractions(points)
    beside, elsewhere = (VARIABLES.encoded(VARIABLES.raw(each[:, 5:])) for each in (points, other))
    assert copied(fractions, fractions, beside, beside).tolist() == [True]
    assert copied(fractions, fractions, elsewhere, beside).tolist() == [False]


def test_the_codec_inverts_itself() -> None:
    points, values = rows(500)
    codec = AlloyCodec(SPACE, NAMES)
    encoded = codec.encode(points, values, ConditionScale.of(values))
    assert (encoded.presence.shape[1], encoded.amounts.shape[1]) == codec.widths == (5 + 4 + 5, 5 + 4)
    np.testing.assert_array_equal(codec.decode(encoded.presence, encoded.amounts), points)
    # only differences of amounts mean anything
    np.testing.assert_array_equal(codec.decode(encoded.presence, encoded.amounts + 3.0), points)


def test_whatever_a_network_says_is_a_choice_of_variables() -> None:
    codec, rng = AlloyCodec(SPACE, NAMES), np.random.default_rng(0)
    for presence in (
        rng.random((2000, 14)),
        rng.integers(0, 2, (2000, 14)),
        np.zeros((10, 14)),
        np.full((10, 14), np.nan),
    ):
        amounts = 10 * rng.normal(size=(len(presence), 9))
        amounts[::7, 5] = np.inf
        points = codec.decode(torch.tensor(presence), torch.tensor(amounts))
        assert VARIABLES.contains(points[:, 5:]).all()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["anneal_temperature=905"], "anneal_temperature is one of 9 values from 800 to 1200 degC .*, not 905"),
        (["anneal_temperature=10..20"], "none of them lies in 10..20"),
        (["route=forged"], "route is one of cast, annealed, rolled, not forged"),
        (["quench=1..2"], "quench is one of air, oil, water, and no range"),
        (["route=cast", "anneal_temperature=900"], "is chosen only where route is annealed or rolled"),
        (["route=rolled", "anneal_time=1"], "anneal_time is chosen only where route is annealed"),
    ],
)  # fmt: skip
def test_values_that_variables_have_not_are_refused(texts: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        allowed_places(VARIABLES, parse_targets(texts))


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ({"name": "route", "values": []}, "do not describe a space"),
        ({"name": "route", "values": ["a", "a"]}, "twice"),
        ({"name": "Route", "values": ["a", "b"]}, "cannot name a variable"),
        ({"name": "route", "values": [[1], 2]}, "do not describe a space"),
        ({"name": "route", "values": ["a", "b"], "when": {"nothing": ["a"]}}, "is no variable"),
        ({"values": ["a", "b"]}, "do not describe a space"),
        (3, "do not describe a space"),
    ],
)
def test_weights_of_variables_that_are_none_are_refused(variable: object, message: str) -> None:
    model = make("cvae", SPACE, NAMES, {"epochs": 1})
    model.fit(*rows(20), seed=0)
    tensors, document = unpack(model.to_bytes())
    del document["content_sha256"]
    with pytest.raises(InputError, match=message):
        restore(pack(tensors, {**document, "space": {**document["space"], "variables": [variable]}}))


def test_warm_weights_of_other_variables_are_refused() -> None:
    points, values = rows(30)
    content = train("cvae", SPACE, NAMES, points, values, {"epochs": 1}, seed=0).content
    others = read_variables({name: VariableSpec.model_validate(DECLARED[name]) for name in ("quench", "clean")})
    other = VariedSpace(SPACE.alloys, others)
    with pytest.raises(InputError, match="the warm weights have the variables"):
        make("cvae", other, NAMES).fit(other.sample(30, np.random.default_rng(0)), values, seed=0, warm=content)
