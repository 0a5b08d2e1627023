"""A design problem as data: the space, the properties, the goal and the physics of a campaign in one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from alloys.goal import Constraint, Goal
from alloys.physics.base import Floats, Physics
from alloys.physics.closed_forms import closed_form, closed_forms
from alloys.properties import PROPERTIES, Property
from alloys.space import Bools, Points, Space


@dataclass(frozen=True, slots=True)
class Problem:
    """A space, properties, a goal and a physics.

    Attributes:
        space: which designs may be asked for.
        goal: objectives and constraints.
        physics: what is known before any data.
        properties: every property that may be named, by name.
    """

    space: Space
    goal: Goal
    physics: Physics
    properties: Mapping[str, Property] = field(default_factory=lambda: PROPERTIES, compare=False)

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements, in the order of the columns of atomic fractions."""
        return self.space.elements

    def has_closed_form(self, name: str) -> bool:
        """Whether the composition alone decides a property."""
        return name in self.physics.closed_forms

    @property
    def validated(self) -> tuple[str, ...]:
        """The properties of the goal that only validation answers."""
        return tuple(name for name in self.goal.names if not self.has_closed_form(name))

    @property
    def closed_form_constraints(self) -> tuple[Constraint, ...]:
        """Constraints that the composition alone decides."""
        return tuple(c for c in self.goal.constraints if self.has_closed_form(c.name))

    @property
    def validated_constraints(self) -> tuple[Constraint, ...]:
        """Constraints that only validation decides."""
        return tuple(c for c in self.goal.constraints if not self.has_closed_form(c.name))

    def closed_form(self, name: str, fractions: Floats) -> Floats:
        """A property of compositions ``(n, d)``, shape ``(n,)``.

        Raises:
            InputError: if no closed form answers the property, or an element has no reference data.
        """
        return closed_form(name, self.elements, fractions, self.physics.closed_forms)

    def closed_forms(self, fractions: Floats) -> dict[str, Floats]:
        """The goal's properties that have a closed form, by property, each of shape ``(n,)``."""
        return closed_forms(self.goal.names, self.elements, fractions, self.physics.closed_forms)

    def passes(self, points: Points) -> Bools:
        """Which points ``(n, d)`` satisfy the constraints that the composition alone decides, shape ``(n,)``."""
        fractions = self.space.fractions(points)
        good = np.ones(len(fractions), dtype=np.bool_)
        for constraint in self.closed_form_constraints:
            good &= constraint.holds(self.closed_form(constraint.name, fractions))
        return good
