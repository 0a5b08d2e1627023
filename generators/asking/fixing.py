"""A generator whose draws have the values that are asked of variables: exactly these, whatever was learned.

For each condition a few points are drawn, and the one whose variables need the least change is kept: draws of the
generator's distribution near what is wanted. Then its variables are given the values wanted. Compositions know no
rules with variables, so what was in the space stays in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alloys.errors import InputError
from alloys.space import Floats, Points
from alloys.space.variables import Variables, condition_text
from generators.asking.aiming import AimedGenerator, WrappedGenerator
from generators.asking.request import Target, Word
from generators.interface import Distribution, Samples

TRIES = 8
"""Points drawn for each condition."""

Allowed = Mapping[str, Points]
"""By variable, the places of the values that it may have, increasing."""


def allowed_places(variables: Variables, wishes: Sequence[Target | Word]) -> Allowed:
    """What the variables may be where some of them are asked for, and those that ask for these.

    Raises:
        InputError: for a value that a variable has not, or values that never go together.
    """
    found = {wish.name: _places(variables, wish) for wish in wishes}
    for variable in reversed(variables.items):  # what a condition names stands before
        for name, values in variable.when if variable.name in found else ():
            needed = np.array([variables[name].place(value) for value in values], dtype=np.int64)
            left = np.intersect1d(found.get(name, needed), needed)
            if not len(left):
                raise InputError(f"{variable.name} is chosen only where {condition_text(variable)}; ask for that too")
            found[name] = left
    return found


def _places(variables: Variables, wish: Target | Word) -> Points:
    variable = variables[wish.name]
    if isinstance(wish, Word) or wish.low == wish.high:
        return np.array([variable.place(wish.value)], dtype=np.int64)
    if not variable.is_number:
        raise InputError(f"{variable.name} is {variable.told}, and no range")
    numbers = np.array(variable.values, dtype=np.float64)
    inside = np.flatnonzero((numbers >= wish.low) & (numbers <= wish.high))
    if not len(inside):
        raise InputError(f"{variable.name} is {variable.told}; none of them lies in {wish.low:g}..{wish.high:g}")
    return inside


@dataclass(frozen=True, slots=True)
class FixedVariables(WrappedGenerator):
    """A generator whose variables have values asked for.

    Attributes:
        generator: draws.
        allowed: what the variables may be.
    """

    allowed: Allowed

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        """Draws one point for each condition, shape ``(m, p)``, NaN where nothing is asked."""
        drawn = self.generator.sample(np.repeat(conditions, TRIES, axis=0), seed=seed)
        variables, owner = self.space.variables, drawn.rows // TRIES
        steps, places = np.split(drawn.points, [self.space.dimension - len(variables)], axis=1)
        wanted = self._moved(places)
        before, after = (variables.distances(variables.raw(each)) for each in (places, wanted))
        order = np.lexsort((np.abs(after - before).sum(axis=1), owner))
        rows, first = np.unique(owner[order], return_index=True)
        points = np.concatenate([steps, wanted], axis=1)[order[first]]
        return Samples(points, rows, drawn.first_draw_valid, drawn.note, len(conditions) * TRIES)

    def _moved(self, places: Points) -> Points:
        """Places ``(n, v)`` with each variable at the nearest value that it may have."""
        moved = places.copy()
        for j, variable in enumerate(self.space.variables):
            if variable.name in self.allowed:
                may = self.allowed[variable.name]
                moved[:, j] = may[np.abs(places[:, j, None] - may).argmin(axis=1)]
        return self.space.variables.settled(moved)


def with_variables(source: Distribution, allowed: Allowed) -> Distribution:
    """What draws with variables at values asked for; one that moves draws onto targets does so with these."""
    if not allowed:
        return source
    if isinstance(source, AimedGenerator):
        return replace(source, generator=FixedVariables(source.generator, allowed))
    return FixedVariables(source, allowed)
