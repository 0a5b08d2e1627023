"""Weight fractions: whole steps of weight to atomic fractions and back.

A composition is a list of exact atomic fractions. Those of a step of weight are long rationals, in which nobody would
recognise an alloy. So a composition on a grid of weight fractions has whole millionths: four decimals of an
atomic percent, which its formula shows in full. What is read back from the formula is the same composition. The weights
differ from the grid's by less than what is weighed; rules and bounds look at the grid's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from alloys.physics.elements import column

Floats = NDArray[np.float64]
Points = NDArray[np.int64]

MILLION = 10**6
MOST_ATOMS = 10**9
"""Billionths of a mole in a gram of what would weigh 1 g/mol; nothing weighs less."""
_TOLD = 4
"""Millionths that a step must change a composition by, so that each has a formula of its own."""


def atomic_masses(elements: Sequence[str]) -> Mapping[str, Fraction]:
    """Atomic masses in g/mol, exactly the decimals of their table.

    Raises:
        InputError: naming the elements that have none.
    """
    return {s: Fraction(str(mass)) for s, mass in zip(elements, column(elements, "mass").tolist(), strict=True)}


def atoms_per_gram(mass: Fraction) -> int:
    """Whole billionths of a mole in a gram."""
    return round(MOST_ATOMS / mass)


def millionths(points: NDArray[np.int64], atoms: Sequence[int]) -> NDArray[np.int64]:
    """Whole millionths of atoms of weights ``(n, d)``, rounded, the largest as the rest; the same on every machine.

    Args:
        points: whole steps of weight, shape ``(n, d)``.
        atoms: `atoms_per_gram` of each element.
    """
    counts = points * np.array(atoms, dtype=np.int64)
    real = counts / counts.sum(axis=1, keepdims=True) * MILLION
    whole: NDArray[np.int64] = np.rint(real).astype(np.int64)
    whole[np.arange(len(whole)), whole.argmax(axis=1)] += MILLION - whole.sum(axis=1)
    return whole


def weight_fractions(fractions: NDArray[np.float64], atoms: Sequence[int]) -> NDArray[np.float64]:
    """Weight fractions of atomic ones, shapes ``(n, d)``."""
    weights = fractions / np.array(atoms, dtype=np.float64)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def too_fine(atoms: Sequence[int], steps: Sequence[int], upper: Sequence[int], total: int) -> list[int]:
    """Places of the elements whose step is so small that two compositions would have one formula."""
    left, most = total, 0
    for count, high in sorted(zip(atoms, upper, strict=True), reverse=True):  # as many atoms as a composition can have
        most += count * min(left, high)
        left -= min(left, high)
    return [i for i, (a, step) in enumerate(zip(atoms, steps, strict=True)) if a * step * MILLION < _TOLD * most]
