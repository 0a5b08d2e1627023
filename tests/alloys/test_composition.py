from __future__ import annotations

import pytest
from hypothesis import given

from alloys.composition import Composition, parse_formulas
from alloys.errors import InputError
from tests.strategies import compositions


@given(compositions())
def test_canonical_text_and_formula_identify_a_composition(composition: Composition) -> None:
    assert Composition.from_canonical(composition.canonical()) == composition
    assert sum(composition.fractions().values()) == pytest.approx(1.0)
    assert composition.elements == tuple(sorted(composition.elements))


@given(compositions())
def test_the_same_alloy_in_any_amounts_is_the_same(composition: Composition) -> None:
    parts = {symbol: fraction * 7 for symbol, fraction in composition.items}
    assert Composition.from_amounts(parts).digest() == composition.digest()


@pytest.mark.parametrize(
    ("formula", "plain"),
    [
        ("Hf1 Nb1 Ta1", "HfNbTa"),
        ("(MoW)0.5NbTa", "Mo0.5W0.5NbTa"),
        ("[Al0.5]CoCrFeNi", "Al0.5CoCrFeNi"),
        ("Al₀.₅CoCrFeNi", "Al0.5CoCrFeNi"),
        ("Al_{0.5}CoCrFeNi", "Al0.5CoCrFeNi"),
        ("Al$_{0,5}$CoCr", "Al0.5CoCr"),
        ("Al<sub>2</sub>Co", "Al2Co"),
        ("(Fe0.75B0.15Si0.10)99Nb1", "Fe74.25B14.85Si9.9Nb1"),
        ("((Fe0.7Co0.3)0.75B0.2Si0.05)96Nb4", "Fe50.4Co21.6B19.2Si4.8Nb4"),
        ("La70Al14(CuNi)16", "La70Al14Cu8Ni8"),  # which is a whole only where the bracket has 16 together
        ("Ca3(PO4)2", "Ca3P2O8"),
    ],
)
def test_formulas_are_read_as_tables_write_them(formula: str, plain: str) -> None:
    assert Composition.parse(formula) == Composition.parse(plain)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("Ti-6Al-4V", "means 6 of Al, 4 of V and the rest Ti, mostly in percent of weight"),
        ("Ti-6Al-4V (wt.%)", "a formula holds amounts of atoms"),
        ("(NbTa", "cannot read the formula"),
        ("NbTa)2", "cannot read the formula"),
        ("(NbTa]2", "cannot read the formula"),
        ("(2Nb)", "cannot read the formula"),
        ("Nb 2", "cannot read the formula"),
        ("()", "at least one element"),
        ("(" * 300, "cannot read the formula"),
        ("NbXx", "unknown element 'Xx'"),
        ("Nb-Ta", "cannot read the formula"),
        ("", "at least one element"),
        ("Nb0Ta0", "at least one element"),
        ("nb", "cannot read the formula"),
        ("Nb0.5Mo0.4", "sum to 0.9, not 1"),
        ("=1+1", "cannot read the formula"),
    ],
)
def test_bad_formulas_say_what_is_wrong(formula: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Composition.parse(formula)


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), -0.1])
def test_bad_amounts_are_refused(amount: float) -> None:
    with pytest.raises(InputError, match="Nb"):
        Composition.from_amounts({"Nb": amount, "Ta": 1.0})


def test_fractions_that_do_not_sum_are_refused() -> None:
    with pytest.raises(InputError, match="sum to 1"):
        Composition.from_canonical("Nb:1/2,Ta:1/3")


def test_every_bad_formula_is_named_at_once() -> None:
    with pytest.raises(InputError, match=r"Xx.*Yy"):
        parse_formulas(["NbXx", "NbTa", "TaYy"])


@pytest.mark.parametrize(
    "text", ["Nb:1e999999999", "Nb:0.5,Ta:0.5", "Nb:-1,Ta:2", "Nb:1/0", "Nb", "Nb:1:1", "Nb:²", ""]
)
def test_what_is_no_canonical_text_is_refused_at_once(text: str) -> None:
    with pytest.raises(InputError):
        Composition.from_canonical(text)
