"""Which formulas are neutral and balanced: as smact says, for every list of oxidation states."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import pytest

from alloys.composition import amounts_in
from alloys.errors import InputError
from alloys.space.formula.ions import StateSet, ions_of, refuse_unknown
from alloys.space.formula.rules import IonicRules

WIDE = tuple(
    "Ac Ag Al As Au B Ba Be Bi Br C Ca Cd Ce Cl Co Cr Cs Cu Dy Er Eu F Fe Ga Gd Ge H Hf Hg Ho I In Ir K La Li Lu Mg Mn "
    "Mo N Na Nb Nd Ni Np O Os P Pa Pb Pd Pm Pr Pt Pu Rb Re Rh Ru S Sb Sc Se Si Sm Sn Sr Ta Tb Tc Te Th Ti Tl Tm U V W "
    "Xe Y Yb Zn Zr".split()
)


def _points(elements: tuple[str, ...], formulas: list[str]) -> np.ndarray:
    amounts: list[Mapping[str, object]] = [amounts_in(text) for text in formulas]
    return np.array([[int(str(a.get(symbol, 0))) for symbol in elements] for a in amounts], dtype=np.int64)


def _random(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = np.zeros((n, len(WIDE)), dtype=np.int64)
    for row in points:
        count = rng.integers(2, 6)
        row[rng.permutation(len(WIDE))[:count]] = rng.integers(1, 9, count)
    return np.asarray(points // np.gcd.reduce(points, axis=1)[:, None])


@pytest.mark.parametrize("states", ["icsd24", "smact14", "icsd16"])
def test_formulas_are_judged_as_smact_judges_them(states: StateSet) -> None:
    from smact.screening import smact_validity

    named = None if states == "icsd24" else states  # which it takes if nothing is said
    points, rules = _random(250, 3), IonicRules(WIDE, states)
    for point, balanced, neutral in zip(points, rules.balanced(points), rules.neutral(points), strict=True):
        formula = "".join(f"{symbol}{count}" for symbol, count in zip(WIDE, point, strict=True) if count)
        said = [
            smact_validity(formula, use_pauling_test=test, include_alloys=False, oxidation_states_set=named)
            for test in (True, False)
        ]
        assert [balanced, neutral] == said, formula


def test_salts_are_balanced_and_what_lacks_an_ion_is_not() -> None:
    elements = ("Cl", "Cs", "Fe", "Na", "O", "Ti")
    good = ["NaCl", "Fe2O3", "FeO", "TiO2", "CsCl", "Na2TiO3", "FeTiO3", "ClNa", "Fe", "NaClO4"]
    bad = ["NaCl2", "Na2Cl", "NaFe", "CsNa", "Ti7O", "Fe3O4"]
    rules = IonicRules(elements)
    assert rules.balanced(_points(elements, good)).all()
    assert not rules.balanced(_points(elements, bad)).any()


def test_the_common_states_are_fewer() -> None:
    elements = ("Cl", "N", "Na", "O")
    odd = _points(elements, ["N2O"])  # of N+, which is rare
    assert IonicRules(elements).balanced(odd).all()
    assert not IonicRules(elements, "icsd24_common").balanced(odd).any()


def test_what_has_no_known_electronegativity_is_neutral_but_not_balanced() -> None:
    elements = ("Cl", "Pm")
    salt, rules = np.array([[3, 1]]), IonicRules(elements)
    assert rules.neutral(salt).all()
    assert not rules.balanced(salt).any()


def test_elements_that_nothing_is_known_of_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="no oxidation states are known of Ar, He and no electronegativity is known"):
        refuse_unknown(ions_of(("Ar", "Cl", "He", "Na", "Pm"), "icsd24"), balanced=True)
    with pytest.raises(InputError, match="no electronegativity is known of Pm; leave them out"):
        refuse_unknown(ions_of(("Cl", "Na", "Pm"), "icsd24"), balanced=True)
    refuse_unknown(ions_of(("Cl", "Na", "Pm"), "icsd24"), balanced=False)


def test_two_million_formulas_take_about_a_minute_at_most() -> None:
    points, rules = np.tile(_random(2_000, 4), (10, 1)), IonicRules(WIDE)
    began = time.process_time()
    rules.balanced(points)
    assert time.process_time() - began < 60 / 100
