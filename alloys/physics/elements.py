"""The elements of the reference models, and their numbers.

The table is ``alloys/data/elements.csv``; ``alloys/data/README.md`` names the source of each column. Nine
refractory elements have every number; others have what was found, and a model that needs a missing number says so.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError


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
    text = resources.files("alloys").joinpath("data/elements.csv").read_text(encoding="utf-8")
    return {row["symbol"]: _element(row) for row in csv.DictReader(text.splitlines())}


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
    """One property of several elements as an array of shape ``(len(elements),)``.

    Raises:
        InputError: if an element is not in the table, or the table lacks this number of it.
    """
    values = np.array([getattr(element(symbol), name) for symbol in elements], dtype=np.float64)
    lacking = [symbol for symbol, value in zip(elements, values, strict=True) if math.isnan(value)]
    if lacking:
        there = [symbol for symbol, row in sorted(element_table().items()) if not math.isnan(getattr(row, name))]
        raise InputError(f"no reference {name} for {', '.join(lacking)}; available are {', '.join(there)}")
    return values


@cache
def mixing_enthalpy_matrix(elements: tuple[str, ...]) -> NDArray[np.float64]:
    """Symmetric matrix of pair mixing enthalpies, kJ/mol, zero diagonal.

    Source: Takeuchi & Inoue, Mater. Trans. 46 (2005) 2817 (Miedema's model).

    Raises:
        InputError: if a pair is not in the table.
    """
    text = resources.files("alloys").joinpath("data/mixing_enthalpies.csv").read_text(encoding="utf-8")
    index = {symbol: i for i, symbol in enumerate(elements)}
    matrix = np.full((len(elements), len(elements)), np.nan)
    np.fill_diagonal(matrix, 0.0)
    for row in csv.DictReader(text.splitlines()):
        if row["first"] in index and row["second"] in index:
            i, j = index[row["first"]], index[row["second"]]
            matrix[i, j] = matrix[j, i] = float(row["enthalpy_kj_mol"])
    if np.isnan(matrix).any():
        lacking = [f"{elements[i]}-{elements[j]}" for i, j in np.argwhere(np.isnan(matrix)) if i < j]
        raise InputError(f"no mixing enthalpy for {', '.join(lacking)}")
    return matrix
