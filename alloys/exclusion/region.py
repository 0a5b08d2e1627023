"""A region of a space: the designs of which an inequality holds, such as ``x_Hf > 0.2`` or ``anneal_c >= 1200``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from alloys.errors import InputError
from alloys.expressions import Expression
from alloys.space import Bools

_SIGN = re.compile(r"(<=|>=|==|≤|≥|=|<|>)")
_MEANT = {"≤": "<=", "≥": ">=", "=": "=="}
_HOLDS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
AMOUNT = re.compile(r"([xw])_([A-Z][a-z]?)")
EXAMPLES = "'x_Hf > 0.2', 'x_Al + x_Ti >= 0.3' or 'route == cast'"


@dataclass(frozen=True, slots=True)
class Region:
    """Where an inequality holds.

    Attributes:
        text: as it was written.
        left: its left side.
        sign: one of ``<``, ``<=``, ``>``, ``>=`` and ``==``.
        right: its right side.
    """

    text: str
    left: Expression
    sign: str
    right: Expression

    @classmethod
    def parse(cls, text: str) -> Region:
        """Reads an inequality.

        Raises:
            InputError: if it is none, or more than one.
        """
        parts = _SIGN.split(text)
        if len(parts) != 3:
            raise InputError(f"a region is one inequality, such as {EXAMPLES}, got {text!r}")
        return cls(text.strip(), Expression.parse(parts[0]), _MEANT.get(parts[1], parts[1]), Expression.parse(parts[2]))

    def __str__(self) -> str:
        return self.text

    @property
    def names(self) -> tuple[str, ...]:
        """What it names, each once."""
        return tuple(dict.fromkeys([*self.left.names, *self.right.names]))

    @property
    def of_amounts(self) -> bool:
        """Whether it names nothing but amounts of elements."""
        return bool(self.names) and all(AMOUNT.fullmatch(name) for name in self.names)

    def holds(self, values: Mapping[str, Any]) -> Bools:
        """Which designs are in it, by values of what it names, shape ``(n,)``; none of those that lack one (NaN)."""
        with np.errstate(all="ignore"):
            return np.asarray(_HOLDS[self.sign](self.left.evaluate(values), self.right.evaluate(values)))
