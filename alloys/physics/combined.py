"""Properties that follow from others by a rule of mixtures or an expression of the campaign's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from alloys.composition import SYMBOLS
from alloys.errors import InputError
from alloys.expressions import Expression
from alloys.physics.base import ClosedForm, Elements, Floats
from alloys.physics.elements import column

Basis = Literal["atomic", "mass"]


def amounts(basis: Basis, elements: Elements, fractions: Floats) -> Floats:
    """Atomic fractions ``(n, d)`` as they are, or as mass fractions.

    Raises:
        InputError: if an element's mass is not known.
    """
    if basis == "atomic":
        return fractions
    masses = fractions * column(elements, "mass")
    return np.asarray(masses / masses.sum(axis=1, keepdims=True))


def amount_of(name: str) -> tuple[Basis, str] | None:
    """What ``x_Al`` (atomic fraction) or ``w_Al`` (mass fraction) stands for; None for any other name."""
    kind, _, symbol = name.partition("_")
    if kind not in ("x", "w") or symbol not in SYMBOLS:
        return None
    return ("atomic" if kind == "x" else "mass"), symbol


def only_amounts(text: str) -> bool:
    """Whether a text names amounts and nothing else, as ``x_Al + x_Ti <= 0.3`` does."""
    names = re.findall(r"(?<![\w.])[A-Za-z_]\w*", text)
    return bool(names) and all(amount_of(name) for name in names)


@dataclass(frozen=True, slots=True)
class RuleOfMixtures:
    """A rule of mixtures: the sum of each element's number times its atomic or mass fraction.

    Attributes:
        name: the property.
        by: which fractions.
        of: the elements' numbers, in the property's unit.
    """

    name: str
    by: Basis
    of: Mapping[str, float]

    def __call__(self, elements: Elements, fractions: Floats) -> Floats:
        """The property of compositions ``(n, d)``, shape ``(n,)``.

        Raises:
            InputError: if an element that is there has no number.
        """
        present = np.asarray((fractions > 0).any(axis=0))
        lacking = [s for s, there in zip(elements, present, strict=True) if there and s not in self.of]
        if lacking:
            raise InputError(f"the mixture {self.name} has no number for {', '.join(lacking)}; add it under of:")
        numbers = np.array([self.of.get(symbol, 0.0) for symbol in elements])
        return np.asarray(amounts(self.by, elements, fractions) @ numbers)


@dataclass(frozen=True, slots=True)
class Combination:
    """A property computed from measured ones, closed forms and amounts by an expression.

    Attributes:
        expression: over the names of `scales`, and amounts.
        leaves: the measured properties that it needs, directly or through other expressions, in order.
        closed: closed forms among its names.
        others: further combinations among its names.
        scales: factor and offset of each name's unit to that in which the expression is evaluated.
        result: likewise of the property's own unit.
    """

    expression: Expression
    leaves: tuple[str, ...]
    closed: Mapping[str, ClosedForm]
    others: Mapping[str, Combination]
    scales: Mapping[str, tuple[float, float]]
    result: tuple[float, float] = (1.0, 0.0)

    def __call__(self, elements: Elements, fractions: Floats) -> Floats:
        """The property of compositions ``(n, d)``, shape ``(n,)``, where it needs nothing else."""
        return self.evaluate({}, elements, fractions)

    def evaluate(self, values: Mapping[str, Floats], elements: Elements, fractions: Floats) -> Floats:
        """The property, shape ``(n,)`` or that of the values; NaN where it divides by zero or a value is unknown.

        Args:
            values: of its leaves and of the variables, shape ``(n,)``, or ``(samples, n)``.
            elements: symbols.
            fractions: shape ``(n, len(elements))``.
        """
        given = {}
        for name in self.expression.names:
            factor, offset = self.scales[name]
            given[name] = self._part(name, values, elements, fractions) * factor + offset
        factor, offset = self.result
        found = (np.asarray(self.expression.evaluate(given), dtype=np.float64) - offset) / factor
        found = np.broadcast_to(found, np.broadcast_shapes(found.shape, (len(fractions),)))
        return np.where(np.isfinite(found), found, np.nan)

    def _part(self, name: str, values: Mapping[str, Floats], elements: Elements, fractions: Floats) -> Floats:
        amount = amount_of(name)
        if amount is not None:
            basis, symbol = amount
            if symbol not in elements:
                return np.zeros(len(fractions))
            return amounts(basis, elements, fractions)[:, elements.index(symbol)]
        if name in self.closed:
            return form_of(self.closed[name], values, elements, fractions)
        if name in self.others:
            return self.others[name].evaluate(values, elements, fractions)
        return values[name]


@dataclass(frozen=True, slots=True)
class VariableForm:
    """A variable's number as a property of the design.

    Attributes:
        name: the variable.
    """

    name: str

    def __call__(self, elements: Elements, fractions: Floats) -> Floats:
        """No composition says what was done to it.

        Raises:
            InputError: always.
        """
        raise InputError(f"{self.name} is a variable beside the composition, and its value is not given")

    def evaluate(self, values: Mapping[str, Floats], elements: Elements, fractions: Floats) -> Floats:
        """The variable's value; NaN where it is not chosen."""
        if self.name not in values:
            return self(elements, fractions)
        return values[self.name]


def form_of(form: ClosedForm, values: Mapping[str, Floats], elements: Elements, fractions: Floats) -> Floats:
    """A closed form of compositions ``(n, d)`` and of variables, by name, shape ``(n,)`` each.

    Raises:
        InputError: if an element has no reference data.
    """
    if isinstance(form, Combination | VariableForm):
        return form.evaluate(values, elements, fractions)
    return form(elements, fractions)
