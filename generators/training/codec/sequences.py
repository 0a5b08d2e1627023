"""In what order a design's columns are said one after another, and which amounts there are to say.

Of a formula the least electronegative elements come first: cations, then the anions that suit them. Its numbers of
atoms are few, so each is a level of its own. The columns of an alloy keep their order, and amounts are cut into levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alloys.space import Floats
from alloys.space.formula import FormulaSpace
from alloys.space.formula.ions import ions_of
from generators.training.codec.base import Codec


@dataclass(frozen=True, slots=True)
class ColumnSequence:
    """How the columns of a codec are gone through.

    Attributes:
        order: columns of presence, in order; those left out are always present.
        most: how many of them a design has at most.
        levels: all amounts that a column can have, increasing; None where they are continuous.
    """

    order: tuple[int, ...]
    most: int
    levels: Floats | None = None


def sequence_of(codec: Codec) -> ColumnSequence:
    """The sequence of a codec whose presence has a column for each element."""
    space = codec.space
    if isinstance(space, FormulaSpace):
        strengths = [ion.electronegativity for ion in ions_of(space.elements, space.states)]
        order = np.argsort(strengths, kind="stable").tolist()
        return ColumnSequence(tuple(order), min(space.most, len(order)), np.log(np.arange(1, space.most_atoms + 1)))
    beside = len(space.variables)
    most = min(space.alloys.most, space.alloys.dimension) + beside
    return ColumnSequence(tuple(range(codec.widths[0])), most)
