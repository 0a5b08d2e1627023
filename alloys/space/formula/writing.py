"""Formulas in whole atoms, as chemists write them: NaCl and Fe2O3, not Cl50Na50 and Fe40O60."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from alloys.composition import Composition
from alloys.design import Design
from alloys.physics.periodic import periodic_table

MOST_ATOMS = 1000
"""Compositions of more atoms than that are no formulas; they stay in at.%."""


def atoms_of(composition: Composition) -> dict[str, int]:
    """Numbers of atoms without a common divisor, by element.

    >>> atoms_of(Composition.parse("O66Ti33"))
    {'O': 2, 'Ti': 1}
    """
    total = math.lcm(*(fraction.denominator for _, fraction in composition.items))
    return {symbol: int(fraction * total) for symbol, fraction in composition.items}


def formula_text(atoms: Mapping[str, int]) -> str:
    """A formula, from the least to the most electronegative element (Pauling); where that is unknown it comes last.

    >>> formula_text({"O": 3, "Fe": 2}), formula_text({"Cl": 1, "Na": 1})
    ('Fe2O3', 'NaCl')
    """
    table = periodic_table()

    def place(symbol: str) -> tuple[float, str]:
        value = table[symbol]["electronegativity"] if symbol in table else math.nan
        return (math.inf if math.isnan(value) else value), symbol

    ordered = sorted((symbol for symbol, count in atoms.items() if count), key=place)
    return "".join(symbol + (str(atoms[symbol]) if atoms[symbol] > 1 else "") for symbol in ordered)


def in_atoms(design: Design) -> Design:
    """The same design, whose composition is written in whole atoms."""
    atoms = atoms_of(design.composition)
    if not atoms or sum(atoms.values()) > MOST_ATOMS:
        return design
    return replace(design, composition=replace(design.composition, written=formula_text(atoms)))
