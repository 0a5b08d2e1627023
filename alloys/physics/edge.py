"""Yield strength of bcc solid solutions by edge dislocations, with softening towards the solidus.

The model of Maresca & Curtin, Acta Mater. 182 (2020) 235 (10.1016/j.actamat.2019.10.015), with its elastic inputs
from rules of mixtures. It describes NbMoTaVW well and other alloys less so: a prior mean, never a truth. What
the model leaves out, the loss of strength near melting, is added as the second branch of a bilinear law.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alloys.physics.elements import column

Floats = NDArray[np.float64]

ALPHA = 1 / 12
"""Dislocation line tension parameter; 0.123 is used elsewhere, 1/12 reproduces the published strengths."""

TAYLOR = 3.06
"""Taylor factor of a random bcc polycrystal."""

STRAIN_RATE_LOG = float(np.log(1e4 / 1e-3))
"""ln(reference strain rate / strain rate), for 1e4 1/s and a test at 1e-3 1/s."""

_BOLTZMANN_EV = 8.617333262e-5
_GPA_A3_TO_EV = 1 / 160.21766208

SOFTENING_START = 0.6
"""Homologous temperature T / solidus where the second branch begins."""

SOFTENING_RATE = 9.68
"""Slope of ln(strength) against T / solidus above the start; fitted to data/edge_softening.csv."""


def edge_parameters(elements: tuple[str, ...], fractions: Floats) -> tuple[Floats, Floats]:
    """Zero-temperature yield stress (MPa) and energy barrier (eV), each of shape ``(n,)``.

    mu = sqrt(C44 (C11 - C12) / 2), B = (C11 + 2 C12) / 3, nu = (3 B - 2 mu) / (2 (3 B + mu)), V = sum c V_n,
    a = (2 V)^(1/3), b = sqrt(3)/2 a;
    tau_y0 = 0.040 alpha^(-1/3) mu ((1 + nu)/(1 - nu))^(4/3) q^(2/3),
    dE_b = 2.00 alpha^(1/3) mu b^3 ((1 + nu)/(1 - nu))^(2/3) q^(1/3), q = sum c_n dV_n^2 / b^6;
    the stress is multiplied by the Taylor factor. Source: Maresca & Curtin 2020.
    """
    c11, c12, c44 = (fractions @ column(elements, name) for name in ("c11", "c12", "c44"))
    mu = np.sqrt(np.maximum(c44 * (c11 - c12) / 2, 1e-6))
    bulk = (c11 + 2 * c12) / 3
    nu = (3 * bulk - 2 * mu) / (2 * (3 * bulk + mu))
    volumes = column(elements, "atomic_volume")
    mean = fractions @ volumes
    burgers = np.sqrt(3) / 2 * (2 * mean) ** (1 / 3)
    misfit = (fractions * (volumes - mean[:, None]) ** 2).sum(axis=1) / burgers**6
    shape = (1 + nu) / (1 - nu)
    stress = 0.040 * ALPHA ** (-1 / 3) * mu * 1000 * shape ** (4 / 3) * misfit ** (2 / 3)
    barrier = 2.00 * ALPHA ** (1 / 3) * mu * burgers**3 * shape ** (2 / 3) * misfit ** (1 / 3) * _GPA_A3_TO_EV
    return np.asarray(TAYLOR * stress), np.asarray(barrier)


def edge_strength(elements: tuple[str, ...], fractions: Floats, temperature: float) -> Floats:
    """Yield strength of the edge model alone at a temperature in K, MPa.

    tau = tau_y0 [1 - (kT ln(e0/e) / dE_b)^(2/3)] where that is at least half of tau_y0, else
    tau_y0 exp(-kT ln(e0/e) / (0.55 dE_b)). Source: Maresca & Curtin 2020.
    """
    stress, barrier = edge_parameters(elements, fractions)
    ratio = _BOLTZMANN_EV * temperature * STRAIN_RATE_LOG / np.maximum(barrier, 1e-12)
    low = 1 - np.minimum(ratio, 1.0) ** (2 / 3)
    return np.asarray(stress * np.where(low >= 0.5, low, np.exp(-np.minimum(ratio, 300.0) / 0.55)))


def softening(temperature: float, solidus: Floats) -> Floats:
    """Factor on the strength at a temperature (K) for a solidus (K): one far below it, zero at it.

    Two branches, as in the bilinear law of Steingrimsson et al., npj Comput. Mater. 7 (2021) 152
    (10.1038/s41524-021-00623-4): ln(strength) falls linearly in T beyond a break. Here the break is
    T = 0.6 solidus and the slope ``SOFTENING_RATE`` per unit of T / solidus.
    """
    homologous = temperature / np.maximum(solidus, 1.0)
    factor = np.exp(-SOFTENING_RATE * np.maximum(homologous - SOFTENING_START, 0.0))
    return np.where(homologous < 1.0, factor, 0.0)


def yield_strength(elements: tuple[str, ...], fractions: Floats, temperature: float, solidus: Floats) -> Floats:
    """Edge strength with softening, MPa, at a temperature in K, for solidus temperatures of shape ``(n,)`` in K."""
    return np.asarray(edge_strength(elements, fractions, temperature) * softening(temperature, solidus))
