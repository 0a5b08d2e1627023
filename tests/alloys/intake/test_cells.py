from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloys.errors import InputError
from alloys.intake.cells import Amount, Decimal, decimal_mark, is_missing, read_amount


@pytest.mark.parametrize(
    ("cell", "decimal", "amount"),
    [
        ("12", ".", Amount(12.0)),
        ("−5", ".", Amount(-5.0)),
        ("12 ± 3", ".", Amount(12.0, 3.0)),
        ("12±3 GPa", ".", Amount(12.0, 3.0, "GPa")),
        ("1,5 ± 0,2", ",", Amount(1.5, 0.2)),
        ("450 MPa", ".", Amount(450.0, None, "MPa")),
        ("7.8 g/cm³", ".", Amount(7.8, None, "g/cm3")),
        ("1,234", ".", Amount(1234.0)),
        ("1,234", ",", Amount(1.234)),
        ("0,123", "", Amount(0.123)),
        ("1.234,5", ",", Amount(1234.5)),
        ("1\u202f234", ".", Amount(1234.0)),
        ("1.2×10⁻³", ".", Amount(0.0012)),
        ("≈450", ".", Amount(450.0)),
        ("12.", ".", Amount(12.0)),
    ],
)
def test_a_cell_with_one_reading_is_read(cell: str, decimal: Decimal, amount: Amount) -> None:
    assert read_amount(cell, decimal) == amount


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("<5", "a bound"),
        ("≥ 2000", "a bound"),
        ("100–120", "a range"),
        ("12.3(4)", "in brackets"),
        ("12 ± 5 %", "in percent"),
        ("450*", "more than a number"),
        ("450 500", "more than a number"),
        ("2019-05-01", "more than a number"),
        ("=1+1", "no number"),
        ("1e999", "no finite number"),
        ("x" * 10_000, "no number"),
    ],
)
def test_a_cell_with_no_single_reading_says_why(cell: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as told:
        read_amount(cell)
    assert len(str(told.value)) < 200


def test_a_comma_is_thousands_or_decimals_by_what_the_table_shows() -> None:
    assert decimal_mark(["1,5", "1,234"]) == ","
    assert decimal_mark(["1.5", "1,234"]) == "."
    with pytest.raises(InputError, match="two readings"):
        read_amount("1,234", decimal_mark(["1,234", "12"]))


@pytest.mark.parametrize("cell", ["", "-", "—", "n/a", "N/A", "NaN", "#N/A", "not reported", "..."])
def test_words_for_nothing_are_missing(cell: str) -> None:
    assert is_missing(cell)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read(value: float) -> None:
    assert read_amount(repr(value)).value == value


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        assert math.isfinite(read_amount(text, "").value)
