"""Names, units and plausible ranges of the properties, used everywhere alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from alloys.errors import InputError


@dataclass(frozen=True, slots=True)
class Property:
    """A named quantity.

    Attributes:
        name: the word used in configs, CSV headers, the command line and MLflow.
        unit: its unit, as text.
        meaning: one line.
        low: smallest value that can be true; anything below is an error.
        high: largest such value.
        closed_form: whether a reference model answers it from the composition alone.
    """

    name: str
    unit: str
    meaning: str
    low: float
    high: float
    closed_form: bool


_ROWS = (
    Property("shear_modulus", "GPa", "isotropic shear modulus", 0.0, 1000.0, True),
    Property("poisson_ratio", "1", "Poisson ratio", 0.0, 0.5, True),
    Property("unstable_fault_energy", "J/m2", "unstable stacking-fault energy", 0.0, 10.0, True),
    Property("fracture_toughness", "MPa·m^0.5", "Rice's dislocation-emission K; larger is brittler", 0.0, 10.0, True),
    Property("density", "g/cm3", "rule of mixtures by volume", 0.1, 30.0, True),
    Property("price", "USD/kg", "rule of mixtures by mass", 0.0, 1e6, True),
    Property("vec", "electrons/atom", "valence electron concentration", 1.0, 12.0, True),
    Property("pugh_ratio", "1", "B/G", 0.1, 50.0, True),
    Property("ductility_index", "1", "gamma_s / gamma_us, the D parameter", 0.1, 50.0, True),
    Property("size_mismatch", "%", "atomic size mismatch, delta", 0.0, 50.0, True),
    Property("mixing_enthalpy", "kJ/mol", "Miedema mixing enthalpy", -200.0, 200.0, True),
    Property("omega", "1", "Tm dS / |dH|", 0.0, 1e6, True),
    Property("yield_strength_1300c", "MPa", "yield strength at 1573 K", 0.0, 10000.0, False),
    Property("specific_yield_strength_1300c", "MPa·cm3/g", "yield strength at 1573 K by density", 0.0, 2000.0, False),
    Property("solidus", "K", "equilibrium solidus", 200.0, 5000.0, False),
    Property("liquidus", "K", "equilibrium liquidus", 200.0, 5000.0, False),
    Property("freezing_range", "K", "liquidus minus solidus", 0.0, 3000.0, False),
    Property("scheil_freezing_range", "K", "liquidus minus where Scheil leaves 1 % liquid", 0.0, 4000.0, False),
    Property("bcc_fraction_1200c", "mole fraction", "of one disordered BCC phase at 1473 K", 0.0, 1.0, False),
    Property("bcc_fraction_1300c", "mole fraction", "of one disordered BCC phase at 1573 K", 0.0, 1.0, False),
    Property("lattice_parameter", "Å", "of the cubic bcc cell with two atoms, at 0 K", 1.0, 10.0, False),
    Property("bulk_modulus", "GPa", "at 0 K", 0.0, 1000.0, False),
    Property("c11", "GPa", "elastic constant C11 of the cubic crystal", 0.0, 2000.0, False),
    Property("c12", "GPa", "elastic constant C12 of the cubic crystal", -500.0, 1000.0, False),
    Property("c44", "GPa", "elastic constant C44 of the cubic crystal", 0.0, 1000.0, False),
    Property("cauchy_pressure", "GPa", "C12 minus C44", -1000.0, 1000.0, False),
    Property("mixing_energy", "kJ/mol", "bcc alloy less its elements in bcc, per mole of atoms", -200.0, 200.0, False),
)

_BCC_SHARE = re.compile(r"bcc_fraction_([1-9]\d{1,3})c")


class _Properties(dict[str, Property]):
    """The table, and the BCC share at any other temperature in °C: ``bcc_fraction_900c``."""

    def __missing__(self, name: str) -> Property:
        match = _BCC_SHARE.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            raise KeyError(name)
        return Property(name, "mole fraction", f"of one disordered BCC phase at {match[1]} °C", 0.0, 1.0, False)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and _BCC_SHARE.fullmatch(name) is not None)

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


PROPERTIES: dict[str, Property] = _Properties({row.name: row for row in _ROWS})


def get_property(name: str) -> Property:
    """The property of that name.

    Raises:
        InputError: if there is none.
    """
    try:
        return PROPERTIES[name]
    except KeyError:
        raise InputError(f"unknown property {name!r}; available are {', '.join(PROPERTIES)}") from None
