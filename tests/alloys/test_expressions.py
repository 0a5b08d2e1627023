"""Arithmetic in configurations."""

from fractions import Fraction

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.expressions import Expression


def test_an_expression_is_arithmetic_over_arrays() -> None:
    read = Expression.parse("sqrt(hardness) / max(density, 2) - 3 ** -1")
    assert read.names == ("hardness", "density")
    found = read.evaluate({"hardness": np.array([4.0, 9.0]), "density": np.array([1.0, 3.0])})
    np.testing.assert_allclose(found, [1 - 1 / 3, 1 - 1 / 3])


def test_exact_numbers_stay_exact() -> None:
    read = Expression.parse("2 * x_Al + x_Ti / 3")
    assert read.evaluate({"x_Al": Fraction(1, 7), "x_Ti": Fraction(1, 2)}) == Fraction(2, 7) + Fraction(1, 6)


def test_numbers_that_divide_by_zero_are_told() -> None:
    with pytest.raises(InputError, match="divides by zero"):
        Expression.parse("1 / (2 - 2)").evaluate({})
    assert np.isinf(Expression.parse("1 / a").evaluate({"a": np.zeros(1)}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "__import__('os').system('x')",
        "a.b",
        "a[0]",
        "open(a)",
        "a if b else c",
        "a < b",
        "'x'",
        "True",
        "lambda: 1",
        "9**9**9**9",
        "a ** b",
        "a ^ 2",
        "min(a)",
        "sqrt(x=a)",
        "a, b",
        "(" * 300 + "a" + ")" * 300,
        "a+" * 400 + "a",
        "\0",
    ],
)
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError) as told:
        Expression.parse(text)
    assert "\n" not in str(told.value).replace("\\n", "")


def test_a_name_without_a_value_is_told() -> None:
    with pytest.raises(InputError, match="names b, which is nothing here"):
        Expression.parse("a + b").evaluate({"a": 1.0})


def test_a_number_too_large_is_told() -> None:
    with pytest.raises(InputError, match="cannot be computed"):
        Expression.parse("(1e300 ** 10)").evaluate({})
