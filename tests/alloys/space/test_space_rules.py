"""Rules, steps, balances and weights of alloy spaces, held against all compositions of small grids."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError, MistakesError
from alloys.physics.basis import atomic_masses
from alloys.space import AlloySpace

Amounts = dict[str, Fraction]
Law = Callable[[Amounts], bool]

FIVE = ("Al", "Co", "Cr", "Fe", "Ni")
COARSE: dict[str, Any] = {"step": 0.1, "lower": 0.1, "upper": 0.6, "count": (2, 4)}

RULES: dict[str, Law] = {
    "x_Al + x_Cr <= 0.3": lambda x: x["Al"] + x["Cr"] <= Fraction(3, 10),
    "0.5*x_Ni >= x_Al": lambda x: x["Ni"] / 2 >= x["Al"],
    "x_Ni / x_Co <= 2": lambda x: x["Ni"] <= 2 * x["Co"],
    "x_Ni / (x_Ni + x_Co) >= 0.4": lambda x: x["Ni"] * 5 >= 2 * (x["Ni"] + x["Co"]),
    "x_Ni == x_Co": lambda x: x["Ni"] == x["Co"],
    "x_Ni + x_Fe = 2 * (x_Co + x_Cr)": lambda x: x["Ni"] + x["Fe"] == 2 * (x["Co"] + x["Cr"]),
    "0.2 <= x_Al + x_Cr <= 0.1 + 0.2": lambda x: Fraction(1, 5) <= x["Al"] + x["Cr"] <= Fraction(3, 10),
    "1 - x_Fe >= 3 * x_Al": lambda x: 1 - x["Fe"] >= 3 * x["Al"],
    "x_Al / 3 <= 0.1": lambda x: x["Al"] <= Fraction(3, 10),
}


def _all(space: AlloySpace, laws: tuple[Law, ...] = ()) -> set[tuple[int, ...]]:
    """Every composition that the bounds and some laws allow, by looking at all."""
    steps = range(space.total + 1)
    found = set()
    for front in itertools.product(steps, repeat=space.dimension - 1):
        point = (*front, space.total - sum(front))
        amounts = {s: Fraction(u, space.total) for s, u in zip(space.elements, point, strict=True)}
        present = [u for u in point if u]
        if (
            space.fewest <= len(present) <= space.most
            and all(not u or low <= u <= high for u, low, high in zip(point, space.lower, space.upper, strict=True))
            and all(law(amounts) for law in laws)
        ):
            found.add(point)
    return found


def _drawn(space: AlloySpace, count: int) -> set[tuple[int, ...]]:
    return {tuple(row) for row in space.sample(count, np.random.default_rng(0)).tolist()}


@pytest.mark.parametrize("text", RULES)
def test_a_rule_allows_what_it_says_to_the_last_step_and_everything_is_drawn(text: str) -> None:
    space = AlloySpace.build(FIVE, rules=[text], **COARSE)
    expected = _all(space, (RULES[text],))
    grid = np.array(list(itertools.product(range(11), repeat=5)))
    assert {tuple(row) for row in grid[space.contains(grid)].tolist()} == expected
    assert _drawn(space, 40 * len(expected)) == expected


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from(list(RULES)), min_size=1, max_size=3, unique=True), st.integers(0, 99))
def test_rules_together_leave_what_each_leaves(texts: list[str], seed: int) -> None:
    expected = _all(AlloySpace.build(FIVE, **COARSE), tuple(RULES[text] for text in texts))
    try:
        space = AlloySpace.build(FIVE, rules=texts, **COARSE)
    except MistakesError:
        space = None
    assert (space is None) == (not all(any(point[i] for point in expected) for i in range(5)))
    if space is None:
        return
    points = space.sample(50, np.random.default_rng(seed))
    assert {tuple(row) for row in points.tolist()} <= expected
    for point in points[:5]:
        assert {tuple(row) for row in space.neighbours(point).tolist()} <= expected
    wishes = np.random.default_rng(seed).dirichlet(np.ones(5), 50)
    assert {tuple(row) for row in space.round_to_grid(wishes).tolist()} <= expected


def test_every_composition_is_drawn_as_often_as_others_of_its_elements() -> None:
    space = AlloySpace.build(FIVE, rules=["x_Al + x_Cr <= 0.3"], **{**COARSE, "count": (5, 5)})
    _, times = np.unique(space.sample(20_000, np.random.default_rng(0)), axis=0, return_counts=True)
    assert len(times) == len(_all(space, (RULES["x_Al + x_Cr <= 0.3"],))) == 51
    assert np.square(times - times.mean()).sum() / times.mean() < 90  # chi-square of 50 degrees of freedom, 0.05 %


def test_compositions_that_no_move_leads_to_are_drawn_too() -> None:
    space = AlloySpace.build(
        FIVE[:4], step=0.1, lower=0.1, upper=0.4, count=(4, 4), rules=["2*x_Cr + x_Fe + 0.4 == 3*x_Al + x_Co"]
    )
    assert _drawn(space, 200) == {(2, 4, 2, 2), (3, 2, 2, 3), (4, 1, 4, 1)}
    assert len(space.neighbours(np.array([4, 1, 4, 1]))) == 0


def test_moves_lead_from_anywhere_to_everywhere() -> None:
    space = AlloySpace.build(FIVE, rules=["x_Ni == x_Co", "x_Al <= 0.4"], **COARSE)
    reached, fresh = set[tuple[int, ...]](), [tuple(space.sample(1, np.random.default_rng(0))[0].tolist())]
    while fresh:
        reached.update(fresh)
        around = [tuple(row) for point in fresh for row in space.neighbours(np.array(point)).tolist()]
        fresh = list(set(around) - reached)
    assert reached == _all(space, (RULES["x_Ni == x_Co"], lambda x: x["Al"] <= Fraction(2, 5)))


def test_an_addition_goes_by_a_step_of_its_own_and_the_balance_takes_the_rest() -> None:
    space = AlloySpace.build(
        ["B", "Cr", "Fe"], step=0.1, lower=0.1, upper=0.4, steps={"B": 0.005}, balance="Fe", count=(1, 3),
        rules=["x_B <= 0.02"],
    )  # fmt: skip
    assert _drawn(space, 2000) == {(b, cr, 200 - b - cr) for b in range(5) for cr in (0, 20, 40, 60, 80)}
    assert space.point_of(Design.parse("Fe89.5Cr10B0.5")).tolist() == [1, 20, 179]
    for formula, why in (
        ("Fe88Cr10B2.5", "B 2.48756|not on the grid"),
        ("Fe87.5Cr10B2.5", "B 2.5 at.% breaks the rule 'x_B <= 0.02'"),
        ("Fe84.5Cr15B0.5", "Cr 15 at.% is no whole number of steps of 10"),
        ("Cr40B60", "Fe, which takes what the others leave, is not there"),
    ):
        with pytest.raises(InputError, match=why):
            space.point_of(Design.parse(formula))
    near = space.nearest(Design.parse("Fe87.83Cr11B1.17"))
    assert near is not None
    assert near.tolist() == [2, 20, 178]


STEEL: dict[str, Any] = {
    "elements": ["Al", "Cr", "Fe", "Mn", "Ni", "Si", "W"], "basis": "wt", "step": 0.001, "lower": 0.001, "upper": 0.2,
    "count": (3, 7), "balance": "Fe",
}  # fmt: skip


def test_weights_are_designs_that_come_back_from_their_formulas() -> None:
    space = AlloySpace.build(**STEEL, rules=["w_Al + w_Si <= 0.03", "w_Cr / w_Ni >= 1.5"])
    masses = atomic_masses(space.elements)
    points = np.unique(space.sample(1000, np.random.default_rng(0)), axis=0)
    designs = [space.design(point) for point in points]
    assert len({design.formula for design in designs}) == len(points)
    for point, design in zip(points, designs, strict=True):
        again = Design.parse(design.formula)
        assert again == design
        assert (space.point_of(again) == point).all()
        weights = {s: x * masses[s] for s, x in design.composition.items}
        whole = sum(weights.values())
        for symbol, steps in zip(space.elements, point.tolist(), strict=True):
            assert abs(weights.get(symbol, Fraction(0)) / whole - Fraction(steps, 1000)) < Fraction(1, 100_000)


def test_a_steel_as_it_is_specified() -> None:
    space = AlloySpace.build(
        ["C", "Fe", "Mn", "N", "Nb", "Si"], basis="wt", step=0.001, steps={"C": 0.0005, "Nb": 0.0001, "N": 0.0001},
        bounds={"C": (0.001, 0.01), "Mn": (0.005, 0.02), "Si": (0.001, 0.01), "Nb": (0.0002, 0.001)},
        upper=0.0003, lower=0.0003, balance="Fe", count=(4, 6), rules=["w_Nb / w_N >= 4", "w_C + w_Mn / 6 <= 0.008"],
    )  # fmt: skip
    points = space.sample(5000, np.random.default_rng(0))
    assert space.contains(points).all()
    assert len(np.unique(points, axis=0)) > 1500
    c, fe, mn, n, nb, _ = points.T / space.total
    assert (c.max(), n.max(), nb.max()) == (0.008, 0.0002, 0.001)
    assert fe.min() > 0.95
    assert mn.max() == 0.02
    for point in points[:200]:
        assert (space.point_of(Design.parse(str(space.design(point)))) == point).all()
        assert len(space.neighbours(point))


def test_a_weight_on_the_bound_is_inside() -> None:
    space = AlloySpace.build(**STEEL, rules=["w_Al + w_Si <= 0.03"])
    masses = atomic_masses(space.elements)
    for al, si, inside in ((15, 15, True), (15, 16, False)):
        weights = {"Al": al, "Si": si, "Fe": 1000 - al - si}
        design = Design(Composition.from_amounts({s: Fraction(w) / masses[s] for s, w in weights.items()}))
        if inside:
            assert space.point_of(design)[[0, 5]].tolist() == [al, si]
        else:
            with pytest.raises(InputError, match="Al 1.5, Si 1.6 wt.% breaks the rule".replace(".", r"\.")):
                space.point_of(design)


@pytest.mark.parametrize(("basis", "kind"), [("at", "w"), ("wt", "x")])
def test_rules_may_be_in_the_other_basis(basis: str, kind: str) -> None:
    space = AlloySpace.build(**{**STEEL, "basis": basis}, rules=[f"{kind}_W + 2*{kind}_Al <= 0.05"])
    masses = atomic_masses(space.elements)
    points = AlloySpace.build(**{**STEEL, "basis": basis}).sample(500, np.random.default_rng(1))
    said = space.contains(points)
    assert 0 < said.mean() < 1
    for point, inside in zip(points.tolist(), said, strict=True):
        factor = {s: masses[s] if kind == "w" else 1 / masses[s] for s in space.elements}
        other = {s: u * factor[s] for s, u in zip(space.elements, point, strict=True)}
        excess = (other["W"] + 2 * other["Al"]) / sum(other.values()) - Fraction(1, 20)
        assert inside == (excess <= 0) or abs(excess) < 1e-7


@pytest.mark.parametrize(
    ("given", "place", "message"),
    [
        ({"rules": ["x_Al + x_Cr"]}, ("rules", 0), "the rule 'x_Al \\+ x_Cr' has no <=, >= or =="),
        ({"rules": ["x_Al < 0.3"]}, ("rules", 0), "has < or >; write <= or >="),
        ({"rules": ["x_Al <= 0.3", "x_Zr <= 0.3"]}, ("rules", 1), "names Zr, outside the space of Al-Co-Cr-Fe-Ni"),
        ({"rules": ["x_Al * x_Cr <= 0.3"]}, ("rules", 0), "is not linear"),
        ({"rules": ["x_Al / x_Cr <= x_Ni"]}, ("rules", 0), "is not linear"),
        ({"rules": ["sqrt(x_Al) <= 0.3"]}, ("rules", 0), "is not linear"),
        ({"rules": ["x_Al ** 2 <= 0.3"]}, ("rules", 0), "is not linear"),
        ({"rules": ["x_Al / (x_Cr - x_Ni) <= 0.3"]}, ("rules", 0), "divides by what may be negative"),
        ({"rules": ["x_Al / 0 <= 0.3"]}, ("rules", 0), "divides by zero"),
        ({"rules": ["0.1 <= 0.3"]}, ("rules", 0), "names no element"),
        ({"rules": ["x_Al + x_Cr <= 30"]}, ("rules", 0), "always holds; amounts are fractions: write 0.3 for 30 %"),
        ({"rules": ["x_Al <= 0.3", "x_Ni == x_Co"] + ["x_Al == x_Cr"] * 4}, ("rules", 5), "at most 4 rules"),
        ({"rules": ["x_Al <= 0.3 <= 0.4"]}, ("rules", 0), "compares two numbers"),
        ({"rules": ["w_Al + x_Cr <= 0.3"]}, ("rules", 0), "atomic and weight fractions"),
        ({"rules": ["Al <= 0.3"]}, ("rules", 0), "names Al; amounts are x_ELEMENT"),
        ({"rules": ["x_Al <= "]}, ("rules", 0), "cannot read the expression ''"),
        ({"rules": ["x_Al <= __import__('os')"]}, ("rules", 0), "calls what is no function"),
        ({"rules": ["0.123456789123*x_Al <= 0.987654321987*x_Cr + 1/7000000003"]}, ("rules", 0), "too many digits"),
        ({"rules": ["x_Ni >= 0.4", "x_Co <= 0.4", "x_Ni <= 0.3"]}, ("rules", 2), "'x_Ni >= 0.4' and 'x_Ni <= 0.3'"),
        ({"rules": ["x_Ni >= 0.8"]}, ("rules", 0), "satisfies 'x_Ni >= 0.8'; change the rule or the bounds"),
        ({"rules": ["x_Al <= 0.03"]}, ("rules",), "leave no composition with Al"),
        ({"bounds": {"Al": (0.055, 0.2)}}, ("bounds", "Al"), "lower bound of Al must be a whole number of steps"),
        ({"steps": {"Al": 0.003}, "balance": "Fe"}, ("steps", "Al"), "the step of Al must divide 1 exactly"),
        ({"steps": {"Al": 0.005}}, ("steps",), "need balance"),
        ({"steps": {"Fe": 0.005}, "balance": "Fe"}, ("steps", "Fe"), "leave it out of steps"),
        ({"steps": {"Zr": 0.005}, "balance": "Fe"}, ("steps", "Zr"), "outside the space: Zr"),
        ({"balance": "Zr"}, ("balance",), "the balance Zr is not among the elements"),
        ({"elements": [*FIVE, "Al"]}, ("elements",), "Al is named twice"),
        ({"elements": [*FIVE, "Xx"]}, ("elements",), "'Xx' is not a chemical element"),
        ({"basis": "wt", "step": 0.000001, "lower": 0.05}, ("step",), "is too fine"),
        ({"limits": [("Al", 0.1, "Zr")]}, ("limits", 0), "a limit names Zr"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(given: dict[str, Any], place: tuple[object, ...], message: str) -> None:
    with pytest.raises(MistakesError, match=message) as caught:
        AlloySpace.build(**{"elements": FIVE, "count": (2, 4), **given})
    assert place in [where for where, _ in caught.value.mistakes]


def test_limits_that_leave_nothing_are_noticed() -> None:
    with pytest.raises(InputError, match="cannot sum to 1 within them, their steps and their limits"):
        AlloySpace.build(["Al", "Ni"], lower=0.3, upper=0.7, count=(2, 2), limits=[("Al", 0.2, "Ni")])


def test_a_narrow_space_is_built_not_given_up() -> None:
    space = AlloySpace.build(
        "Cr Hf Mo Nb Ta Ti V W Zr".split(), step=0.005, lower=0.005, upper=0.02, count=(9, 9),
        bounds={"Nb": (0.40, 0.60), "Ti": (0.30, 0.50)},
    )  # fmt: skip
    points = space.sample(20_000, np.random.default_rng(0))
    assert space.contains(points).all()
    assert len(np.unique(points, axis=0)) > 18_000
    for column, symbol in enumerate(space.elements):
        seen = np.unique(points[:, column])
        if symbol not in ("Nb", "Ti"):
            assert seen.tolist() == [1, 2, 3, 4]
    steel = AlloySpace.build(
        "Al Cr Fe Mn Mo Ni Si V W".split(), step=0.001, lower=0.01, upper=0.03, count=(9, 9), bounds={"Fe": (0.4, 0.9)}
    )
    assert steel.contains(steel.sample(20_000, np.random.default_rng(0))).all()
