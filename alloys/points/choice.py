"""Which points of the materials table speak of a property of a campaign, as its configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from alloys.errors import InputError, MistakesError
from alloys.points.point import Point, PointKind, point_properties
from alloys.properties import Property
from alloys.units import scale_of

Text = Annotated[str, StringConstraints(min_length=1)]
Celsius = Annotated[list[float], Field(min_length=2, max_length=2)]


class PointChoice(BaseModel):
    """Points of another source that speak of a property of a campaign.

    Attributes:
        property_name: of the points; ``property`` in a file.
        test_temperature: the first and the last °C of their tests; points without one do not count then. Of any
            test, and of unknown ones, if None.
        test: how they were tested, such as ``compression``; any if None.
        kinds: how they came to be; a prediction never teaches.
        sources: their sources; any if empty.
        own: whether they count as the campaign's own measurements, as rows of ``data`` do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, populate_by_name=True)

    property_name: Annotated[Text, Field(alias="property")]
    test_temperature: Celsius | None = None
    test: Text | None = None
    kinds: Annotated[list[Literal["literature", "validation"]], Field(min_length=1)] = ["literature", "validation"]
    sources: list[Text] = []
    own: bool = False

    @model_validator(mode="after")
    def _temperatures_rise(self) -> Self:
        ends = self.test_temperature
        if ends is not None and ends[0] > ends[1]:
            raise ValueError(f"test_temperature: give the lower end first, got {ends}")
        return self

    def takes(self, point: Point) -> bool:
        """Whether a point is meant."""
        ends, celsius = self.test_temperature, point.conditions.test_temperature
        return (
            point.property_name == self.property_name
            and point.value is not None
            and str(point.kind) in self.kinds
            and (ends is None or (celsius is not None and ends[0] <= celsius <= ends[1]))
            and self.test in (None, point.conditions.test)
            and (not self.sources or point.source in self.sources)
        )

    @property
    def temperatures(self) -> tuple[float, float] | None:
        """The first and the last °C, as the table takes them."""
        return None if self.test_temperature is None else (self.test_temperature[0], self.test_temperature[1])

    @property
    def point_kinds(self) -> tuple[PointKind, ...]:
        """The kinds as the table names them."""
        return tuple(PointKind(kind) for kind in self.kinds)


def check_choices(choices: Mapping[str, PointChoice], properties: Mapping[str, Property]) -> None:
    """Refuses choices that can mean no point.

    Args:
        choices: by the campaign's property that the points speak of.
        properties: the campaign's.

    Raises:
        MistakesError: naming each property that is unknown, or is of another unit.
    """
    mistakes = []
    for name, choice in choices.items():
        try:
            _check(name, choice, properties)
        except InputError as error:
            mistakes.append((("points", name), f"points.{name}: {error}"))
    if mistakes:
        raise MistakesError(mistakes)


def _check(name: str, choice: PointChoice, properties: Mapping[str, Property]) -> None:
    if name not in properties:
        raise InputError(f"the campaign has no property {name}; it has {', '.join(properties)}")
    meant = properties.get(choice.property_name) or point_properties().get(choice.property_name)
    if meant is None:
        known = ", ".join(dict.fromkeys([*point_properties(), *properties]))
        raise InputError(f"points have no property {choice.property_name}; they have {known}")
    scale_of(properties[name], meant.unit)
