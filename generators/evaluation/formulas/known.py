"""Known formulas of a table: those to learn from, and those held out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from alloys.errors import InputError
from alloys.space import Bools, Points
from alloys.space.formula import FormulaSpace
from alloys.space.formula.ions import StateSet
from alloys.space.formula.rules import IonicRules
from alloys.space.formula.writing import atoms_of
from generators.evaluation.table import read_table

HELD_OUT = 0.1
"""Share of the formulas that no generator learns."""

FEWEST = 40
"""Formulas below which no share means anything."""

Half = Literal["first", "second", "all"]


@dataclass(frozen=True, slots=True)
class KnownFormulas:
    """Formulas of a table, once each.

    Attributes:
        source: the table.
        elements: alphabetically, those of the table's formulas that were taken.
        most_atoms: of one element.
        counts: fewest and most elements of a formula.
        points: numbers of atoms, shape ``(n, elements)``.
        balanced: which are neutral and balanced, shape ``(n,)``.
        rows: of the table.
        states: which oxidation states count as common.
    """

    source: str
    elements: tuple[str, ...]
    most_atoms: int
    counts: tuple[int, int]
    points: Points
    balanced: Bools
    rows: int
    states: StateSet = "icsd24"

    def space(self, *, rules: bool) -> FormulaSpace:
        """Their space, with the rules for charges or without."""
        return FormulaSpace(self.elements, self.most_atoms, *self.counts, "balanced" if rules else "any", self.states)

    def screened(self) -> KnownFormulas:
        """Those that are neutral and balanced, of the elements that they have.

        Raises:
            InputError: if there are hardly any.
        """
        points = self.points[self.balanced]
        if len(points) < FEWEST:
            raise InputError(
                f"{self.source}: {len(points)} of {len(self.points)} formulas are neutral and balanced, {FEWEST} are "
                "needed; give a table of ionic formulas, or --all-rows"
            )
        there = np.flatnonzero(points.any(axis=0))
        elements = tuple(self.elements[i] for i in there)
        ones = np.ones(len(points), dtype=np.bool_)
        return replace(self, elements=elements, points=points[:, there], balanced=ones)

    def split(self, half: Half) -> tuple[Points, Points]:
        """Formulas to learn from and a tenth that is held out, of one half of the table or all of it.

        Halves are drawn once and for all, so that settings chosen on the first say nothing of the second.
        """
        order = np.random.default_rng(0).permutation(len(self.points))
        middle = len(order) // 2
        taken = {"first": order[:middle], "second": order[middle:], "all": order}[half]
        cut = int(HELD_OUT * len(taken))
        return self.points[taken[cut:]], self.points[taken[:cut]]


def known_formulas(path: Path, most_atoms: int, counts: tuple[int, int], states: StateSet = "icsd24") -> KnownFormulas:
    """Reads a table with a column ``formula``.

    Args:
        path: a CSV file.
        most_atoms: formulas with more atoms of an element are left out.
        counts: fewest and most elements; formulas with fewer or more are left out.
        states: which oxidation states count as common.

    Raises:
        InputError: if the table cannot be read, or fewer than `FEWEST` formulas are left.
    """
    table = [atoms_of(composition) for composition, _ in read_table(path)]
    fewest, most = counts
    taken = [atoms for atoms in table if fewest <= len(atoms) <= most and max(atoms.values()) <= most_atoms]
    if len(taken) < FEWEST:
        raise InputError(
            f"{path}: {len(taken)} of {len(table)} formulas have {fewest} to {most} elements and at most {most_atoms} "
            f"atoms of each, {FEWEST} are needed; allow more atoms or elements, or give a larger table"
        )
    elements = tuple(sorted({symbol for atoms in taken for symbol in atoms}))
    places = {symbol: i for i, symbol in enumerate(elements)}
    points = np.zeros((len(taken), len(elements)), dtype=np.int64)
    for point, atoms in zip(points, taken, strict=True):
        point[[places[symbol] for symbol in atoms]] = list(atoms.values())
    _, first = np.unique(points, axis=0, return_index=True)
    points = points[np.sort(first)]
    balanced = IonicRules(elements, states).balanced(points)
    return KnownFormulas(str(path), elements, most_atoms, counts, points, balanced, len(table), states)


def evened(points: Points, power: float, rng: np.random.Generator) -> Points:
    """As many rows, drawn again, so that common stoichiometries (numbers of atoms without elements) are rarer.

    A row's weight is the number of rows of its stoichiometry to the power ``-power``. Most of what is known has one of
    three stoichiometries, of which there are only some 100,000 formulas: millions of draws would be repetitions.
    """
    if not power:
        return points
    _, kind, size = np.unique(np.sort(points, axis=1), axis=0, return_inverse=True, return_counts=True)
    weights = size[kind.ravel()].astype(np.float64) ** -power
    return np.asarray(points[rng.choice(len(points), len(points), p=weights / weights.sum())])
