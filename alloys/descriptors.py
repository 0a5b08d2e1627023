"""Physics descriptors: what a surrogate sees instead of bare fractions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alloys.elements import column
from alloys.reference import edge, linear
from alloys.reference.registry import from_solidus
from alloys.reference.solution import demixing_margin, melting_estimates

Floats = NDArray[np.float64]

_MIXED = ("radius", "vec", "melting_point", "shear_modulus", "bulk_modulus", "electronegativity")
_SPREAD = ("radius", "vec", "melting_point", "electronegativity")

DESCRIPTORS: tuple[str, ...] = (
    *(f"mean_{name}" for name in _MIXED),
    *(f"spread_{name}" for name in _SPREAD),
    "size_mismatch",
    "mixing_enthalpy",
    "mixing_entropy",
    "laves_affinity",
    "solidus_estimate",
    "freezing_range_estimate",
    "demixing_margin_1200c",
    "demixing_margin_1300c",
    "edge_strength_1300c",
)


def describe(elements: tuple[str, ...], fractions: Floats) -> Floats:
    """Descriptors of shape ``(n, len(DESCRIPTORS))``, in the order of `DESCRIPTORS`.

    Means and spreads (standard deviations) are over atoms; temperatures in K, moduli in GPa, radii in pm. The
    Laves affinity is the chance that two atoms have a radius ratio of 1.1 or more: A2B phases ask for about 1.2.
    """
    columns = [linear.mixed(elements, fractions, name) for name in _MIXED]
    for name in _SPREAD:
        values = column(elements, name)
        mean = fractions @ values
        columns.append(np.sqrt(np.maximum((fractions @ values**2) - mean**2, 0.0)))
    melting = melting_estimates(elements, fractions)
    columns += [
        linear.size_mismatch(elements, fractions),
        linear.mixing_enthalpy(elements, fractions),
        linear.mixing_entropy(fractions),
        laves_affinity(elements, fractions),
        melting["solidus"],
        melting["freezing_range"],
        demixing_margin(elements, fractions, 1473.15),
        demixing_margin(elements, fractions, 1573.15),
        edge.edge_strength(elements, fractions, 1573.15),
    ]
    return np.column_stack(columns)


def laves_affinity(elements: tuple[str, ...], fractions: Floats) -> Floats:
    """Chance that two atoms drawn from the alloy have a radius ratio of at least 1.1, shape ``(n,)``."""
    radius = column(elements, "radius")
    far = (radius[:, None] / radius[None, :] >= 1.1).astype(np.float64)
    return np.asarray(2 * np.einsum("ni,ij,nj->n", fractions, far, fractions))


def prior_means(elements: tuple[str, ...], fractions: Floats) -> dict[str, Floats]:
    """What physics expects of the properties that only validation answers, each of shape ``(n,)``.

    Solidus, liquidus and freezing range from the regular-solution estimate; strengths from the edge model with
    that solidus. A surrogate models the residual. Properties without an entry have no physics prior.
    """
    melting = melting_estimates(elements, fractions)
    return {**melting, **from_solidus(elements, fractions, melting["solidus"])}
