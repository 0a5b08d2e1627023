"""How a configuration describes a variable: a list, a range, or a single value, and when it is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from alloys.design import Value, plain_value
from alloys.errors import InputError, Mistake, MistakesError
from alloys.space.variables import Kind, Variable, Variables
from alloys.units import check_unit

MOST_VALUES = 10_000
"""Values of one variable; a finer grid says nothing that a model could tell apart."""

PlainValue = bool | int | float | Annotated[str, StringConstraints(min_length=1, max_length=80)]


class VariableSpec(BaseModel):
    """One variable; a plain list stands for ``values``, and a plain value for a list of that one.

    Attributes:
        values: numbers, or words and truth values.
        low: smallest number, where a range is given instead.
        high: largest.
        step: between them.
        count: of the numbers between them, both included, evenly on the scale; instead of a step.
        scale: of numbers; on a log scale equal ratios are equally far apart.
        ordered: whether words stand in an order, as ``[air, oil, water]`` by the speed of cooling.
        unit: of numbers.
        when: it is chosen only where other variables have these values.
        per_batch: at most so many of its values stand in one batch: 1 if one furnace run serves all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    values: Annotated[list[PlainValue], Field(min_length=1, max_length=MOST_VALUES)] | None = None
    low: float | None = None
    high: float | None = None
    step: Annotated[float, Field(gt=0)] | None = None
    count: Annotated[int, Field(ge=2, le=MOST_VALUES)] | None = None
    scale: Literal["linear", "log"] = "linear"
    ordered: bool = False
    unit: Annotated[str, StringConstraints(max_length=40)] = ""
    when: dict[str, PlainValue | list[PlainValue]] = {}
    per_batch: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, given: Any) -> Any:
        if isinstance(given, str | bool | int | float):
            return {"values": [given]}
        return {"values": given} if isinstance(given, list) else given

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        ranged = [name for name in ("low", "high", "step", "count") if getattr(self, name) is not None]
        if self.values is not None and ranged:
            raise ValueError(f"give either values or a range, not values and {', '.join(ranged)}")
        if self.values is None and not {"low", "high"} <= set(ranged):
            raise ValueError("a variable needs values, or low and high with a step or a count")
        if self.values is None and ("step" in ranged) == ("count" in ranged):
            raise ValueError("a range needs either a step or a count")
        if self.scale == "log" and "step" in ranged:
            raise ValueError("on a log scale a range needs a count, not a step")
        return self

    def variable(self, name: str) -> Variable:
        """The variable.

        Raises:
            InputError: for values that repeat or are of several kinds, a range that is none, or a unit that is none.
        """
        values = self._numbers(name) if self.values is None else [plain_value(name, value) for value in self.values]
        repeated = sorted({str(v) for i, v in enumerate(values) if any(v is w or v == w for w in values[:i])})
        if repeated:
            raise InputError(f"{name} has {', '.join(repeated)} twice among its values")
        numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in values]
        if any(numbers) and not all(numbers):
            raise InputError(f"the values of {name} must be all numbers, or all words; got {values[:6]}")
        if all(numbers):
            values = sorted(values)
        elif self.unit or self.scale == "log":
            raise InputError(f"{name} has words for values, so it has neither a unit nor a log scale")
        if self.ordered and all(numbers):
            raise InputError(f"{name} has numbers, which have their order; leave ordered out")
        if self.unit:
            check_unit(self.unit)
        kind: Kind = "number" if all(numbers) else "ordered" if self.ordered else "category"
        when = tuple((other, _listed(other, wanted)) for other, wanted in self.when.items())
        return Variable(name, tuple(values), kind, self.scale == "log", self.unit, when, self.per_batch)

    def _numbers(self, name: str) -> list[Value]:
        """The numbers of a range."""
        assert self.low is not None
        assert self.high is not None
        low, high = Fraction(str(self.low)), Fraction(str(self.high))
        if not low < high:
            raise InputError(f"{name}: low must be below high, got {self.low:g} and {self.high:g}")
        if self.count is not None and self.scale == "log":
            if low <= 0:
                raise InputError(f"{name} has a log scale, so low must be above 0, got {self.low:g}")
            found = [float(f"{value:.4g}") for value in np.geomspace(float(low), float(high), self.count)]
            return [plain_value(name, value) for value in [float(low), *found[1:-1], float(high)]]
        step = Fraction(str(self.step)) if self.count is None else (high - low) / (self.count - 1)
        whole = (high - low) / step
        if whole.denominator != 1:
            raise InputError(f"{name}: from {self.low:g} to {self.high:g} is no whole number of steps of {self.step:g}")
        if whole >= MOST_VALUES:
            raise InputError(f"{name} has more than {MOST_VALUES} values; take a larger step")
        return [plain_value(name, float(low + k * step)) for k in range(int(whole) + 1)]


def _listed(name: str, wanted: Any) -> tuple[Value, ...]:
    return tuple(plain_value(name, value) for value in (wanted if isinstance(wanted, list) else [wanted]))


def read_variables(specs: Mapping[str, VariableSpec]) -> Variables:
    """The variables that a configuration describes.

    Raises:
        MistakesError: naming each mistake by its place.
    """
    made: list[Variable] = []
    mistakes: list[Mistake] = []
    for name, spec in specs.items():
        try:
            made.append(spec.variable(name))
        except InputError as error:
            mistakes.append((("variables", name), str(error)))
    if mistakes:
        raise MistakesError(mistakes)
    return Variables(tuple(_ordered(made)))


def _ordered(variables: Sequence[Variable]) -> list[Variable]:
    """By name, those before that conditions of others name: a database does not keep the order of a file."""
    waiting, placed = sorted(variables, key=lambda variable: variable.name), []
    while waiting:
        left = {variable.name for variable in waiting}
        free = [variable for variable in waiting if not left & {name for name, _ in variable.when}]
        placed.append((free or waiting)[0])
        waiting.remove(placed[-1])
    return placed
