"""Knowledge of refractory alloys that solidify as bcc: descriptors, prior means, and strength from the solidus.

Two phases, bcc and liquid, of nine elements (`alloys.physics.solution`); strength by edge dislocations at 1300 °C
(`alloys.physics.edge`). Temperatures in K, moduli in GPa, radii in pm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from alloys.composition import Composition
from alloys.dataset import known_alloys
from alloys.errors import InputError
from alloys.physics import edge, linear
from alloys.physics.base import Elements, Floats, Physics
from alloys.physics.closed_forms import CLOSED_FORMS
from alloys.physics.elements import column, known_elements
from alloys.physics.solution import demixing_margin, melting_estimates

SERVICE_K = 1573.15
"""1300 °C, the temperature of the strength."""

ANNEALING_K = 1473.15
"""1200 °C."""

PHASES_C = (1200, 1300)
"""Temperatures at which phases are always asked for, °C."""

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

_SOLIDUS = DESCRIPTORS.index("solidus_estimate")
_FREEZING = DESCRIPTORS.index("freezing_range_estimate")

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "size": ("mean_radius", "spread_radius", "size_mismatch", "laves_affinity"),
    "electrons": ("mean_vec", "spread_vec", "mean_electronegativity", "spread_electronegativity"),
    "melting points": ("mean_melting_point", "spread_melting_point"),
    "moduli": ("mean_shear_modulus", "mean_bulk_modulus"),
    "mixing": ("mixing_enthalpy", "mixing_entropy"),
    "melting estimate": ("solidus_estimate", "freezing_range_estimate"),
    "demixing": ("demixing_margin_1200c", "demixing_margin_1300c"),
    "edge strength": ("edge_strength_1300c",),
}


class Refractory(Physics):
    """The nine refractory elements of the default campaign; every number they need is in ``alloys/data``."""

    name = "refractory"
    closed_forms = CLOSED_FORMS
    derived: Mapping[str, str] = {"yield_strength_1300c": "solidus", "specific_yield_strength_1300c": "solidus"}
    prior_std: Mapping[str, float] = {
        "solidus": 150.0,
        "liquidus": 150.0,
        "freezing_range": 150.0,
        "yield_strength_1300c": 150.0,
        "specific_yield_strength_1300c": 20.0,
    }

    def check(self, elements: Sequence[str]) -> None:
        """Refuses elements without every number.

        Raises:
            InputError: naming them, and those that it knows.
        """
        unknown = sorted(set(elements) - set(known_elements()))
        if unknown:
            raise InputError(f"no reference data for {', '.join(unknown)}; available are {', '.join(known_elements())}")

    def descriptors(self, elements: Elements) -> tuple[str, ...]:
        """The same for any elements."""
        return DESCRIPTORS

    def descriptor_sets(self, elements: Elements) -> Mapping[str, tuple[str, ...]]:
        """None: these descriptors were chosen for these alloys."""
        return {}

    def groups(self, elements: Elements) -> Mapping[str, tuple[str, ...]]:
        """The same for any elements."""
        return _GROUPS

    def describe(self, elements: Elements, fractions: Floats) -> Floats:
        """Descriptors of shape ``(n, len(DESCRIPTORS))``, in the order of `DESCRIPTORS`.

        Means and spreads (standard deviations) are over atoms. The Laves affinity is the chance that two atoms have a
        radius ratio of 1.1 or more: A2B phases ask for about 1.2.
        """
        columns = [linear.mixed(elements, fractions, name) for name in _MIXED]
        columns += [linear.spread(elements, fractions, name) for name in _SPREAD]
        melting = melting_estimates(elements, fractions)
        columns += [
            linear.size_mismatch(elements, fractions),
            linear.mixing_enthalpy(elements, fractions),
            linear.mixing_entropy(fractions),
            laves_affinity(elements, fractions),
            melting["solidus"],
            melting["freezing_range"],
            demixing_margin(elements, fractions, ANNEALING_K),
            demixing_margin(elements, fractions, SERVICE_K),
            edge.edge_strength(elements, fractions, SERVICE_K),
        ]
        return np.column_stack(columns)

    def prior_means(self, elements: Elements, fractions: Floats, described: Floats) -> Mapping[str, Floats]:
        """Melting from the regular-solution estimate, strengths from the edge model with that solidus."""
        solidus, freezing = described[:, _SOLIDUS], described[:, _FREEZING]
        melting = {"solidus": solidus, "liquidus": solidus + freezing, "freezing_range": freezing}
        return {**melting, **self.derive("solidus", solidus, elements, fractions)}

    def derive(self, source: str, values: Floats, elements: Elements, fractions: Floats) -> Mapping[str, Floats]:
        """Strengths at 1300 °C from a solidus in K: in MPa, and by density in MPa·cm3/g."""
        strength = edge.yield_strength(elements, fractions, SERVICE_K, values)
        return {
            "yield_strength_1300c": strength,
            "specific_yield_strength_1300c": strength / linear.density(elements, fractions),
        }

    def phase_quantities(self, celsius: Sequence[int] = ()) -> Mapping[str, Mapping[str, Any]]:
        """The share of the largest set of bcc at 1200 and 1300 °C, and at further temperatures in °C."""
        return {
            f"bcc_fraction_{each}c": {"fraction": "BCC_A2", "at": f"{each} degC", "largest": True}
            for each in dict.fromkeys((*PHASES_C, *celsius))
        }

    def start_table(self) -> list[Composition]:
        """Well-known refractory alloys; see `alloys.dataset.known_alloys`."""
        return [alloy.composition for alloy in known_alloys()]


BUNDLE = Refractory()


def laves_affinity(elements: tuple[str, ...], fractions: Floats) -> Floats:
    """Chance that two atoms drawn from the alloy have a radius ratio of at least 1.1, shape ``(n,)``."""
    radius = column(elements, "radius")
    far = (radius[:, None] / radius[None, :] >= 1.1).astype(np.float64)
    return np.asarray(2 * np.einsum("ni,ij,nj->n", fractions, far, fractions))
