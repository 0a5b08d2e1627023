"""Alloys on a grid, times variables beside the composition: annealing temperature, route, and others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, model_serializer

from alloys.design import Design
from alloys.errors import InputError
from alloys.space.alloy import AlloySpace
from alloys.space.base import Bools, Floats, Points, SpaceSpec
from alloys.space.building import Basis
from alloys.space.variable_spec import VariableSpec, read_variables
from alloys.space.variables import Variables

Share = Annotated[float, Field(gt=0, le=1)]

_WEIGHT = 0.5
"""A variable's whole range counts as a change of so much of the composition, where distances are measured."""


@dataclass(frozen=True, slots=True)
class VariedSpace:
    """Every composition of a grid with every value of some variables; a point has steps, then the variables' places.

    Attributes:
        alloys: the grid.
        variables: at least one.
    """

    alloys: AlloySpace
    variables: Variables

    @property
    def elements(self) -> tuple[str, ...]:
        """The palette."""
        return self.alloys.elements

    @property
    def columns(self) -> tuple[str, ...]:
        """The elements, then the variables."""
        return self.alloys.columns + self.variables.names

    @property
    def dimension(self) -> int:
        """Elements and variables."""
        return self.alloys.dimension + len(self.variables)

    def contains(self, points: Points) -> Bools:
        """Which points ``(n, d)`` are in the space, shape ``(n,)``."""
        amounts, places = self.split(points)
        return np.asarray(self.alloys.contains(amounts) & self.variables.contains(places))

    def broken_rules(self, point: Points) -> list[str]:
        """Every rule that a point breaks, in words."""
        amounts, places = self.split(point[None])
        return self.alloys.broken_rules(amounts[0]) + self.variables.broken_rules(places[0])

    def point_of(self, design: Design) -> Points:
        """The design as a point, shape ``(d,)``.

        Raises:
            InputError: if it is not in the space, with every rule it breaks.
        """
        mistakes: list[str] = []
        amounts = _tried(lambda: self.alloys.point_of(Design(design.composition)), mistakes)
        places = _tried(lambda: self.variables.point_of(design.values), mistakes)
        if mistakes:
            raise InputError("; ".join(mistakes))
        return np.concatenate([amounts, places])

    def nearest(self, design: Design) -> Points | None:
        """The point that rounding gives, shape ``(d,)``; the design needs its variables. None where there is none."""
        amounts = self.alloys.nearest(Design(design.composition))
        places = self.variables.nearest(design.values)
        return None if amounts is None or places is None else np.concatenate([amounts, places])

    def design(self, point: Points) -> Design:
        """The composition of a point and its variables."""
        amounts, places = self.split(point[None])
        return Design.of(self.alloys.design(amounts[0]).composition, self.variables.values(places[0]))

    def fractions(self, points: Points) -> Floats:
        """Atomic fractions of points ``(n, d)``, shape ``(n, len(elements))``."""
        return self.alloys.fractions(self.split(points)[0])

    def inputs(self, points: Points) -> Floats:
        """Atomic fractions, and a column for each variable, shape ``(n, len(elements) + len(variables))``."""
        amounts, places = self.split(points)
        return np.concatenate([self.alloys.fractions(amounts), self.variables.raw(places)], axis=1)

    def coordinates(self, points: Points) -> Floats:
        """Distances are in steps of the grid; a variable's whole range is as far as half of the composition."""
        amounts, places = self.split(points)
        far = _WEIGHT * self.alloys.total * self.variables.distances(self.variables.raw(places))
        return np.concatenate([self.alloys.coordinates(amounts), far], axis=1)

    def keys(self, points: Points) -> list[bytes]:
        """One hashable key per row."""
        return self.alloys.keys(points)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        """Draws ``n`` points, ``(n, d)``: compositions as the grid does, variables evenly.

        Raises:
            InputError: if the grid is too small to draw from.
        """
        return self.joined(self.alloys.sample(n, rng), self.variables.sample(n, rng))

    def neighbours(self, point: Points) -> Points:
        """One transfer between two elements, or another value of one variable, shape ``(m, d)``."""
        amounts, places = self.split(point[None])
        nearby, others = self.alloys.neighbours(amounts[0]), self.variables.neighbours(places[0])
        return np.concatenate(
            [
                self.joined(nearby, np.repeat(places, len(nearby), axis=0)),
                self.joined(np.repeat(amounts, len(others), axis=0), others),
            ]
        )

    def one_move_away(self, points: Points, centre: Points) -> Bools:
        """Which points ``(n, d)`` differ by one transfer, or by the variables alone, from a point, shape ``(n,)``."""
        (amounts, places), (own, chosen) = self.split(points), self.split(centre[None])
        same = (amounts == own).all(axis=1)
        alike = (places == chosen).all(axis=1)
        one = np.sum((places >= 0) & (chosen >= 0) & (places != chosen), axis=1) == 1
        return np.asarray((alike & self.alloys.one_move_away(amounts, own[0])) | (same & one))

    def settled(self, points: Points) -> Points:
        """Whole steps as compositions inside and near them where the grid is narrow; variables as they are."""
        amounts, places = self.split(points)
        return self.joined(self.alloys.settled(amounts), places)

    def split(self, points: Points) -> tuple[Points, Points]:
        """Points ``(n, d)`` as steps and places."""
        return points[:, : self.alloys.dimension], points[:, self.alloys.dimension :]

    def joined(self, amounts: Points, places: Points) -> Points:
        """Steps and places as points."""
        return np.concatenate([amounts, places], axis=1)


GridSpace = AlloySpace | VariedSpace
"""Alloys on a grid, alone or times variables: what generators draw from."""


def _tried(read: Callable[[], Points], mistakes: list[str]) -> Points:
    """What is read; what is wrong with it goes to ``mistakes``."""
    try:
        return read()
    except InputError as error:
        mistakes.append(str(error))
        return np.zeros(0, dtype=np.int64)


class LimitSpec(BaseModel):
    """At most ``most`` (a fraction) of ``element`` where ``where`` is present."""

    model_config = SpaceSpec.model_config

    element: str
    most: Share
    where: str


class AlloySpec(SpaceSpec):
    """Alloys on a grid; fractions are atomic fractions, or weight fractions where the basis is ``wt``."""

    kind: Literal["alloy"] = "alloy"
    elements: list[str] = Field(min_length=2)
    step: Share = 0.01
    lower: Share = 0.05
    upper: Share = 0.50
    count: list[Annotated[int, Field(ge=1)]] = Field(default=[3, 6], min_length=2, max_length=2)
    bounds: dict[str, Annotated[list[Share], Field(min_length=2, max_length=2)]] = Field(default={})
    limits: list[LimitSpec] = Field(default=[])
    basis: Basis = "at"
    steps: dict[str, Share] = Field(default={})
    balance: str | None = None
    rules: list[str] = Field(default=[])
    variables: dict[str, VariableSpec] = Field(default={})

    def build(self) -> AlloySpace | VariedSpace:
        """The grid, times the variables where there are some.

        Raises:
            InputError: for contradictory or off-grid bounds, for rules that cannot be read or leave nothing, and for
                variables that are none.
        """
        alloys, variables = self._alloys(), self.declared_variables()
        return VariedSpace(alloys, variables) if len(variables) else alloys

    def declared_variables(self) -> Variables:
        """The variables beside the composition.

        Raises:
            InputError: for those that are none.
        """
        return read_variables(self.variables)

    def _alloys(self) -> AlloySpace:
        return AlloySpace.build(
            self.elements,
            step=self.step,
            lower=self.lower,
            upper=self.upper,
            count=(self.count[0], self.count[1]),
            bounds={symbol: (pair[0], pair[1]) for symbol, pair in self.bounds.items()},
            limits=[(limit.element, limit.most, limit.where) for limit in self.limits],
            steps=self.steps,
            balance=self.balance,
            rules=self.rules,
            basis=self.basis,
        )

    @model_serializer(mode="wrap")
    def _without_later_keys(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Campaigns made before a key was known go on: it is not there where it says nothing."""
        later: dict[str, Any] = {"basis": "at", "steps": {}, "balance": None, "rules": [], "variables": {}}
        return {key: value for key, value in plain(self).items() if key not in later or value != later[key]}


SPEC = AlloySpec
