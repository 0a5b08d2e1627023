"""Compositions: exact atomic fractions that sum to one."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from alloys.errors import InputError

# The periodic table up to oganesson: what may be written in a formula at all.
SYMBOLS = frozenset(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr "
    "Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir "
    "Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl "
    "Mc Lv Ts Og".split()
)

_TERM = re.compile(r"\s*(?:([A-Z][a-z]?)|([(\[{])|([)\]}]))([0-9]+(?:\.[0-9]+)?|\.[0-9]+)?")
_PART = re.compile(r"-([0-9]+(?:\.[0-9]+)?)([A-Z][a-z]?)")
_BALANCED = re.compile(r"([A-Z][a-z]?)((?:-[0-9]+(?:\.[0-9]+)?[A-Z][a-z]?)+)(?:\s*\(?(?:wt|mass|at)\.?\s*%\)?)?")
"""How alloys are named by their balance: Ti-6Al-4V."""

_BRACKETS = {")": "(", "]": "[", "}": "{"}
_MARKUP = re.compile(r"_?\{([0-9.,]+)\}|_(?=[0-9])|\$|</?sub>")
"""What writes subscripts; the group is kept."""


@dataclass(frozen=True, slots=True, order=True)
class Composition:
    """Atomic fractions as exact rationals, elements in alphabetical order, none of them zero.

    ``written`` is the formula as people read it, where that is not in at.%; it says nothing of what the composition is.

    >>> str(Composition.parse("NbMoTaW"))
    'Mo25Nb25Ta25W25'
    >>> Composition.parse("HfNb2") == Composition.from_amounts({"Nb": 2, "Hf": 1})
    True
    """

    items: tuple[tuple[str, Fraction], ...]
    written: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        symbols = [symbol for symbol, _ in self.items]
        for symbol in symbols:
            if symbol not in SYMBOLS:
                raise InputError(f"{symbol!r} is not a chemical element; write symbols such as Nb or W")
        if symbols != sorted(set(symbols)):
            raise InputError(f"elements must be distinct and in alphabetical order, got {symbols}")
        # In whole numbers, for a table has many compositions, and fractions are slow.
        shares = [fraction.as_integer_ratio() for _, fraction in self.items]
        if any(part <= 0 for part, _ in shares):
            raise InputError(f"atomic fractions must be positive, got {dict(self.items)}")
        whole = math.lcm(*(parts for _, parts in shares))
        total = sum(part * (whole // parts) for part, parts in shares)
        if total != whole and symbols:
            raise InputError(f"atomic fractions must sum to 1, got {total / whole:.6g}")

    @classmethod
    def unknown(cls) -> Composition:
        """No elements at all: of a candidate that is told by its variables alone."""
        return cls(())

    @classmethod
    def from_amounts(cls, amounts: Mapping[str, float | int | Fraction]) -> Composition:
        """Normalises any positive amounts (parts, at.%, fractions); zeros are left out. Also those of pymatgen.

        Raises:
            InputError: for unknown elements, amounts that are negative, infinite, unknown or no numbers, or nothing at
                all.
        """
        if (known := composition_of(amounts)) is not None:
            return known
        exact: dict[str, Fraction] = {}
        for symbol, amount in amounts.items():
            if not isinstance(amount, Fraction | int) and not _is_finite(amount):
                raise InputError(f"the amount of {symbol} must be a finite number, got {amount!r}")
            if amount < 0:
                raise InputError(f"the amount of {symbol} must not be negative, got {amount!r}")
            value = amount if isinstance(amount, Fraction) else Fraction(str(amount))
            if value:
                exact[symbol] = value
        total = sum(exact.values())
        if not total:
            raise InputError(f"a composition needs at least one element with a positive amount, got {dict(amounts)}")
        return cls(tuple((symbol, exact[symbol] / total) for symbol in sorted(exact)))

    @classmethod
    def parse(cls, formula: object) -> Composition:
        """Reads a formula such as ``NbMoTaW``, ``(MoW)0.5NbTaTiZr`` or ``Nb45Ta25Ti15Hf15``; see `amounts_in`.

        Amounts are ratios; where all are below 1 they are fractions and must sum to 1 within 0.005. What has a
        composition is taken for a formula too: see `composition_of`.

        Raises:
            InputError: if the text is not a formula or names an unknown element, or there is no composition in it.
        """
        if (known := composition_of(formula)) is not None:
            return known
        if not isinstance(formula, str):
            raise InputError(
                f"a formula is a text such as Nb45Ta25Ti15Hf15, or a Composition or Structure of pymatgen; got "
                f"{type(formula).__name__} {str(formula)[:40]!r}"
            )
        amounts = amounts_in(formula)
        total = sum(amounts.values(), Fraction(0))
        if total and all(amount < 1 for amount in amounts.values()) and abs(total - 1) > ROUNDING:
            raise InputError(
                f"the fractions in {formula[:80]!r} sum to {float(total):.4g}, not 1; correct them, or write ratios "
                "with at least one amount of 1 or more"
            )
        return cls.from_amounts(amounts)

    @property
    def elements(self) -> tuple[str, ...]:
        """Symbols of the elements present, alphabetically."""
        return tuple(symbol for symbol, _ in self.items)

    def fractions(self) -> dict[str, float]:
        """Atomic fractions as floats, by element."""
        return {symbol: float(fraction) for symbol, fraction in self.items}

    def canonical(self) -> str:
        """The text that identifies the composition, exact: ``Hf:1/5,Nb:4/5``."""
        return ",".join(f"{symbol}:{fraction}" for symbol, fraction in self.items)

    @classmethod
    def from_canonical(cls, text: str) -> Composition:
        """Reads what `canonical` wrote.

        Raises:
            InputError: if the text is not such a text.
        """
        try:
            pairs = [part.split(":") for part in text.split(",")]
            return cls(tuple((symbol, _written_fraction(value)) for symbol, value in pairs))
        except (ValueError, ZeroDivisionError) as error:
            raise InputError(f"not a canonical composition: {text[:80]!r} ({error})") from error

    def digest(self) -> str:
        """sha256 of the canonical text."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def __str__(self) -> str:
        """The formula as it is written; in at.%, with up to three decimals, or up to six where these say it exactly."""
        return self.written or "".join(f"{symbol}{_percent(fraction)}" for symbol, fraction in self.items)

    def exactly(self) -> str:
        """A formula that `parse` reads as this very composition: in at.%, or in whole ratios where that rounds."""
        percent = [(symbol, _percent(fraction)) for symbol, fraction in self.items]
        if all(Fraction(text) == 100 * fraction for (_, text), (_, fraction) in zip(percent, self.items, strict=True)):
            return "".join(map("".join, percent))
        whole = math.lcm(*(fraction.denominator for _, fraction in self.items))
        return "".join(f"{symbol}{fraction * whole}" for symbol, fraction in self.items)


def composition_of(given: object) -> Composition | None:
    """The composition of what stands for a formula without being a text; None for all else.

    That is a `Composition`, and pymatgen's ``Composition``, ``Structure`` and others that have a ``composition``
    (also disordered ones). Of an ion only the element counts. pymatgen takes amounts that differ by 1e-8 for the
    same; so does this, which finds the 1/3 behind 0.33333333.

    Raises:
        InputError: if it has no atoms, isotopes, or dummy species.
    """
    if isinstance(given, Composition):
        return given
    found: Any = given if hasattr(given, "get_el_amt_dict") else getattr(given, "composition", None)
    if isinstance(given, type) or not hasattr(found, "get_el_amt_dict"):
        return None
    amounts: dict[str, Fraction] = {}
    for species, amount in found.items():
        element = getattr(species, "element", species)
        symbol = str(getattr(element, "name", None) or element)
        if symbol not in SYMBOLS:
            raise InputError(
                f"{symbol!r} in {str(found)[:80]!r} is no chemical element (isotopes and dummy species are none); "
                "leave it out, or replace it by an element"
            )
        _add(amounts, {symbol: _simplest(float(amount))}, Fraction(1))
    return Composition.from_amounts(amounts)


def _is_finite(amount: Any) -> bool:
    try:
        return math.isfinite(amount)
    except TypeError:  # None, pandas' NA, a text
        return False


def _simplest(amount: float) -> Fraction:
    """The fraction of a small denominator that an amount is within pymatgen's tolerance, or else its own decimals."""
    if not math.isfinite(amount):
        raise InputError(f"an amount must be a finite number, got {amount!r}")
    simple = Fraction(amount).limit_denominator(1000)
    return simple if abs(simple - Fraction(amount)) <= _SAME else Fraction(str(amount))


_SAME = Fraction(1, 10**8)
"""``Composition.amount_tolerance`` of pymatgen."""


@lru_cache(maxsize=4096)
def _written_fraction(text: str) -> Fraction:
    """The fraction in a canonical text; those of a table are the same few."""
    if not text.replace("/", "", 1).isdigit():  # 1e999999999 would never be made
        raise ValueError("a fraction is written as 1/5")
    return Fraction(text)


ROUNDING = Fraction(1, 200)
"""How far amounts may sum from a whole."""


def amounts_in(formula: str) -> dict[str, Fraction]:
    """The amounts in a formula as they are written, by element; repeated elements add up.

    Brackets may be nested, with an amount behind them: ``(MoW)0.5NbTa`` has 0.5 of each. ``La70Al14(CuNi)16`` has 16
    of both together: that is meant where the amounts are then a whole (1 or 100), and only there. Spaces before
    symbols, decimal commas and subscripts (unicode, ``_{0.5}``, ``<sub>``) are read.

    >>> {symbol: str(amount) for symbol, amount in amounts_in("La70Al14(CuNi)16").items()}
    {'La': '70', 'Al': '14', 'Cu': '8', 'Ni': '8'}

    Raises:
        InputError: if the text is not a formula or names an unknown element.
    """
    amounts = _amounts(formula, shared=False)
    if not any(bracket in formula for bracket in _BRACKETS) or _whole(amounts):
        return amounts
    shared = _amounts(formula, shared=True)
    return shared if _whole(shared) else amounts


def _whole(amounts: Mapping[str, Fraction]) -> bool:
    total = sum(amounts.values(), Fraction(0))
    return any(abs(total / whole - 1) <= ROUNDING for whole in (1, 100))


def _amounts(formula: str, *, shared: bool) -> dict[str, Fraction]:
    """Amounts by element; where ``shared``, the amount behind a bracket is that of all in it together."""
    groups: list[tuple[str, dict[str, Fraction]]] = [("", {})]
    for where, (symbol, opening, closing, number) in _terms(formula):
        amount = Fraction(number or 1)
        if opening:
            groups.append((opening, {}))
        if closing:
            bracket, group = groups.pop()
            if bracket != _BRACKETS[closing]:
                raise _unreadable(formula, where)
            parts = sum(group.values(), Fraction(0)) if shared and number else Fraction(1)
            _add(groups[-1][1], group, amount / parts if parts else amount)
        if symbol:
            groups[-1][1][symbol] = groups[-1][1].get(symbol, Fraction(0)) + amount
    if len(groups) > 1:
        raise _unreadable(formula, groups[-1][0])
    return groups[0][1]


def _terms(formula: str) -> Iterator[tuple[str, tuple[str, str, str, str]]]:
    """The terms of a formula, with the text that each begins: symbol, or bracket that opens or closes, and amount."""
    text = _MARKUP.sub(r"\1", unicodedata.normalize("NFKC", formula[:400])).replace(",", ".").strip()
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        where = text[position : position + 12]
        if match is None or len(text) > 200 or (match[2] and match[4]):
            raise _unreadable(formula, where)
        if match[1] and match[1] not in SYMBOLS:
            raise InputError(f"unknown element {match[1]!r} in the formula {formula[:80]!r}")
        yield where, (match[1] or "", match[2] or "", match[3] or "", match[4] or "")
        position = match.end()


def _add(amounts: dict[str, Fraction], more: Mapping[str, Fraction], times: Fraction) -> None:
    for symbol, amount in more.items():
        amounts[symbol] = amounts.get(symbol, Fraction(0)) + amount * times


def _unreadable(formula: str, where: str) -> InputError:
    if match := _BALANCED.fullmatch(formula.strip()):
        parts = ", ".join(f"{amount} of {symbol}" for amount, symbol in _PART.findall(match[2]))
        return InputError(
            f"{formula.strip()[:80]!r} means {parts} and the rest {match[1]}, mostly in percent of weight; a formula "
            "holds amounts of atoms, for example Nb45Ta25Ti15Hf15. A table may be in wt.%: `alloyloop init` reads it"
        )
    return InputError(
        f"cannot read the formula {formula[:80]!r} at {where!r}; "
        "write element symbols with amounts, for example Nb45Ta25Ti15Hf15"
    )


def _percent(fraction: Fraction) -> str:
    places = 6 if (fraction * 10**8).denominator == 1 else 3
    return f"{float(fraction * 100):.{places}f}".rstrip("0").rstrip(".")


def parse_formulas(formulas: Iterable[object]) -> list[Composition]:
    """Parses several formulas, reporting every bad one in one error.

    Raises:
        InputError: naming each formula that cannot be read.
    """
    compositions, problems = [], []
    for formula in formulas:
        try:
            compositions.append(Composition.parse(formula))
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("; ".join(problems))
    return compositions
