"""Candidates for many targets at once, each moved towards its own: objectives to reach, constraints only to satisfy.

`generators.asking.resampling` answers one condition with many compositions. Here every composition has a condition of
its own, and a constraint asks for no value: inside its bound all is well. For each condition a few compositions are
drawn, the one nearest to it is kept, and small steps on the grid bring it nearer (`refinement.refine`), its elements
kept; a formula, which does not move by small steps, stays as drawn. Near is meant in units of each property's scale,
and what is missing of a constraint counts more than what is missing of an objective: targets lie beyond what is known,
so that not everything can be had.

References:
    Rubin, D. B. (1987). The calculation of posterior distributions by data augmentation: comment. J. Am. Stat.
        Assoc. 82, 543: sampling importance resampling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alloys.errors import InputError
from alloys.space import Floats, GridSpace, Points
from generators.asking.refinement import refine
from generators.interface import Generator, Samples

Outlook = Callable[[Floats], Floats]
"""Of inputs (`Space.inputs`), shape ``(m, k)``, in shape ``(m, o + c)``: each objective in its own unit, then what is
missing of each constraint in units of its property's scale, 0 where it is satisfied."""

SMALL = 0.01
"""One unit of scale as a relative error, which is what `refinement.refine` makes small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """How candidates are moved.

    Attributes:
        outlook: what is thought of compositions.
        objectives: columns of the conditions that are objectives, in the outlook's order, ``o`` of them.
        constraints: number of constraints in the outlook, ``c``.
        centre: a usual value of each objective, shape ``(o,)``.
        scale: what counts as one unit of error of each objective, shape ``(o,)``.
        pull: weight of an objective's error beside a constraint's.
        draws: compositions drawn for each that is kept.
        turns: how often a composition is refined, by two steps on the grid each time.
    """

    outlook: Outlook
    objectives: tuple[int, ...]
    constraints: int
    centre: Floats
    scale: Floats
    pull: float = 0.1
    draws: int = 4
    turns: int = 1

    def __post_init__(self) -> None:
        shape = (len(self.objectives),)
        if not self.centre.shape == self.scale.shape == shape or not (self.scale > 0).all():
            raise InputError(
                f"each of {shape[0]} objectives needs a centre and a scale above 0, got {self.centre} and {self.scale}"
            )
        if not (self.pull >= 0 and self.draws >= 1 and self.turns >= 0):
            raise InputError(f"pull >= 0, draws >= 1 and turns >= 0 must hold, but got {self}")

    def sample(self, generator: Generator, conditions: Floats, *, seed: int) -> Samples:
        """Draws compositions and moves them: one for each of the first conditions, ``draws`` times fewer than given.

        Args:
            generator: trained; its space is where compositions stay.
            conditions: shape ``(m, p)``, NaN where nothing is asked; as many compositions are drawn.
            seed: of the draws.
        """
        asked = conditions[: -(-len(conditions) // self.draws)]
        drawn = generator.sample(np.repeat(asked, self.draws, axis=0)[: len(conditions)], seed=seed)
        if not len(drawn.points):
            return drawn
        owner = drawn.rows // self.draws
        inputs = generator.space.inputs(drawn.points)
        error = np.nansum((self._seen(inputs) / self._targets(asked[owner]) - 1) ** 2, axis=1)
        order = np.lexsort((error, owner))
        rows, first = np.unique(owner[order], return_index=True)
        points, space = drawn.points[order[first]], generator.space
        if isinstance(space, GridSpace):
            points = self.move(space, points, asked[rows])
        return Samples(points, rows, drawn.first_draw_valid, drawn.note)

    def move(self, space: GridSpace, points: Points, conditions: Floats) -> Points:
        """Compositions nearer to their conditions, or as they were; elements and variables stay.

        Args:
            space: where they stay.
            points: shape ``(m, k)``.
            conditions: shape ``(m, p)``, NaN where nothing is asked.
        """
        if not len(points):
            return points
        targets = self._targets(conditions)
        for _ in range(self.turns):
            points = refine(space, points, targets, self._seen, rounds=0)
        return points

    def _seen(self, inputs: Floats) -> Floats:
        """The outlook about 1, so that relative errors are errors in units of the scales."""
        seen = self.outlook(inputs)
        o = len(self.objectives)
        objectives = self.pull * (seen[:, :o] - self.centre) / self.scale
        return np.concatenate([1 + SMALL * objectives, 1 + SMALL * seen[:, o:]], axis=1)

    def _targets(self, conditions: Floats) -> Floats:
        """What `_seen` should be, shape ``(m, o + c)``."""
        objectives = self.pull * (conditions[:, list(self.objectives)] - self.centre) / self.scale
        return np.concatenate([1 + SMALL * objectives, np.ones((len(conditions), self.constraints))], axis=1)
