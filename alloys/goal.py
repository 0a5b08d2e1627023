"""Goals: objectives and constraints, written as expressions such as ``maximize density`` or ``solidus >= 2273``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.properties import PROPERTIES, Property, get_property

_OBJECTIVE = re.compile(r"^\s*(maximi[sz]e|minimi[sz]e)\s+([a-z0-9_]+)\s*$")
_CONSTRAINT = re.compile(r"^\s*([a-z0-9_]+)\s*(<=|>=)\s*([-+0-9.eE]+)\s*$")


@dataclass(frozen=True, slots=True)
class Objective:
    """A property to make as large (sign +1) or as small (sign -1) as possible."""

    name: str
    sign: int

    @classmethod
    def parse(cls, text: str, properties: Mapping[str, Property] = PROPERTIES) -> Objective:
        """Reads ``maximize NAME`` or ``minimize NAME``.

        Raises:
            InputError: if the text is something else or the property unknown.
        """
        match = _OBJECTIVE.match(text)
        if match is None:
            raise InputError(f"an objective is 'maximize PROPERTY' or 'minimize PROPERTY', got {text!r}")
        get_property(match.group(2), properties)
        return cls(match.group(2), 1 if match.group(1).startswith("max") else -1)

    def __str__(self) -> str:
        return f"{'maximize' if self.sign > 0 else 'minimize'} {self.name}"


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
    """What a campaign wants."""

    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]

    def __post_init__(self) -> None:
        if not self.objectives:
            raise InputError("a goal needs at least one objective")
        names = [objective.name for objective in self.objectives]
        if len(set(names)) != len(names):
            raise InputError(f"an objective is named twice: {names}")
        for name in {constraint.name for constraint in self.constraints}:
            lows = [c.bound for c in self.constraints if c.name == name and c.sign > 0]
            highs = [c.bound for c in self.constraints if c.name == name and c.sign < 0]
            if lows and highs and max(lows) > min(highs):
                raise InputError(f"contradictory constraints: {name} >= {max(lows):g} and {name} <= {min(highs):g}")

    @classmethod
    def parse(
        cls,
        objectives: Sequence[str],
        constraints: Sequence[str],
        properties: Mapping[str, Property] = PROPERTIES,
    ) -> Goal:
        """Reads expressions.

        Raises:
            InputError: for the first expression that cannot be read, or contradictory constraints.
        """
        return cls(
            tuple(Objective.parse(text, properties) for text in objectives),
            tuple(Constraint.parse(text, properties) for text in constraints),
        )

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
        return tuple(o.sign * values[o.name] for o in self.objectives)
