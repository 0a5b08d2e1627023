"""Compositions from formulas and amounts as tables have them: percent of atoms or weight, a balance, rounding."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

import numpy as np

from alloys.composition import ROUNDING, Composition, amounts_in
from alloys.errors import InputError
from alloys.intake.mapping import Basis
from alloys.intake.tables import shown
from alloys.physics.basis import MILLION, atomic_masses, atoms_per_gram, millionths

_MEANT_AS_PERCENT = (90, 110)
"""Amounts whose sum lies between these are percentages; what ratios of atoms sum to there is written otherwise."""
_STEEP = 5
"""Ratios of atoms are seldom larger than this."""
_DASH = re.compile(r"\s*[-‐-―−]\s*")
_SAID: dict[str, Basis] = {"wt": "wt.%", "mass": "wt.%", "at": "at.%", "mol": "at.%"}
_BALANCED = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([A-Z][a-z]?)")
_BASIS = re.compile(r"\s*[(\[,]?\s*(?:(at|wt|mol|mass)\.?\s*-?)?(?:%|pct\.?|percent)\s*[)\]]?$", re.IGNORECASE)

_GRADE = 200
"""An amount from which a formula that has an element once is a grade, such as SUS304 or IN718."""


@lru_cache(maxsize=65_536)
def composition_of_formula(text: str, basis: Basis, balance: str | None = None) -> tuple[Composition, bool]:
    """The composition that a cell names, and whether its amounts were brought to a whole.

    Read are formulas as `amounts_in` does, ``Ti-6Al-4V`` (the first element takes the rest), ``Fe20-Cr80``, and a basis
    behind either (``wt.%``). A name such as ``Ti-6Al-4V`` is in percent of weight where the basis does not say at.%.

    >>> str(composition_of_formula("Ti-6Al-4V", "wt.%")[0])
    'Al10.1955Ti86.2044V3.6001'

    Raises:
        InputError: if the cell is no formula, or its amounts are not all there or no whole.
    """
    said = _BASIS.search(text)
    if said:
        text = text[: said.start()]
        basis = _SAID.get((said[1] or "").lower(), basis)
    parts, terms = _named(text)
    if terms:
        amounts = amounts_in("".join(f"{term[2]}{term[1]}" for term in terms))
        first = amounts_in(parts[0])
        if len(first) > 1 or set(first) & set(amounts):
            raise InputError(f"{shown(text)} does not say which element takes the rest")
        return composition_of_amounts(amounts, "at.%" if basis == "at.%" else "wt.%", next(iter(first)))
    basis = "at.%" if basis == "as written" else basis
    if len(parts) > 1 and not all(part[-1:].isdigit() for part in parts):
        raise InputError(f"{shown(text)} does not say how much of each element there is")
    amounts = amounts_in("".join(parts))
    if len(amounts) == 1 and not set(amounts.values()) & {1, 100}:
        raise InputError(f"{shown(text)} reads as pure {next(iter(amounts))}, but looks like a name; write a formula")
    if min(amounts.values()) == 1 and max(amounts.values()) >= _GRADE:
        read = " and ".join(f"{float(amount):g} {symbol}" for symbol, amount in amounts.items())
        raise InputError(f"{shown(text)} reads as {read}, but looks like the name of a grade; write a formula")
    rest = balance is not None and balance not in amounts
    return composition_of_amounts(amounts, basis if rest else _basis_of(amounts, basis), balance)


def names_base(text: str) -> bool:
    """Whether a cell names a base and what is added to it, and no basis: by convention in percent of weight.

    >>> [names_base(text) for text in ("Ti-6Al-4V", "Nb-17.3Si (at.%)", "Fe20-Cr80", "CoCrFeNi")]
    [True, False, False, False]
    """
    return not _BASIS.search(text) and bool(_named(text)[1])


def is_steep_ratio(text: str) -> bool:
    """Whether a formula reads as ratios of atoms of which one is large, as in names of trade that mean percent.

    >>> [is_steep_ratio(text) for text in ("AlSi10Mg", "Al0.5CoCrFeNi", "Nb45Ta55", "Ti-6Al-4V")]
    [True, False, False, False]
    """
    try:
        amounts = amounts_in(text)
    except InputError:
        return False
    return _basis_of(amounts, "at.%") == "parts" and len(amounts) > 1 and max(amounts.values()) >= _STEEP


def _named(text: str) -> tuple[list[str], list[re.Match[str]]]:
    """The parts of a name between dashes; and amounts with elements behind a base, none where it is no such name."""
    parts = _DASH.split(unicodedata.normalize("NFKC", text).strip())
    terms = [term for part in parts[1:] if (term := _BALANCED.fullmatch(part))]
    return parts, terms if len(terms) == len(parts) - 1 and parts[0].isalpha() else []


def _basis_of(amounts: Mapping[str, Fraction], basis: Basis) -> Basis:
    """Formulas of atoms may be ratios; those whose amounts nearly sum to 100, or are all below 1, are none."""
    low, high = _MEANT_AS_PERCENT
    ratios = basis == "at.%" and max(amounts.values(), default=0) >= 1 and not low < sum(amounts.values()) < high
    return "parts" if ratios else basis


def composition_of_amounts(
    amounts: Mapping[str, Fraction], basis: Basis, balance: str | None = None
) -> tuple[Composition, bool]:
    """The composition of amounts by element, and whether they were brought to a whole.

    Args:
        amounts: percent, or fractions if they sum to 1; where ``parts``, ratios of atoms.
        basis: of the amounts.
        balance: the element that takes the rest, where it has no amount; then the amounts are percent.

    Raises:
        InputError: if the amounts are no whole within rounding, or leave no rest.
    """
    if basis == "parts":
        return Composition.from_amounts(amounts), False
    amounts = {symbol: amount for symbol, amount in amounts.items() if amount}
    total = sum(amounts.values(), Fraction(0))
    if balance is not None and balance not in amounts:
        if total >= 100:
            raise InputError(f"the amounts sum to {float(total):.4g} %, which leaves nothing for {balance}")
        amounts, total = {**amounts, balance: 100 - total}, Fraction(100)
    whole = Fraction(1) if total < 2 else Fraction(100)
    if not total or abs(total / whole - 1) > ROUNDING:
        raise InputError(f"the amounts do not sum to {float(whole):g}, but to: {float(total):.4g}")
    if basis == "wt.%":
        amounts = _atoms(amounts)
    return Composition.from_amounts(amounts), total != whole


def _atoms(weights: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Atomic fractions from weights, rounded to millionths as a space of weight fractions does it."""
    if min(weights.values()) < 0:
        raise InputError(f"an amount is negative: {float(min(weights.values())):g}")
    symbols = sorted(weights)
    points = np.array([[round(weights[symbol] * MILLION) for symbol in symbols]], dtype=np.int64)
    atoms = [atoms_per_gram(mass) for mass in atomic_masses(symbols).values()]
    return {s: Fraction(int(n), MILLION) for s, n in zip(symbols, millionths(points, atoms)[0], strict=True)}
