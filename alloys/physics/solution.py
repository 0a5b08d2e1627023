"""Regular-solution estimates of melting and demixing, in closed form and for many alloys at once.

Two phases only, bcc and liquid, with the binary interaction parameters of ``data/binary_interactions.csv`` and the
elements' melting points and enthalpies of fusion. The first liquid on heating is found by the tangent-plane test of
Michelsen, Fluid Phase Equilib. 9 (1982) 1. No Laves phases, no hcp, no miscibility gaps, heat capacities of
liquid and solid taken as equal: an estimate to stand behind a surrogate, never a truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.files import packaged_rows
from alloys.physics.linear import GAS_CONSTANT

Floats = NDArray[np.float64]

_ORDERS = 4
_CHUNK = 2000


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


@cache
def solution_data(elements: tuple[str, ...]) -> SolutionData:
    """The tables' numbers for these elements.

    Raises:
        InputError: if an element has no enthalpy of fusion in the table.
    """
    fusion = {row["element"]: row for row in packaged_rows("alloys", "data/fusion.csv")}
    missing = [symbol for symbol in elements if symbol not in fusion]
    if missing:
        raise InputError(f"no enthalpy of fusion for {', '.join(missing)}; available are {', '.join(fusion)}")
    first, second = np.triu_indices(len(elements), 1)
    pairs = {
        tuple(sorted((elements[i], elements[j]))): (k, elements[i] < elements[j])
        for k, (i, j) in enumerate(zip(first, second, strict=True))
    }
    tables = {phase: np.zeros((_ORDERS, 3, len(first))) for phase in ("BCC_A2", "LIQUID")}
    for row in packaged_rows("alloys", "data/binary_interactions.csv"):
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


@dataclass(frozen=True, slots=True)
class _Alloys:
    """``n`` alloys of ``k`` elements each, without the absent ones; ``p`` counts the pairs of ``k``.

    Elements run along the first axis, so that picking the members of pairs copies whole rows.

    Attributes:
        fractions: shape ``(k, n)``, all positive.
        melting: melting points, K, shape ``(k, n)``.
        fusion: enthalpies of fusion, J/mol, shape ``(k, n)``.
        interactions: by phase and by order that is not zero throughout, a, b and c, each of shape ``(p, n)``.
    """

    fractions: Floats
    melting: Floats
    fusion: Floats
    interactions: dict[str, list[tuple[Floats, Floats, Floats]]]

    @classmethod
    def of(cls, data: SolutionData, fractions: Floats, count: int) -> _Alloys:
        """Takes fractions ``(n, d)`` of alloys that all have the same number of elements."""
        which = np.nonzero(fractions > 0)[1].reshape(-1, count).T
        number = np.zeros((fractions.shape[1],) * 2, dtype=np.int64)
        number[data.first, data.second] = np.arange(len(data.first))
        first, second = _pairs(count)[:2]
        pairs = number[which[first], which[second]]
        tables = {
            phase: [(a[pairs], b[pairs], c[pairs]) for a, b, c in table[: _orders(table)]]
            for phase, table in data.interactions.items()
        }
        present = np.take_along_axis(fractions.T, which, axis=0)
        return cls(present, data.melting[which], data.fusion[which], tables)

    def at(self, phase: str, temperature: Floats) -> list[Floats]:
        """Redlich-Kister coefficients by order at temperatures ``(n,)`` in K, each of shape ``(p, n)``."""
        return [a + temperature * (b + temperature * c) for a, b, c in self.interactions[phase]]


def _orders(table: Floats) -> int:
    used = np.flatnonzero(table.any(axis=(1, 2)))
    return int(used[-1]) + 1 if len(used) else 1


@cache
def _pairs(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    """First and second element of each pair of ``count`` elements, and who is first and second, ``(count, p)``."""
    first, second = np.triu_indices(count, 1)
    rows = np.arange(count)[:, None]
    return first, second, (rows == first).astype(np.float64), (rows == second).astype(np.float64)


def _grouped(data: SolutionData, fractions: Floats) -> Iterator[tuple[NDArray[np.int64], _Alloys]]:
    """Rows with equally many elements, some thousand at a time."""
    counts = (fractions > 0).sum(axis=1)
    for count in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == count)
        for start in range(0, len(rows), _CHUNK):
            some = rows[start : start + _CHUNK]
            yield some, _Alloys.of(data, fractions[some], int(count))


def _excess_potentials(coefficients: list[Floats], fractions: Floats) -> Floats:
    """Excess chemical potentials, J/mol, for fractions ``(k, n)`` and coefficients ``(p, n)`` by order; ``(k, n)``.

    G_ex = sum_{i<j} x_i x_j sum_v L_v (x_i - x_j)^v (Redlich & Kister, Ind. Eng. Chem. 40 (1948) 345);
    mu_i = G_ex + dG_ex/dx_i - sum_k x_k dG_ex/dx_k.
    """
    first, second, is_first, is_second = _pairs(len(fractions))
    left, right = fractions[first], fractions[second]
    difference = left - right
    value, slope = coefficients[-1], np.zeros(1)
    for coefficient in coefficients[-2::-1]:
        slope = slope * difference + value
        value = value * difference + coefficient
    product = left * right * slope
    upper = right * value
    gradient = is_first @ (upper + product) + is_second @ (left * value - product)
    energy = (left * upper).sum(axis=0)
    return np.asarray(gradient + (energy - (fractions * gradient).sum(axis=0)))


def _drop(alloys: _Alloys, temperature: Floats, parent: str, guess: Floats, sweeps: int) -> tuple[Floats, Floats]:
    """Tangent-plane distance, in RT, of the other phase, and its composition; negative where it would form.

    With the parent's potentials mu_i, the other phase's composition solves
    y_i ~ exp((mu_i - g_i - mu_ex_i(y)) / RT); its distance is -ln(sum of those terms).
    """
    other = "LIQUID" if parent == "BCC_A2" else "BCC_A2"
    rt = GAS_CONSTANT * temperature
    fusion = alloys.fusion * (1 - temperature / alloys.melting)
    lift = fusion if other == "LIQUID" else -fusion
    own = _excess_potentials(alloys.at(parent, temperature), alloys.fractions)
    drive = np.log(alloys.fractions) + (own - lift) / rt
    coefficients = alloys.at(other, temperature)
    y, total = guess, np.ones(guess.shape[1])
    for _ in range(sweeps):
        terms = np.exp(drive - _excess_potentials(coefficients, y) / rt)
        total = terms.sum(axis=0)
        y = 0.4 * y + 0.6 * terms / total
    return np.asarray(-np.log(total)), y


def _bisect(alloys: _Alloys, parent: str, low: Floats, high: Floats) -> Floats:
    y = alloys.fractions
    for step in range(11):
        middle = 0.5 * (low + high)
        distance, y = _drop(alloys, middle, parent, y, 12 if step < 3 else 6)
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
    hot = fractions @ data.melting + 500.0
    for rows, alloys in _grouped(data, fractions):
        solidus[rows] = _bisect(alloys, "BCC_A2", np.full(len(rows), 700.0), hot[rows])
        liquidus[rows] = _bisect(alloys, "LIQUID", solidus[rows] - 5.0, hot[rows])
    liquidus = np.maximum(liquidus, solidus)
    return {"solidus": solidus, "liquidus": liquidus, "freezing_range": liquidus - solidus}


def demixing_margin(elements: tuple[str, ...], fractions: Floats, temperature: float) -> Floats:
    """Smallest curvature of the bcc free energy against composition, in RT, shape ``(n,)``.

    The lowest eigenvalue of ``sqrt(x_i x_j) d2G/dx_i dx_j / RT`` over changes that keep the sum: 1 for an ideal
    solution, negative inside the spinodal. Absent elements do not count.
    """
    data = solution_data(elements)
    margin = np.empty(len(fractions))
    for rows, alloys in _grouped(data, fractions):
        margin[rows] = _curvature(alloys, temperature)
    return margin


def _curvature(alloys: _Alloys, temperature: float) -> Floats:
    x = alloys.fractions
    k, n = x.shape
    step = 1e-5
    coefficients = alloys.at("BCC_A2", np.full(n, temperature))
    base = _excess_potentials(coefficients, x)
    hessian = np.empty((n, k, k))
    for j in range(k):
        moved = x.copy()
        moved[j] += step
        moved /= moved.sum(axis=0)
        hessian[:, :, j] = ((_excess_potentials(coefficients, moved) - base) / step).T
    root = np.sqrt(x.T)
    scaled = root[:, :, None] * hessian * root[:, None, :] / (GAS_CONSTANT * temperature)
    scaled = 0.5 * (scaled + scaled.transpose(0, 2, 1)) + np.eye(k)
    line = root[:, :, None] * root[:, None, :]
    keep = np.eye(k) - line
    return np.asarray(np.linalg.eigvalsh(keep @ scaled @ keep + 1e3 * line)[:, 0])
