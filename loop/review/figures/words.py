"""Names, units, formulas and numbers as people write them: "Specific yield strength at 1300 °C, MPa·cm³/g"."""

from __future__ import annotations

import re
from html import escape

from alloys.design import Design, variable_text
from alloys.properties import Property

KNOWN_BEFORE = "known before"
"""Where a result came from that no iteration asked for."""

_AT = re.compile(r"_(\d+)c$")
"""How the name of a property says a temperature in °C."""
_FRACTION = re.compile(r"(.+)_fraction")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_POWER = re.compile(r"(?<=[A-Za-zµμΩÅ])\^?(-?\d+)(?![\d.])")
_ROOT = re.compile(r"([A-Za-zµμΩÅ]+)\^0\.5")
_AMOUNT = re.compile(r"([A-Z][a-z]?)([0-9.]+)")


def title(row: Property) -> str:
    """What a property is called: its title, or its name in words with the temperature that it says."""
    if row.title:
        return row.title
    at = _AT.search(row.name)
    name, where = (row.name[: at.start()], f" at {at[1]} °C") if at else (row.name, "")
    share = _FRACTION.fullmatch(name) if row.unit == "mole fraction" else None
    words = f"mole fraction of {share[1].upper()}" if share else name.replace("_", " ")
    return words[0].upper() + words[1:] + where


def unit(text: str) -> str:
    """A unit with its exponents raised; nothing for a plain number and for what says itself that it is a fraction.

    >>> unit("MPa·cm3/g"), unit("MPa·m^0.5"), unit("1")
    ('MPa·cm³/g', 'MPa·√m', '')
    """
    if text in ("1", "mole fraction"):
        return ""
    return _POWER.sub(lambda match: match[1].translate(_SUPERSCRIPTS), _ROOT.sub(r"√\1", text))


def label(row: Property) -> str:
    """Name and unit, for an axis or the head of a column."""
    return ", ".join(part for part in (title(row), unit(row.unit)) if part)


def formula(design: Design, opening: str, closing: str) -> str:
    """A design with its amounts in at.% between marks, and its variables behind.

    >>> formula(Design.parse("Nb3Ta", {"route": "cast"}), "_{", "}")
    'Nb_{75}Ta_{25}, route cast'
    """
    amounts = _AMOUNT.sub(rf"\1{opening}\2{closing}", str(design.composition))
    return ", ".join([*filter(None, [amounts]), *(f"{n} {variable_text(v)}" for n, v in design.variables)])


def formula_html(design: Design) -> str:
    """The same for a page, safe to put into it."""
    marked = formula(design, "\0", "\1")
    return escape(marked).replace("\0", "<sub>").replace("\1", "</sub>")


def formula_text(design: Design) -> str:
    """The same as plain text, with the subscripts of Unicode; matplotlib's own mark in a variable stands for itself."""
    parts = formula(design, "\0", "\1").replace("$", r"\$").split("\0")
    rest = [part.partition("\1") for part in parts[1:]]
    return parts[0] + "".join(amount.translate(_SUBSCRIPTS) + behind for amount, _, behind in rest)


def number(value: float, digits: int = 4) -> str:
    """A number in so many digits, without an exponent up to a million: 2276, 0.9999, 66.67, −0.5."""
    text = f"{value:.{digits}g}"
    if "e" in text and 1e-4 <= abs(value) < 1e6:
        text = f"{float(text):.9g}"
    return text.replace("-", "−")


def spread(value: float, std: float | None) -> str:
    """A value and its standard deviation in two digits, the value to the same place: 267.8 ± 5.5.

    >>> spread(267.83, 5.51), spread(2276.45, None), spread(1.0, 0.0)
    ('267.8 ± 5.5', '2276', '1')
    """
    if not std:
        return number(value)
    rounded = float(f"{std:.2g}")
    exponent = int(f"{rounded:e}".partition("e")[2])
    if not -4 <= exponent < 6:
        return f"{number(value)} ± {number(rounded, 2)}"
    places = max(0, 1 - exponent)
    shown = max(places, 0)
    return f"{value:.{shown}f} ± {rounded:.{shown}f}".replace("-", "−")
