"""Columns of a snapshot, and which of its rows a comparison is true of, false of, or neither where nothing is known."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optimade.exceptions import BadRequest

Mask = NDArray[np.bool_]
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "CONTAINS": str.__contains__,
    "STARTS": str.startswith,
    "ENDS": str.endswith,
}


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects in the lists of one property, the row of each, and of which of them something is true."""

    name: str
    owners: NDArray[np.int64]
    true: Mask


@dataclass(frozen=True, slots=True)
class Truth:
    """Of which rows something is true, and of which false; each of shape ``(rows,)``, never both.

    What is asked of keys of objects in a list knows the ``objects`` too: two such questions joined by AND are about
    one object.
    """

    true: Mask
    false: Mask
    objects: Objects | None = None

    @classmethod
    def where(cls, mask: Mask, known: Mask) -> Truth:
        """True where the mask is, of rows of which it is known."""
        return cls(mask & known, ~mask & known)

    def __invert__(self) -> Truth:
        return Truth(self.false, self.true)

    def __and__(self, other: Truth) -> Truth:
        true, objects = self.true & other.true, None
        if self.objects and other.objects and self.objects.name == other.objects.name:
            objects = replace(self.objects, true=self.objects.true & other.objects.true)
            true = true & np.isin(np.arange(len(true)), objects.owners[objects.true])
        return Truth(true, self.false | other.false | (self.true & other.true & ~true), objects)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.true | other.true, self.false & other.false)


class ServedColumn:
    """A property of all rows. What a kind of column cannot be asked is a bad request."""

    kind = "a property without values"

    def __init__(self, rows: int) -> None:
        self.rows = rows

    @property
    def there(self) -> Mask:
        """Rows of which it is known, of shape ``(rows,)``."""
        return np.zeros(self.rows, dtype=np.bool_)

    def known(self, wanted: bool) -> Truth:
        """Whether it is known, or unknown."""
        return Truth.where(self.there == wanted, np.ones(self.rows, dtype=np.bool_))

    def compare(self, sign: str, value: Any) -> Truth:
        """Whether it is smaller, equal and so on."""
        return self._unknown(f"compared with {value!r}")

    def fuzzy(self, how: str, text: Any) -> Truth:
        """Whether it contains a text, starts or ends with it."""
        return self._unknown(f"searched for {text!r}")

    def has(self, how: str, values: Sequence[Any]) -> Truth:
        """Whether a list has a value, all of some, any, or only some."""
        return self._unknown(f"asked whether it has {values!r}")

    def length(self, sign: str, number: int) -> Truth:
        """Whether a list is so long."""
        return self._unknown("asked for its length")

    def order(self) -> NDArray[Any]:
        """What rows are sorted by; of shape ``(rows,)``."""
        raise BadRequest(detail=f"{self.kind} cannot be sorted by")

    def _unknown(self, what: str) -> Truth:
        if type(self) is not ServedColumn:
            raise BadRequest(detail=f"{self.kind} cannot be {what}"[:200])
        return Truth(self.there, self.there)


class ServedNumbers(ServedColumn):
    """A number in each row, of shape ``(rows,)``; NaN where it is unknown. ``parse`` reads what it is compared with."""

    kind = "a number"

    def __init__(self, values: NDArray[np.float64], parse: Callable[[Any], float] | None = None) -> None:
        super().__init__(len(values))
        self._values = values
        self._parse = parse or _number

    @property
    def there(self) -> Mask:
        return ~np.isnan(self._values)

    def compare(self, sign: str, value: Any) -> Truth:
        return Truth.where(_OPERATORS[sign](self._values, self._parse(value)), self.there)

    def order(self) -> NDArray[Any]:
        return self._values


class ServedTexts(ServedColumn):
    """A text in each row."""

    kind = "a text"

    def __init__(self, values: Sequence[str]) -> None:
        super().__init__(len(values))
        self._values = np.array(values, dtype=object)

    @property
    def there(self) -> Mask:
        return np.ones(self.rows, dtype=np.bool_)

    def compare(self, sign: str, value: Any) -> Truth:
        if not isinstance(value, str):
            return self._unknown(f"compared with {value!r}")
        return Truth.where(_OPERATORS[sign](self._values, value).astype(np.bool_), self.there)

    def fuzzy(self, how: str, text: Any) -> Truth:
        test = _TEXTS[how]
        found = np.fromiter((test(value, _text(text)) for value in self._values), np.bool_, self.rows)
        return Truth.where(found, self.there)

    def order(self) -> NDArray[Any]:
        return self._values


class ServedLists(ServedColumn):
    """A list in each row: its values one after the other, the row of each, and how long it is; -1 where unknown."""

    kind = "a list"

    def __init__(self, owners: NDArray[np.int64], values: NDArray[Any], lengths: NDArray[np.int64]) -> None:
        super().__init__(len(lengths))
        self._owners, self._values, self._lengths = owners, values, lengths

    @property
    def there(self) -> Mask:
        return np.asarray(self._lengths >= 0)

    @property
    def _textual(self) -> bool:
        return self._values.dtype.kind in "OU"

    def has(self, how: str, values: Sequence[Any]) -> Truth:
        if any(isinstance(value, str) != self._textual for value in values):
            return self._unknown(f"asked whether it has {values!r}")
        each = [self._some(self._values == value) for value in values]
        if how == "ALL":
            return Truth.where(np.logical_and.reduce(each), self.there)
        if how == "ANY":
            return Truth.where(np.logical_or.reduce(each), self.there)
        others = self._some(~np.isin(self._values, np.array(values)))
        return Truth.where(~others & (self._lengths > 0), self.there)

    def length(self, sign: str, number: int) -> Truth:
        return Truth.where(_OPERATORS[sign](self._lengths, number), self.there)

    def _some(self, of_values: Any) -> Mask:
        """Rows of which a value is one of these."""
        found = np.zeros(self.rows, dtype=np.bool_)
        found[self._owners[np.broadcast_to(of_values, self._owners.shape)]] = True
        return found


class WithinLists(ServedLists):
    """One key of the objects in lists: a comparison is true of a row where it is of any of its objects.

    Args:
        owners: the row of each value.
        values: of the key.
        lengths: how many objects of each row have the key; -1 where none has.
        name: of the property.
        whose: the row of each object, whether it has the key or not.
        places: the object of each value.
    """

    kind = "a key of objects in a list"

    def __init__(
        self,
        owners: NDArray[np.int64],
        values: NDArray[Any],
        lengths: NDArray[np.int64],
        name: str,
        whose: NDArray[np.int64],
        places: NDArray[np.int64],
    ) -> None:
        super().__init__(owners, values, lengths)
        self._name, self._whose, self._places = name, whose, places

    def compare(self, sign: str, value: Any) -> Truth:
        if isinstance(value, str) != self._textual:
            return self._unknown(f"compared with {value!r}")
        return self._truth(_OPERATORS[sign](self._values, value).astype(np.bool_))

    def fuzzy(self, how: str, text: Any) -> Truth:
        test, wanted = _TEXTS[how], _text(text)
        return self._truth(np.fromiter((test(str(value), wanted) for value in self._values), np.bool_))

    def _truth(self, of_values: Mask) -> Truth:
        objects = np.zeros(len(self._whose), dtype=np.bool_)
        objects[self._places[of_values]] = True
        rows = Truth.where(self._some(of_values), self.there)
        return replace(rows, objects=Objects(self._name, self._whose, objects))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequest(detail=f"a number cannot be compared with {value!r}"[:200])
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadRequest(detail=f"a text cannot be searched for {value!r}"[:200])
    return value
