"""Designs: one identity for a composition and its variables, exact in text and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloys.composition import Composition
from alloys.design import Design, Value, read_variable, variable_names, variable_text
from alloys.errors import InputError

ALLOY = Composition.parse("Nb45Ta25Ti15Hf15")

names = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
    lambda text: isinstance(read_variable(text), str) and text.isprintable()
)
numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
variables = st.dictionaries(names, words | numbers | st.booleans(), max_size=4)


@given(variables)
def test_a_design_survives_its_canonical_text_and_its_cells(chosen: dict[str, Value]) -> None:
    design = Design.of(ALLOY, chosen)
    again = Design.from_canonical(design.canonical())
    assert again == design
    assert hash(again) == hash(design)
    assert again.canonical() == design.canonical()
    cells = {name: variable_text(value) for name, value in design.variables}
    assert Design.of(ALLOY, {name: read_variable(cell) for name, cell in cells.items()}) == design


def test_without_variables_a_design_is_named_as_its_composition() -> None:
    design = Design(ALLOY)
    assert design.canonical() == ALLOY.canonical()
    assert design.digest() == ALLOY.digest()
    assert str(design) == str(ALLOY)
    assert design.named() == {"formula": "Hf15Nb45Ta25Ti15"}


def test_one_value_has_one_text() -> None:
    same = [Design.of(ALLOY, {"anneal_c": value}) for value in (900, 900.0)]
    assert same[0] == same[1]
    assert same[0].digest() == same[1].digest()
    huge = [Design.of(ALLOY, {"dose": value}) for value in (10**20, 1e20)]
    assert huge[0].canonical() == huge[1].canonical()
    assert Design.of(ALLOY, {"b": 1, "a": 2}) == Design.of(ALLOY, {"a": 2, "b": 1})


def test_yes_is_another_value_than_one() -> None:
    yes, one = Design.of(ALLOY, {"quenched": True}), Design.of(ALLOY, {"quenched": 1})
    assert yes != one
    assert len({yes, one, Design(ALLOY)}) == 3
    assert yes.named() == {"formula": "Hf15Nb45Ta25Ti15", "variables": {"quenched": True}}


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"Anneal": 900}, "small letters"),
        ({"": 900}, "small letters"),
        ({"anneal_c": math.nan}, "finite number"),
        ({"anneal_c": -math.inf}, "finite number"),
        ({"anneal_c": 10**400}, "finite number"),
        ({"anneal_c": None}, "must be text, a number"),
        ({"anneal_c": [900]}, "must be text, a number"),
        ({"route": ""}, "printable"),
        ({"route": " cast"}, "printable"),
        ({"route": "ca\0st"}, "printable"),
        ({"route": "900"}, "give it as one"),
        ({"route": "True"}, "give it as one"),
    ],
)
def test_what_a_variable_cannot_be_is_refused(chosen: dict[str, Value], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Design.of(ALLOY, chosen)


def test_variables_are_in_order_and_distinct() -> None:
    for given_ in ((("b", 1), ("a", 1)), (("a", 1), ("a", 2))):
        with pytest.raises(InputError, match="alphabetical order"):
            Design(ALLOY, given_)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nb",
        "Nb:1;",
        "Nb:1;[]",
        "Nb:1;{}",
        'Nb:1;{"a":1.0}',
        'Nb:1;{"b":1,"a":2}',
        'Nb:1;{"a":NaN}',
        "Nb:1;" + "[" * 5000,
    ],
)
def test_other_texts_are_no_designs(text: str) -> None:
    with pytest.raises(InputError):
        Design.from_canonical(text)


def test_names_of_variables() -> None:
    designs = [Design(ALLOY), Design.of(ALLOY, {"route": "cast"}), Design.of(ALLOY, {"anneal_c": 900, "route": "cast"})]
    assert variable_names(designs) == ("anneal_c", "route")
