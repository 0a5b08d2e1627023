"""The record of the materials table: one property of one design, under which conditions, and who says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache
from typing import Any

from alloys.design import Design
from alloys.errors import InputError
from alloys.properties import PROPERTIES, Property, checked_value, read_properties, with_own
from alloys.records import digest_of


class PointKind(StrEnum):
    """How a point came to be: it was published, answered by a validator, drawn by a generator, or predicted by a model.

    A prediction is never taken for a measurement.
    """

    LITERATURE = "literature"
    VALIDATION = "validation"
    GENERATED = "generated"
    PREDICTED = "predicted"


SAME_VALUE = 0.002
"""Relative difference up to which two sources print one value: later papers print earlier papers' results."""

MEASURED = (PointKind.LITERATURE, PointKind.VALIDATION)
"""Kinds that say what is true of a material, as far as anybody knows."""


LONGEST_TEXT = 600
"""Letters of a text that many points share: an index of PostgreSQL holds 2,700 bytes."""


def _settle_unknowns(record: Any, nothing: Mapping[str, Any]) -> None:
    """What is not known in the one way that records have it, however Python or pandas say so (NA, NaT, NaN)."""
    for name, none in nothing.items():
        if _is_unknown(getattr(record, name)):
            object.__setattr__(record, name, none)


def _is_unknown(value: Any) -> bool:
    """Whether a value is none: None, an empty text, or what does not equal itself."""
    try:
        return value is None or bool(value == "" or value != value)
    except TypeError:  # pandas' NA, which is neither equal to anything nor not
        return True


@dataclass(frozen=True, slots=True)
class PointConditions:
    """Under which a value holds; what is not known is None or empty.

    Attributes:
        test_temperature: of the test, in °C.
        processing: what was done to the material, in the words of its source.
        phase: its phases, in the words of its source, such as ``BCC`` or ``FCC+BCC``.
        test: how it was tested, such as ``compression``.
    """

    test_temperature: float | None = None
    processing: str = ""
    phase: str = ""
    test: str = ""

    def __post_init__(self) -> None:
        _settle_unknowns(self, {"test_temperature": None, "processing": "", "phase": "", "test": ""})
        celsius = self.test_temperature
        if celsius is not None and not (math.isfinite(celsius) and -273.15 <= celsius <= 6000):
            raise InputError(f"a test temperature lies between -273.15 and 6000 °C, got {celsius!r}")

    def to_json(self) -> dict[str, Any]:
        """What is known of them."""
        known = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in known.items() if value not in (None, "")}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PointConditions:
        """Reads what `to_json` wrote."""
        return cls(**document)


@dataclass(frozen=True, slots=True)
class PointSource:
    """Where points come from.

    Attributes:
        name: what the points name: a DOI, a validator's fingerprint, a model's digest, or who says so.
        title: of the publication, or what a person would call it.
        year: of publication.
        licence: that its data may be used under, as its publisher names it.

    Raises:
        InputError: for a year that is none.
    """

    name: str
    title: str = ""
    year: int | None = None
    licence: str = ""

    def __post_init__(self) -> None:
        _settle_unknowns(self, {"name": "", "title": "", "year": None, "licence": ""})
        if self.year is not None and not 0 < self.year < 10_000:
            raise InputError(f"a year is such as 2020, got {str(self.year)[:20]} for {self.name[:80]!r}")

    def to_json(self) -> dict[str, Any]:
        """What is known of it."""
        told = {"name": self.name, "title": self.title, "year": self.year, "licence": self.licence}
        return {name: value for name, value in told.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True)
class Point:
    """One fact about one design.

    Attributes:
        design: the material.
        property_name: of its property; empty for a design that a generator drew and nobody asked about.
        unit: of the value.
        value: in the unit; None where the design was only drawn, or where the test of it failed.
        std: standard deviation in the unit, where known.
        conditions: under which it holds.
        kind: how it came to be.
        source: the name of its `PointSource`.
        failure: why there is no value, where the science failed.

    Raises:
        InputError: if the value is not finite, cannot be true of a tabulated property, or contradicts the kind.
    """

    design: Design
    property_name: str
    unit: str
    value: float | None
    kind: PointKind
    source: str
    std: float | None = None
    conditions: PointConditions = PointConditions()
    failure: str | None = None

    def __post_init__(self) -> None:
        nothing = {"property_name": "", "unit": "", "source": "", "std": None, "failure": None}
        # NaN as a value is refused as what it is.
        _settle_unknowns(self, nothing if isinstance(self.value, float) else {**nothing, "value": None})
        if not isinstance(self.kind, PointKind):
            raise InputError(f"a kind of points is one of {', '.join(PointKind)}, got {self.kind!r:.40}")
        self._refuse_what_cannot_be()

    def _refuse_what_cannot_be(self) -> None:
        if not self.source.strip():
            raise InputError(f"a point of {self.design} needs its source: a DOI, a fingerprint, a digest, or a name")
        if self.std is not None and not (math.isfinite(self.std) and self.std >= 0):
            raise InputError(
                f"{self.property_name}: a standard deviation is a finite number of 0 or more, got {self.std!r}"
            )
        if self.value is None:
            self._refuse_emptiness()
            return
        if not self.property_name or self.failure is not None:
            raise InputError(f"{self.design}: a value needs the name of its property, and is no failure")
        if not math.isfinite(self.value):
            raise InputError(f"{self.property_name} must be a finite number, got {self.value!r}")
        known = point_properties().get(self.property_name)
        if known is not None and known.unit == self.unit:
            checked_value(self.property_name, self.value, point_properties())

    def _refuse_emptiness(self) -> None:
        drawn = self.kind is PointKind.GENERATED and not self.property_name
        failed = self.kind in MEASURED and self.failure is not None
        if not (drawn or failed):
            raise InputError(f"{self.design}: a {self.kind} point of {self.property_name or 'nothing'} has no value")

    @property
    def key(self) -> str:
        """Its identity: a digest of all that it says; the same fact is the same point, however often it is told."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """A plain document."""
        document = {
            "design": self.design.canonical(),
            "property": self.property_name,
            "unit": self.unit,
            "value": _plain(self.value),
            "std": _plain(self.std),
            "conditions": self.conditions.to_json(),
            "kind": str(self.kind),
            "source": self.source,
            "failure": self.failure,
        }
        return {name: value for name, value in document.items() if value not in (None, {}, "")}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Point:
        """Reads what `to_json` wrote."""
        return cls(
            design=Design.from_canonical(document["design"]),
            property_name=document.get("property", ""),
            unit=document.get("unit", ""),
            value=document.get("value"),
            kind=PointKind(document["kind"]),
            source=document["source"],
            std=document.get("std"),
            conditions=PointConditions.from_json(document.get("conditions", {})),
            failure=document.get("failure"),
        )


def _plain(value: Any) -> Any:
    """A number in the one way it is written: the same fact is the same point whether somebody says 5, 5.0 or -0."""
    return value if value is None or isinstance(value, str) else float(value) + 0.0


@lru_cache(maxsize=1)
def point_properties() -> Mapping[str, Property]:
    """The properties that points have of themselves: the built-in ones, and those that people measure under conditions.

    The latter are rows of ``alloys/data/measured_properties.csv``. A campaign may declare a property of the same name.
    """
    return with_own(read_properties("measured_properties.csv"), PROPERTIES)
