"""What is left out of a space after a campaign has begun: nothing of it is drawn, reached or named any more."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.exclusion import without_element, without_region
from alloys.space import AlloySpace, Space, TableSpace, VariedSpace
from alloys.space.variables import Variable, Variables

ALLOYS = AlloySpace.build(["Hf", "Mo", "Nb", "Ta", "W"], count=(2, 4), limits=[("Mo", 0.3, "W")])
WEIGHTS = AlloySpace.build(["Al", "Ni", "Ti"], count=(2, 3), upper=0.9, basis="wt")
VARIED = VariedSpace(
    ALLOYS,
    Variables((Variable("anneal_c", (1000, 1200, 1400), "number"), Variable("route", ("cast", "powder"), "category"))),
)
LISTED = TableSpace(
    tuple(
        Design.of(Composition.parse(formula), {"anneal_c": t, "route": route})
        for formula, t, route in [
            ("NbTa", 1000, "cast"),
            ("NbW", 1200, "cast"),
            ("MoTa", 1400, "powder"),
            ("MoNb", 1200, "cast"),
        ]
    )
)


def _reached(space: Space) -> list[Design]:
    """Designs that are drawn, and their neighbours."""
    points = space.sample(300, np.random.default_rng(1))
    nearby = [space.neighbours(point) for point in points[:5]]
    return [space.design(point) for point in np.concatenate([points, *nearby])]


def _fraction(design: Design, symbol: str) -> float:
    return design.composition.fractions().get(symbol, 0.0)


@pytest.mark.parametrize("space", [ALLOYS, VARIED, LISTED], ids=["alloys", "varied", "list"])
def test_an_excluded_element_is_never_drawn_nor_reached(space: Space) -> None:
    left = without_element(space, "W")
    assert not any(_fraction(design, "W") for design in _reached(left))
    before = next(design for design in _reached(space) if _fraction(design, "W"))
    with pytest.raises(InputError, match=r"W|candidates"):
        left.point_of(before)
    kept = next(design for design in _reached(space) if not _fraction(design, "W"))
    assert left.design(left.point_of(kept)) == kept


@pytest.mark.parametrize(
    ("region", "symbol", "most"), [("x_Hf > 0.2", "Hf", 0.20), ("x_Hf >= 0.2", "Hf", 0.19), ("0.1 < x_Ta", "Ta", 0.10)]
)
def test_outside_a_region_of_amounts_the_bound_is_exact(region: str, symbol: str, most: float) -> None:
    for space in (ALLOYS, VARIED):
        shares = [_fraction(design, symbol) for design in _reached(without_region(space, region))]
        assert max(shares) == pytest.approx(most)


def test_a_region_may_be_in_weights_and_of_sums() -> None:
    left = without_region(WEIGHTS, "w_Al + w_Ti >= 0.4")
    assert left.sample(500, np.random.default_rng(0))[:, [0, 2]].sum(axis=1).max() == 39
    left = without_region(ALLOYS, "w_W > 0.3")
    for design in _reached(left):
        masses = {"Hf": 178.49, "Mo": 95.95, "Nb": 92.906, "Ta": 180.95, "W": 183.84}
        weight = {s: f * masses[s] for s, f in design.composition.fractions().items()}
        assert weight.get("W", 0.0) / sum(weight.values()) < 0.3001


def test_elements_that_a_region_leaves_nothing_of_are_gone_too() -> None:
    assert without_region(ALLOYS, "x_Hf + x_W > 0.04").elements == ("Mo", "Nb", "Ta")


@pytest.mark.parametrize("space", [VARIED, LISTED], ids=["varied", "list"])
def test_a_region_of_a_variable_leaves_its_other_values(space: Space) -> None:
    left = without_region(space, "anneal_c >= 1400")
    assert {design.values["anneal_c"] for design in _reached(left)} == {1000, 1200}
    left = without_region(space, "route == powder")
    assert {design.values["route"] for design in _reached(left)} == {"cast"}


@pytest.mark.parametrize(
    ("space", "region", "said"),
    [
        (ALLOYS, "x_Hf", "a region is one inequality"),
        (ALLOYS, "0.1 < x_Hf < 0.2", "a region is one inequality"),
        (ALLOYS, "x_Fe > 0.1", "the region 'x_Fe > 0.1' names Fe, outside the space"),
        (ALLOYS, "x_Hf > 0.5", "nothing of the space is in the region"),
        (ALLOYS, "x_Hf > 1.2", "nothing of the space is in the region"),
        (ALLOYS, "x_Hf >= 0", "nothing of the space is left outside"),
        (ALLOYS, "x_Hf == 0.2", "has =="),
        (ALLOYS, "x_Hf * x_W > 0.1", "is not linear"),
        (ALLOYS, "anneal_c > 3", "names anneal_c; the space has x_Hf"),
        (VARIED, "anneal_c > 3000", "nothing of the space is in the region"),
        (VARIED, "anneal_c > 3", "no value of anneal_c is left"),
        (VARIED, "route > 3", "has words for values"),
        (VARIED, "anneal_c + x_Hf > 3", "must name one variable"),
        (LISTED, "x_Nb > 0.9", "nothing would be excluded"),
        (LISTED, "x_Nb >= 0.2", "at least two are needed"),
        (LISTED, "x_Hf > 0.1", "names x_Hf; the space has x_Mo"),
    ],
)
def test_what_cannot_be_excluded_is_refused_with_the_reason(space: Space, region: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        without_region(space, region)
    assert said in str(refused.value)


def test_an_element_without_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(InputError, match="Fe is not among the elements of the space, Hf, Mo, Nb, Ta, W"):
        without_element(ALLOYS, "Fe")
    space = ALLOYS
    for symbol in ("Hf", "Mo", "Nb"):
        space = without_element(space, symbol)
    with pytest.raises(InputError, match="nothing of the space is left without Ta"):
        without_element(space, "Ta")
    steps = AlloySpace.build(["Ni", "Al", "Ti"], balance="Ni", steps={"Al": 0.02}, count=(2, 3), upper=0.3)
    with pytest.raises(InputError, match="Ni takes what the other elements leave"):
        without_element(steps, "Ni")
