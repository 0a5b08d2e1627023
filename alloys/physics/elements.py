"""The elements of the reference models, and their numbers.

The table is ``alloys/data/elements.csv``; ``alloys/data/README.md`` names the source of each column. Nine
refractory elements have every number; others have what was found, and a model that needs a missing number says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.files import packaged_rows
from alloys.physics.periodic import periodic_table

_MANY = 30
"""Elements that no message lists any more."""


@dataclass(frozen=True, slots=True)
class Element:
    """One row of the element table; a number that is not known is NaN, a structure that is not known is empty.

    Attributes:
        symbol: chemical symbol.
        atomic_number: Z.
        mass: g/mol.
        vec: valence electrons per atom.
        radius: metallic radius (Miracle), pm.
        electronegativity: Pauling scale.
        electronegativity_allen: Allen scale.
        melting_point: K.
        molar_volume: cm3/mol.
        mass_density: g/cm3.
        structure: the structure whose DFT data stands in the moduli and energies.
        shear_modulus: DFT shear modulus of that structure, GPa.
        bulk_modulus: DFT bulk modulus, GPa.
        poisson: Poisson ratio.
        gamma_us: unstable stacking-fault energy, J/m2.
        gamma_s: surface energy, J/m2.
        atomic_volume: DFT volume per atom, A3.
        c11: bcc elastic constant used by the edge model, GPa.
        c12: likewise.
        c44: likewise.
        price: USD/kg.
        linear_density: density entry of the papers' linear model, g/cm3.
    """

    symbol: str
    atomic_number: int
    mass: float
    vec: float
    radius: float
    electronegativity: float
    electronegativity_allen: float
    melting_point: float
    molar_volume: float
    mass_density: float
    structure: str
    shear_modulus: float
    bulk_modulus: float
    poisson: float
    gamma_us: float
    gamma_s: float
    atomic_volume: float
    c11: float
    c12: float
    c44: float
    price: float
    linear_density: float


_CONVERT: dict[str, Callable[[str], str | int | float]] = {
    "str": str,
    "int": int,
    "float": lambda cell: float(cell) if cell else math.nan,
}


def _element(row: Mapping[str, str]) -> Element:
    values: dict[str, Any] = {f.name: _CONVERT[str(f.type)](row[f.name]) for f in fields(Element)}
    return Element(**values)


@cache
def element_table() -> dict[str, Element]:
    """All known elements by symbol."""
    return {row["symbol"]: _element(row) for row in packaged_rows("alloys", "data/elements.csv")}


def tabulated_elements() -> tuple[str, ...]:
    """Symbols of all elements in the table, alphabetically, whether or not every number is there."""
    return tuple(sorted(element_table()))


@cache
def known_elements() -> tuple[str, ...]:
    """Symbols of the elements with every number, so that every reference model answers; alphabetically."""
    return tuple(symbol for symbol in tabulated_elements() if _complete(element_table()[symbol]))


def _complete(row: Element) -> bool:
    return not any(isinstance(value, float) and math.isnan(value) for value in astuple(row))


def element(symbol: str) -> Element:
    """The table's row for a symbol.

    Raises:
        InputError: if the element is not in the table.
    """
    try:
        return element_table()[symbol]
    except KeyError:
        raise InputError(
            f"no reference data for element {symbol!r}; available are {', '.join(tabulated_elements())}"
        ) from None


def column(elements: Sequence[str], name: str) -> NDArray[np.float64]:
    """One number of several elements as an array of shape ``(len(elements),)``.

    What the table lacks comes from the periodic table, if that has a number of this name.

    Raises:
        InputError: if neither has this number of an element.
    """
    table = element_table()
    own = [getattr(table.get(symbol), name, math.nan) for symbol in elements]
    values = [
        periodic_table().get(symbol, {}).get(name, math.nan) if math.isnan(value) else value
        for symbol, value in zip(elements, own, strict=True)
    ]
    lacking = [symbol for symbol, value in zip(elements, values, strict=True) if math.isnan(value)]
    if lacking:
        there = _having(name)
        others = f"available are {', '.join(there)}" if len(there) < _MANY else f"{len(there)} other elements have one"
        raise InputError(f"no reference {name} for {', '.join(lacking)}; {others}")
    return np.array(values, dtype=np.float64)


def _having(name: str) -> list[str]:
    """Symbols of the elements that have a number, alphabetically."""
    tables = element_table(), periodic_table()
    own = [symbol for symbol, row in tables[0].items() if not math.isnan(getattr(row, name, math.nan))]
    return sorted({*own, *(symbol for symbol, row in tables[1].items() if not math.isnan(row.get(name, math.nan)))})


@cache
def _mixing_enthalpies() -> dict[frozenset[str], float]:
    rows = packaged_rows("alloys", "data/mixing_enthalpies.csv")
    return {frozenset((row["first"], row["second"])): float(row["enthalpy_kj_mol"]) for row in rows}


def without_mixing_enthalpy(elements: Sequence[str]) -> tuple[str, ...]:
    """Those of some elements that are in no tabulated pair."""
    tabulated = frozenset().union(*_mixing_enthalpies())
    return tuple(symbol for symbol in elements if symbol not in tabulated)


@cache
def mixing_enthalpy_matrix(elements: tuple[str, ...]) -> NDArray[np.float64]:
    """Symmetric matrix of pair mixing enthalpies, kJ/mol, zero diagonal.

    Source: Takeuchi & Inoue, Mater. Trans. 46 (2005) 2817 (Miedema's model).

    Raises:
        InputError: if a pair is not in the table.
    """
    table = _mixing_enthalpies()
    pairs = [[frozenset((a, b)) for b in elements] for a in elements]
    lacking = [f"{a}-{b}" for a, b in combinations(elements, 2) if frozenset((a, b)) not in table]
    if lacking:
        raise InputError(f"no mixing enthalpy for {', '.join(lacking)}")
    return np.array([[table.get(pair, 0.0) for pair in row] for row in pairs])
