"""Goals: objectives and constraints, written as ``maximize density``, ``match vec 4.5`` or ``solidus >= 2273``."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.properties import PROPERTIES, Property, get_property

_OBJECTIVE = re.compile(r"^\s*(maximi[sz]e|minimi[sz]e)\s+([a-z0-9_]+)\s*$")
_MATCH = re.compile(r"^\s*match\s+([a-z0-9_]+)\s+(\S.*?)\s*$")
_CONSTRAINT = re.compile(r"^\s*([a-z0-9_]+)\s*(<=|>=)\s*([-+0-9.eE]+)\s*$")


@dataclass(frozen=True, slots=True)
class Objective:
    """A property to make as large (sign +1) or as small (sign -1) as possible, or to bring to a value or into a range.

    What is made small of a property that matches is its distance from the range, in its unit: nothing inside.

    Attributes:
        name: the property.
        sign: -1 where it matches.
        target: the smallest and the largest value that match; None where the extreme is wanted.
    """

    name: str
    sign: int
    target: tuple[float, float] | None = None

    @classmethod
    def parse(cls, text: str, properties: Mapping[str, Property] = PROPERTIES) -> Objective:
        """Reads ``maximize NAME``, ``minimize NAME``, ``match NAME VALUE`` or ``match NAME LOW..HIGH``.

        Raises:
            InputError: if the text is something else, the property unknown, or a value beyond the property's range.
        """
        if match := _MATCH.match(text):
            return cls(match[1], -1, _target(match[2], get_property(match[1], properties), text))
        match = _OBJECTIVE.match(text)
        if match is None:
            raise InputError(
                "an objective is 'maximize PROPERTY', 'minimize PROPERTY', 'match PROPERTY VALUE' or "
                f"'match PROPERTY LOW..HIGH', got {text!r}"
            )
        get_property(match.group(2), properties)
        return cls(match.group(2), 1 if match.group(1).startswith("max") else -1)

    def __str__(self) -> str:
        if self.target is None:
            return f"{'maximize' if self.sign > 0 else 'minimize'} {self.name}"
        ends = dict.fromkeys(f"{end:.10g}" for end in self.target)
        return f"match {self.name} {'..'.join(ends)}"

    def measure(self, values: Any) -> Any:
        """What is made large or small: the property's values, or their distances from what they should match."""
        if self.target is None:
            return values
        low, high = self.target
        return np.maximum(np.maximum(low - values, values - high), 0.0)

    def signed(self, values: Any) -> Any:
        """Values of the property, a number or an array, turned so that larger is better."""
        return self.sign * self.measure(values)


def _target(cell: str, row: Property, text: str) -> tuple[float, float]:
    """What a property should match: a number, or the ends of a range."""
    low, dots, high = cell.partition("..")
    try:
        ends = (float(low), float(high if dots else low))
    except ValueError:
        raise InputError(f"match takes a number or LOW..HIGH, got {cell!r} in {text!r}") from None
    if not ends[0] <= ends[1]:
        raise InputError(f"the range in {text!r} must be LOW..HIGH, with LOW <= HIGH")
    if not (row.low <= ends[0] and ends[1] <= row.high and all(map(math.isfinite, ends))):
        raise InputError(f"{text!r} asks for more than {row.name} can be, [{row.low:g}, {row.high:g}] {row.unit}")
    return ends


RESOLUTION = 10.0
"""At.% by which two feasible designs differ that count as two, where nobody says otherwise."""

_LAST_DIGITS = 1e-9
"""Relative to a bound: sums of amounts in another order are the same amounts."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A property held at or above (sign +1) or at or below (sign -1) a bound."""

    name: str
    sign: int
    bound: float

    @classmethod
    def parse(cls, text: str, properties: Mapping[str, Property] = PROPERTIES) -> Constraint:
        """Reads ``NAME >= NUMBER`` or ``NAME <= NUMBER``.

        Raises:
            InputError: if the text is something else, the property unknown, or the bound beyond the property's range.
        """
        match = _CONSTRAINT.match(text)
        if match is None:
            raise InputError(f"a constraint is 'PROPERTY >= NUMBER' or 'PROPERTY <= NUMBER', got {text!r}")
        row = get_property(match.group(1), properties)
        try:
            bound = float(match.group(3))
        except ValueError:
            raise InputError(f"the bound in {text!r} is not a number") from None
        if not math.isfinite(bound) or not row.low <= bound <= row.high:
            raise InputError(
                f"the bound in {text!r} is outside what {row.name} can be, [{row.low:g}, {row.high:g}] {row.unit}"
            )
        return cls(match.group(1), 1 if match.group(2) == ">=" else -1, bound)

    def __str__(self) -> str:
        return f"{self.name} {'>=' if self.sign > 0 else '<='} {self.bound:g}"

    def margin(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far inside the bound, in the property's unit; negative is infeasible."""
        return self.sign * (values - self.bound)

    def holds(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each value satisfies the bound, but for last digits; a value that is not a number does not."""
        return np.asarray(self.margin(values) >= -_LAST_DIGITS * abs(self.bound))

    def met(self, values: Mapping[str, float]) -> bool:
        """Whether a material's measured values satisfy the bound; a missing value does not."""
        return self.name in values and bool(self.holds(np.asarray(values[self.name])))


def count_dominating(table: NDArray[np.float64], point: NDArray[np.float64]) -> int:
    """How many rows of ``(n, m)`` dominate a point ``(m,)``: as large in everything, larger in something."""
    return int(((table >= point).all(axis=1) & (table > point).any(axis=1)).sum())


@dataclass(frozen=True, slots=True)
class Goal:
    """What a campaign wants.

    Attributes:
        objectives: what is better; without any, every design that keeps the constraints is as good as another.
        constraints: what is good enough.
        resolution: at.% that must change their element for two feasible designs to count as different; only where
            there are no objectives.
    """

    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]
    resolution: float = RESOLUTION

    def __post_init__(self) -> None:
        if not (self.objectives or self.constraints):
            raise InputError("a goal needs at least one objective, or constraints that any design may keep")
        names = [objective.name for objective in self.objectives]
        if len(set(names)) != len(names):
            raise InputError(f"an objective is named twice: {names}")
        for name in {constraint.name for constraint in self.constraints}:
            lows = [c.bound for c in self.constraints if c.name == name and c.sign > 0]
            highs = [c.bound for c in self.constraints if c.name == name and c.sign < 0]
            if lows and highs and max(lows) > min(highs):
                raise InputError(f"contradictory constraints: {name} >= {max(lows):g} and {name} <= {min(highs):g}")
            self._refuse_beyond(name, max(lows, default=-math.inf), min(highs, default=math.inf))

    def _refuse_beyond(self, name: str, low: float, high: float) -> None:
        """Refuses to match what the constraints on the same property rule out."""
        for objective in self.objectives:
            ends = objective.target if objective.name == name else None
            if ends is not None and (ends[0] > high or ends[1] < low):
                raise InputError(f"the constraints on {name} leave {low:g} to {high:g}, where nothing can {objective}")

    @classmethod
    def parse(
        cls,
        objectives: Sequence[str],
        constraints: Sequence[str],
        properties: Mapping[str, Property] = PROPERTIES,
        resolution: float = RESOLUTION,
    ) -> Goal:
        """Reads expressions.

        Raises:
            InputError: for the first expression that cannot be read, or contradictory constraints.
        """
        return cls(
            tuple(Objective.parse(text, properties) for text in objectives),
            tuple(Constraint.parse(text, properties) for text in constraints),
            resolution,
        )

    def __str__(self) -> str:
        """What is sought, without the constraints."""
        return "; ".join(map(str, self.objectives)) or "any feasible design"

    @property
    def any_feasible(self) -> bool:
        """Whether every design that keeps the constraints is as good as another."""
        return not self.objectives

    @property
    def names(self) -> tuple[str, ...]:
        """Every property named, in order, once."""
        return tuple(dict.fromkeys([o.name for o in self.objectives] + [c.name for c in self.constraints]))

    def feasible(self, values: Mapping[str, float]) -> bool:
        """Whether measured values satisfy every constraint; a missing value does not."""
        return all(constraint.met(values) for constraint in self.constraints)

    def signed_objectives(self, values: Mapping[str, float]) -> tuple[float, ...] | None:
        """Objective values turned so that larger is better, or None where one is missing."""
        if any(o.name not in values for o in self.objectives):
            return None
        return tuple(float(o.signed(values[o.name])) for o in self.objectives)


def measure_of(objectives: Collection[object]) -> str:
    """What a campaign's hypervolumes are, in words: without objectives, how many different feasible designs."""
    return "hypervolume" if objectives else "different feasible"
