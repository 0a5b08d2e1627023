"""Which points of the materials table are meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa

from alloys.composition import SYMBOLS, Composition
from alloys.errors import InputError
from alloys.points.choice import PointChoice
from alloys.points.point import PointKind
from loop.materials.schema import (
    bits_of,
    decisions,
    materials,
    points,
    points_set_aside,
    quantities,
    sources,
    systems,
)


@dataclass(frozen=True)
class PointQuery:
    """Points for which all of these hold; None is any.

    Attributes:
        elements: of materials whose elements are all among these.
        properties: of these.
        kinds: of these.
        sources: of these, by name.
        test_temperature: of tests at such temperatures in °C, both ends included; points without one are left out.
        composition: of this material, whatever its variables.
        until: of an id of at most this.
        counting: whether points are left out that people have set aside.

    Raises:
        InputError: for what is no element, or a range that ends before it begins.
    """

    elements: frozenset[str] | None = None
    properties: tuple[str, ...] | None = None
    kinds: tuple[PointKind, ...] | None = None
    sources: tuple[str, ...] | None = None
    test_temperature: tuple[float, float] | None = None
    composition: Composition | None = None
    until: int | None = None
    counting: bool = False

    def __post_init__(self) -> None:
        strangers = sorted((self.elements or frozenset()) - SYMBOLS)
        if strangers:
            raise InputError(f"{strangers[0]!r} is not a chemical element; write symbols such as Nb or W")
        if self.test_temperature is not None and not self.test_temperature[0] <= self.test_temperature[1]:
            low, high = self.test_temperature
            raise InputError(f"a range of temperatures goes from the lower to the higher one, got {low:g} to {high:g}")

    @classmethod
    def chosen(cls, choice: PointChoice, until: int | None = None) -> Self:
        """Points that are chosen to speak of a property and count, whatever their kind of test."""
        return cls(
            properties=(choice.property_name,),
            kinds=choice.point_kinds,
            sources=tuple(choice.sources) or None,
            test_temperature=choice.temperatures,
            until=until,
            counting=True,
        )

    def to_json(self) -> dict[str, Any]:
        """What is asked, by name; what is any is left out."""
        asked = {
            "elements": sorted(self.elements) if self.elements is not None else None,
            "properties": self.properties,
            "kinds": [str(kind) for kind in self.kinds] if self.kinds is not None else None,
            "sources": self.sources,
            "test_temperature": self.test_temperature,
            "composition": self.composition.canonical() if self.composition is not None else None,
            "until": self.until,
            "counting": self.counting or None,
        }
        return {name: value for name, value in asked.items() if value is not None}


def among(elements: frozenset[str]) -> sa.ColumnElement[bool]:
    """Whether the elements of a row of `systems` are all among some; a design without a composition has none."""
    low, high = bits_of(elements)
    beyond = (systems.c.low.op("&")(~low) == 0) & (systems.c.high.op("&")(~high) == 0)
    return beyond & (systems.c.elements != "")


def materials_among(elements: frozenset[str]) -> sa.Select[tuple[int]]:
    """The numbers of the materials whose elements are all among some."""
    return sa.select(materials.c.id).where(materials.c.system.in_(sa.select(systems.c.id).where(among(elements))))


def last_decisions() -> sa.Select[int]:
    """The number of the last decision about each flag, the one that counts."""
    return sa.select(sa.func.max(decisions.c.id)).group_by(decisions.c.flag)


def set_aside() -> sa.Select[int]:
    """The numbers of the points that the last decision about a flag sets aside."""
    return sa.select(points_set_aside.c.point).where(points_set_aside.c.decision.in_(last_decisions()))


def conditions_of(query: PointQuery) -> list[sa.ColumnElement[bool]]:
    """The query as conditions on rows of `points`, all of which must hold."""
    row = points.c
    found = [*_of_materials(query)]
    if query.properties is not None:
        found.append(row.quantity.in_(sa.select(quantities.c.id).where(quantities.c.name.in_(query.properties))))
    if query.kinds is not None:
        found.append(row.kind.in_([str(kind) for kind in query.kinds]))
    if query.sources is not None:
        found.append(row.source.in_(sa.select(sources.c.id).where(sources.c.name.in_(query.sources))))
    if query.test_temperature is not None:
        found.append(row.test_temperature.between(*query.test_temperature))
    if query.until is not None:
        found.append(row.id <= query.until)
    return [*found, row.id.not_in(set_aside())] if query.counting else found


def _of_materials(query: PointQuery) -> Iterator[sa.ColumnElement[bool]]:
    if query.composition is not None:
        meant = sa.select(materials.c.id).where(materials.c.composition == query.composition.canonical())
        yield points.c.material == meant.scalar_subquery()
    if query.elements is not None:
        yield points.c.material.in_(materials_among(query.elements))
