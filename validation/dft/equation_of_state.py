"""The third-order Birch-Murnaghan equation of state, fitted to energies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PARAMETERS = 4


class FitError(ValueError):
    """Energies that have no minimum where they were computed."""


@dataclass(frozen=True, slots=True)
class EquationOfState:
    """The minimum of the energy over volume.

    Attributes:
        volume: Å3, of whatever cell the energies were given for.
        energy: eV.
        bulk_modulus: eV/Å3.
        residual: root mean square of what the fit misses, eV.
    """

    volume: float
    energy: float
    bulk_modulus: float
    residual: float


def fit_birch_murnaghan(volumes: Floats, energies: Floats) -> EquationOfState:
    """The equation of state through energies at several volumes.

    Birch-Murnaghan of third order is a cubic in x = V^(-2/3) (Birch, Phys. Rev. 71 (1947) 809), so the fit is
    linear. At the minimum B = V E'' = (4/9) V^(-7/3) d2E/dx2.

    Args:
        volumes: shape ``(n,)``, n >= 4, Å3.
        energies: shape ``(n,)``, eV.

    Raises:
        FitError: if there is no minimum between the smallest and the largest volume.
    """
    if len(volumes) < PARAMETERS:
        raise FitError(f"an equation of state needs {PARAMETERS} volumes, got {len(volumes)}")
    x = volumes ** (-2.0 / 3.0)
    # Centred and scaled, or the powers of x are nearly dependent.
    centre, width = float(x.mean()), float(np.ptp(x))
    scaled = (x - centre) / width
    cubic = np.polynomial.Polynomial.fit(scaled, energies, 3, domain=[-1, 1])
    slope, curvature = cubic.deriv(), cubic.deriv(2)
    roots = [float(r.real) for r in slope.roots() if abs(r.imag) < 1e-12 and curvature(r.real) > 0]
    inside = [r for r in roots if scaled.min() <= r <= scaled.max()]
    if not inside:
        raise FitError(f"the energy has no minimum between {volumes.min():.2f} and {volumes.max():.2f} Å3 of the cell")
    best = inside[0]
    volume = float((centre + width * best) ** -1.5)
    second = float(curvature(best)) / width**2
    residual = float(np.sqrt(np.mean((cubic(scaled) - energies) ** 2)))
    return EquationOfState(volume, float(cubic(best)), 4.0 / 9.0 * volume ** (-7.0 / 3.0) * second, residual)
