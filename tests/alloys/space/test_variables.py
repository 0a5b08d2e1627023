"""Variables beside composition: what a file may say of them, how points and models see them, and every mistake."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alloys.composition import Composition
from alloys.design import Design, Value
from alloys.errors import InputError, MistakesError
from alloys.goal import Goal
from alloys.physics.declaring import PropertySpec, declare
from alloys.physics.registry import get_physics
from alloys.problem import Problem
from alloys.space import VariedSpace
from alloys.space.alloy import AlloySpace
from alloys.space.variable_spec import VariableSpec, read_variables
from alloys.space.variables import NOT_CHOSEN, Variables

TREATED: dict[str, Any] = {
    "route": ["cast", "annealed", "aged"],
    "anneal_temperature": {
        "low": 600,
        "high": 1200,
        "step": 50,
        "unit": "degC",
        "when": {"route": ["annealed", "aged"]},
    },
    "anneal_time": {"low": 0.1, "high": 100, "count": 4, "scale": "log", "unit": "h", "when": {"route": "annealed"}},
    "quench": {"values": ["air", "oil", "water"], "ordered": True, "when": {"anneal_time": [10, 100]}},
    "furnace": "B2",
}


def read(given: dict[str, Any]) -> Variables:
    return read_variables({name: VariableSpec.model_validate(spec) for name, spec in given.items()})


VARIABLES = read(TREATED)


def test_a_file_says_values_ranges_logarithms_and_fixed_values() -> None:
    assert VARIABLES["anneal_temperature"].values == tuple(range(600, 1201, 50))
    assert VARIABLES["anneal_time"].values == (0.1, 1, 10, 100)
    assert VARIABLES["anneal_time"].log
    assert VARIABLES["furnace"].values == ("B2",)
    assert [VARIABLES[name].kind for name in ("route", "quench", "anneal_time")] == ["category", "ordered", "number"]


@given(st.permutations(list(TREATED)))
def test_the_order_in_a_file_means_nothing(names: list[str]) -> None:
    # A database sorts the keys of a configuration, and a point must mean the same afterwards.
    assert read({name: TREATED[name] for name in names}) == VARIABLES


@given(st.integers(0, 2**32))
def test_every_point_is_settled_and_the_same_as_its_values(seed: int) -> None:
    points = VARIABLES.sample(20, np.random.default_rng(seed))
    assert VARIABLES.contains(points).all()
    np.testing.assert_array_equal(VARIABLES.settled(points), points)
    for point in points:
        values = VARIABLES.values(point)
        assert VARIABLES.mistakes_of(values) == VARIABLES.broken_rules(point) == []
        np.testing.assert_array_equal(VARIABLES.point_of(values), point)
        assert VARIABLES.asked(values) == {name: name in values for name in VARIABLES.names}


def test_what_a_condition_does_not_ask_for_is_not_chosen() -> None:
    point = VARIABLES.point_of({"route": "cast", "furnace": "B2"})
    assert dict(zip(VARIABLES.names, point, strict=True)) == {
        "anneal_temperature": NOT_CHOSEN, "anneal_time": NOT_CHOSEN, "furnace": 0, "quench": NOT_CHOSEN, "route": 0
    }  # fmt: skip
    around = [VARIABLES.values(row) for row in VARIABLES.neighbours(point)]
    assert {row["route"] for row in around} == {"annealed", "aged"}
    # What becomes a choice begins at several of its values.
    assert {row["anneal_time"] for row in around if row["route"] == "annealed"} >= {0.1, 100}


def test_models_see_scaled_numbers_orders_and_indicators() -> None:
    rows: list[dict[str, Value]] = [
        {"route": "annealed", "anneal_temperature": 600, "anneal_time": 10, "quench": "oil", "furnace": "B2"},
        {"route": "aged", "anneal_temperature": 1200, "furnace": "B2"},
        {"route": "cast", "furnace": "B2"},
    ]
    seen = VARIABLES.encoded(np.array([VARIABLES.raw_of(row) for row in rows]))
    found = dict(zip(VARIABLES.features, seen.T, strict=True))
    np.testing.assert_allclose(found["anneal_temperature"], [0, 1, 0.5])
    np.testing.assert_allclose(found["anneal_time"], [2 / 3, 0.5, 0.5])
    np.testing.assert_allclose(found["quench"], 0.5)
    routes = np.array([found[f"route = {name}"] for name in TREATED["route"]]).T
    np.testing.assert_allclose(np.linalg.norm(routes[:, None] - routes[None], axis=2), 1 - np.eye(3))
    assert not any(name.startswith("furnace") for name in found)  # a fixed value tells nothing


def test_words_that_were_never_declared_are_seen_by_nobody() -> None:
    raw = VARIABLES.raw_of({"route": "forged", "anneal_time": 3})
    assert np.isnan(raw[VARIABLES.names.index("route")])
    assert raw[VARIABLES.names.index("anneal_time")] == 3


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "furnace is lacking; it is B2; route is lacking; it is one of cast, annealed, aged"),
        ({"route": "forged", "furnace": "B2"}, "route is one of cast, annealed, aged, not forged"),
        ({"route": "cast", "furnace": "B2", "quench": "oil"}, "quench is chosen only where anneal_time is 10 or 100"),
        ({"route": "aged", "furnace": "B2", "anneal_temperature": 610}, "one of 13 values from 600 to 1200 degC"),
        ({"route": "aged", "furnace": "B2", "anneal_temperature": "hot"}, "degC (600, 650, 700, ...), not hot"),
        ({"route": True, "furnace": "B2"}, "route is one of cast, annealed, aged, not true"),
        ({"route": "cast", "furnace": "B2", "speed": 3}, "speed is no variable of the space; there are furnace,"),
    ],
)
def test_what_is_wrong_with_a_design_is_said(values: dict[str, Value], told: str) -> None:
    with pytest.raises(InputError) as error:
        VARIABLES.point_of(values)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"values": [1], "low": 2}, "either values or a range, not values and low"),
        ({"low": 2}, "a variable needs values, or low and high"),
        ({"low": 2, "high": 3}, "either a step or a count"),
        ({"low": 2, "high": 3, "step": 1, "scale": "log"}, "on a log scale a range needs a count"),
        ([], "at least 1"),
        ({"values": [1], "steps": 3}, "steps"),
    ],
)
def test_a_description_that_is_none_is_refused(spec: Any, told: str) -> None:
    with pytest.raises(ValidationError) as error:
        VariableSpec.model_validate(spec)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"a": [1, 1.0]}, "a has 1 twice among its values"),
        ({"a": [1, "hot"]}, "the values of a must be all numbers, or all words"),
        ({"a": ["900"]}, "reads as a number"),
        ({"a": {"values": ["x", "y"], "unit": "K"}}, "neither a unit nor a log scale"),
        ({"a": {"values": [1, 2], "ordered": True}}, "leave ordered out"),
        ({"a": {"values": [1, 2], "unit": "furlonghs"}}, "unknown unit"),
        ({"a": {"low": 3, "high": 1, "step": 1}}, "low must be below high, got 3 and 1"),
        ({"a": {"low": 0, "high": 1, "step": 0.3}}, "no whole number of steps of 0.3"),
        ({"a": {"low": 0, "high": 1, "count": 3, "scale": "log"}}, "low must be above 0"),
        ({"a": {"values": [0, 1], "scale": "log"}}, "its values must be above 0"),
        ({"a": {"low": 0, "high": 1, "step": 0.00001}}, "more than 10000 values"),
        ({"Route": ["x", "y"]}, "'Route' cannot name a variable; take small letters"),
        ({"formula": ["x", "y"]}, "'formula' means something else in tables and expressions"),
        ({"a": {"values": [1, 2], "when": {"b": 1}}}, "a is chosen by b, which is no variable"),
        (
            {"a": {"values": [1, 2], "when": {"b": 3}}, "b": [1, 2]},
            "the condition of a never holds: b is 1 or 2, not 3",
        ),
        ({"a": {"values": [1, 2], "when": {"b": []}}, "b": [1, 2]}, "the condition of a never holds"),
        (
            {"a": {"values": [1, 2], "when": {"b": 1}}, "b": {"values": [1, 2], "when": {"a": 1}}},
            "chosen by it in turn",
        ),
        (
            {
                "route": ["cast", "annealed"],
                "time": {"values": [1, 2], "when": {"route": "annealed"}},
                "quench": {"values": ["oil", "air"], "when": {"route": "cast", "time": [1]}},
            },
            "the condition of quench never holds: with all that it asks for, route can be nothing",
        ),
    ],
)
def test_a_mistake_names_its_variable(given: dict[str, Any], told: str) -> None:
    with pytest.raises(MistakesError) as error:
        read(given)
    assert told in str(error.value)
    assert {place[:1] for place, _ in error.value.mistakes} == {("variables",)}
    assert all(place[1] in given for place, _ in error.value.mistakes)


# Properties of the design ------------------------------------------------------------------------------------


def _problem(expression: str, unit: str, constraints: list[str], **variables: Any) -> Problem:
    space = VariedSpace(
        AlloySpace.build(["Al", "Ni", "Ti"], step=0.1, lower=0.1, upper=0.8, count=(2, 3)), read(variables)
    )
    own = {
        "hardness": PropertySpec.model_validate({"unit": "HV", "range": [0, 2000]}),
        "made": PropertySpec.model_validate({"unit": unit, "expression": expression}),
    }
    physics = declare(get_physics("generic"), own, space.variables)
    return Problem(space, Goal.parse(["maximize hardness"], constraints, physics.properties), physics)


def test_constraints_and_expressions_name_variables_in_their_units() -> None:
    variables = {"temperature": {"values": [500, 900], "unit": "degC"}, "route": ["cast", "aged"]}
    problem = _problem("temperature / 2", "K", ["temperature <= 800", "made >= 300"], **variables)
    cold, hot = (Design.parse("AlNi", {"temperature": t, "route": "cast"}) for t in (500, 900))
    assert problem.exact(cold)["made"] == pytest.approx((500 + 273.15) / 2)
    assert problem.exact(hot)["temperature"] == 900
    points = np.array([problem.space.point_of(design) for design in (cold, hot)])
    assert problem.passes(points).tolist() == [True, False]


def test_units_that_do_not_agree_and_categories_in_expressions_are_refused() -> None:
    time = {"time": {"values": [1, 2], "unit": "h"}}
    with pytest.raises(InputError, match="the unit"):
        _problem("time * 2", "K", [], **time)
    with pytest.raises(InputError, match="unknown property 'route'"):
        _problem("route + 1", "1", [], route=["cast", "aged"])


# Designs that people name --------------------------------------------------------------------------------------

THIRD = Composition.from_amounts({"Nb": 1, "Ta": 2})
KNOWN = [
    Design.of(THIRD, {"route": "cast"}),
    Design.of(THIRD, {"route": "aged", "hours": 3}),
    Design.parse("NbTi", {"route": "cast"}),
]


def test_a_formula_and_some_variables_name_a_known_design() -> None:
    rounded = KNOWN[0].formula
    assert Design.known_as("NbTi", KNOWN) == KNOWN[2]
    assert Design.known_as(rounded, KNOWN, {"route": "cast"}) == KNOWN[0]
    assert Design.known_as(rounded, KNOWN, {"hours": 3}) == KNOWN[1]
    assert Design.known_as("", KNOWN, {"hours": 3}) == KNOWN[1]
    new = Design.known_as(rounded, KNOWN, {"route": "aged", "hours": 4})
    assert (new.composition, new.values) == (THIRD, {"route": "aged", "hours": 4})
    with pytest.raises(InputError, match=r"names 2 designs: .*hours 3, route aged\); .*route cast\); name one by its"):
        Design.known_as(rounded, KNOWN)
