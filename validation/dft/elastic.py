"""Elastic constants of cubic crystals from energies, and the moduli of their polycrystals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GPA = 160.21766208
"""GPa in one eV/Å3 (elementary charge of the SI)."""


def orthorhombic(delta: float) -> Floats:
    """Deformation gradient that keeps the volume, shape ``(3, 3)``: the energy is V (C11 - C12) delta^2 + O(delta^4).

    Source: Mehl, Osburn, Papaconstantopoulos & Klein, Phys. Rev. B 41 (1990) 10311.
    """
    return np.diag([1.0 + delta, 1.0 - delta, 1.0 / (1.0 - delta**2)])


def monoclinic(delta: float) -> Floats:
    """Deformation gradient that keeps the volume, shape ``(3, 3)``: the energy is V C44 delta^2 / 2 + O(delta^4).

    Source: as `orthorhombic`.
    """
    half = delta / 2.0
    return np.array([[1.0, half, 0.0], [half, 1.0, 0.0], [0.0, 0.0, 1.0 / (1.0 - half**2)]])


def curvature(deltas: Floats, energies: Floats) -> tuple[float, float]:
    """Half the second derivative at zero of an even function, and the root mean square of what the fit misses.

    The fit is E = E0 + a delta^2 + b delta^4; with a single strain beside zero, b is left out.

    Args:
        deltas: shape ``(n,)``, n >= 2, magnitudes, all different.
        energies: shape ``(n,)``.
    """
    degree = 2 if len(deltas) > 2 else 1
    squares = deltas**2 / np.max(deltas**2)
    fit = np.polynomial.Polynomial.fit(squares, energies, degree, domain=[-1, 1])
    residual = float(np.sqrt(np.mean((fit(squares) - energies) ** 2)))
    return float(fit.coef[1]) / float(np.max(deltas**2)), residual


@dataclass(frozen=True, slots=True)
class Cubic:
    """Elastic constants of a cubic crystal, GPa."""

    c11: float
    c12: float
    c44: float

    @classmethod
    def from_moduli(cls, bulk: float, tetragonal: float, c44: float) -> Cubic:
        """From B = (C11 + 2 C12)/3, C' = (C11 - C12)/2 and C44, all in GPa."""
        return cls(bulk + 4.0 / 3.0 * tetragonal, bulk - 2.0 / 3.0 * tetragonal, c44)

    @property
    def bulk(self) -> float:
        """Bulk modulus, GPa."""
        return (self.c11 + 2.0 * self.c12) / 3.0

    @property
    def stability(self) -> float:
        """The smallest of C', C44 and B, GPa; the crystal is stable where it is positive (Born's criteria)."""
        return min((self.c11 - self.c12) / 2.0, self.c44, self.bulk)

    @property
    def shear(self) -> float:
        """Isotropic shear modulus, GPa: the mean of Voigt's and Reuss's bounds.

        Source: Hill, Proc. Phys. Soc. A 65 (1952) 349. Defined for stable crystals only.
        """
        difference = self.c11 - self.c12
        voigt = (difference + 3.0 * self.c44) / 5.0
        reuss = 5.0 * difference * self.c44 / (4.0 * self.c44 + 3.0 * difference)
        return (voigt + reuss) / 2.0

    def properties(self) -> dict[str, float]:
        """All that follows, by property name, in the units of the property table."""
        bulk, shear = self.bulk, self.shear
        return {
            "bulk_modulus": bulk,
            "c11": self.c11,
            "c12": self.c12,
            "c44": self.c44,
            "shear_modulus": shear,
            "poisson_ratio": (3.0 * bulk - 2.0 * shear) / (2.0 * (3.0 * bulk + shear)),
            "pugh_ratio": bulk / shear,
            "cauchy_pressure": self.c12 - self.c44,
        }
