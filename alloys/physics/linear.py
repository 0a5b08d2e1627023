"""Rules of mixtures: the papers' linear model, Rice's K, density, price, valence, Pugh ratio and ductility index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alloys.physics.elements import column, mixing_enthalpy_matrix

Floats = NDArray[np.float64]
Elements = tuple[str, ...]

GAS_CONSTANT = 8.314462618
"""J/mol/K, exact by the 2019 SI."""

_GPA_J_M2_TO_MPA_ROOT_M = np.sqrt(1e9) / 1e6
"""sqrt(GPa J/m2) in MPa m^0.5: sqrt(1e9 Pa J/m2) = 31623 Pa m^0.5."""


def mixed(elements: Elements, fractions: Floats, name: str) -> Floats:
    """The mean of an elemental number, weighted by atomic fraction."""
    return fractions @ column(elements, name)


def spread(elements: Elements, fractions: Floats, name: str) -> Floats:
    """The standard deviation over atoms of an elemental number."""
    values = column(elements, name)
    mean = fractions @ values
    return np.asarray(np.sqrt(np.maximum((fractions @ values**2) - mean**2, 0.0)))


def shear_modulus(elements: Elements, fractions: Floats) -> Floats:
    """G, GPa: linear in atomic fraction (Debnath et al. 2021)."""
    return mixed(elements, fractions, "shear_modulus")


def poisson_ratio(elements: Elements, fractions: Floats) -> Floats:
    """Poisson's ratio, linear in atomic fraction (Debnath et al. 2021)."""
    return mixed(elements, fractions, "poisson")


def unstable_fault_energy(elements: Elements, fractions: Floats) -> Floats:
    """Unstable stacking-fault energy, J/m2, linear in atomic fraction (Debnath et al. 2021)."""
    return mixed(elements, fractions, "gamma_us")


def fracture_toughness(elements: Elements, fractions: Floats) -> Floats:
    """Rice's K for dislocation emission, MPa m^0.5; larger is more brittle.

    K = sqrt(2 G gamma_us / (1 - nu)). Source: Rice, J. Mech. Phys. Solids 40 (1992) 239, with each input mixed
    linearly (Debnath et al. 2021).
    """
    g = shear_modulus(elements, fractions)
    fault = unstable_fault_energy(elements, fractions)
    root = np.sqrt(2 * g * fault / (1 - poisson_ratio(elements, fractions)))
    return np.asarray(root * _GPA_J_M2_TO_MPA_ROOT_M)


def density(elements: Elements, fractions: Floats) -> Floats:
    """g/cm3, by volume: sum c M / sum (c M / rho)."""
    masses = fractions * column(elements, "mass")
    return np.asarray(masses.sum(axis=1) / (masses @ (1 / column(elements, "mass_density"))))


def price(elements: Elements, fractions: Floats) -> Floats:
    """USD/kg, by mass."""
    masses = fractions * column(elements, "mass")
    return np.asarray(masses @ column(elements, "price") / masses.sum(axis=1))


def vec(elements: Elements, fractions: Floats) -> Floats:
    """Valence electrons per atom (Guo & Liu, Prog. Nat. Sci. 21 (2011) 433)."""
    return mixed(elements, fractions, "vec")


def pugh_ratio(elements: Elements, fractions: Floats) -> Floats:
    """B/G, each mixed linearly (Pugh, Phil. Mag. 45 (1954) 823)."""
    return np.asarray(mixed(elements, fractions, "bulk_modulus") / shear_modulus(elements, fractions))


def ductility_index(elements: Elements, fractions: Floats) -> Floats:
    """D = gamma_s / gamma_us, each mixed linearly (Hu et al., Acta Mater. 210 (2021) 116800)."""
    return np.asarray(mixed(elements, fractions, "gamma_s") / unstable_fault_energy(elements, fractions))


def size_mismatch(elements: Elements, fractions: Floats) -> Floats:
    """delta, %, with metallic radii; see `mismatch`."""
    return mismatch(fractions, column(elements, "radius"))


def mismatch(fractions: Floats, radius: Floats) -> Floats:
    """delta, %: 100 sqrt(sum c (1 - r / mean r)^2) of radii ``(d,)`` (Zhang et al., Adv. Eng. Mater. 10 (2008) 534)."""
    mean = fractions @ radius
    return np.asarray(100 * np.sqrt((fractions * (1 - radius / mean[:, None]) ** 2).sum(axis=1)))


def mixing_enthalpy(elements: Elements, fractions: Floats) -> Floats:
    """kJ/mol: sum over pairs of 4 c_i c_j H_ij (Takeuchi & Inoue, Mater. Trans. 46 (2005) 2817)."""
    return np.asarray(2 * np.einsum("ni,ij,nj->n", fractions, mixing_enthalpy_matrix(elements), fractions))


def mixing_entropy(fractions: Floats) -> Floats:
    """Ideal configurational entropy, J/mol/K: -R sum c ln c (Yeh et al., Adv. Eng. Mater. 6 (2004) 299)."""
    safe = np.where(fractions > 0, fractions, 1.0)
    return np.asarray(-GAS_CONSTANT * (fractions * np.log(safe)).sum(axis=1))


def omega(elements: Elements, fractions: Floats) -> Floats:
    """Omega = Tm dS / |dH| (Yang & Zhang, Mater. Chem. Phys. 132 (2012) 233), capped at 1e6 where dH vanishes."""
    enthalpy = np.abs(mixing_enthalpy(elements, fractions)) * 1000
    melting = mixed(elements, fractions, "melting_point")
    return np.asarray(np.minimum(melting * mixing_entropy(fractions) / np.maximum(enthalpy, 1e-9), 1e6))
