"""What a person has in pymatgen is a formula here."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from pymatgen.core import Composition as Amounts
from pymatgen.core import DummySpecies, Element, Lattice, Molecule, Species, Structure

from alloys.composition import Composition, composition_of, parse_formulas
from alloys.design import Design
from alloys.errors import InputError

DISORDERED = Structure(
    Lattice.cubic(3.2), [{"Nb": 0.25, "Ta": 0.25, "W": 0.5}, {"Nb": 1 / 3, "Ta": 0.5}], [[0, 0, 0], [0.5, 0.5, 0.5]]
)
"""Two sites that several elements share, the second of them partly vacant: 7/12 Nb, 9/12 Ta, 6/12 W."""
MAGNETITE = {Species("Fe", 2): 1, Species("Fe", 3): 2, Species("O", -2): 4}


@pytest.mark.parametrize(
    ("given", "formula"),
    [
        (Amounts("NbMoTaW"), "NbMoTaW"),
        (Amounts("Nb0.45Ta0.25Ti0.15Hf0.15"), "Nb45Ta25Ti15Hf15"),
        (Amounts({"Nb": 1 / 3, "Ta": 2 / 3}), "NbTa2"),
        (Amounts("Al2(CoCrFeNi)7").fractional_composition, "Al2(CoCrFeNi)7"),
        (Amounts(MAGNETITE), "Fe3O4"),
        (Structure(Lattice.cubic(2.9), ["Al", "Ni"], [[0, 0, 0], [0.5, 0.5, 0.5]]), "AlNi"),
        (DISORDERED, "Nb7Ta9W6"),
        (Structure(Lattice.cubic(4.2), ["Mg2+", "O2-"], [[0, 0, 0], [0.5, 0.5, 0.5]]), "MgO"),
        (Molecule(["Ti", "C"], [[0, 0, 0], [0, 0, 2]]), "TiC"),
    ],
)
def test_a_composition_or_structure_of_pymatgen_is_a_formula(given: Any, formula: str) -> None:
    assert Composition.parse(given) == Composition.parse(formula)
    assert Design.parse(given, {"anneal_c": 900}) == Design.parse(formula, {"anneal_c": 900})
    assert parse_formulas([given]) == [Composition.parse(formula)]
    assert Composition.from_amounts(given) == Composition.parse(formula)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (Amounts({Element("D"): 1, "Nb": 1}), "'D' in .* is no chemical element"),
        (Amounts({"D+": 1, "Nb": 1}), "'D' in .* is no chemical element"),
        (Amounts({DummySpecies("X", 0): 1, "Nb": 1}), "'X.*' in .* is no chemical element"),
        (Amounts({}), "at least one element"),
        (Amounts({"Nb": -1, "Ta": 2}, allow_negative=True), "must not be negative"),
        (Structure(Lattice.cubic(3), [], []), "at least one element"),
        (Element("Nb"), "a formula is a text .*; got Element 'Nb'"),
        (
            3.5,
            "a formula is a text such as Nb45Ta25Ti15Hf15, or a Composition or Structure of pymatgen; got float '3.5'",
        ),
        (Structure, "a formula is a text"),
    ],
)
def test_what_is_no_composition_is_refused_with_the_reason(given: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        Composition.parse(given)


def test_decimals_that_mean_no_simple_fraction_stay() -> None:
    found = composition_of(Amounts("Nb0.12345Ta0.87655"))
    assert found is not None
    assert dict(found.items)["Nb"] == Fraction(12345, 100000)


def test_a_known_design_is_meant_also_by_its_rounded_amounts() -> None:
    known = Design.parse("Nb2Ta5W4")
    assert str(known) == "Nb18.182Ta45.455W36.364"
    assert Design.known_as(Amounts("Nb18.182Ta45.455W36.364"), [known]) == known
    assert Design.known_as(DISORDERED, [known]) == Design.parse("Nb7Ta9W6")


@pytest.mark.parametrize("formula", ["NbTa2", "Nb45Ta25Ti15Hf15", "Nb7Ta9W6", "Nb", "Nb0.12345Ta0.87655"])
def test_a_composition_has_a_formula_that_says_it_exactly(formula: str) -> None:
    composition = Composition.parse(formula)
    assert Composition.parse(composition.exactly()) == composition
