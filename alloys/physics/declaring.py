"""Properties that a campaign declares itself: measured ones, rules of mixtures, and expressions of others."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from alloys.composition import SYMBOLS
from alloys.errors import InputError
from alloys.expressions import FUNCTIONS, Expression
from alloys.physics.base import ClosedForm, Floats, Physics
from alloys.physics.combined import Combination, RuleOfMixtures, VariableForm, amount_of
from alloys.physics.registry import DEFAULT, get_physics
from alloys.properties import Property, Scale, get_property, with_own
from alloys.space import Points, Space, spec_of
from alloys.space.variables import Variable, Variables
from alloys.units import check_dimensions, check_unit, is_percent, to_base

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RESERVED = {*FUNCTIONS, "formula", "failure", "key", "nonce", "validator", "bounds", "origin", "why", "iteration"}
Text = Annotated[str, StringConstraints(max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class MixtureSpec(_Part):
    """A number of each element, mixed by atomic or mass fraction."""

    by: Literal["atomic", "mass"] = "atomic"
    of: Annotated[dict[str, float], Field(min_length=1)]


class PropertySpec(_Part):
    """One property of a campaign's own.

    Attributes:
        unit: as ``MPa·cm3/g``; ``1`` for a plain number.
        range: smallest and largest value that can be true.
        usual: what about two materials of three have; the middle of the range if not given.
        scatter: standard deviation of repeated measurements, in the unit.
        scale: how it is modelled; a log scale suits what spans several powers of ten.
        difference: whether it is a difference of temperatures, so that 20 °C are 20 K.
        not_above: a property that is never smaller than this one.
        heading: how tables name it.
        meaning: one line.
        mixture: numbers of the elements that it is mixed of.
        expression: arithmetic over other properties and amounts (``x_Al`` atomic, ``w_Al`` mass fraction).
        check_units: whether units of the expression's parts must agree; if not, its numbers carry units.
    """

    unit: Text
    range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    usual: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    scatter: Annotated[float, Field(ge=0)] = 0.0
    scale: Scale = "linear"
    difference: bool = False
    not_above: str = ""
    heading: Text = ""
    meaning: Text = ""
    mixture: MixtureSpec | None = None
    expression: Text | None = None
    check_units: bool = True

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.mixture is not None and self.expression is not None:
            raise ValueError("give either a mixture or an expression, not both")
        if self.mixture is None and self.expression is None and self.range is None:
            raise ValueError("a measured property needs its range: the smallest and largest value that can be true")
        return self

    def property(self, name: str) -> Property:
        """The property.

        Raises:
            InputError: for numbers that contradict each other.
        """
        low, high = self.range or (-math.inf, math.inf)
        if not low < high:
            raise InputError(f"{name}: range must be [smallest, largest], got [{low:g}, {high:g}]")
        usual = self.usual or _usual(low, high, self.scale)
        return Property(
            name=name,
            unit=self.unit,
            meaning=self.meaning or self.expression or name.replace("_", " "),
            low=low,
            high=high,
            usual=(usual[0], usual[1]),
            scatter=self.scatter,
            scale=self.scale,
            difference=self.difference,
            not_above=self.not_above,
            heading=self.heading or name.replace("_", " "),
            title=self.heading.replace("/|", "/").replace("|", " "),
        )


def _usual(low: float, high: float, scale: Scale) -> tuple[float, float]:
    """The middle half of a range; of its powers of ten on a log scale, of which there are at most six."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return (1.0, 2.0) if scale == "log" else (-1.0, 1.0)
    if scale == "log" and high > 0:
        low = max(low, high * 1e-6)
        ends = math.log(low), math.log(high)
        return math.exp(0.75 * ends[0] + 0.25 * ends[1]), math.exp(0.25 * ends[0] + 0.75 * ends[1])
    return (low, high) if scale == "share" else (0.75 * low + 0.25 * high, 0.25 * low + 0.75 * high)


def declare(physics: Physics, specs: Mapping[str, PropertySpec], variables: Variables | None = None) -> Physics:
    """The physics with a campaign's own properties, and its variables that are numbers.

    Raises:
        InputError: for a name that is taken or none, a unit that is none, numbers or units that contradict each
            other, an expression that names nothing, or expressions that name each other.
    """
    physics = _with_variables(physics, variables or Variables())
    if not specs:
        return physics
    own = {}
    for name, spec in specs.items():
        _check_name(name, physics)
        _check_unit(name, spec.unit)
        own[name] = spec.property(name)
    maker = _Maker(physics, specs, with_own(own, physics.properties))
    for name, spec in specs.items():
        if spec.not_above:
            get_property(spec.not_above, maker.properties)
        maker.make(name, ())
    return physics.extended(maker.properties, {**physics.closed_forms, **maker.closed}, maker.combined)


def _with_variables(physics: Physics, variables: Variables) -> Physics:
    """The physics with each variable that is a number as a property that the design itself decides."""
    taken = [variable.name for variable in variables if variable.name in physics.properties]
    if taken:
        raise InputError(f"{', '.join(taken)} names a property, so a variable cannot; give it another name")
    numbers = [variable for variable in variables if variable.is_number]
    if not numbers:
        return physics
    own = {variable.name: _property_of(variable) for variable in numbers}
    forms = {name: VariableForm(name) for name in own}
    properties = with_own(own, physics.properties)
    return physics.extended(properties, {**physics.closed_forms, **forms}, physics.combined)


def _property_of(variable: Variable) -> Property:
    low, high = float(variable.values[0]), float(variable.values[-1])
    meaning = variable.name.replace("_", " ")
    usual = (low, high if high > low else low + 1.0)
    return Property(variable.name, variable.unit or "1", meaning, -math.inf, math.inf, usual, heading=meaning)


_WHOLE = 100.0 + 1e-6
"""Per cent that amounts of elements do not exceed."""


def check_on(space: Space, physics: Physics, name: str) -> None:
    """Refuses an own property that cannot be computed for every design of a space.

    Raises:
        InputError: for an element that the space has and a mixture lacks, or the space lacks and an expression names;
            for a design of the space for which the expression divides by zero or is no number; or for amounts that
            come to more than 100 %.
    """
    rule = physics.combined.get(name) or physics.closed_forms.get(name)
    if isinstance(rule, Combination):
        strangers = {amount[1] for part in rule.expression.names if (amount := amount_of(part))} - set(space.elements)
        if strangers:
            raise InputError(f"{', '.join(sorted(strangers))} in {rule.expression.text!r} is not in the space")
        points = space.sample(256, np.random.default_rng(0))
        middle = {leaf: np.full(len(points), np.mean(physics.properties[leaf].usual)) for leaf in rule.leaves}
        middle |= {v.name: column for v, column in zip(space.variables, _variables_at(space, points), strict=True)}
        found = rule.evaluate(middle, space.elements, space.fractions(points))
        if np.isnan(found).any():
            where = space.design(points[int(np.argmax(np.isnan(found)))])
            raise InputError(f"{rule.expression.text!r} divides by zero or is no number, as for {where}")
        unit = physics.properties[name].unit
        if is_percent(unit) and not rule.leaves and found.max() > _WHOLE:
            raise InputError(
                f"{rule.expression.text!r} comes to {found.max():.4g} % in the space: amounts such as x_Al are shares "
                f"of 1, and {unit} makes per cent of them; leave the factor of 100 out, or say unit: '1'"
            )
    elif isinstance(rule, RuleOfMixtures):
        rule(space.elements, np.eye(len(space.elements)))


def _variables_at(space: Space, points: Points) -> Floats:
    """The variables' columns at points ``(n, d)``, shape ``(v, n)``."""
    return space.inputs(points)[:, len(space.elements) :].T


def declared_properties(science: Mapping[str, Any]) -> Mapping[str, Property]:
    """The properties of a campaign by the plain document of what decides its results."""
    physics = get_physics(science.get("physics", DEFAULT))
    specs = {name: PropertySpec.model_validate(spec) for name, spec in science.get("properties", {}).items()}
    return declare(physics, specs, _declared_variables(science)).properties


def _declared_variables(science: Mapping[str, Any]) -> Variables:
    """The variables of a campaign; those of a list that is gone are none."""
    space = science.get("space")
    if not space:
        return Variables()
    try:
        return spec_of(space).declared_variables()
    except InputError:
        return Variables()


def _check_name(name: str, physics: Physics) -> None:
    if not _NAME.fullmatch(name) or name in _RESERVED or name.endswith("_std") or name.startswith("predicted_"):
        raise InputError(
            f"{name[:80]!r} cannot name a property; take small letters, digits and _, such as hardness (and not "
            f"NAME_std, predicted_NAME or {', '.join(sorted(_RESERVED))})"
        )
    if name in physics.properties:
        raise InputError(f"{name} is a built-in property; give your own another name, such as own_{name}")


def _check_unit(name: str, unit: str) -> None:
    try:
        check_unit(unit)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


class _Maker:
    """Makes mixtures and expressions, those first that others name."""

    def __init__(self, physics: Physics, specs: Mapping[str, PropertySpec], properties: Mapping[str, Property]) -> None:
        self.physics = physics
        self.specs = specs
        self.properties = properties
        self.closed: dict[str, ClosedForm] = {}
        self.combined: dict[str, Combination] = {}

    def make(self, name: str, above: tuple[str, ...]) -> None:
        """One property, if it is computed and not made yet; ``above`` are those that asked for it."""
        spec = self.specs.get(name)
        if name in above:
            raise InputError(f"expressions name each other: {' -> '.join((*above, name))}")
        if spec is None or name in self.closed or name in self.combined:
            return
        if spec.mixture is not None:
            stray = sorted(set(spec.mixture.of) - SYMBOLS)
            if stray:
                raise InputError(f"the mixture {name} names {', '.join(stray)}, which is no chemical element")
            self.closed[name] = RuleOfMixtures(name, spec.mixture.by, dict(spec.mixture.of))
        elif spec.expression is not None:
            try:
                self._express(name, spec, Expression.parse(spec.expression), (*above, name))
            except InputError as error:
                told = str(error)
                raise InputError(told if told.startswith(("expressions", f"{name}:")) else f"{name}: {told}") from None

    def _express(self, name: str, spec: PropertySpec, expression: Expression, above: tuple[str, ...]) -> None:
        if not expression.names:
            raise InputError(f"the expression {expression.text!r} names no property and no amount, such as x_Al")
        closed: dict[str, ClosedForm] = {}
        others: dict[str, Combination] = {}
        leaves: dict[str, None] = {}
        units: dict[str, str] = {}
        known = {**self.physics.closed_forms, **self.closed}
        for part in expression.names:
            units[part] = "1"
            if amount_of(part) is not None:
                continue
            units[part] = get_property(part, self.properties).unit
            self.make(part, above)
            if part in self.combined:
                others[part] = self.combined[part]
                leaves |= dict.fromkeys(others[part].leaves)
            elif part in known or part in self.closed:
                closed[part] = self.closed.get(part) or known[part]
            else:
                leaves[part] = None
        scales, result = _scales(spec, expression, units)
        made = Combination(expression, tuple(leaves), closed, others, scales, result)
        if leaves:
            self.combined[name] = made
        else:
            self.closed[name] = made


def _scales(spec: PropertySpec, expression: Expression, units: Mapping[str, str]) -> tuple[dict[str, Any], Any]:
    """Factors and offsets of the parts' units and of the property's own."""
    if not spec.check_units:
        return dict.fromkeys(units, (1.0, 0.0)), (1.0, 0.0)
    check_dimensions(expression, units, spec.unit)
    return {name: to_base(unit) for name, unit in units.items()}, to_base(spec.unit)
