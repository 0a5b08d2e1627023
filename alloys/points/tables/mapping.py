"""How points are read from a person's table: what `data` of a campaign says, and conditions, kind and source beside."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from alloys.intake.mapping import ColumnName, TableMap, Text
from alloys.physics.declaring import PropertySpec
from alloys.points.doi import doi_of
from alloys.points.point import PointKind

_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
TextOrColumn = str | ColumnName


class TemperatureColumn(BaseModel):
    """A column of temperatures and their unit; what the header or the cells say if None, else °C."""

    model_config = _STRICT

    column: Text
    unit: Text | None = None


class ConditionColumns(BaseModel):
    """Under which values hold: each a column, or what is true of the whole table. A temperature is in °C."""

    model_config = _STRICT

    test_temperature: float | TemperatureColumn | None = None
    processing: TextOrColumn = ""
    phase: TextOrColumn = ""
    test: TextOrColumn = ""


class PointsMap(TableMap):
    """A table of points, and which column is what.

    Attributes:
        conditions: under which the values hold.
        kind: how they came to be.
        doi: of their source, where it has one; then ``source`` is that of rows without.
        title: of the source.
        year: of its publication.
        licence: that its data may be used under.
        declare: properties that the program does not know, as a campaign declares its own.
    """

    conditions: ConditionColumns = ConditionColumns()
    kind: TextOrColumn = str(PointKind.LITERATURE)
    doi: TextOrColumn = ""
    title: TextOrColumn = ""
    year: int | ColumnName | None = None
    licence: TextOrColumn = ""
    declare: dict[str, PropertySpec] = Field(default_factory=dict)

    @field_validator("kind")
    @classmethod
    def _kind_is_one(cls, kind: TextOrColumn) -> TextOrColumn:
        if isinstance(kind, str) and kind not in set(PointKind):
            raise ValueError(f"a kind is one of {', '.join(PointKind)}")
        return kind

    @field_validator("doi")
    @classmethod
    def _doi_is_one(cls, doi: TextOrColumn) -> TextOrColumn:
        return doi_of(doi) if isinstance(doi, str) and doi else doi

    @model_validator(mode="after")
    def _drawn_designs_have_no_values(self) -> Self:
        if self.kind == PointKind.GENERATED:
            raise ValueError("kind: what a generator drew has no values; predicted ones are of kind predicted")
        return self

    def columns(self) -> list[str]:
        """The columns that this map names beyond those of a campaign's."""
        told = self.conditions
        given = (told.processing, told.phase, told.test, self.kind, self.doi, self.title, self.year, self.licence)
        names = [one.column for one in given if isinstance(one, ColumnName)]
        celsius = told.test_temperature
        return [*names, *([celsius.column] if isinstance(celsius, TemperatureColumn) else [])]
