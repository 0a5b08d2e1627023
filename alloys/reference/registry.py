"""Which closed form answers which property."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from alloys.composition import Composition
from alloys.elements import element
from alloys.errors import InputError
from alloys.goal import Constraint
from alloys.reference import edge, linear

Floats = NDArray[np.float64]
ClosedForm = Callable[[tuple[str, ...], Floats], Floats]

CLOSED_FORMS: dict[str, ClosedForm] = {
    "shear_modulus": linear.shear_modulus,
    "poisson_ratio": linear.poisson_ratio,
    "unstable_fault_energy": linear.unstable_fault_energy,
    "fracture_toughness": linear.fracture_toughness,
    "density": linear.density,
    "price": linear.price,
    "vec": linear.vec,
    "pugh_ratio": linear.pugh_ratio,
    "ductility_index": linear.ductility_index,
    "size_mismatch": linear.size_mismatch,
    "mixing_enthalpy": linear.mixing_enthalpy,
    "omega": linear.omega,
}


def closed_form(name: str, elements: tuple[str, ...], fractions: Floats) -> Floats:
    """A property of many compositions, shape ``(n,)``; ``fractions`` has shape ``(n, len(elements))``.

    Raises:
        InputError: if no reference model answers the property, or an element has no reference data.
    """
    if name not in CLOSED_FORMS:
        raise InputError(f"no closed form answers {name!r}; available are {', '.join(CLOSED_FORMS)}")
    return CLOSED_FORMS[name](elements, fractions)


def closed_forms(names: Iterable[str], elements: tuple[str, ...], fractions: Floats) -> dict[str, Floats]:
    """Those of some properties that have a closed form, by property, each of shape ``(n,)``; as `closed_form`."""
    return {name: closed_form(name, elements, fractions) for name in names if name in CLOSED_FORMS}


def closed_forms_hold(
    constraints: Iterable[Constraint], elements: tuple[str, ...], fractions: Floats
) -> NDArray[np.bool_]:
    """Which of many compositions satisfy constraints on closed forms, shape ``(n,)``; as `closed_form`."""
    good = np.ones(len(fractions), dtype=np.bool_)
    for constraint in constraints:
        good &= constraint.margin(closed_form(constraint.name, elements, fractions)) >= 0
    return good


def properties_of(composition: Composition) -> dict[str, float]:
    """Every closed form that the table's numbers allow for one composition, by property.

    Raises:
        InputError: if an element is not in the table, or no closed form has all its numbers.
    """
    fractions = np.array([list(composition.fractions().values())])
    for symbol in composition.elements:
        element(symbol)
    values: dict[str, float] = {}
    lacking = ""
    for name, model in CLOSED_FORMS.items():
        try:
            values[name] = float(model(composition.elements, fractions)[0])
        except InputError as error:
            lacking = str(error)
    if not values:
        raise InputError(lacking)
    return values


def from_solidus(elements: tuple[str, ...], fractions: Floats, solidus: Floats) -> Mapping[str, Floats]:
    """What the reference models say once the solidus (K, shape ``(n,)``) is known: strengths at 1300 °C.

    ``yield_strength_1300c`` in MPa and ``specific_yield_strength_1300c`` in MPa·cm3/g.
    """
    strength = edge.yield_strength(elements, fractions, 1573.15, solidus)
    return {
        "yield_strength_1300c": strength,
        "specific_yield_strength_1300c": strength / linear.density(elements, fractions),
    }
