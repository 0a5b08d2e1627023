"""Knowledge of any elements: statistics of their tabulated numbers, and closed forms; no prior means.

A descriptor is left out if one of the elements lacks its number, so no element is refused.

References:
    Ward, L. et al. (2016). A general-purpose machine learning framework for predicting properties of inorganic
        materials. npj Comput. Mater. 2, 16028: statistics over atoms of elemental numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from alloys.physics import linear
from alloys.physics.base import Elements, Floats, Physics
from alloys.physics.closed_forms import CLOSED_FORMS
from alloys.physics.elements import element_table, without_mixing_enthalpy
from alloys.physics.periodic import periodic_table

Bools = NDArray[np.bool_]

_NUMBERS = (
    "mass", "mendeleev_number", "period", "vec", "metallic_radius", "covalent_radius", "molar_volume",
    "electronegativity", "electronegativity_ghosh", "electronegativity_miedema", "electron_density",
    "polarizability", "melting_point", "atomization_enthalpy", "ionization_energy", "s_electrons", "p_electrons",
    "d_electrons", "f_electrons", "d_holes",
)  # fmt: skip
"""Columns of the periodic table whose mean, spread and range over atoms describe an alloy."""

_CALCULATED = ("shear_modulus", "bulk_modulus", "gamma_us", "gamma_s")
"""Likewise, of ``alloys/data``, by density functional theory."""

_SIZES = ("metallic_radius", "covalent_radius")
"""The first that every element has makes the size mismatch."""

_CHUNK = 2**15


@cache
def _table(elements: Elements) -> Mapping[str, Floats]:
    """The numbers of these elements by name, each of shape ``(len(elements),)``, NaN where there is none."""
    periodic, own = periodic_table(), element_table()
    table = {
        name: [periodic[symbol][name] if symbol in periodic else np.nan for symbol in elements] for name in _NUMBERS
    }
    table |= {name: [getattr(own.get(symbol), name, np.nan) for symbol in elements] for name in _CALCULATED}
    return {name: np.array(column) for name, column in table.items()}


@cache
def _numbers(elements: Elements) -> Mapping[str, Floats]:
    """Those of `_table` that every element has; none of no elements."""
    if not elements:
        return {}
    return {name: column for name, column in _table(elements).items() if np.isfinite(column).all()}


@cache
def _mixing(elements: Elements) -> tuple[str, ...]:
    if not elements:
        return ()
    sizes = ("size_mismatch",) if any(name in _numbers(elements) for name in _SIZES) else ()
    return ("mixing_entropy", *sizes, *(() if without_mixing_enthalpy(elements) else ("mixing_enthalpy",)))


class Generic(Physics):
    """Elements' statistics and fractions: a start for any alloy and any property."""

    name = "generic"
    closed_forms = CLOSED_FORMS

    def groups(self, elements: Elements) -> Mapping[str, tuple[str, ...]]:
        """Mean, spread and range of each number, and mixing; a number that an element lacks is left out."""
        groups = {
            name.replace("_", " "): (f"mean_{name}", f"spread_{name}", f"range_{name}") for name in _numbers(elements)
        }
        return {**groups, "mixing": _mixing(elements)}

    def descriptors(self, elements: Elements) -> tuple[str, ...]:
        """Means, spreads and ranges of the numbers, then mixing."""
        kinds = ("mean", "spread", "range")
        return (*(f"{kind}_{name}" for kind in kinds for name in _numbers(elements)), *_mixing(elements))

    def descriptor_sets(self, elements: Elements) -> Mapping[str, tuple[str, ...]]:
        """Means and mixing; these and spreads; all."""
        names = self.descriptors(elements)
        if not names:
            return {}
        means = tuple(name for name in names if not name.startswith(("spread_", "range_")))
        spreads = tuple(name for name in names if not name.startswith("range_"))
        return {"means": means, "means and spreads": spreads, "means, spreads and ranges": names}

    def notes(self, elements: Elements) -> tuple[str, ...]:
        """One line for each number of the periodic table, and for mixing enthalpies, that some of the elements lack."""
        lacking = {
            name: tuple(symbol for symbol, value in zip(elements, column, strict=True) if np.isnan(value))
            for name, column in _table(elements).items()
            if name not in _CALCULATED
        }
        lacking["mixing_enthalpy"] = without_mixing_enthalpy(elements)
        return tuple(
            f"nothing is described by {name.replace('_', ' ')}: there is no number for {', '.join(symbols)}"
            for name, symbols in lacking.items()
            if symbols
        )

    def describe(self, elements: Elements, fractions: Floats) -> Floats:
        """Descriptors of shape ``(n, len(descriptors(elements)))``: standard deviations over atoms are the spreads.

        A range is the largest less the smallest number of the elements that are there. The size mismatch is in %, the
        entropy in J/mol/K, the enthalpy in kJ/mol, the rest in the units of the table.
        """
        described = np.empty((len(fractions), len(self.descriptors(elements))))
        if not elements:
            return described
        for start in range(0, len(fractions), _CHUNK):
            part = slice(start, start + _CHUNK)
            described[part] = self._described(elements, fractions[part])
        return described

    def _described(self, elements: Elements, fractions: Floats) -> Floats:
        numbers = _numbers(elements)
        table = np.array(list(numbers.values())).T
        centre = table.mean(axis=0)  # squares of differences lose no digits
        mean = fractions @ (table - centre)
        variance = fractions @ (table - centre) ** 2 - mean**2
        columns = [mean + centre, np.sqrt(np.maximum(variance, 0.0)), _ranges(fractions > 0, table)]
        for name in _mixing(elements):
            if name == "mixing_entropy":
                columns.append(linear.mixing_entropy(fractions)[:, None])
            elif name == "size_mismatch":
                radius = next(numbers[size] for size in _SIZES if size in numbers)
                columns.append(linear.mismatch(fractions, radius)[:, None])
            else:
                columns.append(linear.mixing_enthalpy(elements, fractions)[:, None])
        return np.concatenate(columns, axis=1)


def _ranges(present: Bools, table: Floats) -> Floats:
    """Largest less smallest of numbers ``(d, k)`` of the elements that are present, ``(n, d)``; shape ``(n, k)``."""
    kinds, which = np.unique(np.packbits(present, axis=1), axis=0, return_inverse=True)
    there = np.unpackbits(kinds, axis=1, count=present.shape[1]).astype(bool)[:, :, None]
    ranges = np.where(there, table, -np.inf).max(axis=1) - np.where(there, table, np.inf).min(axis=1)
    return np.asarray(ranges[which.reshape(-1)])


BUNDLE = Generic()
