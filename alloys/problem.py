"""A design problem as data: the space, the properties, the goal and the physics of a campaign in one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alloys.design import Design
from alloys.errors import InputError
from alloys.goal import Constraint, Goal
from alloys.physics.base import Floats, Physics
from alloys.physics.closed_forms import answered, closed_form, closed_forms
from alloys.properties import Property
from alloys.space import Bools, Points, Space


@dataclass(frozen=True, slots=True)
class Problem:
    """A space, properties, a goal and a physics.

    Attributes:
        space: which designs may be asked for.
        goal: objectives and constraints.
        physics: what is known before any data.
    """

    space: Space
    goal: Goal
    physics: Physics

    @property
    def properties(self) -> Mapping[str, Property]:
        """Every property that may be named, by name."""
        return self.physics.properties

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements, in the order of the columns of atomic fractions."""
        return self.space.elements

    def exact(self, design: Design) -> dict[str, float]:
        """Every closed form that the physics' numbers allow for one design, by property."""
        return answered(self.physics.closed_forms, design)[0]

    def computed(self, values: Mapping[str, float], design: Design) -> dict[str, float]:
        """What `combined` says of one design's measured values, where that is a number."""
        if not self.physics.combined:
            return {}
        composition, raw = design.composition, self.space.variables.raw_of(design.values)
        row = np.concatenate([list(composition.fractions().values()), raw])[None]
        numbers = {name: np.array([value]) for name, value in values.items()}
        try:
            found = self.combined(numbers, row, composition.elements)
        except InputError:  # an element of which the physics lacks a number
            return {}
        return {name: float(column[0]) for name, column in found.items() if np.isfinite(column[0])}

    def has_closed_form(self, name: str) -> bool:
        """Whether the composition alone decides a property."""
        return name in self.physics.closed_forms

    @property
    def validated(self) -> tuple[str, ...]:
        """The properties that only validation answers, of the goal and of its expressions."""
        return tuple(dict.fromkeys(part for name in self.goal.names for part in self.physics.measured_parts(name)))

    def split(self, inputs: Floats, elements: tuple[str, ...] | None = None) -> tuple[Floats, dict[str, Floats]]:
        """Inputs ``(n, k)`` of the space as atomic fractions ``(n, d)``, and the variables' numbers by name."""
        count = len(self.elements if elements is None else elements)
        variables = self.space.variables
        numbers = {v.name: inputs[:, count + j] for j, v in enumerate(variables) if v.is_number}
        return inputs[:, :count], numbers

    def combined(
        self, values: Mapping[str, Floats], inputs: Floats, elements: tuple[str, ...] | None = None
    ) -> dict[str, Floats]:
        """The goal's properties that are computed from measured ones, by property, in the shape of the values.

        Args:
            values: of the measured properties, shape ``(n,)`` or ``(samples, n)``, NaN where unknown; where one is
                lacking, what needs it is left out.
            inputs: of the designs, as `Space.inputs` gives them, shape ``(n, k)``.
            elements: of its first columns; the space's if None.
        """
        fractions, variables = self.split(inputs, elements)
        values = {**variables, **values}
        rules = {name: self.physics.combined[name] for name in self.goal.names if name in self.physics.combined}
        return {
            name: rule.evaluate(values, self.elements if elements is None else elements, fractions)
            for name, rule in rules.items()
            if set(rule.leaves) <= set(values)
        }

    @property
    def closed_form_constraints(self) -> tuple[Constraint, ...]:
        """Constraints that the composition alone decides."""
        return tuple(c for c in self.goal.constraints if self.has_closed_form(c.name))

    @property
    def validated_constraints(self) -> tuple[Constraint, ...]:
        """Constraints that only validation decides."""
        return tuple(c for c in self.goal.constraints if not self.has_closed_form(c.name))

    def closed_form(self, name: str, inputs: Floats) -> Floats:
        """A property of designs, shape ``(n,)``; of their inputs, as `Space.inputs` gives them, shape ``(n, k)``.

        Raises:
            InputError: if no closed form answers the property, or an element has no reference data.
        """
        fractions, variables = self.split(inputs)
        return closed_form(name, self.elements, fractions, self.physics.closed_forms, variables)

    def closed_forms(self, inputs: Floats) -> dict[str, Floats]:
        """The goal's properties that have a closed form, by property, each of shape ``(n,)``; as `closed_form`."""
        fractions, variables = self.split(inputs)
        return closed_forms(self.goal.names, self.elements, fractions, self.physics.closed_forms, variables)

    def passes(self, points: Points) -> Bools:
        """Which points ``(n, d)`` satisfy the constraints that the composition alone decides, shape ``(n,)``."""
        inputs = self.space.inputs(points)
        good = np.ones(len(inputs), dtype=np.bool_)
        for constraint in self.closed_form_constraints:
            good &= constraint.holds(self.closed_form(constraint.name, inputs))
        return good
