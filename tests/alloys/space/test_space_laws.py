"""Laws that every kind of space keeps: what a stranger's kind must pass before a campaign can stand on it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import get_args, get_type_hints

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.space import AlloySpace, FormulaSpace, Space, TableSpace, VariedSpace, kinds_of_space
from alloys.space.variables import Variable, Variables
from tests.strategies import PALETTE


def _alloys() -> Space:
    return AlloySpace.build(PALETTE, limits=[("Cr", 0.10, "Zr")])


def _coarse_alloys() -> Space:
    return AlloySpace.build(["Al", "Co", "Ni"], step=0.05, lower=0.05, upper=0.9, count=(2, 3))


def _alloys_with_rules() -> Space:
    return AlloySpace.build(PALETTE, rules=["x_Ti + x_Zr <= 0.3", "0.5*x_Nb >= x_Hf", "x_Mo / x_W <= 2"])


def _alloys_with_equal_amounts() -> Space:
    return AlloySpace.build(["Al", "Co", "Cr", "Fe", "Ni"], rules=["x_Ni == x_Co"])


def _alloys_with_additions() -> Space:
    return AlloySpace.build(
        ["B", "C", "Cr", "Fe", "Ni"], step=0.01, steps={"B": 0.0005, "C": 0.001}, balance="Fe", rules=["x_B <= 0.002"]
    )


def _weights() -> Space:
    return AlloySpace.build(
        ["Al", "Cr", "Fe", "Mn", "Ni", "W"], basis="wt", step=0.005, lower=0.005, upper=0.3, balance="Fe",
        rules=["w_Al + w_Mn <= 0.1"],
    )  # fmt: skip


def _narrow_alloys() -> Space:
    bounds = {"Nb": (0.4, 0.6), "Ti": (0.3, 0.5)}
    return AlloySpace.build(PALETTE, step=0.005, lower=0.005, upper=0.02, count=(9, 9), bounds=bounds)


def _list() -> Space:
    alloys = AlloySpace.build(PALETTE)
    return TableSpace(
        tuple(alloys.design(point) for point in np.unique(alloys.sample(30, np.random.default_rng(1)), axis=0))
    )


def _list_with_variables() -> Space:
    formulas = ["NbTa", "NbTa3", "NbTi", "MoNbTi"]
    routes = ["cast", "annealed"]
    return TableSpace(tuple(Design.parse(f, {"route": route, "hours": 4}) for f in formulas for route in routes))


def _treated_alloys() -> Space:
    annealed = (("route", ("annealed", "aged")),)
    variables = Variables(
        (
            Variable("route", ("cast", "annealed", "aged"), "category"),
            Variable("anneal_time", (0.5, 1, 5, 20, 100), "number", log=True, unit="h", when=annealed),
            Variable("anneal_temperature", tuple(range(600, 1201, 50)), "number", unit="degC", when=annealed),
            Variable("quench", ("air", "oil", "water"), "ordered", when=(("anneal_time", (20, 100)),)),
            Variable("hipped", (True, False), "category"),
            Variable("pressure", (100,), "number", unit="MPa"),
        )
    )
    return VariedSpace(AlloySpace.build(["Al", "Co", "Cr", "Ni"], step=0.05, upper=0.6, count=(2, 4)), variables)


def _plain_inputs() -> Space:
    grid = [{"speed": speed, "gas": gas} for speed in (0.5, 1, 2, 400) for gas in ("argon", "air")]
    return TableSpace(tuple(Design.of(Composition.unknown(), values) for values in grid))


def _shelf() -> Space:
    rows = [("NbTa", "A1"), ("NbTa", "A2"), ("NbTi", "B1"), ("NbTi3", "B2"), ("MoNbTi", "C1")]
    return TableSpace(tuple(Design.parse(f, {"part": part, "price": 10 + i}) for i, (f, part) in enumerate(rows)))


def _formulas() -> Space:
    return FormulaSpace(("Al", "Ba", "Cl", "Fe", "K", "La", "Na", "O", "S", "Ti"), 8, 2, 4)


def _formulas_of_two() -> Space:
    return FormulaSpace(("N", "Ti", "V"), 8, 1, 2, "neutral", "smact14")


def _formulas_of_metals() -> Space:
    return FormulaSpace(("Al", "Fe", "Ni", "Ti"), 3, 2, 3, "any")


SPACES: dict[str, Callable[[], Space]] = {
    "alloys": _alloys,
    "coarse alloys": _coarse_alloys,
    "alloys with rules": _alloys_with_rules,
    "alloys with equal amounts": _alloys_with_equal_amounts,
    "alloys with additions": _alloys_with_additions,
    "weights": _weights,
    "narrow alloys": _narrow_alloys,
    "a list": _list,
    "a list with variables": _list_with_variables,
    "alloys that are treated": _treated_alloys,
    "a list of plain inputs": _plain_inputs,
    "a shelf": _shelf,
    "formulas": _formulas,
    "formulas of two": _formulas_of_two,
    "formulas of metals": _formulas_of_metals,
}


@pytest.fixture(params=list(SPACES))
def space(request: pytest.FixtureRequest) -> Space:
    return SPACES[request.param]()


def _some(space: Space, count: int = 40) -> np.ndarray:
    return space.sample(count, np.random.default_rng(5))


def test_samples_are_points_of_the_space(space: Space) -> None:
    points = _some(space)
    assert points.shape == (40, space.dimension) == (40, len(space.columns))
    assert points.dtype == np.int64
    assert space.contains(points).all()
    assert all(space.broken_rules(point) == [] for point in points)
    assert space.sample(0, np.random.default_rng(0)).shape == (0, space.dimension)


def test_the_seed_repeats_a_sample(space: Space) -> None:
    assert (_some(space) == _some(space)).all()
    assert (_some(space) != space.sample(40, np.random.default_rng(6))).any()


def test_a_point_and_its_design_are_the_same_thing(space: Space) -> None:
    for point in _some(space):
        design = space.design(point)
        assert (space.point_of(design) == point).all()
        nearest = space.nearest(design)
        assert nearest is not None
        assert (nearest == point).all()
        assert Design.from_canonical(design.canonical()) == design
        assert set(design.composition.elements) <= set(space.elements)


def test_fractions_are_those_of_the_designs(space: Space) -> None:
    points = _some(space)
    fractions = space.fractions(points)
    assert fractions.shape == (40, len(space.elements))
    np.testing.assert_allclose(fractions.sum(axis=1), 1.0 if space.elements else 0.0)
    for point, row in zip(points, fractions, strict=True):
        amounts = space.design(point).composition.fractions()
        np.testing.assert_allclose(row, [amounts.get(symbol, 0.0) for symbol in space.elements])


def test_what_properties_are_functions_of_is_that_of_the_designs(space: Space) -> None:
    points = _some(space)
    inputs = space.inputs(points)
    assert inputs.shape == (40, len(space.elements) + len(space.variables))
    chosen = [space.variables.raw_of(space.design(point).values) for point in points]
    np.testing.assert_array_equal(inputs[:, len(space.elements) :], np.array(chosen).reshape(40, -1))
    seen = space.variables.encoded(inputs[:, len(space.elements) :])
    assert seen.shape == (40, len(space.variables.features))
    assert ((seen >= 0) & (seen <= 1)).all()


def test_neighbours_are_other_points_of_the_space_one_move_away(space: Space) -> None:
    for point in _some(space, 5):
        around = space.neighbours(point)
        assert len(around)
        assert space.contains(around).all()
        assert (around != point).any(axis=1).all()
        assert len(np.unique(around, axis=0)) == len(around)
        assert space.one_move_away(around, point).all()
        assert not space.one_move_away(point[None], point).any()


def test_keys_tell_points_apart(space: Space) -> None:
    points = np.unique(_some(space), axis=0)
    assert len(set(space.keys(points))) == len(points)
    assert space.keys(points) == space.keys(points.copy())


def test_distances_are_nothing_between_a_point_and_itself_alone(space: Space) -> None:
    points = _some(space, 10)
    at = space.coordinates(points)
    away = np.abs(at[:, None] - at[None]).sum(axis=2)
    at = np.nan_to_num(space.inputs(points), nan=-1.0)
    same = (at[:, None] == at[None]).all(axis=2)
    assert ((away == 0) == same).all()


def test_what_is_outside_is_refused_by_name(space: Space) -> None:
    stranger = Design(Composition.parse("Au3Pu"))
    assert space.nearest(stranger) is None
    with pytest.raises(InputError, match=r"Au75Pu25|PuAu3"):
        space.point_of(stranger)
    beyond = np.full((1, space.dimension), 10_000)
    assert not space.contains(beyond).any()
    assert space.broken_rules(beyond[0])


def test_a_space_travels(space: Space) -> None:
    again = pickle.loads(pickle.dumps(space))
    assert again == space
    assert (_some(again) == _some(space)).all()


def test_every_kind_keeps_the_laws() -> None:
    made = {type(make()) for make in SPACES.values()}
    built = {kind: get_type_hints(spec.build)["return"] for kind, spec in kinds_of_space().items()}
    assert made == {space for kind in built.values() for space in get_args(kind) or [kind]}


def test_a_list_names_what_is_wrong_with_it() -> None:
    alloy = Design.parse("NbTa")
    with pytest.raises(InputError, match="listed twice: Nb50Ta50"):
        TableSpace((alloy, alloy, Design.parse("NbTi")))
    with pytest.raises(InputError, match="at least two, got 1"):
        TableSpace((alloy,))
