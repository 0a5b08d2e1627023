"""Lattices of pairs by direct sums: what the general code must find."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from validation.dft.elastic import GPA

Floats = NDArray[np.float64]


def smoothed_morse(r: Floats, p: dict[str, float]) -> Floats:
    """The pair energy that ASE documents: Morse, taken smoothly to zero between the two radii."""
    x = np.exp(-p["rho0"] * (r / p["r0"] - 1.0))
    inner, outer = p["rcut1"] * p["r0"], p["rcut2"] * p["r0"]
    t = (r - inner) / (outer - inner)
    smooth = np.where(t < 0, 1.0, np.where(t > 1, 0.0, 1.0 - t**3 * (10.0 + t * (-15.0 + 6.0 * t))))
    return p["epsilon"] * x * (x - 2.0) * smooth


def lattice_sums(kind: str, p: dict[str, float]) -> tuple[float, float, float, float]:
    """Edge of the cube at least energy (Å), C11, C12 and C44 (GPa) of a crystal of pairs, by sums over its lattice.

    At zero pressure C_ijkl = 1/(2 V) sum over r of [phi''/r^2 - phi'/r^3] r_i r_j r_k r_l (Born & Huang, Dynamical
    Theory of Crystal Lattices, 1954, chapter 3).
    """
    span = np.arange(-9, 10)
    cells = np.array(np.meshgrid(span, span, span)).reshape(3, -1).T
    basis = [[0, 0, 0], [0.5, 0.5, 0.5]] if kind == "bcc" else [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    unit = np.concatenate([cells + site for site in np.array(basis)])
    unit = unit[(norms := np.linalg.norm(unit, axis=1)) > 0]
    norms = norms[norms > 0]

    def pressure(a: float) -> float:
        h = 1e-4
        return float(np.sum(smoothed_morse(norms * (a + h), p) - smoothed_morse(norms * (a - h), p)) / (2 * h))

    low, high = 0.8 * p["r0"], 1.6 * p["r0"]
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if pressure(middle) < 0 else (low, middle)
    r, h = norms * low, 1e-3
    first = (smoothed_morse(r + h, p) - smoothed_morse(r - h, p)) / (2 * h)
    second = (smoothed_morse(r + h, p) - 2 * smoothed_morse(r, p) + smoothed_morse(r - h, p)) / h**2
    weight = (second / r**2 - first / r**3) / (2 * low**3 / len(basis)) * GPA
    x, y, _ = (unit * low).T
    return low, float(np.sum(weight * x**4)), float(np.sum(weight * x**2 * y**2)), float(np.sum(weight * x**2 * y**2))
