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
    ("formula", "message"),
    [
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
