"""The elements that the reference models know, with every number they need.

The table is ``alloys/data/elements.csv``; ``alloys/data/README.md`` names the source of each column.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError


@dataclass(frozen=True, slots=True)
class Element:
    """One row of the element table.

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


_CONVERT = {"str": str, "int": int, "float": float}


@cache
def element_table() -> dict[str, Element]:
    """All known elements by symbol."""
    text = resources.files("alloys").joinpath("data/elements.csv").read_text(encoding="utf-8")
    return {
        row["symbol"]: Element(**{f.name: _CONVERT[str(f.type)](row[f.name]) for f in fields(Element)})
        for row in csv.DictReader(text.splitlines())
    }


def known_elements() -> tuple[str, ...]:
    """Symbols of all known elements, alphabetically."""
    return tuple(sorted(element_table()))


def element(symbol: str) -> Element:
    """The table's row for a symbol.

    Raises:
        InputError: if the element is not in the table.
    """
    try:
        return element_table()[symbol]
    except KeyError:
        raise InputError(
            f"no reference data for element {symbol!r}; available are {', '.join(known_elements())}"
        ) from None


def column(elements: Sequence[str], name: str) -> NDArray[np.float64]:
    """One property of several elements as an array of shape ``(len(elements),)``.

    Raises:
        InputError: if an element is not in the table.
    """
    return np.array([getattr(element(symbol), name) for symbol in elements], dtype=np.float64)


@cache
def mixing_enthalpy_matrix(elements: tuple[str, ...]) -> NDArray[np.float64]:
    """Symmetric matrix of pair mixing enthalpies, kJ/mol, zero diagonal.

    Source: Takeuchi & Inoue, Mater. Trans. 46 (2005) 2817 (Miedema's model).
    """
    text = resources.files("alloys").joinpath("data/mixing_enthalpies.csv").read_text(encoding="utf-8")
    index = {symbol: i for i, symbol in enumerate(elements)}
    matrix = np.zeros((len(elements), len(elements)))
    for row in csv.DictReader(text.splitlines()):
        if row["first"] in index and row["second"] in index:
            i, j = index[row["first"]], index[row["second"]]
            matrix[i, j] = matrix[j, i] = float(row["enthalpy_kj_mol"])
    return matrix
