"""Variables beside the composition: what they may be, when they are chosen, and how points and models see them.

A variable has a list of values: numbers, or words and truth values (categories). In a point it is the place of its
value in that list, `NOT_CHOSEN` where its condition does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alloys.design import Value, plain_value, variable_text
from alloys.errors import InputError, Mistake, MistakesError
from alloys.expressions import FUNCTIONS

Kind = Literal["number", "category", "ordered", "label"]
"""What a variable is: a number, a category, a category whose values have an order, or a name that no model looks at."""

Points = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NOT_CHOSEN = -1
"""In a point, for a variable whose condition does not hold."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RESERVED = {*FUNCTIONS, *"formula failure key nonce validator bounds origin why iteration source".split()}
"""Names that mean something else in tables and expressions."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable.

    Attributes:
        name: small letters, digits and underscores.
        values: what it may be, distinct; numbers grow.
        kind: what these are.
        log: whether a number counts by its logarithm.
        unit: of a number.
        when: it is chosen only where each of these variables has one of these values.
        per_batch: at most so many of its values stand in one batch; None for any number.
    """

    name: str
    values: tuple[Value, ...]
    kind: Kind
    log: bool = False
    unit: str = ""
    when: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    per_batch: int | None = None

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.kind == "number"

    def place(self, value: Value) -> int:
        """The place of a value in the list.

        Raises:
            InputError: if it is not there.
        """
        found = self.find(plain_value(self.name, value))
        if found is None:
            raise InputError(f"{self.name} is {self.told}, not {variable_text(value)[:80]}")
        return found

    def find(self, value: Value) -> int | None:
        """The same, or None."""
        alike = (known == value and isinstance(known, bool) == isinstance(value, bool) for known in self.values)
        return next((i for i, same in enumerate(alike) if same), None)

    def takes(self, value: Value) -> bool:
        """Whether a model can see a value: any number of a number, any name of a row, else one of the values."""
        if self.is_number:
            return isinstance(value, int | float) and not isinstance(value, bool)
        return self.kind == "label" or self.find(value) is not None

    @property
    def told(self) -> str:
        """What it may be, in words."""
        texts = [variable_text(value) for value in self.values]
        unit = f" {self.unit}" if self.unit else ""
        if len(texts) > 8 and self.is_number:
            return f"one of {len(texts)} values from {texts[0]} to {texts[-1]}{unit} ({', '.join(texts[:3])}, ...)"
        if len(texts) > 12:
            return f"one of {len(texts)} values ({', '.join(texts[:6])}, ...)"
        return f"{' or '.join(texts)}{unit}" if len(texts) < 3 else f"one of {', '.join(texts)}{unit}"


@dataclass(frozen=True)
class Variables:
    """The variables of a space, those first that conditions of others name; ``v`` of them.

    Arrays of points have shape ``(n, v)``. ``raw`` columns, shape ``(n, v)``, have numbers as they are, categories as
    their place, and NaN where a variable is not chosen.
    """

    items: tuple[Variable, ...] = ()

    def __post_init__(self) -> None:
        mistakes = _mistakes_in(self.items)
        if mistakes:
            raise MistakesError(mistakes)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Variable]:
        return iter(self.items)

    def __getitem__(self, name: str) -> Variable:
        return self.items[self.names.index(name)]

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of the columns."""
        return tuple(variable.name for variable in self.items)

    # -- points -----------------------------------------------------------------------------------------------------

    def chosen(self, points: Points) -> Bools:
        """Which variables the others ask for, shape ``(n, v)``."""
        found = np.ones(points.shape, dtype=np.bool_)
        for j, variable in enumerate(self.items):
            for name, values in variable.when:
                i = self.names.index(name)
                places = [self.items[i].place(value) for value in values]
                found[:, j] &= found[:, i] & np.isin(points[:, i], places)
        return found

    def contains(self, points: Points) -> Bools:
        """Which points ``(n, v)`` choose every variable that they should, and no other, shape ``(n,)``."""
        sizes = np.array([len(variable.values) for variable in self.items])
        good = np.where(self.chosen(points), (points >= 0) & (points < sizes), points == NOT_CHOSEN)
        return np.asarray(good.all(axis=1))

    def settled(self, points: Points) -> Points:
        """The same with what is not asked for left out, and what is asked for and lacks in the middle of its values."""
        points = points.copy()
        for j, variable in enumerate(self.items):
            asked = self.chosen(points)[:, j]
            lacking = asked & (points[:, j] == NOT_CHOSEN)
            points[:, j] = np.where(lacking, len(variable.values) // 2, np.where(asked, points[:, j], NOT_CHOSEN))
        return points

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        """Draws ``n`` points, each value with equal chance, shape ``(n, v)``."""
        drawn = [rng.integers(len(variable.values), size=n) for variable in self.items]
        return self.settled(np.array(drawn, dtype=np.int64).reshape(len(self), n).T)

    def neighbours(self, point: Points, sizes: Sequence[int] = (1, 2, 5)) -> Points:
        """The points that a change of one variable reaches from a point ``(v,)``, shape ``(m, v)``.

        Numbers and ordered categories move by so many places, categories to each other value. What a change asks for
        beside begins at each of a few values.
        """
        found: dict[bytes, Points] = {}
        for j, variable in enumerate(self.items):
            if point[j] == NOT_CHOSEN:
                continue
            for place in _other_places(variable, int(point[j]), sizes):
                moved = point.copy()
                moved[j] = place
                for row in self._begun(moved):
                    found.setdefault(row.tobytes(), row)
        found.pop(point.tobytes(), None)
        return np.array(list(found.values()), dtype=np.int64).reshape(-1, len(self))

    def _begun(self, point: Points) -> Points:
        """The point with each variable that is newly asked for at its first, middle and last value, in turn."""
        settled = self.settled(point[None])[0]
        rows = [settled]
        for j, variable in enumerate(self.items):
            if point[j] == NOT_CHOSEN and settled[j] != NOT_CHOSEN:
                for place in {0, len(variable.values) - 1} - {int(settled[j])}:
                    rows.append(np.where(np.arange(len(self)) == j, place, settled))
        return self.settled(np.array(rows, dtype=np.int64))

    # -- designs ----------------------------------------------------------------------------------------------------

    def point_of(self, values: Mapping[str, Value]) -> Points:
        """The point of a design's variables, shape ``(v,)``.

        Raises:
            InputError: for a name that is none, a value that is not among the variable's, one that is lacking, or one
                whose condition does not hold.
        """
        mistakes = self.mistakes_of(values)
        point = np.full(len(self), NOT_CHOSEN, dtype=np.int64)
        for j, variable in enumerate(self.items):
            value = values.get(variable.name)
            if value is not None and variable.takes(value):
                try:
                    point[j] = variable.place(value)
                except InputError as error:
                    mistakes.append(str(error))
        if mistakes:
            raise InputError("; ".join(mistakes))
        return point

    def asked(self, values: Mapping[str, Value]) -> dict[str, bool]:
        """Which variables the others of a design ask for, by name."""
        found: dict[str, bool] = {}
        for variable in self.items:
            found[variable.name] = all(found[n] and values.get(n) in wanted for n, wanted in variable.when)
        return found

    def mistakes_of(self, values: Mapping[str, Value]) -> list[str]:
        """What keeps a model from seeing a design's variables, in words; numbers may lie between and beyond values."""
        there = ", ".join(self.names) or "none"
        found = [f"{name} is no variable of the space; there are {there}" for name in values if name not in self.names]
        asked = self.asked(values)
        for variable in self.items:
            name, value = variable.name, values.get(variable.name)
            if value is None and asked[name]:
                found.append(f"{name} is lacking; it is {variable.told}")
            elif value is not None and not asked[name]:
                found.append(f"{name} is chosen only where {condition_text(variable)}; leave it out")
            elif value is not None and not variable.takes(value):
                found.append(f"{name} is {variable.told}, not {variable_text(value)[:80]}")
        return found

    def broken_rules(self, point: Points) -> list[str]:
        """What is wrong with a point ``(v,)``, in words."""
        broken = []
        for variable, place, asked in zip(self.items, point, self.chosen(point[None])[0], strict=True):
            if asked and place == NOT_CHOSEN:
                broken.append(f"{variable.name} is lacking; it is {variable.told}")
            elif not asked and place != NOT_CHOSEN:
                broken.append(f"{variable.name} is chosen only where {condition_text(variable)}; leave it out")
            elif not NOT_CHOSEN <= place < len(variable.values):
                broken.append(f"{variable.name} has {len(variable.values)} values, and no number {place}")
        return broken

    def nearest(self, values: Mapping[str, Value]) -> Points | None:
        """The point for a design's variables, numbers moved to the nearest value in range; None if there is none."""
        near = dict(values)
        for variable in self.items:
            value = values.get(variable.name)
            if variable.is_number and isinstance(value, int | float) and variable.takes(value):
                numbers = np.array(variable.values, dtype=np.float64)
                if not numbers[0] <= value <= numbers[-1]:
                    return None
                scale = np.log if variable.log else np.asarray
                near[variable.name] = variable.values[int(np.abs(scale(numbers) - scale(value)).argmin())]
        try:
            return self.point_of(near)
        except InputError:
            return None

    def values(self, point: Points) -> dict[str, Value]:
        """The values of a point ``(v,)`` by name, without those that are not chosen."""
        pairs = zip(self.items, point, strict=True)
        return {variable.name: variable.values[int(place)] for variable, place in pairs if place != NOT_CHOSEN}

    # -- columns ----------------------------------------------------------------------------------------------------

    def raw(self, points: Points) -> Floats:
        """Columns of points, shape ``(n, v)``."""
        columns = np.full(points.shape, np.nan)
        for j, variable in enumerate(self.items):
            there = points[:, j] != NOT_CHOSEN
            known = np.array(variable.values if variable.is_number else range(len(variable.values)), dtype=np.float64)
            columns[there, j] = known[points[there, j]]
        return columns

    def raw_of(self, values: Mapping[str, Value]) -> Floats:
        """The row of a design's variables, shape ``(v,)``; numbers may lie between the values, others must not.

        Words that the variable has not are NaN, as if it were not chosen.
        """
        row = np.full(len(self), np.nan)
        for j, variable in enumerate(self.items):
            value = values.get(variable.name)
            if value is not None:
                told = value if variable.is_number and variable.takes(value) else variable.find(value)
                row[j] = np.nan if told is None else told
        return row

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of `encoded`, one for each number and ordered category, one for each value of others."""
        found: list[str] = []
        for variable in self.items:
            if variable.kind == "category" and len(variable.values) > 1:
                found += [f"{variable.name} = {variable_text(value)}" for value in variable.values]
            elif variable.kind != "label" and len(variable.values) > 1:
                found.append(variable.name)
        return tuple(found)

    def encoded(self, raw: Floats) -> Floats:
        """What models see of raw columns, shape ``(n, len(features))``: between 0 and 1 within the variable's values.

        Categories are indicators of 0 and the root of one half, so that two different values are a distance of 1
        apart: a stationary kernel of that distance is one of the Hamming distance. A variable that is not chosen, or
        has a single value, tells nothing: it is in the middle, or no category at all.
        """
        columns: list[Floats] = []
        for j, variable in enumerate(self.items):
            if variable.kind == "label" or len(variable.values) < 2:
                continue
            column, there = raw[:, j], np.isfinite(raw[:, j])
            if variable.kind == "category":
                columns += [np.sqrt(0.5) * (column == place) for place in range(len(variable.values))]
                continue
            scaled = np.full(len(raw), 0.5)
            scaled[there] = unit_interval(variable, column[there])
            columns.append(scaled)
        return np.array(columns, dtype=np.float64).reshape(len(columns), len(raw)).T

    def distances(self, raw: Floats) -> Floats:
        """Numbers of raw columns whose sums of absolute differences are distances, at most 1 for each variable."""
        return np.asarray(self.encoded(raw) * np.where(self.indicators, np.sqrt(0.5), 1.0))

    @property
    def indicators(self) -> Bools:
        """Which columns of `encoded` are those of categories, shape ``(len(features),)``."""
        return np.array([" = " in name for name in self.features], dtype=np.bool_)


def condition_text(variable: Variable) -> str:
    """When a variable is chosen, in words; empty where it always is."""
    return " and ".join(f"{name} is {' or '.join(map(variable_text, values))}" for name, values in variable.when)


def _other_places(variable: Variable, place: int, sizes: Sequence[int]) -> list[int]:
    last = len(variable.values) - 1
    if variable.kind in ("category", "label"):
        return [other for other in range(last + 1) if other != place]
    near = {place + sign * size for size in sizes for sign in (-1, 1)}
    return sorted(near & set(range(last + 1)))


def unit_interval(variable: Variable, column: Floats) -> Floats:
    """Numbers, or places of an ordered category, on the interval of the variable's values: 0 the first, 1 the last."""
    if not variable.is_number:
        return np.asarray(column / max(len(variable.values) - 1, 1))
    ends = np.array([variable.values[0], variable.values[-1]], dtype=np.float64)
    if variable.log:
        column, ends = np.log(np.maximum(column, ends[0] * 1e-3)), np.log(ends)
    return np.asarray((column - ends[0]) / max(ends[1] - ends[0], 1e-300))


def _mistakes_in(items: Sequence[Variable]) -> list[Mistake]:
    found: list[Mistake] = []
    for k, variable in enumerate(items):
        place = ("variables", variable.name)
        if not _NAME.fullmatch(variable.name) or variable.name.endswith("_std"):
            found.append((place, f"{variable.name!r} cannot name a variable; take small letters, digits and _"))
        if variable.name in _RESERVED:
            found.append(
                (place, f"{variable.name!r} means something else in tables and expressions; take another name")
            )
        if variable.name in [other.name for other in items[:k]]:
            found.append((place, f"{variable.name} is named twice among the variables"))
        if variable.log and not all(isinstance(v, int | float) and v > 0 for v in variable.values):
            found.append((place, f"{variable.name} has a log scale, so its values must be above 0"))
        if variable.per_batch is not None and variable.per_batch < 1:
            found.append((place, f"{variable.name}: a batch has at least 1 of its values, got {variable.per_batch}"))
        found += [(place, text) for text in _bad_conditions(variable, items[:k], items)]
    return found


def _bad_conditions(variable: Variable, before: Sequence[Variable], items: Sequence[Variable]) -> Iterator[str]:
    """What is wrong with a variable's condition."""
    known = {other.name: other for other in before}
    for name, values in variable.when:
        if name not in known:
            later = name in [other.name for other in items]
            why = "is chosen by it in turn" if later else f"is no variable; there are {', '.join(known) or 'none'}"
            yield f"{variable.name} is chosen by {name}, which {why}"
            continue
        if known[name].kind == "label":
            yield f"{variable.name} cannot be chosen by {name}, which only names a row"
        for value in values:
            try:
                known[name].place(value)
            except InputError as error:
                yield f"the condition of {variable.name} never holds: {error}"
    for name, left in _conditions(variable, known).items():
        if not left:
            yield f"the condition of {variable.name} never holds: with all that it asks for, {name} can be nothing"


def _conditions(variable: Variable, known: Mapping[str, Variable]) -> dict[str, set[Value]]:
    """What each variable may be where another one is chosen, by its condition and those of the ones it names."""
    left: dict[str, set[Value]] = {}
    waiting = list(variable.when)
    while waiting:
        name, values = waiting.pop()
        left[name] = left.get(name, set(values)) & set(values)
        waiting += known[name].when if name in known else ()
    return left
