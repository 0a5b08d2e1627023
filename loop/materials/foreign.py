"""Points of other sources that speak of a campaign's properties: they are told apart from what its validators said."""

from __future__ import annotations

from dataclasses import dataclass

from alloys.design import Design
from alloys.points.point import PointConditions, PointKind
from alloys.points.verdicts import in_unit_of
from loop.store import CampaignStore


@dataclass(frozen=True, slots=True)
class ForeignPoint:
    """A measurement of another source, in the unit of the campaign's property that it speaks of.

    Attributes:
        number: of the point in the materials table.
        property_name: the campaign's property.
        design: the material; its elements may be none of the campaign's space.
        value: in the property's unit.
        std: standard deviation in that unit, where it is known.
        kind: how it came to be.
        source: the name of its source.
        conditions: under which it holds.
    """

    number: int
    property_name: str
    design: Design
    value: float
    std: float | None
    kind: PointKind
    source: str
    conditions: PointConditions


def foreign_points(store: CampaignStore) -> tuple[ForeignPoint, ...]:
    """What other sources say, as it stood when the campaign began, in the order of the materials table.

    It is what `materials.points` of the configuration chooses, without what counts as the campaign's own. Points that
    cannot be true of the property are left out. The campaign's database alone is asked: the same at any later time.
    """
    found = []
    for known in store.known_points():
        point, wanted = known.point, store.properties[known.property_name]
        quantity = in_unit_of(point, wanted)
        if quantity is not None:
            told = (point.design, quantity.value, quantity.std, point.kind, point.source, point.conditions)
            found.append(ForeignPoint(known.number, known.property_name, *told))
    return tuple(found)
