"""What the cells of a column are like: how many are filled, numbers, formulas, different."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from alloys.errors import InputError
from alloys.intake.amounts import composition_of_formula
from alloys.intake.cells import Decimal, is_missing, read_amount

MOSTLY = 0.7
"""The share of filled cells that makes a column one of numbers, or of formulas."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Some cells of a column.

    Attributes:
        cells: as they are.
        numbers: those that are numbers, None where not.
        formulas: how many are formulas of two elements or more.
        filled: how many are not empty.
        distinct: how many of these differ.
    """

    cells: tuple[str, ...]
    numbers: tuple[float | None, ...]
    formulas: int
    filled: int
    distinct: int

    @property
    def values(self) -> list[float]:
        """The numbers."""
        return [number for number in self.numbers if number is not None]

    @property
    def numeric(self) -> bool:
        """Whether it is a column of numbers."""
        return bool(self.filled) and len(self.values) >= MOSTLY * self.filled

    @property
    def written_as_formulas(self) -> bool:
        """Whether it is a column of formulas."""
        return bool(self.filled) and self.formulas >= MOSTLY * self.filled

    @property
    def counts(self) -> bool:
        """Whether its numbers count rows: whole, one step apart."""
        found = self.values
        steps = {after - before for before, after in itertools.pairwise(found)}
        return len(found) > 2 and all(value.is_integer() for value in found) and len(steps) == 1 and steps != {0.0}

    @property
    def flags(self) -> bool:
        """Whether it only says yes and no."""
        return self.numeric and set(self.values) <= {0.0, 1.0}


def profile_of(cells: Sequence[str], decimal: Decimal) -> Profile:
    """Looks at cells of one column."""
    filled = [cell for cell in cells if not is_missing(cell)]
    numbers = tuple(_number(cell, decimal) for cell in cells)
    return Profile(tuple(cells), numbers, sum(map(_is_formula, filled)), len(filled), len(set(filled)))


@lru_cache(maxsize=65_536)
def _number(cell: str, decimal: Decimal) -> float | None:
    if is_missing(cell):
        return None
    try:
        return read_amount(cell, decimal).value
    except InputError:
        return None


def _is_formula(cell: str) -> bool:
    """Whether a cell names an alloy; words in capitals, such as those of phases, are none."""
    if len(cell) > 200 or cell.isupper() or cell.islower() or (not cell[:1].isalpha() and cell[:1] not in "([{"):
        return False
    try:
        return len(composition_of_formula(cell, "at.%")[0].elements) > 1
    except InputError:
        return False
