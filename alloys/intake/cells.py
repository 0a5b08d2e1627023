"""Numbers as people write them in cells: read where there is one reading, else refused with the reason."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from alloys.composition import SYMBOLS
from alloys.errors import InputError
from alloys.intake.tables import shown

Decimal = Literal[".", ",", ""]
"""The decimal mark of a table; empty where it does not show, so that ``1,234`` has two readings."""

_MISSING = frozenset(
    "- -- --- . .. ... ? na n/a nan none null nil missing #n/a #na nd n.d. n.a. n.r. nr tbd unknown / \\ "
    "<na> nat -nan 1.#ind -1.#ind 1.#qnan -1.#qnan".split()
) | {"", "#n/a n/a", "not available", "not reported", "not measured", "not determined", "not applicable"}
"""Those that pandas writes and reads are among them."""
_NONE = frozenset("- -- --- . .. ... none nil / \\".split()) | {""}
"""Those that say that there is none of something, where others say that nobody knows."""
_NO_FAILURE = frozenset("false no 0 0.0".split())
_REST = re.compile(r"(bal(ance)?|rest|remainder|rem)\.?", re.IGNORECASE)
_BOUND = re.compile(r"^(<|>|≤|≥|<=|>=|less than|more than|up to|over|below|above)\s*[\d.,]", re.IGNORECASE)
_RANGE = re.compile(r"^[\d.,]+\s*(-|to|\.\.\.?)\s*[\d.,]+$")
_BRACKETED = re.compile(r"^[\d.,]+\s*\([\d.,]+\)")
_NUMBER = re.compile(r"[+-]?(?:\d[\d.,']*\d|\d|[.,]\d+)(?:\s*(?:e|x\s*10\^)\s*[+-]?\d+(?!\w))?", re.IGNORECASE)
_PARTS = re.compile(r"([+-]?)(.*?)(?:\s*(?:e|x\s*10\^)\s*([+-]?\d+))?", re.IGNORECASE)
_POINT = re.compile(r"(?:\d+|\d{1,3}(?:'\d{3})+)?(?:\.\d*)?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_COMMA = re.compile(r"(?:\d+|\d{1,3}(?:[.']\d{3})+)?,\d+")
_EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_UNIT = re.compile(r"[^\W\d_]|[°%‰]")
_POWER = re.compile("10([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_THIN = re.compile("(?<=\\d)[\u00a0\u2009\u202f](?=\\d{3})")
"""A space that does not break a line, as people write it between thousands."""
_ALIKE = str.maketrans({"−": "-", "–": "-", "—": "-", "×": "x", "’": "'"})
_PLUS_MINUS = re.compile(r"\s*(?:±|\+/-|\+-)\s*")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that was read: its standard deviation and unit where the cell has them."""

    value: float
    std: float | None = None
    unit: str = ""


def number(cell: str) -> float | None:
    """The finite number of a cell of a plain table; None for anything else."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def without_number(
    rows: Sequence[tuple[int, Mapping[str, str]]], column: str, why: str = "left out: no number"
) -> list[str]:
    """A line on the rows that have no number in a column: how many, and the first by its line; none if all have."""
    odd = [(line, row[column].strip()) for line, row in rows if number(row[column]) is None]
    told = f"{len(odd)} of {len(rows)} rows {why} in {shown(column)}"
    return [f"{told}, line {line}: {shown(cell)}" for line, cell in odd[:1]]


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value.

    >>> [is_missing(cell) for cell in ("", "n/a", "—", "0")]
    [True, True, True, False]
    """
    return _plain(cell).lower() in _MISSING


def is_unknown_amount(cell: str) -> bool:
    """Whether a cell says that nobody knows an amount; one that is empty says that it is 0.

    >>> [is_unknown_amount(cell) for cell in ("n/a", "?", "", "-", "0")]
    [True, True, False, False, False]
    """
    return is_missing(cell) and _plain(cell).lower() not in _NONE


def text_in(cell: str) -> str:
    """The text of a cell; empty where it says that there is none.

    >>> [text_in(cell) for cell in ("cast ", "NA", "")]
    ['cast', '', '']
    """
    return "" if is_missing(cell) else cell.strip()


def formula_in(cell: str) -> str:
    """The formula of a cell; empty where it says that there is none. Sodium and neodymium are no words for that.

    >>> [formula_in(cell) for cell in ("Na", "NA", "Nd", "n.d.")]
    ['Na', '', 'Nd', '']
    """
    return cell.strip() if cell.strip() in SYMBOLS else text_in(cell)


def failure_in(cell: str) -> str | None:
    """Why something failed, of a cell; None where it says that nothing did.

    >>> [failure_in(cell) for cell in ("it cracked ", "NA", "False", "")]
    ['it cracked', None, None, None]
    """
    return None if _plain(cell).lower() in _NO_FAILURE else text_in(cell) or None


def is_rest(cell: str) -> bool:
    """Whether a cell says that its element takes what the others leave.

    >>> [is_rest(cell) for cell in ("bal.", "Rest", "12")]
    [True, True, False]
    """
    return _REST.fullmatch(cell.strip()) is not None


def decimal_mark(cells: Iterable[str]) -> Decimal:
    """The decimal mark that cells show; empty where they show none, or both.

    >>> decimal_mark(["1,5", "1,234"]), decimal_mark(["1.5", "1,234"]), decimal_mark(["1,234"])
    (',', '.', '')
    """
    marks: set[Decimal] = set()
    for cell in cells:
        text = _plain(cell)
        if not any(mark in text for mark in ".,") or not text[:1].strip("+-").isdigit() or _EITHER.fullmatch(text):
            continue
        if re.fullmatch(r"[+-]?\d+\.\d+(e[+-]?\d+)?|[+-]?\d{1,3}(,\d{3})+\.\d+", text, re.IGNORECASE):
            marks.add(".")
        elif re.fullmatch(r"[+-]?\d+,\d+|[+-]?\d{1,3}(\.\d{3})+,\d+", text):
            marks.add(",")
    return next(iter(marks)) if len(marks) == 1 else ""


def read_amount(cell: str, decimal: Decimal = ".") -> Amount:
    """Reads a number, perhaps with its standard deviation and unit.

    >>> read_amount("12 ± 3")
    Amount(value=12.0, std=3.0, unit='')
    >>> read_amount("1,5 GPa", ",")
    Amount(value=1.5, std=None, unit='GPa')
    >>> read_amount("~ 1234"), read_amount("2.5e3 MPa").value
    (Amount(value=1234.0, std=None, unit=''), 2500.0)

    Raises:
        InputError: if there is no number, or more than one reading, with the reason.
    """
    text = _plain(cell)
    if why := no_single_value(cell):
        raise InputError(f"{shown(cell)} {why}")
    value, std, unit = text.lstrip("~≈ ").removeprefix("ca. "), None, ""
    parts = _PLUS_MINUS.split(value)
    if len(parts) == 2 and parts[0]:
        value, unit = _split(parts[0], cell)
        spread, after = _split(parts[1].rstrip(")"), cell)
        value, unit = value.lstrip("("), unit or after
        if "%" in after and "%" not in parts[0]:
            raise InputError(f"{shown(cell)} may be a spread in percent of the value; write it in the value's unit")
        std = abs(_float(spread, cell, decimal))
    else:
        value, unit = _split(value, cell)
    return Amount(_float(value, cell, decimal), std, unit)


def no_single_value(cell: str) -> str:
    """Why a cell with numbers is not one value; empty where it may be.

    >>> no_single_value("<900"), no_single_value("900")
    ('is a bound, not a value', '')
    """
    text = _plain(cell)
    if _BOUND.match(text):
        return "is a bound, not a value"
    if _RANGE.match(text):
        return "is a range, not a value"
    return "has a number in brackets, which may be an error or something else" if _BRACKETED.match(text) else ""


def _plain(cell: str) -> str:
    """The cell with one kind of minus, space and digit."""
    text = unicodedata.normalize("NFKC", _POWER.sub(r"10^\1", _THIN.sub("", cell)))
    return " ".join(text.translate(_ALIKE).split())


def _split(text: str, cell: str) -> tuple[str, str]:
    """A number and the unit behind it."""
    text = text.strip().lstrip("(")
    match = _NUMBER.match(text)
    if match is None:
        raise InputError(f"{shown(cell)} is no number")
    unit = text[match.end() :].lstrip(". ").rstrip(") ")
    if unit and (len(unit) > 20 or not _UNIT.match(unit) or any(sign in unit for sign in "=+;,~")):
        raise InputError(f"{shown(cell)} is more than a number and its unit")
    return match[0], unit


def _float(text: str, cell: str, decimal: Decimal) -> float:
    sign, digits, exponent = _parts(text)
    if _EITHER.fullmatch(digits) and {"": ",", ",": "."}.get(decimal, "\0") in digits:
        raise InputError(f"{shown(cell)} has two readings, with a decimal mark or with thousands; write it without")
    if _POINT.fullmatch(digits) or (decimal != "," and _THOUSANDS.fullmatch(digits)):
        digits = digits.replace(",", "")
    elif _COMMA.fullmatch(digits):
        digits = digits.replace(".", "").replace(",", ".")
    else:
        raise InputError(f"{shown(cell)} is no number")
    number = float(f"{sign}{digits.replace(chr(39), '')}e{exponent or 0}")
    if not math.isfinite(number):
        raise InputError(f"{shown(cell)} is no finite number")
    return number


def _parts(text: str) -> tuple[str, str, str]:
    """Sign, digits and exponent of a number."""
    match = _PARTS.fullmatch(text)
    return (match[1], match[2], match[3]) if match else ("", text, "")
