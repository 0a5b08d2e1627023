from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from alloys.design import Design
from alloys.errors import InputError
from alloys.space import AlloySpace
from tests.strategies import PALETTE, spaces

DEFAULT = AlloySpace.build(PALETTE, limits=[("Cr", 0.10, "Zr")])


@settings(deadline=None, max_examples=25)
@given(spaces())
def test_samples_and_neighbours_are_in_the_space(space: AlloySpace) -> None:
    points = space.sample(50, np.random.default_rng(1))
    assert points.shape == (50, space.dimension)
    assert space.contains(points).all()
    for row in points[:5]:
        near = space.neighbours(row)
        assert space.contains(near).all()
        assert (np.abs(near - row).sum(axis=1) > 0).all()
        assert (((near - row) != 0).sum(axis=1) == 2).all()


def test_all_sizes_and_elements_are_reached() -> None:
    points = DEFAULT.sample(2000, np.random.default_rng(0))
    assert set((points > 0).sum(axis=1)) == {3, 4, 5, 6}
    assert ((points > 0).mean(axis=0) > 0.25).all()


def test_few_compositions_of_a_number_of_elements_are_drawn_too() -> None:
    space = AlloySpace.build(["Co", "Cr", "Fe", "Mn", "Ni"], lower=0.20, upper=0.25, count=(4, 5))
    assert len(np.unique(space.sample(500, np.random.default_rng(0)), axis=0)) == 6  # equimolar: of all, of each four


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("Nb90Ta5Ti5", "Nb 90 at.%"),
        ("Nb50Ta50", "2 elements, allowed are 3 to 6"),
        ("Cr20Nb30Ti30Zr20", "Cr 20 at.%, allowed with Zr is 10"),
        ("Nb48Ta48Ti4", "Ti 4 at.%"),
        ("Nb50Ta25Al25", "has Al, outside the space"),
        ("NbTaTi", "not on the grid"),
    ],
)
def test_what_is_outside_is_named(formula: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        DEFAULT.point_of(Design.parse(formula))


def test_rounding_a_known_alloy_lands_on_the_grid() -> None:
    points = DEFAULT.nearest(Design.parse("NbTaTi"))
    assert points is not None
    assert sorted(points[points > 0]) == [33, 33, 34]
    assert DEFAULT.nearest(Design.parse("CrNbTiZr")) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lower": 0.5, "upper": 0.1}, "lower <= upper"),
        ({"lower": 0.4, "upper": 0.5, "count": (3, 6)}, "no composition satisfies"),
        ({"upper": 0.1, "count": (3, 5)}, "no composition satisfies"),
        ({"count": (5, 3)}, "fewest <= most"),
        ({"step": 0.03}, "divide 1 exactly"),
        ({"lower": 0.055}, "whole number of steps"),
        ({"limits": [("Cr", 0.1, "Al")]}, "names Al"),
        ({"bounds": {"Al": (0.1, 0.2)}}, "outside the space: Al"),
    ],
)
def test_contradictory_spaces_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        AlloySpace.build(PALETTE, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("elements", "arguments"),
    [
        (
            PALETTE,
            {
                "step": 0.005,
                "lower": 0.005,
                "upper": 0.02,
                "count": (9, 9),
                "bounds": {"Nb": (0.4, 0.6), "Ti": (0.3, 0.5)},
            },
        ),
        (
            PALETTE,
            {"step": 0.001, "balance": "W", "lower": 0.01, "upper": 0.03, "count": (9, 9), "bounds": {"W": (0.4, 0.9)}},
        ),
    ],
    ids=["seven minor elements", "a balance and eight minor elements"],
)
def test_a_large_narrow_space_is_not_called_nearly_empty(elements: list[str], arguments: dict[str, object]) -> None:
    space = AlloySpace.build(elements, **arguments)  # type: ignore[arg-type]
    points = space.sample(200, np.random.default_rng(0))
    assert space.contains(points).all()
    assert len(set(space.keys(points))) > 190
