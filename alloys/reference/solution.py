"""Regular-solution estimates of melting and demixing, in closed form and for many alloys at once.

Two phases only, bcc and liquid, with the binary interaction parameters of ``data/binary_interactions.csv`` and the
elements' melting points and enthalpies of fusion. The first liquid on heating is found by the tangent-plane test of
Michelsen, Fluid Phase Equilib. 9 (1982) 1. No Laves phases, no hcp, no miscibility gaps, heat capacities of
liquid and solid taken as equal: an estimate to stand behind a surrogate, never a truth.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.reference.linear import GAS_CONSTANT

Floats = NDArray[np.float64]

_ORDERS = 4


@dataclass(frozen=True, slots=True)
class SolutionData:
    """Numbers of one set of elements; ``p`` counts its pairs.

    Attributes:
        melting: melting points of the bcc form, K, shape ``(d,)``.
        fusion: enthalpies of fusion, J/mol, shape ``(d,)``.
        first: index of each pair's first element, shape ``(p,)``.
        second: index of its second element, shape ``(p,)``.
        interactions: Redlich-Kister coefficients by phase, shape ``(orders, 3, p)``: a, b, c of ``a + b T + c T^2``.
    """

    melting: Floats
    fusion: Floats
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    interactions: dict[str, Floats]


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("alloys").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def solution_data(elements: tuple[str, ...]) -> SolutionData:
    """The tables' numbers for these elements.

    Raises:
        InputError: if an element has no enthalpy of fusion in the table.
    """
    fusion = {row["element"]: row for row in _rows("fusion.csv")}
    missing = [symbol for symbol in elements if symbol not in fusion]
    if missing:
        raise InputError(f"no enthalpy of fusion for {', '.join(missing)}; available are {', '.join(fusion)}")
    first, second = np.triu_indices(len(elements), 1)
    pairs = {
        tuple(sorted((elements[i], elements[j]))): (k, elements[i] < elements[j])
        for k, (i, j) in enumerate(zip(first, second, strict=True))
    }
    tables = {phase: np.zeros((_ORDERS, 3, len(first))) for phase in ("BCC_A2", "LIQUID")}
    for row in _rows("binary_interactions.csv"):
        pair = tuple(sorted(symbol.capitalize() for symbol in row["pair"].split("-")))
        if row["phase"] in tables and pair in pairs:
            k, in_order = pairs[pair]
            order = int(row["order"])
            sign = 1 if in_order else (-1) ** order
            tables[row["phase"]][order, :, k] = [sign * float(row[name]) for name in ("a", "b", "c")]
    return SolutionData(
        melting=np.array([float(fusion[s]["melting_point"]) for s in elements]),
        fusion=np.array([float(fusion[s]["enthalpy_of_fusion"]) for s in elements]),
        first=first,
        second=second,
        interactions=tables,
    )


def excess_potentials(data: SolutionData, phase: str, fractions: Floats, temperature: Floats) -> Floats:
    """Excess chemical potentials, J/mol, shape ``(n, d)``, for fractions ``(n, d)`` and temperatures ``(n,)`` in K.

    G_ex = sum_{i<j} x_i x_j sum_v L_v (x_i - x_j)^v (Redlich & Kister, Ind. Eng. Chem. 40 (1948) 345);
    mu_i = G_ex + dG_ex/dx_i - sum_k x_k dG_ex/dx_k.
    """
    table = data.interactions[phase]
    powers = temperature[:, None] ** np.arange(3)
    left, right = fractions[:, data.first], fractions[:, data.second]
    difference = left - right
    value = powers @ table[-1]
    slope = np.zeros_like(value)
    for coefficients in table[-2::-1]:
        slope = slope * difference + value
        value = value * difference + powers @ coefficients
    product = left * right * slope
    incidence = np.zeros((2, len(data.first), fractions.shape[1]))
    rows = np.arange(len(data.first))
    incidence[0, rows, data.first] = 1.0
    incidence[1, rows, data.second] = 1.0
    gradient = (right * value + product) @ incidence[0] + (left * value - product) @ incidence[1]
    energy = (left * right * value).sum(axis=1)
    return np.asarray(energy[:, None] + gradient - (fractions * gradient).sum(axis=1, keepdims=True))


def _drop(
    data: SolutionData, fractions: Floats, temperature: Floats, parent: str, guess: Floats, sweeps: int
) -> tuple[Floats, Floats]:
    """Tangent-plane distance, in RT, of the other phase, and its composition; negative where it would form.

    With the parent's potentials mu_i, the other phase's composition solves
    y_i ~ exp((mu_i - g_i - mu_ex_i(y)) / RT); its distance is -ln(sum of those terms).
    """
    other = "LIQUID" if parent == "BCC_A2" else "BCC_A2"
    rt = (GAS_CONSTANT * temperature)[:, None]
    fusion = data.fusion * (1 - temperature[:, None] / data.melting)
    lift = fusion if other == "LIQUID" else -fusion
    present = fractions > 0
    logs = np.log(np.where(present, fractions, 1.0))
    drive = logs + (excess_potentials(data, parent, fractions, temperature) - lift) / rt
    y, total = guess, np.ones(len(guess))
    for _ in range(sweeps):
        terms = np.exp(drive - excess_potentials(data, other, y, temperature) / rt) * present
        total = terms.sum(axis=1)
        y = 0.4 * y + 0.6 * terms / total[:, None]
    return np.asarray(-np.log(total)), y


def _bisect(data: SolutionData, fractions: Floats, parent: str, low: Floats, high: Floats) -> Floats:
    y = fractions
    for step in range(11):
        middle = 0.5 * (low + high)
        distance, y = _drop(data, fractions, middle, parent, y, 12 if step < 3 else 6)
        above = distance < 0 if parent == "BCC_A2" else distance >= 0
        high = np.where(above, middle, high)
        low = np.where(above, low, middle)
    return 0.5 * (low + high)


def melting_estimates(elements: tuple[str, ...], fractions: Floats) -> dict[str, Floats]:
    """``solidus``, ``liquidus`` and ``freezing_range`` in K, each of shape ``(n,)``, between bcc and liquid alone.

    Raises:
        InputError: if an element is not in the tables.
    """
    data = solution_data(elements)
    solidus, liquidus = np.empty(len(fractions)), np.empty(len(fractions))
    for start in range(0, len(fractions), 1000):
        piece = fractions[start : start + 1000]
        cold, hot = np.full(len(piece), 700.0), piece @ data.melting + 500.0
        solidus[start : start + 1000] = _bisect(data, piece, "BCC_A2", cold, hot)
        below = solidus[start : start + 1000] - 5.0
        liquidus[start : start + 1000] = _bisect(data, piece, "LIQUID", below, hot)
    liquidus = np.maximum(liquidus, solidus)
    return {"solidus": solidus, "liquidus": liquidus, "freezing_range": liquidus - solidus}


def demixing_margin(elements: tuple[str, ...], fractions: Floats, temperature: float) -> Floats:
    """Smallest curvature of the bcc free energy against composition, in RT, shape ``(n,)``.

    The lowest eigenvalue of ``sqrt(x_i x_j) d2G/dx_i dx_j / RT`` over changes that keep the sum: 1 for an ideal
    solution, negative inside the spinodal. Absent elements do not count.
    """
    data = solution_data(elements)
    n, d = fractions.shape
    heat = np.full(n, temperature)
    step = 1e-5
    base = excess_potentials(data, "BCC_A2", fractions, heat)
    hessian = np.empty((n, d, d))
    for j in range(d):
        moved = fractions.copy()
        moved[:, j] += step
        moved /= moved.sum(axis=1, keepdims=True)
        hessian[:, :, j] = (excess_potentials(data, "BCC_A2", moved, heat) - base) / step
    root = np.sqrt(fractions)
    scaled = root[:, :, None] * hessian * root[:, None, :] / (GAS_CONSTANT * temperature)
    scaled = 0.5 * (scaled + scaled.transpose(0, 2, 1)) + np.eye(d)
    keep = np.eye(d) - root[:, :, None] * root[:, None, :]
    projected = keep @ scaled @ keep + 1e3 * root[:, :, None] * root[:, None, :]
    return np.linalg.eigvalsh(projected + 1e3 * np.einsum("ni,ij->nij", (fractions == 0) * 1.0, np.eye(d)))[:, 0]
