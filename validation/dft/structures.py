"""Cells for a composition: bcc for an element, small ordered cubic ones where they fit, else quasi-random ones."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.physics.elements import column

Floats = NDArray[np.float64]

# Conventional cells along each edge of the quasi-random cells; with 20 atoms five elements can have equal shares.
_SHAPES = {8: (2, 2, 1), 12: (3, 2, 1), 16: (2, 2, 2), 20: (5, 2, 1), 24: (3, 2, 2), 36: (3, 3, 2), 54: (3, 3, 3)}
SITES = tuple(_SHAPES)
"""Numbers of atoms that a quasi-random cell may have."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cell stands for a composition.

    Attributes:
        structure: its name: A2 (an element), B2, L2_1 and so on, or quasi-random.
        symbols: one for each site.
        cubic: whether the crystal is cubic, so that it has C11, C12 and C44 alone.
        deviation: largest difference between an atomic fraction of the cell and the composition.
    """

    structure: str
    symbols: tuple[str, ...]
    cubic: bool
    deviation: float


def plan(composition: Composition, ordered: bool, sites: int, tolerance: float) -> Plan:
    """The cell for a composition.

    Elements are bcc with one atom. Where ``ordered``, 1:1 is B2, 3:1 D0_3, 2:1:1 L2_1 and 1:1:1:1 the quaternary
    Heusler structure (LiMgPdSn), all cubic orderings of bcc. Anything else is quasi-random, with the fewest sites that
    come nearest to the composition.

    Args:
        composition: the alloy.
        ordered: whether ordered cells may stand for alloys.
        sites: the most atoms of a quasi-random cell.
        tolerance: the largest difference in an atomic fraction that is taken.

    Raises:
        InputError: if no cell comes near enough.
    """
    counts = {symbol: fraction for symbol, fraction in composition.items}
    if len(counts) == 1:
        return Plan("A2", composition.elements, True, 0.0)
    if ordered:
        small = _ordered(counts)
        if small is not None:
            return small
    return _quasi_random(counts, sites, tolerance)


def _ordered(fractions: dict[str, Fraction]) -> Plan | None:
    """Sites of the four-atom cell lie at 0, 1/4, 1/2 and 3/4 of the cube's diagonal."""
    quarters = {symbol: fraction * 4 for symbol, fraction in fractions.items()}
    if any(count.denominator != 1 for count in quarters.values()):
        return None
    # The most frequent first, then by name, so that one composition always has the same cell.
    order = sorted(quarters, key=lambda symbol: (-quarters[symbol], symbol))
    counts = tuple(int(quarters[symbol]) for symbol in order)
    if counts == (2, 2):
        return Plan("B2", tuple(order), True, 0.0)
    first, rest = order[0], order[1:]
    if counts == (3, 1):
        return Plan("D0_3", (rest[0], first, first, first), True, 0.0)
    if counts == (2, 1, 1):
        return Plan("L2_1", (rest[0], first, rest[1], first), True, 0.0)
    return Plan("quaternary Heusler", tuple(order), True, 0.0)


def _quasi_random(fractions: dict[str, Fraction], most: int, tolerance: float) -> Plan:
    best: tuple[float, int, dict[str, int]] | None = None
    for size in SITES:
        if size > most or size < len(fractions):
            continue
        counts = _apportioned(fractions, size)
        deviation = max(abs(counts[symbol] / size - float(fraction)) for symbol, fraction in fractions.items())
        if best is None or deviation < best[0] - 1e-12:
            best = (deviation, size, counts)
    if best is None or best[0] > tolerance + 1e-12 or 0 in best[2].values():
        near = f"the nearest misses by {best[0]:.3f}" if best else "none has a site for each element"
        raise InputError(
            f"no quasi-random cell of at most {most} atoms comes within {tolerance:g} of the composition: {near}; "
            "raise 'sites' or 'tolerance' of the validator's settings"
        )
    symbols = tuple(symbol for symbol in sorted(best[2]) for _ in range(best[2][symbol]))
    return Plan("quasi-random", symbols, False, best[0])


def _apportioned(fractions: dict[str, Fraction], size: int) -> dict[str, int]:
    """Whole numbers of atoms by the largest remainder."""
    exact = {symbol: fraction * size for symbol, fraction in fractions.items()}
    counts = {symbol: int(value) for symbol, value in exact.items()}
    left = size - sum(counts.values())
    for symbol in sorted(exact, key=lambda s: (counts[s] - exact[s], s))[:left]:
        counts[symbol] += 1
    return counts


def start_volume(symbols: tuple[str, ...]) -> float:
    """A first guess at the volume for each atom, Å3: the mean of the elements' volumes.

    Raises:
        InputError: if an element has none.
    """
    return float(np.mean(column(symbols, "atomic_volume")))


def build(chosen: Plan, volume: float, seed: int = 0) -> Any:
    """The cell as ASE's Atoms, at a volume for each atom.

    Args:
        chosen: from `plan`.
        volume: Å3 for each atom.
        seed: of the search for a quasi-random cell.

    Raises:
        InputError: if sqsgenerator is needed and not installed.
    """
    from ase import Atoms

    a = float((2.0 * volume) ** (1.0 / 3.0))
    if chosen.structure == "quasi-random":
        return quasi_random_cell(chosen.symbols, a, seed)
    if chosen.structure == "B2":
        return Atoms(chosen.symbols, scaled_positions=[[0.0] * 3, [0.5] * 3], cell=[a] * 3, pbc=True)
    if chosen.structure == "A2":
        vectors = a / 2.0 * np.array([[-1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, -1.0]])
        return Atoms(chosen.symbols, scaled_positions=[[0.0] * 3], cell=vectors, pbc=True)
    # Face-centred cell of the cube with twice the edge; the four sites lie on its diagonal.
    vectors = a * np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    return Atoms(chosen.symbols, scaled_positions=[[i / 4.0] * 3 for i in range(4)], cell=vectors, pbc=True)


def refuse_without_sqsgenerator() -> None:
    """Refuses where sqsgenerator is not installed.

    Raises:
        InputError: saying how it is installed.
    """
    if importlib.util.find_spec("sqsgenerator") is None:
        raise InputError("quasi-random cells need sqsgenerator, which is not installed; run `make setup-dft`")


def quasi_random_cell(symbols: tuple[str, ...], a: float, seed: int) -> Any:
    """A cell of bcc sites whose pairs in the first two shells are as random as can be; the same for the same seed.

    Sources: Zunger, Wei, Ferreira & Bernard, Phys. Rev. Lett. 65 (1990) 353; the search is sqsgenerator's (Gehringer,
    Friák & Holec, Comput. Phys. Commun. 286 (2023) 108664).

    Args:
        symbols: one for each site.
        a: edge of the cubic cell with two atoms, Å.
        seed: of the search.

    Raises:
        InputError: if sqsgenerator is not installed.
    """
    refuse_without_sqsgenerator()
    from sqsgenerator import optimize, parse_config, to_ase

    counts = {symbol: symbols.count(symbol) for symbol in sorted(set(symbols))}
    edge = [[a if i == j else 0.0 for j in range(3)] for i in range(3)]
    sites = {"lattice": edge, "coords": [[0.0] * 3, [0.5] * 3], "species": [symbols[0]] * 2}
    found = optimize(
        parse_config(
            {
                "structure": {**sites, "supercell": list(_SHAPES[len(symbols)])},
                "composition": [counts],
                "iterations": 50_000,
                "iteration_mode": "random",
                "shell_weights": {1: 1.0, 2: 0.5},
                "seed": seed,
                "thread_config": 1,
            }
        )
    )
    cells = [(result.objective, to_ase(result.structure())) for _, results in found for result in results]
    # Many cells are equally good and come in no order.
    return min(cells, key=lambda cell: (round(cell[0], 9), cell[1].get_chemical_symbols()))[1]
