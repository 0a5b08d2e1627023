"""Properties: names, units, plausible ranges, usual sizes and scales; the built-in ones are rows of a table.

The table is ``alloys/data/properties.csv``. A name with ``{celsius}`` stands for that property at every temperature
in °C.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, cast

from alloys.errors import InputError
from alloys.files import packaged_rows

Scale = Literal["linear", "log", "share"]
"""How a property is modelled: as it is, by its logarithm, or as a share that is mostly exactly one."""


@dataclass(frozen=True, slots=True)
class Property:
    """A named quantity.

    Attributes:
        name: the word used in configs, CSV headers, the command line and MLflow.
        unit: its unit, as text.
        meaning: one line.
        low: smallest value that can be true; anything below is an error.
        high: largest such value.
        usual: smallest and largest of the values that about two materials of three have: what is expected of one of
            which nothing is known.
        scatter: standard deviation of repeated measurements of one material, in the unit; 0 where they agree.
        scale: how it is modelled.
        difference: whether it is a difference, whose unit has no offset: a freezing range of 20 °C is one of 20 K.
        not_above: a property that is never smaller than this one; empty if there is none.
        heading: how tables for people name it, lines apart by ``|``; the name if empty.
        title: how pictures and pages name it, where the name in words is not what people say.
    """

    name: str
    unit: str
    meaning: str
    low: float
    high: float
    usual: tuple[float, float]
    scatter: float = 0.0
    scale: Scale = "linear"
    difference: bool = False
    not_above: str = ""
    heading: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        if not self.low <= self.usual[0] < self.usual[1] <= self.high:
            raise InputError(
                f"{self.name}: low <= usual low < usual high <= high must hold, got {self.low:g}, {self.usual[0]:g}, "
                f"{self.usual[1]:g} and {self.high:g}"
            )
        if self.scatter < 0:
            raise InputError(f"{self.name}: the scatter must not be negative, got {self.scatter:g}")
        if self.scale == "log" and self.usual[0] <= 0:
            raise InputError(f"{self.name}: a property on a log scale is usually positive, got usual {self.usual}")


def _property(row: Mapping[str, str], **marks: str) -> Property:
    text = {name: cell.format(**marks) if marks else cell for name, cell in row.items()}
    return Property(
        name=text["name"],
        unit=text["unit"],
        meaning=text["meaning"],
        low=float(text["low"]),
        high=float(text["high"]),
        usual=(float(text["usual_low"]), float(text["usual_high"])),
        scatter=float(text["scatter"]),
        scale=cast(Scale, text["scale"]),
        difference=bool(text["difference"]),
        not_above=text["not_above"],
        heading=text["heading"],
        title=text["title"],
    )


class _Properties(dict[str, Property]):
    """The table's plain rows, and what its rows with ``{celsius}`` say of any temperature."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        plain = [row for row in rows if "{" not in row["name"]]
        super().__init__({row["name"]: _property(row) for row in plain})
        self._patterns = [
            (re.compile(row["name"].replace("{celsius}", r"(?P<celsius>[1-9]\d{1,3})")), row)
            for row in rows
            if "{" in row["name"]
        ]

    def __missing__(self, name: str) -> Property:
        for pattern, row in self._patterns if isinstance(name, str) else []:
            if match := pattern.fullmatch(name):
                return _property(row, **match.groupdict())
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


def read_properties(name: str) -> dict[str, Property]:
    """The properties that one of the package's tables lists, by name."""
    return _Properties(packaged_rows("alloys", f"data/{name}"))


PROPERTIES = read_properties("properties.csv")


def get_property(name: str, properties: Mapping[str, Property] = PROPERTIES) -> Property:
    """The property of that name, among those that may be named.

    Raises:
        InputError: if there is none.
    """
    found = properties.get(name)
    if found is None:
        near = get_close_matches(name, properties, 3)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise InputError(
            f"unknown property {name!r}; {hint}declare one of your own under properties:, or take one of "
            f"{', '.join(properties)}"
        )
    return found


def with_own(own: Mapping[str, Property], base: Mapping[str, Property] = PROPERTIES) -> Mapping[str, Property]:
    """The base table and further properties, which win over a pattern of the table."""
    return _Extended(own, base) if own else base


class _Extended(dict[str, Property]):
    def __init__(self, own: Mapping[str, Property], base: Mapping[str, Property]) -> None:
        super().__init__({**base, **own})
        self.base = base

    def __missing__(self, name: str) -> Property:
        return self.base[name]

    __contains__ = _Properties.__contains__
    get = _Properties.get


def checked_value(name: str, value: float, properties: Mapping[str, Property] = PROPERTIES) -> float:
    """The value, if it can be true of the property.

    Raises:
        InputError: for an unknown property, a value that is not finite or outside the property's range.
    """
    row = get_property(name, properties)
    if not math.isfinite(value):
        raise InputError(f"{name} must be a finite number, got {value!r}")
    if not row.low <= value <= row.high:
        raise InputError(f"{name} must lie in [{row.low:g}, {row.high:g}] {row.unit}, got {value:g}")
    return float(value)


def refuse_contradictions(values: Mapping[str, float], properties: Mapping[str, Property] = PROPERTIES) -> None:
    """Refuses values of one material that contradict each other.

    Raises:
        InputError: naming the two.
    """
    for name, value in values.items():
        row = get_property(name, properties)
        if row.not_above in values and value > values[row.not_above]:
            above = values[row.not_above]
            raise InputError(f"{name} <= {row.not_above} must hold, but got {value:g} and {above:g} {row.unit}")
