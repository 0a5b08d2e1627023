"""Knowledge of any elements: statistics of their tabulated numbers, and closed forms; no prior means.

A descriptor is left out if one of the elements lacks its number, so no element is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from alloys.errors import InputError
from alloys.physics import linear
from alloys.physics.base import Elements, Floats, Physics
from alloys.physics.closed_forms import CLOSED_FORMS
from alloys.physics.elements import column, mixing_enthalpy_matrix

_NUMBERS = (
    "mass", "vec", "radius", "electronegativity", "electronegativity_allen", "melting_point", "molar_volume",
    "mass_density", "shear_modulus", "bulk_modulus", "gamma_us", "gamma_s",
)  # fmt: skip
"""Columns of the table of elements whose mean and spread over atoms describe an alloy."""


def _present(number: Callable[..., object], *arguments: object) -> bool:
    try:
        number(*arguments)
    except InputError:
        return False
    return True


class Generic(Physics):
    """Elements' statistics and fractions: a start for any alloy and any property."""

    name = "generic"
    closed_forms = CLOSED_FORMS

    def groups(self, elements: Elements) -> Mapping[str, tuple[str, ...]]:
        """Mean and spread of each number, and mixing; a number that an element lacks is left out."""
        known = [name for name in _NUMBERS if _present(column, elements, name)]
        groups = {name.replace("_", " "): (f"mean_{name}", f"spread_{name}") for name in known}
        mixing = ["mixing_entropy"]
        if "radius" in known:
            mixing.append("size_mismatch")
        if _present(mixing_enthalpy_matrix, elements):
            mixing.append("mixing_enthalpy")
        return {**groups, "mixing": tuple(mixing)}

    def descriptors(self, elements: Elements) -> tuple[str, ...]:
        """The members of the groups, in their order."""
        return tuple(name for group in self.groups(elements).values() for name in group)

    def describe(self, elements: Elements, fractions: Floats) -> Floats:
        """Descriptors of shape ``(n, len(descriptors(elements)))``: means, standard deviations over atoms, mixing.

        The size mismatch is in %, the entropy in J/mol/K, the enthalpy in kJ/mol, the rest in the units of the table.
        """
        columns = []
        for name in self.descriptors(elements):
            kind, _, number = name.partition("_")
            if kind == "mean":
                columns.append(linear.mixed(elements, fractions, number))
            elif kind == "spread":
                columns.append(linear.spread(elements, fractions, number))
            elif name == "mixing_entropy":
                columns.append(linear.mixing_entropy(fractions))
            else:
                columns.append(CLOSED_FORMS[name](elements, fractions))
        return np.column_stack(columns)


BUNDLE = Generic()
