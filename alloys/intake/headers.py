"""Headers of columns as people write them: words, unit, and what kind of column the words name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from alloys.errors import InputError
from alloys.files import packaged_rows
from alloys.intake.mapping import Basis
from alloys.units import check_unit

_LATEX = {r"\circ": "°", r"\mu": "µ", r"\AA": "Å", r"\pm": "±", r"\sigma": "σ", r"\delta": "δ", r"\Delta": "Δ"}
_PERCENT = r"(?:%|(?:pct|percent|fractions?|frac)(?![a-z]))"
_BASIS = re.compile(
    rf"(?<![a-z])(at|atomic|mol|molar|wt|weight|mass)\.?[ _-]*{_PERCENT}|(?<=[ _.-])(at|wt)\.?$", re.IGNORECASE
)
_ONLY_BASIS = re.compile(rf"(at|atomic|mol|a|wt|weight|mass|w)\.?[ _-]*{_PERCENT}?", re.IGNORECASE)
_PPM = re.compile(r"(?<![a-z])(wt|w|at|a)?\.? ?ppm(?![a-z])", re.IGNORECASE)
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_BEHIND = re.compile(
    r"(?:,|/|_|\s|\bin\s)\s*((?i:[kMG]?Pa|HV|HRC|HB|ksi|psi|[kg]+/[cm]+3|J/[cm]+[23]|m?g/[cm]+2|degC|ppm)|"
    r"K|°C|C|%|[mµun]?m|h|hr|s|min|J|eV)$"
)
_SPELLED = dict(pair.split("=") for pair in "C=°C um=µm hr=h Mpa=MPa Gpa=GPa mpa=MPa gpa=GPa".split())
"""Units that headers shorten."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header that was read.

    Attributes:
        words: without unit, in small letters, single spaces between.
        core: the same as it is written, without spaces.
        unit: as the column has it; empty if it names none.
        basis: of an amount, where the header says it.
        ppm: whether it is parts per million.
    """

    words: str
    core: str
    unit: str
    basis: Basis | None
    ppm: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    """What words name.

    Attributes:
        kind: of the column.
        name: the property's usual name.
        unit: that it usually has.
        sign: ``positive`` or ``not negative`` where it is so by nature, temperatures in K; else empty.
    """

    kind: str
    name: str
    unit: str
    sign: str


def read_header(text: str) -> Header:
    """Takes a header apart.

    >>> read_header("PROPERTY: Test temperature ($^\\\\circ$C)")
    Header(words='test temperature', core='Testtemperature', unit='°C', basis=None, ppm=False)
    >>> read_header("Al_wt").basis, read_header("C [wt%]").core, read_header("Tg, K").unit
    ('wt.%', 'C', 'K')
    """
    plain = _plain(text)
    unit, rest = _unit(plain)
    ppm = _PPM.search(plain)
    basis = _basis((ppm[1] or "") if ppm else unit, rest)
    if basis is not None or ppm:
        rest = " ".join(_PPM.sub(" ", _BASIS.sub(" ", rest)).replace("%", " ").split())
    rest = rest.strip(" _-,:/.")
    words = " ".join(re.sub(r"[_\-/:.,()\[\]]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", rest)).split()).lower()
    return Header(words, re.sub(r"[\s_]+", "", rest), unit, basis, ppm is not None)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    for mark, letter in _LATEX.items():
        text = text.replace(mark, letter)
    text = re.sub(r"[\\$^{}]", "", text).replace("º", "°")
    return re.sub(r"^[A-Z]{4,}:\s*", "", text).strip()


def _unit(text: str) -> tuple[str, str]:
    """The unit that a header names, and the rest of the header."""
    for match in reversed(list(_BRACKETS.finditer(text))):
        inside = _SPELLED.get(match[1].strip(), match[1].strip())
        if inside and (is_unit(inside) or _ONLY_BASIS.fullmatch(inside) or _PPM.fullmatch(inside)):
            return inside, (text[: match.start()] + text[match.end() :]).strip()
    behind = _BEHIND.search(text)
    if behind and behind.start() > 0:
        return _SPELLED.get(behind[1], behind[1]), text[: behind.start()].strip()
    return "", text


@lru_cache(maxsize=4096)
def is_unit(text: str) -> bool:
    """Whether a text is a unit."""
    if len(text) > 24 or not re.search(r"[^\W\d_]|[%°]", text):
        return False
    try:
        check_unit(text)
    except InputError:
        return False
    return True


def _basis(unit: str, rest: str) -> Basis | None:
    """What the amounts of a column are, by its unit or by the rest of its header."""
    found = _ONLY_BASIS.fullmatch(unit) or _BASIS.search(rest)
    said = (found[1] or found[2]).lower() if found and found.re is _BASIS else found[1].lower() if found else ""
    return None if not said else "wt.%" if said in ("wt", "weight", "mass", "w") else "at.%"


@cache
def _vocabulary() -> tuple[tuple[re.Pattern[str], Meaning], ...]:
    return tuple(
        (re.compile(row["pattern"], re.IGNORECASE), Meaning(row["kind"], row["name"], row["unit"], row["sign"]))
        for row in packaged_rows("alloys", "data/column_words.csv")
    )


def meanings_of(words: str) -> Iterator[Meaning]:
    """What words may name, the likeliest first."""
    return (meaning for pattern, meaning in _vocabulary() if pattern.search(words))
