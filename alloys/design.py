"""Designs: what the loop proposes, validates and remembers. A composition, and the variables chosen beside it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alloys.composition import Composition
from alloys.errors import InputError

Value = str | float | int | bool
"""What a variable can be: a word, a finite number, or yes and no."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False}
_NAMED = 8
"""How many designs one message names."""
_EXACT = 2**53
"""Up to here a float holds every whole number."""


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """An exact composition and the values of variables such as an annealing temperature or a route.

    Variables stand in the order of their names. A whole number is the same however it is written.

    >>> alloy = Composition.parse("NbTa")
    >>> design = Design.of(alloy, {"route": "cast", "anneal_c": 1200.0})
    >>> str(design)
    'Nb50Ta50 (anneal_c 1200, route cast)'
    >>> design.canonical()
    'Nb:1/2,Ta:1/2;{"anneal_c":1200,"route":"cast"}'
    >>> Design(alloy).canonical()
    'Nb:1/2,Ta:1/2'
    """

    composition: Composition
    variables: tuple[tuple[str, Value], ...] = ()

    def __post_init__(self) -> None:
        if not self.variables:
            if not self.composition.items:
                raise InputError("a design needs a composition, or at least one variable")
            return
        names = [name for name, _ in self.variables]
        for name in names:
            if not _NAME.fullmatch(name):
                raise InputError(
                    f"a variable's name is small letters, digits and underscores, such as anneal_c; got {name!r}"
                )
        if names != sorted(set(names)):
            raise InputError(f"the variables of a design must be distinct and in alphabetical order, got {names}")
        plain = tuple((name, plain_value(name, value)) for name, value in self.variables)
        object.__setattr__(self, "variables", plain)

    @classmethod
    def of(cls, composition: Composition, variables: Mapping[str, Value] | None = None) -> Design:
        """A design from its variables by name, in any order.

        Raises:
            InputError: for a name or a value that a variable cannot have.
        """
        return cls(composition, tuple(sorted((variables or {}).items())))

    @classmethod
    def parse(cls, formula: object, variables: Mapping[str, Value] | None = None) -> Design:
        """A design from a formula, as `Composition.parse` reads it, and its variables.

        Raises:
            InputError: for a bad formula, or a name or a value that a variable cannot have.
        """
        return cls.of(Composition.parse(formula), variables)

    @classmethod
    def known_as(cls, formula: object, known: Iterable[Design], variables: Mapping[str, Value] | None = None) -> Design:
        """The design that is meant: a known one, also where its formula is rounded or its variables are left out.

        Args:
            formula: of the composition, as `Composition.parse` reads it; empty where the variables alone name a design.
            known: the designs that may be meant.
            variables: some of the design's, or all.

        Returns:
            the only known design that fits, or else a new one.

        Raises:
            InputError: for a bad formula, or where several known designs fit, naming them.
        """
        known, chosen = set(known), variables or {}
        composition = known_composition(formula, known)
        named = formula if isinstance(formula, str) else composition.exactly()
        meant = cls.of(composition, chosen) if composition.items or chosen else None
        if meant in known:
            return meant
        fitting = [d for d in known if d.composition == composition or not named]
        fitting = sorted((d for d in fitting if chosen.items() <= d.values.items()), key=str)
        if len(fitting) == 1:
            return fitting[0]
        if fitting or meant is None:
            told = "; ".join(map(str, fitting[:_NAMED])) + f"; and {len(fitting) - _NAMED} more" * (
                len(fitting) > _NAMED
            )
            raise InputError(
                f"{named or _told(chosen) or 'nothing'} names {len(fitting)} designs{': ' * bool(told)}{told}; name "
                "one by its variables too (on the command line --variable NAME=VALUE)"
            )
        return meant

    @property
    def values(self) -> dict[str, Value]:
        """The variables by name."""
        return dict(self.variables)

    @property
    def formula(self) -> str:
        """The composition as it is written, in at.% where nothing else is said."""
        return str(self.composition)

    def canonical(self) -> str:
        """The text that identifies the design, exact; that of its composition where it has no variables."""
        text = self.composition.canonical()
        return f"{text};{_json(self.values)}" if self.variables else text

    @classmethod
    def from_canonical(cls, text: str) -> Design:
        """Reads what `canonical` wrote.

        Raises:
            InputError: if the text is not such a text.
        """
        alloy, mark, rest = text.partition(";")
        composition = Composition.from_canonical(alloy) if alloy or not mark else Composition.unknown()
        if not mark:
            return cls(composition)
        try:
            design = cls.of(composition, json.loads(rest))
        except (ValueError, AttributeError, TypeError, RecursionError) as error:
            raise InputError(f"not a canonical design: {text[:80]!r} ({error})") from error
        if design.canonical() != text:
            raise InputError(f"not a canonical design: {text[:80]!r}; it would be written {design.canonical()[:80]!r}")
        return design

    def digest(self) -> str:
        """sha256 of the canonical text."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def named(self) -> dict[str, Any]:
        """As documents write it: ``{"formula", "variables"?}``."""
        document: dict[str, Any] = {"formula": self.formula}
        return {**document, "variables": self.values} if self.variables else document

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, Design) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[Any, ...]:
        # True equals 1 in Python, and is another value of a variable.
        return self.composition, tuple((name, isinstance(value, bool), value) for name, value in self.variables)

    def __str__(self) -> str:
        """The formula, and the variables in words."""
        return design_text(self.named())


def design_text(document: Mapping[str, Any]) -> str:
    """A design in words, as tables show it, from what `Design.named` has.

    >>> design_text({"formula": "Nb50Ta50", "variables": {"route": "cast"}}), design_text({"formula": "NbTa"})
    ('Nb50Ta50 (route cast)', 'NbTa')
    """
    told = _told(document.get("variables", {}))
    return f"{document['formula']} ({told})".strip() if told else str(document["formula"])


def heading_of(designs: Iterable[Design]) -> str:
    """What heads a column of designs."""
    return "formula" if any(design.composition.written for design in designs) else "alloy, at.%"


def _told(variables: Mapping[str, Value]) -> str:
    return ", ".join(f"{name} {variable_text(value)}" for name, value in sorted(variables.items()))


def known_composition(formula: object, known: Iterable[Design]) -> Composition:
    """The composition that a formula names: that of a known design, also where it is rounded; unknown if empty.

    Raises:
        InputError: for a bad formula.
    """
    text = formula.strip() if isinstance(formula, str) else formula
    composition = Composition.unknown() if text == "" else Composition.parse(text)
    there = {design.composition for design in known}
    told = text if isinstance(text, str) else str(composition)
    rounded = [other for other in there if str(other) == told] if composition not in there else []
    return rounded[0] if len(rounded) == 1 else composition


def _json(values: Mapping[str, Value]) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)


def plain_value(name: str, value: Value) -> Value:
    """A variable's value as designs hold it: a whole number is the same however it is written.

    Raises:
        InputError: for what a variable cannot be.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(name, value)
    if not isinstance(value, str):
        raise InputError(f"the variable {name} must be text, a number, or true or false; got {value!r}")
    if not value or value != value.strip() or not value.isprintable():
        raise InputError(f"the text of the variable {name} must be printable, without spaces around; got {value!r}")
    if not isinstance(read_variable(value), str):
        raise InputError(f"the text {value!r} of the variable {name} reads as a number or yes and no; give it as one")
    return value


def _number(name: str, value: float) -> Value:
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise InputError(f"the variable {name} must be a finite number, got {str(value)[:40]}")
    if abs(value) > _EXACT:
        return float(value)
    return int(value) if value == int(value) else float(value)


def variable_text(value: Value) -> str:
    """A variable's value as a table's cell.

    >>> [variable_text(value) for value in (900, 0.5, True, "cast")]
    ['900', '0.5', 'true', 'cast']
    """
    return value if isinstance(value, str) else json.dumps(value)


def read_variable(text: str) -> Value:
    """A variable's value from a table's cell: what `variable_text` wrote.

    >>> [read_variable(text) for text in ("900", "0.5", "true", "cast")]
    [900, 0.5, True, 'cast']
    """
    if text.lower() in _WORDS:  # spreadsheets write TRUE
        return _WORDS[text.lower()]
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    return int(number) if math.isfinite(number) and abs(number) <= _EXACT and number == int(number) else number


def variable_names(designs: Iterable[Design]) -> tuple[str, ...]:
    """The names of the variables that any of some designs has, in alphabetical order."""
    return tuple(sorted({name for design in designs for name, _ in design.variables}))
