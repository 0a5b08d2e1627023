"""Which closed form gives which property: rules of mixtures for every element that has the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.physics import linear
from alloys.physics.base import ClosedForm, Elements, Floats
from alloys.physics.combined import VariableForm, form_of

CLOSED_FORMS: Mapping[str, ClosedForm] = {
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

PUBLISHED_CONDITIONS = ("shear_modulus", "fracture_toughness")
"""What published evaluations of generators of alloys condition on (Debnath et al. 2021, Tung et al. 2022)."""


def closed_form(
    name: str,
    elements: Elements,
    fractions: Floats,
    forms: Mapping[str, ClosedForm] = CLOSED_FORMS,
    variables: Mapping[str, Floats] | None = None,
) -> Floats:
    """A property of many designs, shape ``(n,)``.

    Args:
        name: the property.
        elements: symbols.
        fractions: shape ``(n, len(elements))``.
        forms: the closed forms, by property.
        variables: numbers of the variables beside the composition, by name, shape ``(n,)`` each.

    Raises:
        InputError: if no closed form answers the property, or an element has no reference data.
    """
    if name not in forms:
        raise InputError(f"no closed form answers {name!r}; available are {', '.join(forms)}")
    return form_of(forms[name], variables or {}, elements, fractions)


def closed_forms(
    names: Iterable[str],
    elements: Elements,
    fractions: Floats,
    forms: Mapping[str, ClosedForm] = CLOSED_FORMS,
    variables: Mapping[str, Floats] | None = None,
) -> dict[str, Floats]:
    """Those of some properties that have a closed form, by property, each of shape ``(n,)``; as `closed_form`."""
    return {name: closed_form(name, elements, fractions, forms, variables) for name in names if name in forms}


def answered(forms: Mapping[str, ClosedForm], design: Design) -> tuple[dict[str, float], str]:
    """The closed forms that have all numbers for a design, and what the last other one lacks."""
    fractions = np.array([list(design.composition.fractions().values())])
    variables = {name: np.array([float(v)]) for name, v in design.values.items() if not isinstance(v, str | bool)}
    if not design.composition.items:  # nothing follows from a composition that is not told
        forms = {name: form for name, form in forms.items() if isinstance(form, VariableForm)}
    values: dict[str, float] = {}
    lacking = ""
    for name, form in forms.items():
        try:
            values[name] = float(form_of(form, variables, design.composition.elements, fractions)[0])
        except InputError as error:
            lacking = str(error)
    return values, lacking


def properties_of(composition: Composition) -> dict[str, float]:
    """Every closed form that the tables' numbers allow for one composition, by property.

    Raises:
        InputError: if no closed form has all its numbers.
    """
    values, lacking = answered(CLOSED_FORMS, Design(composition))
    if not values:
        raise InputError(lacking)
    return values
