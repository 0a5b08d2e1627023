"""Rules on amounts that people write, such as ``x_Al + x_Ti <= 0.3``, as whole numbers: exact, without any tolerance.

Amounts sum to 1, so a number in a rule is that many times the sum, and every linear rule becomes ``w . p <= 0`` for the
whole steps ``p`` of a composition. That form holds for atomic and for weight fractions alike, because the ones are the
others times atoms per gram, up to a common factor.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from alloys.composition import SYMBOLS
from alloys.errors import InputError
from alloys.expressions import Expression
from alloys.physics.basis import atoms_per_gram

_SIGNS = re.compile(r"(<=|>=|==|≤|≥|=|<|>)")
_MEANT = {"≤": "<=", "≥": ">=", "=": "=="}
_NAME = re.compile(r"([xw])_([A-Z][a-z]?)")
_DIGITS = 10**12
"""Numbers are read as the nearest fraction with no larger denominator: 0.1 + 0.2 is 3/10."""
_LARGEST = 2**62

EXAMPLES = "'x_Al + x_Ti <= 0.3', 'x_Ni == x_Co' or 'x_Ni / x_Co <= 2'"


@dataclass(frozen=True, slots=True)
class LinearRule:
    """``weights . point <= 0``, or ``== 0``.

    Attributes:
        text: as it was written.
        elements: those that it names.
        weights: whole numbers, one for each element of the space.
        equal: whether both sides must be equal.
    """

    text: str
    elements: tuple[str, ...]
    weights: tuple[int, ...]
    equal: bool = False


class _NotLinearError(InputError):
    """An expression that no multiplication makes linear in the amounts."""


@dataclass(frozen=True)
class _Amounts:
    """A sum of multiples of amounts, or such a sum over another; what expressions are computed with."""

    top: tuple[Fraction, ...]
    below: tuple[Fraction, ...] | None = None

    def _of(self, other: object) -> _Amounts:
        """A number as that many times the sum of all amounts, which is 1."""
        if isinstance(other, _Amounts):
            return other
        return _Amounts((_exact(cast(float, other)),) * len(self.top))

    def __add__(self, other: object) -> _Amounts:
        mine, its = self, self._of(other)
        if mine.below is None:
            mine, its = its, mine
        if mine.below is None or mine.below == its.below:
            return _Amounts(tuple(a + b for a, b in zip(mine.top, its.top, strict=True)), mine.below)
        if its.below is not None or len(set(its.top)) > 1:
            raise _NotLinearError
        return _Amounts(tuple(a + its.top[0] * b for a, b in zip(mine.top, mine.below, strict=True)), mine.below)

    __radd__ = __add__

    def __neg__(self) -> _Amounts:
        return self * -1

    def __pos__(self) -> _Amounts:
        return self

    def __sub__(self, other: object) -> _Amounts:
        return self + -self._of(other)

    def __rsub__(self, other: object) -> _Amounts:
        return -self + other

    def __mul__(self, other: object) -> _Amounts:
        if isinstance(other, _Amounts):
            raise _NotLinearError
        factor = _exact(cast(float, other))
        return _Amounts(tuple(factor * a for a in self.top), self.below)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> _Amounts:
        if not isinstance(other, _Amounts):
            return self * (1 / _exact(cast(float, other)))
        if self.below is not None or other.below is not None:
            raise _NotLinearError
        return _Amounts(self.top, other.top)

    def __rtruediv__(self, other: object) -> _Amounts:
        return self._of(other) / self


def read_rules(text: str, elements: Sequence[str], basis: str, masses: Mapping[str, Fraction]) -> list[LinearRule]:
    """The rules of one text: one, or two where it has the form ``0.1 <= x_Al + x_Ti <= 0.3``.

    A ratio is multiplied out: ``x_Ni / x_Co <= 2`` is ``x_Ni <= 2 x_Co``, which leaves no Ni where there is no Co.

    Args:
        text: as it was written.
        elements: of the space.
        basis: what a point counts, ``at`` or ``wt``.
        masses: atomic masses of the elements; may be empty where no weight fractions meet atomic ones.

    Raises:
        InputError: if it is no linear rule of amounts of these elements.
    """
    parts = _SIGNS.split(text)
    signs = [_MEANT.get(sign, sign) for sign in parts[1::2]]
    if not signs:
        raise InputError(f"the rule {text!r} has no <=, >= or ==; write for example {EXAMPLES}")
    if set(signs) & {"<", ">"}:
        raise InputError(f"the rule {text!r} has < or >; write <= or >=, the bound itself is always allowed")
    sides = [_expression(part, text) for part in parts[::2]]
    names = list(dict.fromkeys(name for side in sides for name in side.names))
    kind = _kind_of(names, elements, text)
    unit = [Fraction(0)] * len(elements)
    values = {}
    for name in names:
        place = elements.index(name[2:])
        values[name] = _Amounts((*unit[:place], Fraction(1), *unit[place + 1 :]))
    if "==" in signs and (kind, basis) in (("w", "at"), ("x", "wt")):
        raise InputError(
            f"the rule {text!r} has == in other fractions than the space's steps, which hardly any composition keeps; "
            "write it in those of the steps, or as a range"
        )
    factors = _factors(kind, basis, elements, masses)
    named = tuple(name[2:] for name in names)
    try:
        amounts = [side.evaluate(values) for side in sides]
        tops = [_side(amounts[i], amounts[i + 1], sign, text) for i, sign in enumerate(signs)]
    except (_NotLinearError, TypeError, AttributeError):
        raise InputError(f"the rule {text!r} is not linear in the amounts; write for example {EXAMPLES}") from None
    weights = [_whole([a * f for a, f in zip(top, factors, strict=True)], text) for top in tops]
    rules = [LinearRule(text, named, row, sign == "==") for row, sign in zip(weights, signs, strict=True)]
    rules = [rule for rule in rules if rule.equal or max(rule.weights) > 0]
    if not rules:
        raise InputError(f"the rule {text!r} always holds; amounts are fractions: write 0.3 for 30 %")
    return rules


def _expression(part: str, text: str) -> Expression:
    try:
        return Expression.parse(part.strip())
    except InputError as error:
        raise InputError(f"the rule {text!r}: {error}") from None


def _kind_of(names: Sequence[str], elements: Sequence[str], text: str) -> str:
    """Whether a rule names atomic (x) or weight fractions (w)."""
    read = [_NAME.fullmatch(name) for name in names]
    strange = [name for name, match in zip(names, read, strict=True) if match is None or match[2] not in SYMBOLS]
    if strange:
        raise InputError(
            f"the rule {text!r} names {', '.join(strange)}; amounts are x_ELEMENT in atomic and w_ELEMENT in weight "
            "fractions"
        )
    found = [(match[1], match[2]) for match in read if match]
    if not found:
        raise InputError(f"the rule {text!r} names no element; write for example {EXAMPLES}")
    stray = [symbol for _, symbol in found if symbol not in elements]
    if stray:
        raise InputError(f"the rule {text!r} names {', '.join(stray)}, outside the space of {'-'.join(elements)}")
    if len({kind for kind, _ in found}) > 1:
        raise InputError(f"the rule {text!r} has atomic and weight fractions; write all as x_ or all as w_")
    return found[0][0]


def _factors(kind: str, basis: str, elements: Sequence[str], masses: Mapping[str, Fraction]) -> list[Fraction]:
    """What a step of each element counts in the rule's own fractions, up to a common factor."""
    if (kind, basis) == ("w", "at"):
        return [masses[symbol] for symbol in elements]
    if (kind, basis) == ("x", "wt"):
        return [Fraction(atoms_per_gram(masses[symbol])) for symbol in elements]
    return [Fraction(1)] * len(elements)


def _side(left: object, right: object, sign: str, text: str) -> tuple[Fraction, ...]:
    """``left - right``, multiplied out, with the sign turned to ``<= 0``."""
    difference = left - right  # type: ignore[operator]  # numbers, or sums of amounts
    if not isinstance(difference, _Amounts):
        raise InputError(f"the rule {text!r} compares two numbers; name an element on one side of each sign")
    top, below = difference.top, difference.below
    if below is not None and not (min(below) >= 0 and max(below) > 0):
        raise InputError(f"the rule {text!r} divides by what may be negative or nothing; divide by a sum of amounts")
    return tuple(-a for a in top) if sign == ">=" else top


def _whole(top: Sequence[Fraction], text: str) -> tuple[int, ...]:
    """The smallest whole numbers in the ratio of some fractions."""
    scale = math.lcm(*(a.denominator for a in top))
    numbers = [int(a * scale) for a in top]
    divisor = math.gcd(*numbers) or 1
    weights = tuple(number // divisor for number in numbers)
    if max(map(abs, weights)) * 10**6 > _LARGEST:
        raise InputError(f"the numbers of the rule {text!r} have too many digits; round them")
    return weights


def _exact(number: float) -> Fraction:
    return Fraction(str(number)).limit_denominator(_DIGITS)
