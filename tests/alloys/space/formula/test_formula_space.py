"""Spaces of formulas: what is drawn is neutral by construction, exact, and written as chemists write it."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.exclusion.spaces import without_element, without_region
from alloys.space import FormulaSpace, Points
from alloys.space.formula import FormulaSpec
from alloys.space.formula.drawing import Charges
from tests.alloys.space.formula.test_ionic_rules import WIDE

MANY = tuple(symbol for symbol in WIDE if symbol != "Pm")


def _all_of(space: FormulaSpace) -> set[bytes]:
    """Every formula of a small space, by trying all numbers of atoms."""
    counts = itertools.product(range(space.most_atoms + 1), repeat=space.dimension)
    points: Points = np.array([row for row in counts if any(row)], dtype=np.int64)
    return set(space.keys(points[space.contains(points)]))


@pytest.mark.parametrize("charges", ["balanced", "neutral", "any"])
@pytest.mark.parametrize("elements", [("Cl", "Ir", "Pt", "Sn"), ("H", "Mo", "Si"), ("K", "O")])
def test_exactly_the_formulas_of_the_space_are_drawn(elements: tuple[str, ...], charges: Charges) -> None:
    space = FormulaSpace(elements, 3, 1, 4, charges)
    drawn = space.sample(20_000, np.random.default_rng(0))
    assert set(space.keys(drawn)) == _all_of(space)


def test_what_is_drawn_of_84_elements_is_neutral_with_each_number_of_elements_alike() -> None:
    space = FormulaSpace(MANY)
    points = space.sample(2000, np.random.default_rng(1))
    assert space.contains(points).all()
    numbers = np.bincount((points > 0).sum(axis=1))[2:]
    np.testing.assert_allclose(numbers / 2000, 0.25, atol=0.05)
    assert (points > 0).any(axis=0).all()


def test_a_third_of_an_atom_is_kept_exactly_and_written_in_whole_atoms() -> None:
    space = FormulaSpace(("Fe", "Na", "O", "Ti"))
    for text in ("TiO2", "Fe2O3", "Na2O", "NaFeO2"):
        design = Design.parse(text)
        again = space.design(space.point_of(design))
        assert again == design
        assert str(again) == again.formula == text
        assert Design.parse(str(again)).canonical() == again.canonical() == design.canonical()
    assert dict(space.design(np.array([0, 0, 2, 1])).composition.items)["O"] == Fraction(2, 3)


def test_a_rounded_formula_counts_as_the_one_that_is_meant() -> None:
    space = FormulaSpace(("Fe", "Na", "O", "Ti"))
    rounded = Composition.parse("O66.667Ti33.333")
    assert space.nearest(Design(rounded)) is not None
    assert space.nearest(Design(Composition.parse("O60Ti40"))) is not None  # Ti2O3
    assert space.nearest(Design(Composition.parse("O66.1Ti33.9"))) is None


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("Na2Cl", "no oxidation states make it neutral"),
        ("Na9Cl9O", "9 atoms of Cl, allowed are up to 8"),
        ("KNaCl2", "KNaCl2 has K, outside the space"),
        ("NaFeTiClSO4", "6 elements, allowed are 2 to 5"),
        ("NaCl3O", "only with a positive charge on a more electronegative element"),
    ],
)
def test_a_formula_outside_is_refused_with_the_rule_that_it_breaks(formula: str, said: str) -> None:
    space = FormulaSpace(("Cl", "Fe", "Na", "O", "S", "Ti"), states="icsd24")
    with pytest.raises(InputError, match=said):
        space.point_of(Design.parse(formula))


def test_ions_of_the_same_charge_are_neighbours() -> None:
    space = FormulaSpace(("Ca", "Cl", "K", "Mg", "Na", "O"))
    around = {str(space.design(row)) for row in space.neighbours(space.point_of(Design.parse("NaCl")))}
    assert "KCl" in around
    assert "MgCl" not in around


def test_no_neutral_formula_is_found_out_before_anything_is_drawn() -> None:
    with pytest.raises(InputError, match="no formula of 2 to 3 of K, Na with at most 8 atoms of each is neutral"):
        FormulaSpec(kind="formula", elements=["Na", "K"], elements_count=[2, 3]).build()
    with pytest.raises(InputError, match="at most 1 atoms of each"):
        FormulaSpec(kind="formula", elements=["Na", "O"], most_atoms=1, states="icsd24_common").build()


def test_elements_without_ions_and_contradictions_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="no oxidation states are known of Ar"):
        FormulaSpec(kind="formula", elements=["Na", "Cl", "Ar"]).build()
    with pytest.raises(InputError, match="'Xx' is not a chemical element"):
        FormulaSpec(kind="formula", elements=["Na", "Xx"]).build()
    with pytest.raises(InputError, match="3 to 2 of 3 elements are contradictory"):
        FormulaSpec(kind="formula", elements=["Na", "Cl", "O"], elements_count=[3, 2]).build()


def test_a_region_that_leaves_a_small_share_of_many_elements_leaves_enough_to_draw_from() -> None:
    space = without_region(FormulaSpace(MANY), "x_F < 0.75")  # of draws at random one in a hundred keeps it
    points = space.sample(400, np.random.default_rng(0))
    assert space.contains(points).all()
    assert space.fractions(points)[:, space.elements.index("F")].min() >= 0.75
    assert len(np.unique(points, axis=0)) > 100


def test_an_excluded_element_or_region_is_never_drawn_nor_reached() -> None:
    space = FormulaSpace(("Ca", "Cl", "K", "Mg", "Na", "O"))
    without = without_region(without_element(space, "Ca"), "x_O >= 0.5")
    assert isinstance(without, FormulaSpace)
    points = without.sample(300, np.random.default_rng(2))
    assert "Ca" not in without.elements
    assert without.fractions(points)[:, without.elements.index("O")].max() < 0.5
    with pytest.raises(InputError, match=r"breaks the rule 'not x_O >= 0.5'"):
        without.point_of(Design.parse("MgO"))
    with pytest.raises(InputError, match="hardly anything of the space is left"):
        without_region(space, "x_O + x_Cl > 0.1")
    with pytest.raises(InputError, match="nothing of the space is left without O"):
        without_element(FormulaSpace(("Na", "O")), "O")
