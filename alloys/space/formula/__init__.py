"""Formulas as a space: small whole numbers of atoms with ions that are neutral, and how a configuration says so."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alloys.composition import SYMBOLS
from alloys.design import Design
from alloys.errors import Mistake, MistakesError
from alloys.space.base import SpaceSpec
from alloys.space.formula.drawing import Charges
from alloys.space.formula.ions import StateSet
from alloys.space.formula.space import FormulaSpace
from alloys.space.formula.writing import in_atoms

__all__ = ["FormulaSpace", "FormulaSpec"]


class FormulaSpec(SpaceSpec):
    """Reduced formulas of whole numbers of atoms.

    Attributes:
        elements: that a formula may have.
        most_atoms: of one element.
        elements_count: fewest and most elements of a formula.
        charges: what its ions are together: ``balanced``, which is neutral with the negative charges on the more
            electronegative elements, ``neutral``, or ``any``.
        states: which oxidation states count as common.
    """

    kind: Literal["formula"]
    elements: list[str] = Field(min_length=2)
    most_atoms: Annotated[int, Field(ge=1, le=64)] = 8
    elements_count: list[Annotated[int, Field(ge=1, le=12)]] = Field(default=[2, 5], min_length=2, max_length=2)
    charges: Charges = "balanced"
    states: StateSet = "icsd24"

    def build(self) -> FormulaSpace:
        """The space.

        Raises:
            InputError: for elements that are none or of which no ions are known, naming them; for numbers of elements
                that contradict each other; and where no formula is neutral.
        """
        mistakes: list[Mistake] = []
        for i, symbol in enumerate(self.elements):
            if symbol not in SYMBOLS:
                mistakes.append((("elements", i), f"{symbol!r} is not a chemical element"))
            elif symbol in self.elements[:i]:
                mistakes.append((("elements", i), f"{symbol} is named twice among the elements; leave one out"))
        fewest, most = self.elements_count
        if fewest > min(most, len(self.elements)):
            text = f"{fewest} to {most} of {len(self.elements)} elements are contradictory"
            mistakes.append((("elements_count",), text))
        if mistakes:
            raise MistakesError(mistakes)
        return FormulaSpace(tuple(sorted(self.elements)), self.most_atoms, fewest, most, self.charges, self.states)

    def shown(self, design: Design) -> Design:
        """A design written in whole atoms."""
        return in_atoms(design)


SPEC = FormulaSpec
