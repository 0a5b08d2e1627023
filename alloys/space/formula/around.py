"""A space of formulas around those of a table, where they are formulas of inorganic compounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alloys.composition import Composition
from alloys.space.base import Bools, Points
from alloys.space.formula.drawing import Charges
from alloys.space.formula.ions import Ions
from alloys.space.formula.rules import IonicRules
from alloys.space.formula.writing import atoms_of

_SMALL = (8, 20)
"""Most atoms of one element: of a space that is made for a table at least, and what compounds hardly go beyond."""
_MOST_ELEMENTS = 12
_USUAL = 0.9
"""A share of the formulas that is small, or obeys a rule for charges, for the space to be one of such formulas."""
_ATOMS = 0.95
"""Quantile of the largest numbers of atoms that is the limit of the space."""
_ELEMENTS = 0.001
"""Quantile of the numbers of elements that is the lower limit; the upper one lies as far from the other end."""
_IONIC = 0.02
"""Formulas are inorganic compounds where so many are neutral with usual oxidation states: hardly any alloy is."""
_WORDS: Mapping[Charges, str] = {"balanced": "neutral and balanced", "neutral": "neutral"}


@dataclass(frozen=True, slots=True)
class FormulasAround:
    """A space around formulas.

    Attributes:
        keys: of a configuration.
        outside: why formulas are none of the space, with the number of them, which is not 0.
        balanced: the share of formulas that are neutral and balanced.
    """

    keys: dict[str, Any]
    outside: Mapping[str, int]
    balanced: float


def formulas_around(compositions: Sequence[Composition]) -> FormulasAround | None:
    """A space that holds nearly all of some formulas, or None where they are not those of inorganic compounds.

    They are if nine of ten are small whole numbers of atoms, and some are neutral with the usual oxidation states of
    their elements, which TiFe and CoCrFeNi are not. The rule for charges is the strictest that nine of ten obey.
    """
    symbols = tuple(sorted({symbol for composition in compositions for symbol in composition.elements}))
    points = _counts(compositions, symbols)
    several = (points > 0).sum(axis=1) > 1
    if (points.max(axis=1) <= _SMALL[1]).mean() < _USUAL:
        return None
    if (several & IonicRules(symbols, "icsd24_common").neutral(points)).mean() < _IONIC:
        return None
    rules = IonicRules(symbols)
    kept: dict[Charges, Bools] = {"balanced": rules.balanced(points), "neutral": rules.neutral(points)}
    charges: Charges = next((name for name, those in kept.items() if those.mean() >= _USUAL), "any")
    palette = [ion.symbol for ion in rules.ions if _is_known(ion, charges)]
    keys = {"kind": "formula", "elements": palette, **_limits(points), "charges": charges}
    obeys = kept.get(charges, np.ones(len(points), np.bool_))
    return FormulasAround(keys, _outside(points, symbols, keys, obeys), float((several & kept["balanced"]).mean()))


def _counts(compositions: Sequence[Composition], symbols: Sequence[str]) -> Points:
    """Numbers of atoms without a common divisor, shape ``(n, len(symbols))``; large ones are cut."""
    places = {symbol: i for i, symbol in enumerate(symbols)}
    points = np.zeros((len(compositions), len(symbols)), dtype=np.int64)
    for row, composition in zip(points, compositions, strict=True):
        for symbol, atoms in atoms_of(composition).items():
            row[places[symbol]] = min(atoms, _SMALL[1] + 1)
    return points


def _is_known(ion: Ions, charges: Charges) -> bool:
    """Whether a space with such a rule may have an element."""
    weighed = charges != "balanced" or not np.isnan(ion.electronegativity)
    return charges == "any" or (bool(ion.states) and weighed)


def _limits(points: Points) -> dict[str, Any]:
    """The most atoms of one element, and the fewest and most elements; two or more, for one has no composition."""
    count = (points > 0).sum(axis=1)
    atoms = int(np.clip(np.quantile(points.max(axis=1), _ATOMS, method="inverted_cdf"), *_SMALL))
    low, high = np.quantile(count, _ELEMENTS, method="lower"), np.quantile(count, 1 - _ELEMENTS, method="higher")
    fewest = int(np.clip(low, 2, _MOST_ELEMENTS))
    return {"most_atoms": atoms, "elements_count": [fewest, int(np.clip(high, fewest, _MOST_ELEMENTS))]}


def _outside(points: Points, symbols: Sequence[str], keys: Mapping[str, Any], obeys: Bools) -> dict[str, int]:
    """How many formulas are none of the space, each by the first reason."""
    count = (points > 0).sum(axis=1)
    strange = np.array([symbol not in keys["elements"] for symbol in symbols])
    atoms, (fewest, most) = keys["most_atoms"], keys["elements_count"]
    reasons = {
        "have other elements": points[:, strange].any(axis=1),
        f"have other than {fewest} to {most} elements": (count < fewest) | (count > most),
        f"have more than {atoms} atoms of an element": points.max(axis=1) > atoms,
        f"are not {_WORDS.get(keys['charges'])}": ~obeys,
    }
    told, found = {}, np.zeros(len(points), np.bool_)
    for reason, those in reasons.items():
        told[reason] = int((those & ~found).sum())
        found |= those
    return {reason: number for reason, number in told.items() if number}
