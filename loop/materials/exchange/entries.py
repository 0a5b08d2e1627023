"""What an entry of an OPTIMADE database says: its composition, and a point for every field that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from alloys.composition import ROUNDING, SYMBOLS, Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.points.point import Point, PointConditions, PointKind
from loop.materials.exchange.providers import ProviderField

PHASE = "space_group_symbol_hermann_mauguin"
COMPOSITION = ("chemical_formula_reduced", "elements", "elements_ratios")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which materials are asked for: those with all of some elements, or those of them alone."""

    elements: frozenset[str]
    only: bool

    @classmethod
    def of(cls, elements: Sequence[str], *, only: bool) -> Wanted:
        """Those of some elements.

        Raises:
            InputError: for what is none.
        """
        unknown = sorted(set(elements) - SYMBOLS)
        if unknown or not elements:
            raise InputError(f"name chemical elements such as Nb,Ta,W; got {', '.join(unknown) or 'none'}")
        return cls(frozenset(elements), only)

    def takes(self, composition: Composition) -> bool:
        """Whether a material is one of these."""
        there = frozenset(composition.elements)
        return there <= self.elements if self.only else there >= self.elements

    def filter(self) -> str:
        """As OPTIMADE asks it, with nothing that a database may leave out.

        ``HAS ONLY`` may be left out, so what holds any other of all elements is excluded instead.
        """
        named = _quoted(sorted(self.elements))
        if not self.only:
            return f"elements HAS ALL {named}"
        others = _quoted(sorted(SYMBOLS - self.elements))
        return f"elements HAS ANY {named} AND NOT elements HAS ANY {others}"


def points_of(
    identity: Any, attributes: Mapping[str, Any], fields: Sequence[ProviderField], wanted: Wanted, prefix: str
) -> Iterator[Point]:
    """The points of one entry.

    Args:
        identity: the entry's, with which the source of its points ends.
        attributes: what it says.
        fields: that give points.
        wanted: what was asked for.
        prefix: that the source begins with.

    Raises:
        InputError: if it is none of those that were asked for, or says what cannot be.
    """
    source = f"{prefix}:{_text(identity, 'id')}"
    composition = composition_of_entry(attributes)
    if not wanted.takes(composition):
        raise InputError(f"{composition} was not asked for")
    phase = attributes.get(PHASE)
    told = _text(phase, PHASE) if phase is not None else ""
    for field in fields:
        try:
            value = field.value(attributes)
        except ValueError as error:
            raise InputError(str(error)) from error
        if value is not None:
            conditions = PointConditions(phase=told, test=field.test)
            number = _number(value, ".".join(field.path))
            design, kind = Design(composition), PointKind.LITERATURE
            yield Point(design, field.property_name, field.unit, number, kind, source, conditions=conditions)


def composition_of_entry(attributes: Mapping[str, Any]) -> Composition:
    """The composition of an entry: its reduced formula, which is exact, or else its ratios.

    Raises:
        InputError: if it has neither, they contradict each other, or are none.
    """
    formula, elements, ratios = (attributes.get(name) for name in COMPOSITION)
    told = None if ratios is None or elements is None else _by_ratios(elements, ratios)
    if formula is None and told is None:
        raise InputError("neither chemical_formula_reduced nor elements with elements_ratios is given")
    if formula is None:
        return told  # type: ignore[return-value]
    composition = Composition.parse(_text(formula, "chemical_formula_reduced"))
    if told is not None and _differ(composition, told):
        raise InputError(f"its formula says {composition}, and its ratios say {told}")
    return composition


def _by_ratios(elements: Any, ratios: Any) -> Composition:
    if not (isinstance(elements, list) and isinstance(ratios, list) and len(elements) == len(ratios)):
        raise InputError("elements and elements_ratios are no lists of one length")
    names = [_text(symbol, "elements") for symbol in elements]
    if len(set(names)) < len(names):
        raise InputError("elements names one twice")
    numbers = [_number(ratio, "elements_ratios") for ratio in ratios]
    if not all(0 <= number <= 1 for number in numbers):
        raise InputError("elements_ratios lie between 0 and 1")
    amounts = [Fraction(number).limit_denominator(1000) for number in numbers]
    if abs(sum(amounts, Fraction(0)) - 1) > ROUNDING:
        raise InputError(f"elements_ratios sum to {float(sum(amounts, Fraction(0))):.4g}, not 1")
    return Composition.from_amounts(dict(zip(names, amounts, strict=True)))


def _differ(one: Composition, other: Composition) -> bool:
    here, there = one.fractions(), other.fractions()
    return any(abs(here.get(s, 0.0) - there.get(s, 0.0)) > ROUNDING for s in {*here, *there})


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} is {value!r:.40}, no number")
    try:
        return float(Fraction(value))  # which knows neither NaN nor infinity
    except (ValueError, OverflowError):
        raise InputError(f"{name} is {str(value)[:40]}, no finite number") from None


def _text(value: Any, name: str) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.strip() or not text.isprintable() or len(text) > _LONGEST:
        raise InputError(f"{name} is {value!r:.40}, no short text")
    return text.strip()


def _quoted(symbols: Sequence[str]) -> str:
    return ",".join(f'"{symbol}"' for symbol in symbols)
