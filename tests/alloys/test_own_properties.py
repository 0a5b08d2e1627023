"""Properties that a campaign declares in its configuration."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.goal import Goal
from alloys.physics.base import Physics
from alloys.physics.declaring import PropertySpec, check_on, declare
from alloys.physics.registry import get_physics
from alloys.problem import Problem
from alloys.space import AlloySpace

ELEMENTS = ("Al", "Co", "Ni")
HALF = np.array([[0.2, 0.3, 0.5]])
OWN: dict[str, Any] = {
    "hardness": {"unit": "HV", "range": [0, 2500], "scatter": 15},
    "modulus": {"unit": "GPa", "range": [0, 800]},
    "strength": {"unit": "MPa", "range": [0, 8000]},
    "specific_hardness": {"unit": "HV·cm3/g", "expression": "hardness / density"},
    "twice": {"unit": "HV·cm3/g", "expression": "2 * specific_hardness"},
    "elastic_limit": {"unit": "1", "expression": "strength / modulus"},
    "cost": {"unit": "USD/kg", "mixture": {"by": "mass", "of": {"Al": 2.4, "Co": 33, "Ni": 16}}},
    "light": {"unit": "1", "expression": "x_Al + w_Ni"},
    "tabor": {"unit": "MPa", "expression": "3.27 * hardness - 20", "check_units": False},
}


def made(**more: Any) -> Physics:
    specs = {name: PropertySpec.model_validate(spec) for name, spec in {**OWN, **more}.items()}
    return declare(get_physics("generic"), specs)


def test_an_expression_is_computed_from_measured_and_known_properties() -> None:
    physics = made()
    density = physics.closed_forms["density"](ELEMENTS, HALF)[0]
    values = {"hardness": np.array([500.0]), "strength": np.array([1000.0]), "modulus": np.array([200.0])}

    def of(name: str) -> float:
        return float(physics.combined[name].evaluate(values, ELEMENTS, HALF)[0])

    assert of("specific_hardness") == pytest.approx(500 / density)
    assert of("twice") == pytest.approx(1000 / density)
    assert of("elastic_limit") == pytest.approx(1.0 / 200)  # MPa by GPa, as pint knows
    assert of("tabor") == pytest.approx(3.27 * 500 - 20)
    assert physics.measured_parts("twice") == ("hardness",)
    assert physics.measured_parts("cost") == ()


def test_rules_of_mixtures_are_by_mass_or_atoms() -> None:
    """Atomic masses: Al 26.982, Co 58.933, Ni 58.693 g/mol (IUPAC 2021)."""
    physics = made()
    mass = np.array([0.2 * 26.982, 0.3 * 58.933, 0.5 * 58.693])
    assert physics.closed_forms["cost"](ELEMENTS, HALF)[0] == pytest.approx(mass @ [2.4, 33, 16] / mass.sum(), rel=1e-4)
    assert physics.closed_forms["light"](ELEMENTS, HALF)[0] == pytest.approx(0.2 + mass[2] / mass.sum(), rel=1e-4)


def test_a_goal_takes_all_of_them_alike() -> None:
    physics = made()
    goal = Goal.parse(["maximize twice", "minimize cost"], ["hardness >= 300", "light <= 0.7"], physics.properties)
    space = AlloySpace.build(ELEMENTS, step="0.1", lower=0.1, upper=0.8, count=(2, 3))
    problem = Problem(space, goal, physics)
    assert problem.validated == ("hardness",)
    assert [c.name for c in problem.closed_form_constraints] == ["light"]
    unknown = problem.combined({"hardness": np.array([np.nan])}, HALF)
    assert np.isnan(unknown["twice"]).all()
    assert problem.combined({"strength": np.array([1.0])}, HALF) == {}


def test_the_physics_with_own_properties_travels() -> None:
    physics = made()
    there = pickle.loads(pickle.dumps(physics))
    assert there == physics
    assert there != get_physics("generic")
    assert there.properties["bcc_fraction_900c"].unit == "mole fraction"


@pytest.mark.parametrize(
    ("name", "spec", "message"),
    [
        ("Hardness", {"unit": "HV", "range": [0, 1]}, "cannot name a property"),
        ("hardness_std", {"unit": "HV", "range": [0, 1]}, "cannot name a property"),
        ("formula", {"unit": "1", "range": [0, 1]}, "cannot name a property"),
        ("density", {"unit": "g/cm3", "range": [0, 30]}, "built-in property"),
        ("a", {"unit": "Vickerses", "range": [0, 1]}, "a: unknown unit 'Vickerses'"),
        ("a", {"unit": "1", "range": [1, 0]}, r"range must be \[smallest, largest\]"),
        ("a", {"unit": "1", "expression": "hardnes / 2"}, "unknown property 'hardnes'; did you mean hardness"),
        ("a", {"unit": "1", "expression": "1 + 2"}, "names no property"),
        ("a", {"unit": "HV", "expression": "hardness / density"}, "which is no HV"),
        ("a", {"unit": "HV", "expression": "hardness + density"}, "do not agree"),
        ("a", {"unit": "1", "expression": "1 / (x_Al - x_Al)"}, "a: .* divides by zero"),
        ("a", {"unit": "1", "expression": "x_Qq"}, "unknown property 'x_Qq'"),
        ("a", {"unit": "1", "expression": "a * 2"}, "expressions name each other: a -> a"),
        ("a", {"unit": "1", "mixture": {"of": {"Qq": 1.0}}}, "Qq, which is no chemical element"),
        ("a", {"unit": "1", "range": [0, 1], "not_above": "nothing"}, "unknown property 'nothing'"),
    ],
)
def test_a_wrong_property_is_told(name: str, spec: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        made(**{name: spec})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"unit": "1", "expression": "x_Ni / x_Co"}, "divides by zero"),
        ({"unit": "1", "expression": "log(0 * hardness)", "check_units": False}, "divides by zero"),
        ({"unit": "%", "expression": "100 * x_Co"}, r"comes to 8000 % in the space: .*; leave the factor of 100 out"),
        ({"unit": "1", "expression": "x_Ti + x_Al"}, "Ti in 'x_Ti . x_Al' is not in the space"),
        ({"unit": "1", "mixture": {"of": {"Al": 1.0}}}, "has no number for Co, Ni"),
    ],
)
def test_what_some_designs_have_not_is_told_before_the_start(spec: dict[str, Any], message: str) -> None:
    space = AlloySpace.build(ELEMENTS, step="0.1", lower=0.1, upper=0.8, count=(2, 3))
    with pytest.raises(InputError, match=message):
        check_on(space, made(a=spec), "a")
